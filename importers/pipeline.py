"""The work of an import: inspect -> prepare -> apply, each a function on its row.

The file is opened in the sandbox alone (`importers.sandbox`). Each function leaves the database as it found
it when it raises, given that it runs in a transaction: the caller's, which is a job's or `import_file`'s.
Commands call `import_file`; page and API move an import by `importers.steps`, whose jobs call the same three.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from gis_core.communities import Community
from gis_core.jobs import messages, progress
from gis_core.jobs.plain import plain_json
from gis_core.people import User
from importers.choices import Choices
from importers.folders import files_of, work_folder
from importers.issues import keep_issues
from importers.models import Import, ImportStatus
from importers.plan import ImportRequest, LayerPlan, plan_layer
from importers.questions import refuse_undecided
from importers.rows import CopyStream
from importers.sandbox import Conversion, FileInspection, convert_file, inspect_file
from importers.sandbox.protocol import layer_from_json
from importers.summary import ImportSummary, prepared_summary, summary_of, with_changeset
from importers.surroundings import area_of, expected_box
from layers import staging
from layers.catalogue import create_layer, update_layer
from layers.edits import apply_changeset, open_changeset, submit_changeset
from layers.models import Changeset, Layer
from layers.models.catalogue import GeometryType
from layers.publications import refresh_publication

INSPECTING = messages.define("import-inspecting", _("Looking at the file"))
CONVERTING = messages.define("import-converting", _("Reading, checking and reprojecting: %(rows)s rows"))
WRITING = messages.define("import-writing", _("Writing: %(rows)s rows"))
COMPARING = messages.define("import-comparing", _("Comparing with the layer"))
APPLYING = messages.define("import-applying", _("Applying the changeset"))

# How much of a preparation's time each part takes, roughly; shown as progress and nothing else.
_CONVERTED, _WRITTEN = 0.65, 0.9


@dataclass(frozen=True)
class Sent:
    """What the sender handed in: a file or a folder, and what it is called."""

    path: Path
    name: str


def import_file(
    *, file: Path, name: str, community: Community, actor: User | None, request: ImportRequest
) -> ImportSummary:
    """Import a file into a new or an existing layer, as one changeset, or not at all.

    `name` is what the sender calls the file; `actor` None is the server's own command line. Raises
    ImportProblem (the file), SchemaDiffers and the like (the layer), NotAllowed, Cancelled; then the
    database is as before.
    """
    with work_folder() as work, transaction.atomic():
        importing = Import.objects.create(
            community=community, owner=actor, name=name, choices=request.choices().to_json()
        )
        sent = Sent(file, name)
        inspect(importing, sent=sent, work=Path(work))
        prepare(importing, sent=sent, work=Path(work))
        if importing.status == ImportStatus.READY:
            apply(importing, actor=actor)
        return summary_of(importing)


def inspect(importing: Import, *, sent: Sent | None = None, work: Path | None = None) -> FileInspection:
    """Find out what the file holds and keep it with the import, which then waits for decisions.

    `sent` None means the import's uploads; `work` None a folder of its own. Raises ImportProblem.
    """
    if work is None:
        with work_folder() as folder:
            return inspect(importing, sent=sent, work=Path(folder))
    sent = sent or Sent(files_of(importing, work), importing.name)
    progress.report(0.02, INSPECTING)
    choices, community = Choices.from_json(importing.choices), importing.community
    found = inspect_file(
        sent.path, name=sent.name, work=work, encoding=choices.encoding, crs=choices.crs,
        swap_xy=choices.swap_xy, local_srid=community.local_srid, area=area_of(community),
    )  # fmt: skip
    importing.inspection = plain_json(asdict(found))
    importing.status = ImportStatus.WAITING
    importing.save(update_fields=["inspection", "status", "updated_at"])
    return found


def inspection_of(importing: Import) -> FileInspection | None:
    """What was found in the file; None before it was looked at."""
    kept = importing.inspection
    if kept is None:
        return None
    return FileInspection(
        name=kept["name"], format=kept["format"], layers=tuple(map(layer_from_json, kept["layers"])),
        empty_layers=tuple(kept["empty_layers"]), ignored=tuple(kept["ignored"]),
    )  # fmt: skip


def plan_of(importing: Import, actor: User | None) -> LayerPlan:
    """What the import is to do by the decisions so far. Raises what is missing or wrong in them."""
    inspection = inspection_of(importing)
    assert inspection is not None  # noqa: S101 -- planned only after it was looked at
    choices = Choices.from_json(importing.choices)
    plan = plan_layer(inspection, community=importing.community, actor=actor, choices=choices)
    refuse_undecided(plan.source, choices)
    return plan


def prepare(importing: Import, *, sent: Sent | None = None, work: Path | None = None) -> None:
    """Bring the rows into the staging table of a draft changeset and find what differs from the layer.

    Leaves the import ready for review, or unchanged (and without a changeset) where nothing differs. A new
    layer is made as a draft that nobody sees. Raises ImportProblem, and what `plan_of` raises.
    """
    if work is None:
        with work_folder() as folder:
            return prepare(importing, sent=sent, work=Path(folder))
    plan = plan_of(importing, importing.owner)
    sent = sent or Sent(files_of(importing, work), importing.name)
    if importing.changeset is not None:
        drop_prepared(importing)
    layer = plan.layer or create_layer(
        community=importing.community, slug=Choices.from_json(importing.choices).layer, actor=importing.owner,
        is_draft=True, **plan.attributes,
    )  # fmt: skip
    changeset = open_changeset(
        layer=layer, author=importing.owner, comment=plan.comment or importing.name,
        source=Changeset.Source.IMPORT, staging_mode=plan.mode,
    )  # fmt: skip
    conversion = _load(importing, sent, work, plan, changeset)
    if plan.layer is None:
        _describe(layer, plan.attributes_for(conversion))
    keep_issues(importing, conversion.issues_file)
    _compare(importing, plan, conversion, changeset)
    return None


def _load(importing: Import, sent: Sent, work: Path, plan: LayerPlan, changeset: Changeset) -> Conversion:
    choices, community = Choices.from_json(importing.choices), importing.community
    conversion = convert_file(
        sent.path, name=sent.name, work=work, layer=plan.source.name, crs=choices.crs,
        swap_xy=choices.swap_xy, encoding=choices.encoding, fields=plan.fields, key_field=plan.key_field,
        geometry_type="" if plan.geometry_type == GeometryType.ANY else plan.geometry_type,
        local_srid=community.local_srid, area=area_of(community), bbox=expected_box(community),
        on_progress=_converting,
    )  # fmt: skip

    def written(rows: int) -> None:
        progress.check_cancelled()
        share = rows / max(conversion.converted, 1)
        progress.report(_CONVERTED + (_WRITTEN - _CONVERTED) * share, WRITING, rows=rows)

    staging.copy_binary(changeset, CopyStream(conversion.rows_file, written))
    staging.keep_values(changeset, plan.kept_fields)
    return conversion


def _converting(done: int, total: int) -> None:
    progress.check_cancelled()
    share = done / total if total > 0 else 0.5
    progress.report(0.05 + (_CONVERTED - 0.05) * min(share, 1.0), CONVERTING, rows=done)


def _describe(layer: Layer, attributes: dict[str, Any]) -> None:
    """Give a draft layer the kind of geometry and the style that its rows turned out to need."""
    Layer.objects.filter(pk=layer.pk, is_draft=True).update(**attributes)
    layer.refresh_from_db()


def _compare(importing: Import, plan: LayerPlan, conversion: Conversion, changeset: Changeset) -> None:
    progress.report(_WRITTEN, COMPARING)
    differs = {"added": conversion.converted, "changed": 0, "removed": 0, "unchanged": 0}
    summary = prepared_summary(plan, conversion, changeset, differs=differs)
    importing.changeset = changeset
    importing.summary = plain_json(summary.as_json())
    importing.issue_counts = conversion.issue_counts
    importing.status, importing.question, importing.problem = ImportStatus.READY, None, None
    importing.save()


def apply(importing: Import, *, actor: User | None) -> None:
    """Make the reviewed differences true, or hand them to a reviewer where the layer demands that.

    Raises what `submit_changeset` and `apply_changeset` raise.
    """
    progress.report(0.1, APPLYING)
    changeset = importing.changeset
    assert changeset is not None and importing.summary is not None  # noqa: S101, PT018 -- it is ready
    layer = changeset.layer
    if new := importing.summary["new_fields"]:
        update_layer(layer=layer, actor=changeset.author, fields=[*layer.fields, *new])
    if layer.is_draft:
        _open(layer)
    changeset = submit_changeset(changeset=changeset, actor=changeset.author)
    if not changeset.review_required:
        changeset = apply_changeset(changeset=changeset, actor=actor)
    done = changeset.status == Changeset.Status.APPLIED
    importing.status = ImportStatus.APPLIED if done else ImportStatus.SUBMITTED
    importing.summary = with_changeset(importing.summary, changeset)
    importing.save(update_fields=["status", "summary", "updated_at"])


def _open(layer: Layer) -> None:
    """A draft layer becomes one that its readers see."""
    layer.is_draft = False
    layer.save(update_fields=["is_draft", "updated_at"])
    refresh_publication(layer)


def drop_prepared(importing: Import) -> None:
    """Take back what a preparation left: issues, differences, staged rows, the draft layer."""
    importing.issues.all().delete()
    changeset = importing.changeset
    importing.changeset, importing.summary, importing.issue_counts = None, None, {}
    importing.save(update_fields=["changeset", "summary", "issue_counts", "updated_at"])
    if changeset is None or changeset.status not in (Changeset.Status.DRAFT, Changeset.Status.NEEDS_CHANGES):
        return
    layer = changeset.layer
    staging.drop_staging(changeset)
    changeset.delete()
    if layer.is_draft:
        layer.delete()
