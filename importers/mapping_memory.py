"""What a community decided about the columns of a source is proposed again when a file with them comes again."""

import hashlib
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gis_core.communities import Community
from importers.mapping import ProposedField
from importers.models import MappingMemory
from importers.sandbox.protocol import LayerInspection

if TYPE_CHECKING:
    from importers.choices import Choices


def fingerprint(layer: LayerInspection) -> str:
    """SHA-256 of the columns' names, whatever their order and case, and of the kind of geometry."""
    names = sorted(unicodedata.normalize("NFC", item.name).casefold() for item in layer.fields)
    return hashlib.sha256("\x1f".join((layer.geometry_type, *names)).encode()).hexdigest()


def remember(
    *, community: Community, layer: LayerInspection, proposal: Sequence[ProposedField], choices: "Choices"
) -> None:
    """Keep what was accepted, for the next file with these columns; called when an import is applied.

    Reasons for keeping personal data are not kept: each import asks for its own.
    """
    mapping = []
    for item in proposal:
        choice = choices.column(item.source)
        mapping.append({
            "source": item.source, "key": choice.key or item.key, "type": choice.type or item.type,
            "title": dict(choice.title) or dict(item.title), "unit": choice.unit or item.unit,
            "keep": _is_kept(item, choices),
        })  # fmt: skip
    into = {*layers_with_such_columns(community=community, layer=layer), choices.layer}
    remembered = {"mapping": mapping, "layers": sorted(into)}
    MappingMemory.objects.update_or_create(
        community=community, fingerprint=fingerprint(layer), defaults={"remembered": remembered}
    )


def _is_kept(item: ProposedField, choices: "Choices") -> bool:
    """False where this very column was left out, now or before; not where all that nobody named were."""
    if choices.names(item.source):
        return choices.column(item.source).keep
    return item.keep or bool(item.personal)


def recall(*, community: Community, layer: LayerInspection) -> dict[str, Any] | None:
    """{"mapping": [{source, key, type, title, unit, keep}], "layers": [slug]} of the last import of such a
    file, and the layers that took one; None where there was none."""
    found = MappingMemory.objects.filter(community=community, fingerprint=fingerprint(layer)).first()
    return None if found is None else dict(found.remembered)


def layers_with_such_columns(*, community: Community, layer: LayerInspection) -> list[str]:
    """Short names of the community's layers that files with these columns went into."""
    remembered = recall(community=community, layer=layer) or {}
    return list(remembered.get("layers", ()))
