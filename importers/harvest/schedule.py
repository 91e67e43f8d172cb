"""Setting up, changing and removing the source of a layer."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import OperationalError, transaction
from django.utils.translation import gettext as _

from gis_core import journal, limits
from gis_core.errors import BadParameter
from gis_core.people import User
from gis_core.roles import Action
from importers.choices import Choices
from importers.harvest.address import Allowance, parse, shown
from importers.harvest.errors import HarvestBusy, NoSource
from importers.harvest.tasks import drop_job, plan_next
from importers.models import LayerSource
from layers.access import require
from layers.models import Layer

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
        drop_job(source)
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


def _record(action: str, source: LayerSource, actor: User) -> None:
    layer = source.layer
    journal.record(
        action=action, subject=layer.full_name, actor=actor, community=layer.community, url=shown(source.url)
    )
