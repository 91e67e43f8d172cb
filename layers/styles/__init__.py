"""Styles: one recipe per layer, compiled to MapLibre layers, a legend and the fields tiles must carry.

A recipe is the stored form (`Layer.style`); everything drawn or listed is computed from it, so the map,
the legend and the tiles cannot disagree. The format is described in `layers.styles.reading`.
"""

from layers.styles.legend import LegendEntry, legend
from layers.styles.maplibre import label_zoom, maplibre_layers, scale_to_zoom
from layers.styles.presets import default_recipe, fresh_recipe
from layers.styles.reading import InvalidRecipe, Problem, fields_needed, read_recipe, recipe_problems
from layers.styles.recipe import PATTERNS, Recipe

__all__ = [
    "PATTERNS",
    "InvalidRecipe",
    "LegendEntry",
    "Problem",
    "Recipe",
    "default_recipe",
    "fields_needed",
    "fresh_recipe",
    "label_zoom",
    "legend",
    "maplibre_layers",
    "read_recipe",
    "recipe_problems",
    "scale_to_zoom",
]
