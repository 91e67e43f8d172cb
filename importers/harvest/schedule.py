"""Setting up, changing and removing a source, and when its next round is.

Each round enqueues the next one in its own transaction, so that there is always exactly one; `turn` makes older
jobs void.
"""

import random
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from gis_core import journal, limits
from gis_core.errors import BadParameter
from gis_core.jobs.models import UNFINISHED, Job, JobState
from gis_core.people import User
from gis_core.roles import Action
from importers.choices import Choices
from importers.harvest.address import Allowance, parse, shown
from importers.harvest.errors import HarvestBusy, NoSource
from importers.models import LayerSource
from layers.access import require
from layers.models import Layer

_FIRST_RETRY = timedelta(minutes=15)
_LONGEST_RETRY = timedelta(days=1)
_JITTER = 0.1
LATER = frozenset({"import-busy", "wrong-import-status"})
"""Codes of a round that found the import before it in somebody's hands: neither done nor failed."""
_KEPT_WITH_URL = ("kind", "url", "source_layer", "choices")


def source_of(layer: Layer) -> LayerSource:
    """Raises NoSource."""
    found = (
        LayerSource.objects.select_related("layer__community", "owner", "last_import")
        .filter(layer=layer)
        .first()
    )
    if found is None:
        raise NoSource(layer=layer.full_name)
    return found


def held_source(layer: Layer) -> LayerSource:
    """The source, held against everybody else until the caller's transaction ends. Raises NoSource, HarvestBusy."""
    if (found := _held(layer)) is None:
        raise NoSource(layer=layer.full_name)
    return found


def set_source(*, layer: Layer, actor: User, **attributes: Any) -> LayerSource:
    """Give a layer its source, or change it; the next round is due at once. The actor answers for it from now on.

    `attributes` are those of LayerSource: kind, url, source_layer, choices, every_minutes, enabled, max_changes,
    max_removed_percent. Raises NotAllowed, AddressRefused, BadChoice, BadParameter, HarvestBusy.
    """
    require(actor, layer, Action.MANAGE)
    with transaction.atomic():
        source = _held(layer)  # in the order of a round: the source, then the layer
        Layer.objects.select_for_update(of=("self",), no_key=True).get(pk=layer.pk)
        source = source or _held(layer) or LayerSource(layer=layer)
        before = {name: getattr(source, name) for name in _KEPT_WITH_URL}
        for name, value in attributes.items():
            setattr(source, name, value)
        _refuse(source)
        if before != {name: getattr(source, name) for name in _KEPT_WITH_URL}:
            source.etag = source.last_modified = source.sha256 = ""
        source.owner, source.failures, source.problem = actor, 0, None
        source.save()
        plan_next(source, after=timedelta(0))
        _record("source-set", source, actor)
    return source


def remove_source(*, layer: Layer, actor: User) -> None:
    """The layer keeps its features and is no longer fetched. Raises NotAllowed, NoSource, HarvestBusy."""
    require(actor, layer, Action.MANAGE)
    with transaction.atomic():
        source = held_source(layer)
        _drop_job(source)
        _record("source-removed", source, actor)
        source.delete()


def run_now(*, layer: Layer, actor: User) -> LayerSource:
    """Queue a round at once that takes also what has not changed. Raises NotAllowed, NoSource, HarvestBusy."""
    require(actor, layer, Action.MANAGE)
    with transaction.atomic():
        source = held_source(layer)
        plan_next(source, after=timedelta(0), force=True)
        _record("source-run", source, actor)
    return source


def plan_next(source: LayerSource, *, after: timedelta | None = None, force: bool = False) -> None:
    """Enqueue the next round (None: when it is due) in the caller's transaction; voids any other.

    A source that is switched off gets one only by `force`.
    """
    from importers.harvest.tasks import harvest_layer

    _drop_job(source)
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
    if (source.problem or {}).get("code") in LATER:
        base = min(_FIRST_RETRY, timedelta(minutes=source.every_minutes))
    elif source.failures:
        base = min(_LONGEST_RETRY, _FIRST_RETRY * 2 ** (source.failures - 1))
    else:
        base = timedelta(minutes=source.every_minutes)
    return base * (1 + random.uniform(-_JITTER, _JITTER))  # noqa: S311 -- no secret


def _held(layer: Layer) -> LayerSource | None:
    """A round holds its source from its first request to its last row. Raises HarvestBusy."""
    found = LayerSource.objects.select_related("layer__community", "owner", "last_import")
    try:
        return found.select_for_update(of=("self",), nowait=True).filter(layer=layer).first()
    except OperationalError as error:
        raise HarvestBusy(layer=layer.full_name) from error


def _refuse(source: LayerSource) -> None:
    parse(source.url, allow=Allowance.from_text(settings.HARVEST_ALLOW))
    if source.kind not in LayerSource.Kind.values:
        reason = _("one of these was expected: %(kinds)s.") % {"kinds": ", ".join(LayerSource.Kind.values)}
        raise BadParameter(parameter="kind", reason=reason)
    if source.kind == LayerSource.Kind.WFS and not source.source_layer:
        raise BadParameter(parameter="source_layer", reason=_("name the layer of the service."))
    least = limits.value("min_harvest_minutes")
    if not least <= source.every_minutes <= 527_040:
        reason = _("a whole number from %(low)s to %(high)s was expected.") % {"low": least, "high": 527_040}
        raise BadParameter(parameter="every_minutes", reason=reason)
    if not isinstance(source.choices, Mapping):
        raise BadParameter(parameter="choices", reason=_("an object was expected."))
    Choices.from_json({**source.choices, "layer": source.layer.slug})


def _drop_job(source: LayerSource) -> None:
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


def _record(action: str, source: LayerSource, actor: User) -> None:
    layer = source.layer
    journal.record(
        action=action, subject=layer.full_name, actor=actor, community=layer.community, url=shown(source.url)
    )
