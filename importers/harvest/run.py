"""One round of a source: fetch, import in the layer's mode, apply what is below the planner's limit.

Runs in one transaction, a job's or a command's. A round that fails leaves the layer as it was and the reason with
the source.
"""

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from gis_core import limits
from gis_core.errors import HromadaError, NotAllowed
from gis_core.jobs import progress
from gis_core.jobs.errors import JobCrashed
from gis_core.jobs.runner import MAY_PASS
from gis_core.people import User
from gis_core.roles import Action
from importers import pipeline, steps
from importers.choices import Choices
from importers.confirming import unconfirmed
from importers.folders import work_folder
from importers.gate import refuse_short_disk
from importers.harvest.address import Allowance
from importers.harvest.errors import AboveLimit, SourceLayerWithdrawn
from importers.harvest.http import Budget, Client, Fetched
from importers.harvest.pages import fetch_pages
from importers.models import Import, ImportStatus, LayerSource
from importers.questions import ASKED, stored
from importers.states import ENDED, WrongImportStatus, state_of
from importers.uploads import receive_upload
from layers.access import may, visible_layers
from layers.diff import diff_counts

log = logging.getLogger(__name__)

Outcome = LayerSource.Outcome
_PIECE = 256 * 1024


@dataclass(frozen=True)
class _Content:
    """What was fetched: the file, and by what it is known again."""

    path: Path
    sha256: str
    fetched: Fetched


def run_round(source: LayerSource, *, force: bool = False, client: Client | None = None) -> LayerSource:
    """Do one round and keep how it went with the source; never raises for what is wrong with the source.

    `force` fetches and imports even what has not changed. `client` is for tests; the usual one calls the public
    internet and what HROMADA_HARVEST_ALLOW opens.
    """
    client = client or Client(Allowance.from_text(settings.HARVEST_ALLOW))
    source.last_run_at = timezone.now()
    try:
        with transaction.atomic():
            _round(source, client, force)
    except (steps.ImportBusy, WrongImportStatus) as error:
        _as_before(source)
        source.outcome, source.problem = Outcome.WAITING, stored(error)
    except HromadaError as error:
        _fail(source, stored(error))
    except MAY_PASS:
        raise  # the database, not the source: the job is done again
    except Exception:
        log.exception("harvest of %s", source.layer_id)
        _fail(source, stored(JobCrashed(job=str(source.job))))
    else:
        source.failures = 0
    source.save()
    return source


def _as_before(source: LayerSource) -> None:
    kept = LayerSource.objects.get(pk=source.pk)
    for name in ("etag", "last_modified", "sha256", "last_import"):
        setattr(source, name, getattr(kept, name))


def _fail(source: LayerSource, problem: dict[str, Any]) -> None:
    _as_before(source)
    source.outcome, source.problem = Outcome.FAILED, problem
    source.failures += 1
    if source.failures >= limits.value("harvest_failures"):
        source.enabled = False


def _round(source: LayerSource, client: Client, force: bool) -> None:
    owner = _owner(source)
    with work_folder() as work:
        content = _fetched(source, client, Path(work), force)
        if content is None or (content.sha256 == source.sha256 and not force):
            if not _still_waits(source):
                source.outcome, source.problem = Outcome.UNCHANGED, None
        else:
            _supersede(source)
            _import(source, owner, content)
            source.sha256 = content.sha256
        if content is not None:
            source.etag, source.last_modified = content.fetched.etag, content.fetched.last_modified


def _owner(source: LayerSource) -> User:
    """Who set the source up, in whose name it works. Raises NotAllowed where they may no longer do so, and
    SourceLayerWithdrawn."""
    owner, layer = source.owner, source.layer
    if layer.is_withdrawn:
        raise SourceLayerWithdrawn(layer=layer.full_name)
    if owner is None or not owner.is_active or not may(owner, layer, Action.MANAGE):
        raise NotAllowed()
    if not visible_layers(owner).filter(pk=layer.pk).exists():
        raise NotAllowed()
    return owner


