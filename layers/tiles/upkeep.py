"""What tiles are made from, kept in step with the features: called in the transaction that changes a layer."""

from gis_core.jobs import upkeep
from layers.models import Changeset, Layer
from layers.tiles import cache


def after_apply(layer: Layer, changeset: Changeset) -> None:
    """The changeset was just carried out in the locked layer."""
    cache.invalidate(layer, changeset)


upkeep.register(cache.tidy)
