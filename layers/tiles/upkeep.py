"""What tiles are made from, kept in step with the features: called in the transaction that changes a layer."""

from gis_core.jobs import upkeep
from layers.models import Changeset, Layer
from layers.tiles import cache, overview


def after_apply(layer: Layer, changeset: Changeset) -> None:
    """The changeset was just carried out in the locked layer."""
    overview.update(layer, changeset)
    cache.invalidate(layer, changeset)


def after_description(layer: Layer) -> None:
    """The layer's style, schema or access was just written."""
    overview.refresh(layer)


upkeep.register(cache.tidy)
upkeep.register(overview.mend)
