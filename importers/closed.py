"""What of an import's document stays for a reader to whom fields of its layer are closed: names and shares of the
columns, never their values. Which readers those are says `importers.review.sees_all`."""

from collections.abc import Mapping
from typing import Any

_PROFILE_VALUES = frozenset({"samples", "values", "min", "max", "median"})
_PARAM_VALUES = frozenset({"key", "keys", "value", "values", "samples"})
HIDDEN = "…"


def inspection_without_values(inspection: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What was found in the file, as plain JSON; lists of values are empty and extremes are missing."""
    if inspection is None:
        return None
    return {**inspection, "layers": [_layer(item) for item in inspection.get("layers", ())]}


def _layer(layer: Mapping[str, Any]) -> dict[str, Any]:
    fields = [{**item, "profile": _profile(item.get("profile", {}))} for item in layer.get("fields", ())]
    options = [_option(item) for item in layer.get("encoding_options", ())]
    quoting = {"encoding_note": "", "encoding_notes": []}
    return {**layer, **quoting, "fields": fields, "samples": [], "encoding_options": options}


def _profile(profile: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in profile.items() if name not in _PROFILE_VALUES}


def _option(option: Mapping[str, Any]) -> dict[str, Any]:
    return {**option, **{name: [] for name in ("samples", "rows") if name in option}}


def problem_without_values(kept: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A question or problem {"code", "params"} whose params name no value of a row."""
    if not kept:
        return None
    params = {
        name: HIDDEN if name in _PARAM_VALUES else value for name, value in kept.get("params", {}).items()
    }
    options = params.get("options")
    if isinstance(options, list) and any("encoding" in item for item in options):
        params["options"] = [_option(item) for item in options]
        params["choices"] = ", ".join(str(item["encoding"]) for item in options)
    return {**kept, "params": params}