def _fetched(source: LayerSource, client: Client, work: Path, force: bool) -> _Content | None:
    """The content; None where the server says that it has not changed. Raises HarvestProblem."""
    kind, budget = LayerSource.Kind(source.kind), Budget.of_a_round()
    path = work / ("source.csv" if kind == LayerSource.Kind.CSV else "source.geojson")
    if kind in (LayerSource.Kind.OGCAPI, LayerSource.Kind.WFS):
        found = fetch_pages(client, kind, source.url, path, budget=budget, layer=source.source_layer)
    else:
        known = {} if force else {"etag": source.etag, "last_modified": source.last_modified}
        found = client.fetch(source.url, path, budget=budget, **known)
    if found.not_modified:
        return None
    with path.open("rb") as file:
        return _Content(path, hashlib.file_digest(file, "sha256").hexdigest(), found)


def _still_waits(source: LayerSource) -> bool:
    """Whether the import of an earlier round still wants a decision."""
    settled = ENDED | {ImportStatus.FAILED, ImportStatus.CANCELLED}
    earlier = source.last_import
    return earlier is not None and state_of(earlier).status not in settled


def _supersede(source: LayerSource) -> None:
    """An earlier round's import that was not applied is out of date: it goes. Raises ImportBusy."""
    earlier = source.last_import
    if earlier is not None and state_of(earlier).status not in ENDED:
        source.last_import = None
        LayerSource.objects.filter(pk=source.pk).update(last_import=None)
        steps.discard(importing=earlier, actor=None)


def _import(source: LayerSource, owner: User, content: _Content) -> None:
    """Import the content and apply it where it may be; sets the source's outcome, problem and last_import."""
    name = f"{urlsplit(source.url).hostname}{content.path.suffix}"
    refuse_short_disk(content.path.stat().st_size)
    upload = receive_upload(
        community=source.layer.community, owner=owner, name=name, chunks=_pieces(content.path)
    )
    try:
        importing = Import.objects.create(
            community=source.layer.community, owner=owner, name=name, choices=_choices(source).to_json()
        )
        importing.uploads.add(upload)
        source.last_import, source.problem = importing, None
        source.outcome = _worked(source, importing, owner)
        if source.outcome == Outcome.UNCHANGED:
            source.last_import = None
            steps.discard(importing=importing, actor=None)
    except BaseException:
        upload.path.unlink(missing_ok=True)
        raise


def _worked(source: LayerSource, importing: Import, owner: User) -> Outcome:
    try:
        with transaction.atomic():
            pipeline.inspect(importing)
            pipeline.prepare(importing)
    except HromadaError as error:
        if error.code not in ASKED:
            raise
        importing.refresh_from_db()
        if importing.inspection is None:
            pipeline.inspect(importing)
        source.problem = importing.question = stored(error)
        importing.status = ImportStatus.WAITING
        importing.save(update_fields=["question", "status", "updated_at"])
        return Outcome.WAITING
    if importing.status == ImportStatus.UNCHANGED:
        return Outcome.UNCHANGED
    if above := _above_limit(source, importing):
        source.problem = stored(above)
        return Outcome.WAITING
    progress.check_cancelled()
    pipeline.apply(importing, actor=owner)
    return Outcome.SUBMITTED if importing.status == ImportStatus.SUBMITTED else Outcome.APPLIED


def _above_limit(source: LayerSource, importing: Import) -> HromadaError | None:
    """Why the planner is asked first."""
    if refusal := unconfirmed(importing):
        return refusal
    assert importing.changeset is not None  # noqa: S101 -- it is ready
    counts = diff_counts(importing.changeset)
    changes = counts.added + counts.changed + counts.removed
    removed_percent = 100 * counts.removed / max(1, source.layer.feature_count)
    if changes <= source.max_changes and removed_percent <= source.max_removed_percent:
        return None
    return AboveLimit(
        added=counts.added, changed=counts.changed, removed=counts.removed, most=source.max_changes,
        percent=source.max_removed_percent,
    )  # fmt: skip


def _choices(source: LayerSource) -> Choices:
    """The planner's choices for this layer; rows replace the content where nothing matches them by key."""
    layer = source.layer
    mode = source.choices.get("mode") or ("update" if layer.key_field else "replace")
    host = urlsplit(source.url).hostname or ""
    return Choices.from_json({"comment": host[:500], **source.choices, "layer": layer.slug, "mode": mode})


def _pieces(path: Path) -> Any:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece
