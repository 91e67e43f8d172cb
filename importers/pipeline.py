"""The work of an import: inspect -> prepare -> apply, each a function on its row.

The file is opened in the sandbox alone (`importers.sandbox`). Each function leaves the database as it found
it when it raises, given that it runs in a transaction: the caller's, which is a job's or `import_file`'s.
Commands call `import_file`; page and API move an import by `importers.steps`, whose jobs call the same three.
"""

from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from gis_core import journal
from gis_core.communities import Community
from gis_core.jobs import messages, progress
from gis_core.jobs.plain import plain_json
from gis_core.people import User
from importers.choices import Choices
from importers.confirming import unconfirmed
from importers.earlier import content_of, content_of_path, with_mode, with_target
from importers.errors import ImportProblem, NothingLeft
from importers.folders import files_of, work_folder
from importers.issues import keep_issues
from importers.joining import allow_rows_without_geometry
from importers.loading import load, refusal_issues
from importers.mapping_memory import remember
from importers.models import Import, ImportStatus
from importers.placing import join_column, place_rows, refuse_undecided_place
from importers.plan import ImportRequest, LayerPlan, chosen_layer, plan_layer, proposal_for
from importers.questions import refuse_undecided, stored
from importers.rasters.source import refuse_raster
from importers.rows import RowNumbers
from importers.sandbox import Conversion, FileInspection, inspect_file
from importers.sandbox.protocol import layer_from_json
from importers.summary import ImportSummary, prepared_summary, summary_of, with_changeset
from importers.surroundings import area_of
from layers import staging
from layers.applying import NothingToChange
from layers.catalogue import create_layer
from layers.diff import compute_diff
from layers.edits import apply_changeset, discard_changeset, open_changeset, submit_changeset
from layers.models import Changeset, Layer
from layers.models.catalogue import GeometryType
from layers.styles import default_recipe

INSPECTING = messages.define("import-inspecting", _("Looking at the file"))
LOADING = messages.define("import-converting", _("Reading, checking and reprojecting: %(rows)s rows"))
COMPARING = messages.define("import-comparing", _("Comparing with the layer"))
APPLYING = messages.define("import-applying", _("Applying the changeset"))

# How much of a preparation's time each part takes, roughly; shown as progress and nothing else.
_LOADED = 0.85


@dataclass(frozen=True)
class Sent:
    """What the sender handed in: a file or a folder, and what it is called."""

    path: Path
    name: str


def import_file(
    *, file: Path, name: str, community: Community, actor: User | None, request: ImportRequest,
    dry_run: bool = False,
) -> ImportSummary:  # fmt: skip
    """Import a file into a new or an existing layer, as one changeset, or not at all.

    `name` is what the sender calls the file; `actor` None is the server's own command line. Raises
    ImportProblem (the file), SchemaDiffers and the like (the layer), DataElsewhere, SentAgainDiffers, NotAllowed,
    Cancelled; then, and with `dry_run`, the database is as before. One whose rows are all in
    the layer already ends "unchanged".
    """
    with work_folder() as work, transaction.atomic():
        importing = Import.objects.create(
            community=community, owner=actor, name=name, choices=request.choices().to_json()
        )
        sent = Sent(file, name)
        inspect(importing, sent=sent, work=Path(work))
        prepare(importing, sent=sent, work=Path(work))
        if importing.status == ImportStatus.READY and not dry_run:
            if refusal := unconfirmed(importing):
                raise refusal
            apply(importing, actor=actor)
        summary = summary_of(importing)
        transaction.set_rollback(dry_run)
        return summary


