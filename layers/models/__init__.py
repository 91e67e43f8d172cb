"""Catalogue (what layers there are), features (their content) and history (how they came to be so)."""

from layers.models.catalogue import Layer, LayerGrant
from layers.models.feature import Feature
from layers.models.history import Change, Changeset, FeatureVersion
from layers.models.raster import Raster

__all__ = ["Change", "Changeset", "Feature", "FeatureVersion", "Layer", "LayerGrant", "Raster"]
