"""From a file to features: inspect -> plan -> convert -> stage -> apply, one function.

The file is opened in the sandbox alone (`importers.sandbox`); here its answers are turned into a
layer, a changeset and a summary. Command line, API, page and job all call `import_file`.
"""

import tempfile
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from gis_core.communities import Community
from gis_core.jobs import messages, progress
from gis_core.people import User
from importers.models import ImportReport
from importers.plan import ImportRequest, LayerPlan, plan_layer
from importers.report import REJECTED
from importers.rows import CopyStream
from importers.sandbox import Conversion, convert_file, inspect_file, read_issues
from layers import staging
from layers.catalogue import create_layer
from layers.edits import apply_changeset, open_changeset, submit_changeset
from layers.models import Changeset, Layer
from layers.models.catalogue import GeometryType

INSPECTING = messages.define("import-inspecting", _("Looking at the file"))
CONVERTING = messages.define("import-converting", _("Reading, checking and reprojecting: %(rows)s rows"))
WRITING = messages.define("import-writing", _("Writing: %(rows)s rows"))
APPLYING = messages.define("import-applying", _("Applying the changeset"))

# How much of an import's time each step takes, roughly; shown as progress and nothing else.
_CONVERTED, _WRITTEN = 0.6, 0.85
_KEPT_ISSUES, _SHOWN_ISSUES = 20_000, 20
# Two to three kilometres here; a feature further off is imported and reported.
_MARGIN_DEG = 0.03


@dataclass(frozen=True, kw_only=True)
class ImportSummary:
    """What an import did. Counts are rows of the file; `issues` is the number of things reported
    about them, all of which lie in the issues file of the changeset."""

    layer: str
    created_layer: bool
    changeset: int
    revision: int
    status: str
    read: int
    imported: int
    repaired: int
    rejected: int
    outside: int
    elsewhere: bool
    created: int
    updated: int
    deleted: int
    crs: str
    crs_name: str
    operation: str
    accuracy_m: float | None
    encoding: str
    access_level: str
    issues: int
    issue_counts: dict[str, int] = field(default_factory=dict)
    first_issues: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def import_file(
    *, file: Path, name: str, community: Community, actor: User | None, request: ImportRequest
) -> ImportSummary:
    """Import a file into a new or an existing layer, as one changeset, or not at all.

    `name` is what the sender calls the file; `actor` None is the server's own command line. Raises
    ImportProblem (the file), SchemaDiffers and the like (the layer), NotAllowed, Cancelled; then the
    database is as before.
    """
    with work_folder() as work:
        progress.report(0.02, INSPECTING)
        inspection = inspect_file(
            file, name=name, work=work, encoding=request.encoding, local_srid=community.local_srid
        )
        plan = plan_layer(inspection, community=community, actor=actor, request=request)
        conversion = convert_file(
            file,
            name=name,
            work=work,
            layer=plan.source.name,
            crs=request.crs,
            encoding=request.encoding,
            fields=plan.fields,
            key_field=plan.key_field,
            geometry_type="" if plan.geometry_type == GeometryType.ANY else plan.geometry_type,
            local_srid=community.local_srid,
            bbox=expected_box(community),
            on_progress=_converting,
        )
        with transaction.atomic():
            layer = plan.layer or create_layer(
                community=community, slug=request.slug, actor=actor, **plan.attributes_for(conversion)
            )
            changeset = _write(layer, conversion, plan, name, actor)
            summary = _report(plan, conversion, changeset)
    return summary


def expected_box(community: Community) -> tuple[float, float, float, float] | None:
    """West, south, east, north of where the community's data should lie; None where it has no boundary."""
    if community.boundary is None:
        return None
    west, south, east, north = community.boundary.extent
    return west - _MARGIN_DEG, south - _MARGIN_DEG, east + _MARGIN_DEG, north + _MARGIN_DEG


def lies_elsewhere(community: Community, conversion: Conversion) -> bool:
    """Whether the data as a whole miss the community, as they do in a wrong coordinate system; data of
    the whole country do not."""
    box, extent = expected_box(community), conversion.extent
    if box is None or extent is None:
        return False
    return extent[0] > box[2] or extent[2] < box[0] or extent[1] > box[3] or extent[3] < box[1]


def work_folder() -> "tempfile.TemporaryDirectory[str]":
    """A folder that goes away with everything in it, on the disk of the uploads."""
    parent = Path(settings.VAR_DIR) / "work"
    parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return tempfile.TemporaryDirectory(dir=parent, prefix="import-")


def _converting(done: int, total: int) -> None:
    progress.check_cancelled()
    share = done / total if total > 0 else 0.5
    progress.report(0.05 + (_CONVERTED - 0.05) * min(share, 1.0), CONVERTING, rows=done)


def _write(layer: Layer, conversion: Conversion, plan: LayerPlan, name: str, actor: User | None) -> Changeset:
    changeset = open_changeset(
        layer=layer, author=actor, comment=plan.comment or name, source=Changeset.Source.IMPORT,
        staging_mode=plan.mode,
    )  # fmt: skip

    def written(rows: int) -> None:
        progress.check_cancelled()
        share = rows / max(conversion.converted, 1)
        progress.report(_CONVERTED + (_WRITTEN - _CONVERTED) * share, WRITING, rows=rows)

    staging.copy_binary(changeset, CopyStream(conversion.rows_file, written))
    staging.keep_values(changeset, plan.kept_fields)
    progress.report(_WRITTEN, APPLYING)
    changeset = submit_changeset(changeset=changeset, actor=actor)
    if changeset.review_required:
        return changeset
    return apply_changeset(changeset=changeset, actor=actor)


def _report(plan: LayerPlan, conversion: Conversion, changeset: Changeset) -> ImportSummary:
    """Keep what was found about the rows beside the changeset, and sum it up."""
    issues = [asdict(issue) for issue in islice(read_issues(conversion.issues_file), _KEPT_ISSUES)]
    crs = conversion.crs
    summary = ImportSummary(
        layer=changeset.layer.full_name,
        created_layer=plan.layer is None,
        changeset=changeset.pk,
        revision=changeset.revision or 0,
        status=changeset.status,
        read=conversion.read,
        imported=conversion.converted,
        repaired=conversion.repaired,
        rejected=conversion.rejected,
        outside=conversion.outside,
        elsewhere=lies_elsewhere(changeset.layer.community, conversion),
        created=changeset.created_count,
        updated=changeset.updated_count,
        deleted=changeset.deleted_count,
        crs=crs.code if crs else "",
        crs_name=crs.name if crs else "",
        operation=conversion.operation,
        accuracy_m=conversion.accuracy_m,
        encoding=conversion.encoding,
        access_level=changeset.layer.access_level,
        issues=sum(conversion.issue_counts.values()),
        issue_counts=conversion.issue_counts,
        first_issues=sorted(issues, key=lambda issue: issue["done"] != REJECTED)[:_SHOWN_ISSUES],
    )
    ImportReport.objects.create(changeset=changeset, summary=summary.as_json(), issues=issues)
    return summary
