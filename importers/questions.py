"""What a person must decide before an import goes on, kept as {"code", "params"} of the failure it would be."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from gis_core.errors import HromadaError
from gis_core.jobs.messages import error_sentence
from gis_core.jobs.plain import plain_json
from importers.choices import Choices
from importers.errors import CrsUnknown, EncodingUnknown
from importers.sandbox import LayerInspection
from importers.sandbox.protocol import CrsOption, EncodingOption

MISSING = frozenset({
    "several-layers", "encoding-unknown", "crs-unknown", "crs-inexact", "layer-needed", "mode-needed",
    "schema-differs", "columns-collide", "place-column-needed",
})  # fmt: skip
"""Nobody has decided yet: asked, never refused."""
ASKED = MISSING | {
    "layer-not-in-file", "field-not-in-file", "encoding-not-known", "crs-not-known", "layer-exists",
    "unknown-standard", "no-geometry", "repeated-keys", "duplicate-key", "bad-layer", "bad-schema",
}  # fmt: skip
"""And what turns out to be decided wrongly while a job works on the file: asked too, so that no job fails."""


def refuse_undecided(layer: LayerInspection, choices: Choices) -> None:
    """Raises EncodingUnknown or CrsUnknown where neither the file nor a person says it, with all that was found
    out about each option."""
    if not layer.encoding and not choices.encoding:
        told = "; ".join(f"{it.encoding}: {', '.join(it.samples)}" for it in layer.encoding_options)
        raise EncodingUnknown(layer=layer.name, options=_params(layer.encoding_options), choices=told)
    if layer.geometry_type and layer.crs is None and not choices.crs:
        told = ", ".join(f"{it.code} {it.name}" for it in layer.crs_options)
        raise CrsUnknown(layer=layer.name, options=_params(layer.crs_options), choices=told)


def _params(options: Iterable[EncodingOption | CrsOption]) -> list[dict[str, Any]]:
    return [asdict(option) for option in options]


def stored(error: HromadaError) -> dict[str, Any]:
    """A failure as it is kept in `Import.question` or `Import.problem`."""
    try:
        params = plain_json(error.params)
    except TypeError:
        params = {name: str(value) for name, value in error.params.items()}
    return {"code": error.code, "params": params}


def told(kept: dict[str, Any] | None) -> dict[str, Any] | None:
    """What is kept, with its sentence in the reader's language."""
    if not kept:
        return None
    return {**kept, "message": error_sentence(kept["code"], kept["params"], kept["code"])}
