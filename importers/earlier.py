"""What became of a file when it came before: the layer that took it is where it goes again, by updating, and where
that would change anything somebody looks at it first.

A file is known again by the bytes that its sender handed in; one with the same columns is likely the next edition of
the same data, which is proposed and never taken for granted.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from gis_core.communities import Community
from gis_core.people import User
from gis_core.roles import Action
from importers.choices import Choices
from importers.mapping_memory import layers_with_such_columns
from importers.models import Import
from importers.sandbox import FileInspection, LayerInspection
from layers.access import may, visible_layers
from layers.models import Changeset, Layer
from layers.reverts import standings_of

Status, Mode = Changeset.Status, Changeset.StagingMode


@dataclass(frozen=True)
class Earlier:
    """The layer that took this very file, and when (`at`); without `at`, one that took a file with its columns."""

    layer: Layer
    at: datetime | None = None

    @property
    def message(self) -> str:
        title = self.layer.local_title
        if self.at is None:
            return _("A file with these columns was imported into “%(layer)s”.") % {"layer": title}
        day = date_format(timezone.localtime(self.at), "SHORT_DATE_FORMAT")
        return _("This file was imported into “%(layer)s” on %(date)s.") % {"layer": title, "date": day}

    def as_json(self) -> dict[str, Any]:
        """`same_file` false: only the columns are the same, and nothing was decided by that."""
        return {
            "layer": self.layer.slug, "title": self.layer.local_title, "same_file": self.at is not None,
            "imported_at": self.at.isoformat() if self.at else None, "message": self.message,
        }  # fmt: skip


def content_of(digests: Iterable[str]) -> str:
    """What a file, or the parts of one, is known again by: its SHA-256, or that of its parts' in order."""
    found = sorted(digests)
    return found[0] if len(found) == 1 else hashlib.sha256("\n".join(found).encode()).hexdigest()


def content_of_path(path: Path) -> str:
    """The same of a file with the parts of its name beside it, or of a folder."""
    if path.is_dir():
        files = [file for file in path.rglob("*") if file.is_file()]
    elif path.suffix.lower() == ".zip":
        files = [path]
    else:
        files = [file for file in path.parent.iterdir() if file.stem == path.stem and file.is_file()]
    return content_of(map(_sha256, files)) if files else ""


def earlier_of(
    importing: Import, inspection: FileInspection, source: LayerInspection, *, actor: User | None
) -> Earlier | None:
    """Where this layer of the file went before, of the layers that `actor` may edit: with the same file last, else
    the only one that takes such columns."""
    layers = _editable(importing.community, actor)
    several = len(inspection.layers) > 1
    for before in _applied(importing).filter(**({"choices__source_layer": source.name} if several else {})):
        changeset = before.changeset
        if changeset is not None and changeset.layer_id in layers:
            return Earlier(layers[changeset.layer_id], changeset.applied_at)
    slugs = layers_with_such_columns(community=importing.community, layer=source)
    found = [layer for layer in layers.values() if layer.slug in slugs]
    return Earlier(found[0]) if len(found) == 1 else None


def with_target(
    choices: Choices, importing: Import, inspection: FileInspection, source: LayerInspection
) -> Choices:
    """The choices with the layer that took the same file before, where nobody has decided where it goes."""
    if choices.layer or choices.title or choices.standard:
        return choices
    found = earlier_of(importing, inspection, source, actor=importing.owner)
    return replace(choices, layer=found.layer.slug) if found is not None and found.at else choices


def with_mode(choices: Choices, importing: Import) -> Choices:
    """The choices with a mode for a layer that took the same file before: updating changes nothing where nothing
    differs, whether the layer has a key or not. Where something does, somebody looks at it first
    (`importers.confirming`)."""
    if choices.mode or not choices.layer:
        return choices
    again = _applied(importing).filter(changeset__layer__slug=choices.layer).exists()
    return replace(choices, mode=Mode.UPDATE.value) if again else choices


def _applied(importing: Import) -> QuerySet[Import]:
    """Imports of the same file into layers of the community that nobody has undone, the latest first."""
    found = Import.objects.filter(
        community=importing.community_id, content=importing.content, changeset__status=Status.APPLIED,
        changeset__layer__is_draft=False,
    ).exclude(pk=importing.pk).exclude(content="")  # fmt: skip
    standings = standings_of(found.values_list("changeset", flat=True))
    return (
        found.exclude(changeset__in=[pk for pk, standing in standings.items() if standing.is_undone])
        .select_related("changeset")
        .defer("inspection", "summary")
        .order_by("-pk")
    )


def _editable(community: Community, actor: User | None) -> dict[int, Layer]:
    found: QuerySet[Layer]
    if actor is None:
        found = Layer.objects.filter(is_draft=False)
    else:
        found = visible_layers(actor)
    layers = {layer.pk: layer for layer in found.filter(community=community).select_related("community")}
    # Roles are per community: who may edit one layer that they see may edit each of them.
    return layers if layers and may(actor, next(iter(layers.values())), Action.EDIT) else {}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
