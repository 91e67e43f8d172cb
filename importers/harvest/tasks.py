"""The rounds of sources as jobs, and when the next one is.

Each round enqueues the next one in its own transaction, so that there is always exactly one; `turn` makes older
jobs void.
"""

import random
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from gis_core.jobs.models import UNFINISHED, Job, JobState
from gis_core.jobs.tasks import task
from importers.harvest.run import run_round
from importers.models import LayerSource

_FIRST_RETRY = timedelta(minutes=15)
_LONGEST_RETRY = timedelta(days=1)
_JITTER = 0.1
_LATER = frozenset({"import-busy", "wrong-import-status"})
"""Codes of a round that found the import before it in somebody's hands: neither done nor failed."""


@task(title=_("Fetching a layer's source"), queue_name="imports")
def harvest_layer(source_id: int, turn: int, force: bool = False) -> dict[str, Any]:
    """One round; plans the next one in the same transaction. A job whose turn is over does nothing."""
    found = LayerSource.objects.select_related("layer__community", "owner", "last_import")
    source = found.select_for_update(of=("self",)).filter(pk=source_id, turn=turn).first()
    if source is None:
        return {}
    run_round(source, force=force)
    plan_next(source)
    return {
        "layer": source.layer.full_name, "outcome": source.outcome,
        "import": str(source.last_import.uuid) if source.last_import else None, "problem": source.problem,
    }  # fmt: skip


def plan_next(source: LayerSource, *, after: timedelta | None = None, force: bool = False) -> None:
    """Enqueue the next round (None: when it is due) in the caller's transaction; voids any other.

    A source that is switched off gets one only by `force`.
    """
    drop_job(source)
    source.turn += 1
    source.job = source.next_run_at = None
    if source.enabled or force:
        due = timezone.now() + (pause(source) if after is None else after)
        waiting = harvest_layer.using(
            owner=source.owner,
            community=source.layer.community,
            subject=source.layer.full_name,
            run_after=due,
        )
        source.job, source.next_run_at = waiting.enqueue(source.pk, source.turn, force).id, due
    source.save()


def pause(source: LayerSource) -> timedelta:
    """Until the next round: the planner's interval, or after failures 15 minutes, 30, 60, … up to a day; 15 where
    somebody was at the earlier import. Give or take a tenth, so that many sources of one server do not come at
    once."""
    if (source.problem or {}).get("code") in _LATER:
        base = min(_FIRST_RETRY, timedelta(minutes=source.every_minutes))
    elif source.failures:
        base = min(_LONGEST_RETRY, _FIRST_RETRY * 2 ** (source.failures - 1))
    else:
        base = timedelta(minutes=source.every_minutes)
    return base * (1 + random.uniform(-_JITTER, _JITTER))  # noqa: S311 -- no secret


def drop_job(source: LayerSource) -> None:
    """The waiting job of an earlier plan would find itself void; it need not wait for that."""
    if source.job is not None:
        Job.objects.filter(uuid=source.job, state=JobState.READY).delete()


def plan_lost_rounds() -> int:
    """Plan the next round of sources whose job is gone: it was killed more often than a job may be. How many."""
    found = 0
    enabled = LayerSource.objects.filter(enabled=True)
    for pk in enabled.values_list("pk", flat=True):
        with transaction.atomic():
            free = enabled.select_related("layer__community", "owner")
            source = free.select_for_update(of=("self",), skip_locked=True).filter(pk=pk).first()
            if source is not None and not _has_job(source):
                plan_next(source)
                found += 1
    return found


def _has_job(source: LayerSource) -> bool:
    return source.job is not None and Job.objects.filter(uuid=source.job, state__in=UNFINISHED).exists()