def inspect(importing: Import, *, sent: Sent | None = None, work: Path | None = None) -> FileInspection:
    """Find out what the file holds and keep it with the import, which then waits for decisions. A file that was
    imported before goes where it went then, unless somebody decided otherwise.

    `sent` None means the import's uploads; `work` None a folder of its own. Raises ImportProblem.
    """
    if work is None:
        with work_folder() as folder:
            return inspect(importing, sent=sent, work=Path(folder))
    sent = sent or Sent(files_of(importing, work), importing.name)
    refuse_raster(sent.path, sent.name)
    progress.report(0.02, INSPECTING)
    choices, community = Choices.from_json(importing.choices), importing.community
    found = inspect_file(
        sent.path, name=sent.name, work=work, encoding=choices.encoding, crs=choices.crs,
        swap_xy=choices.swap_xy, local_srid=community.local_srid, area=area_of(community),
    )  # fmt: skip
    importing.inspection = plain_json(asdict(found))
    importing.content = _content_of(importing, sent)
    with suppress(ImportProblem):  # several layers, and nobody has said which
        source = chosen_layer(found, choices.source_layer)
        importing.choices = with_target(choices, importing, found, source).to_json()
    importing.status = ImportStatus.WAITING
    importing.save(update_fields=["inspection", "content", "choices", "status", "updated_at"])
    return found


def _content_of(importing: Import, sent: Sent) -> str:
    digests = list(importing.uploads.values_list("sha256", flat=True))
    return content_of(digests) if digests else content_of_path(sent.path)


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
    choices = with_mode(Choices.from_json(importing.choices), importing)
    plan = plan_layer(inspection, community=importing.community, actor=actor, choices=choices)
    refuse_undecided(plan.source, choices)
    refuse_undecided_place(importing, plan)
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
        _describe(layer, plan.attributes_for(conversion, beside=_styles_beside(layer)))
    keep_issues(importing, conversion.issues_file)
    _compare(importing, plan, conversion, changeset)
    return None


def keep_refusal(importing: Import, refusal: NothingLeft, *, work: Path) -> None:
    """Let an import end failed whose rows were all left out, with the issues that tell why.

    `work` is the folder of the preparation that raised it, whose other effects the caller has taken back.
    """
    keep_issues(importing, refusal_issues(work))
    importing.refresh_from_db()
    importing.status, importing.problem = ImportStatus.FAILED, stored(refusal)
    importing.issue_counts = refusal.params["rules"]
    importing.save(update_fields=["status", "problem", "issue_counts", "updated_at"])


def _styles_beside(layer: Layer) -> list[dict[str, Any]]:
    """How the other layers of the community are drawn."""
    others = Layer.objects.select_related("community").filter(community=layer.community_id)
    return [
        other.style or default_recipe(other.geometry_type, seed=other.full_name)
        for other in others.exclude(pk=layer.pk)
    ]


def _load(importing: Import, sent: Sent, work: Path, plan: LayerPlan, changeset: Changeset) -> Conversion:
    choices, community = Choices.from_json(importing.choices), importing.community
    joined, numbers = join_column(importing, plan), RowNumbers()
    if joined:
        allow_rows_without_geometry(changeset)
    conversion = load(
        sent.path, changeset=changeset, name=sent.name, work=work, layer=plan.source.name, crs=choices.crs,
        swap_xy=choices.swap_xy, encoding=choices.encoding, fields=plan.fields, key_field=plan.key_field,
        geometry_type="Table" if joined else plan.geometry_type.replace(GeometryType.ANY, ""),
        local_srid=community.local_srid, area=area_of(community),
        on_progress=_loading, numbers=numbers if joined else None,
    )  # fmt: skip
    staging.keep_values(changeset, plan.kept_fields)
    staging.gain_fields(changeset, plan.new_fields)
    return place_rows(importing, plan, changeset, conversion, joined, numbers) if joined else conversion


def _loading(done: int, total: int) -> None:
    progress.check_cancelled()
    share = done / total if total > 0 else 0.5
    progress.report(0.05 + (_LOADED - 0.05) * min(share, 1.0), LOADING, rows=done)


def _describe(layer: Layer, attributes: dict[str, Any]) -> None:
    """Give a draft layer the kind of geometry and the style that its rows turned out to need."""
    Layer.objects.filter(pk=layer.pk, is_draft=True).update(**attributes)
    layer.refresh_from_db()


def _compare(importing: Import, plan: LayerPlan, conversion: Conversion, changeset: Changeset) -> None:
    progress.report(_LOADED, COMPARING)
    counts = compute_diff(changeset)
    importing.summary = plain_json(prepared_summary(plan, conversion, changeset, counts).as_json())
    importing.issue_counts = conversion.issue_counts
    importing.changeset, importing.question, importing.problem = changeset, None, None
    importing.status = ImportStatus.READY
    if not counts.accepted:
        _nothing_to_change(importing)
    importing.save()


def compare_again(importing: Import) -> None:
    """Find how the staged rows differ from the layer as it is now, without reading the file again; what was
    refused stays refused. Raises KeysTaken (append)."""
    progress.report(_LOADED, COMPARING)
    changeset = importing.changeset
    assert changeset is not None  # noqa: S101 -- it was ready
    counts = compute_diff(changeset)
    found = {name: getattr(counts, name) for name in ("added", "changed", "removed", "unchanged")}
    importing.summary = {**(importing.summary or {}), **found}
    importing.status, importing.question, importing.problem = ImportStatus.READY, None, None
    if counts.added + counts.changed + counts.removed == 0:
        _nothing_to_change(importing)
    importing.save()


def apply(importing: Import, *, actor: User | None) -> None:
    """Make the accepted differences true, or hand them to a reviewer where the layer demands that.

    Where none is accepted, the import ends unchanged. Raises what `submit_changeset` and `apply_changeset`
    raise.
    """
    progress.report(0.1, APPLYING)
    changeset = importing.changeset
    assert changeset is not None and importing.summary is not None  # noqa: S101, PT018 -- it is ready
    try:
        with transaction.atomic():
            changeset = _applied(importing, changeset, actor)
    except NothingToChange:
        _nothing_to_change(importing)
    else:
        done = changeset.status == Changeset.Status.APPLIED
        importing.status = ImportStatus.APPLIED if done else ImportStatus.SUBMITTED
        importing.summary = with_changeset(importing.summary, changeset)
    importing.save(update_fields=["status", "summary", "changeset", "updated_at"])


def _applied(importing: Import, changeset: Changeset, actor: User | None) -> Changeset:
    summary, layer = importing.summary or {}, changeset.layer
    if kept := [item for item in summary.get("personal", ()) if item["kept"]]:
        # The decision is journaled when it is handed in: whether it came to be, the changeset's own entries tell.
        journal.record(
            action="personal-data-kept", subject=layer.full_name, actor=actor, community=layer.community,
            changeset=changeset.pk, columns=kept,
        )  # fmt: skip
    _remember(importing)
    changeset = submit_changeset(changeset=changeset, actor=changeset.author)
    if changeset.review_required:
        return changeset
    return apply_changeset(changeset=changeset, actor=actor)


def _remember(importing: Import) -> None:
    """Propose the same for the next file with these columns."""
    inspection, choices = inspection_of(importing), Choices.from_json(importing.choices)
    if inspection is None:
        return
    source = chosen_layer(inspection, choices.source_layer)
    community = importing.community
    proposal = proposal_for(source, community=community, actor=importing.owner, choices=choices)
    remember(community=community, layer=source, proposal=proposal, choices=choices)


def _nothing_to_change(importing: Import) -> None:
    """The changeset goes, what was found stays."""
    changeset, importing.changeset = importing.changeset, None
    importing.save(update_fields=["changeset", "updated_at"])
    if changeset is not None:
        discard_changeset(changeset=changeset, actor=None)
    importing.status = ImportStatus.UNCHANGED
    importing.summary = {**(importing.summary or {}), "changeset": None, "status": "unchanged"}


def drop_prepared(importing: Import) -> None:
    """Take back what a preparation left: issues, differences, staged rows, the draft layer."""
    importing.issues.all().delete()
    changeset = importing.changeset
    importing.changeset, importing.summary, importing.issue_counts = None, None, {}
    importing.save(update_fields=["changeset", "summary", "issue_counts", "updated_at"])
    if changeset is not None and _may_go(changeset):
        discard_changeset(changeset=changeset, actor=None)


def _may_go(changeset: Changeset) -> bool:
    """Whether nothing is lost with it. A refused one that was to make a layer only holds that layer's name."""
    if changeset.status == Changeset.Status.REJECTED:
        return changeset.layer.is_draft
    return changeset.status in (Changeset.Status.DRAFT, Changeset.Status.NEEDS_CHANGES)
