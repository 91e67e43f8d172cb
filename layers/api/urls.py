"""Addresses under /api/: reading first, then what changes features."""

from django.urls import path

from gis_core.api import converters  # noqa: F401 -- registers “bigint”
from layers.api import edits, tiles
from layers.api.collections import CollectionsView, CollectionView, ConformanceView, LandingView, LimitsView
from layers.api.items import ItemsView, ItemView
from layers.api.openapi import docs, openapi_document
from layers.api.rasters import RasterPointView, RasterProfileView, RasterStyleView
from layers.api.styles import ClassifyView, LayerSldView, LayerStyleView

urlpatterns = [
    path("", LandingView.as_view(), name="api-landing"),
    path("openapi.json", openapi_document, name="api-openapi"),
    path("docs/", docs, name="api-docs"),
    path("conformance", ConformanceView.as_view(), name="api-conformance"),
    path("limits", LimitsView.as_view(), name="api-limits"),
    path("collections", CollectionsView.as_view(), name="api-collections"),
    path("collections/<str:layer>", CollectionView.as_view(), name="api-collection"),
    path("collections/<str:layer>/items", ItemsView.as_view(), name="api-items"),
    path("collections/<str:layer>/items/<str:feature>", ItemView.as_view(), name="api-item"),
    path("collections/<str:layer>/items/<bigint:feature>/history", edits.get_history, name="api-history"),
    path("collections/<str:layer>/changesets", edits.send_changeset, name="api-changesets"),
    path("collections/<str:layer>/style", LayerStyleView.as_view(), name="api-style"),
    path("collections/<str:layer>/style.sld", LayerSldView.as_view(), name="api-style-sld"),
    path("collections/<str:layer>/style/classify", ClassifyView.as_view(), name="api-style-classify"),
    path("tileMatrixSets", tiles.SchemesView.as_view(), name="api-tiling-schemes"),
    path(f"tileMatrixSets/{tiles.SCHEME}", tiles.SchemeView.as_view(), name="api-tiling-scheme"),
    path("collections/<str:layer>/tiles", tiles.TilesetsView.as_view(), name="api-tilesets"),
    path(f"collections/<str:layer>/tiles/{tiles.SCHEME}", tiles.TilesetView.as_view(), name="api-tileset"),
    path(
        f"collections/<str:layer>/tiles/{tiles.SCHEME}/<str:matrix>/<str:row>/<str:col>",
        tiles.tile,
        name="api-tile",
    ),
    path("rasters/<str:raster>/point", RasterPointView.as_view(), name="api-raster-point"),
    path("rasters/<str:raster>/profile", RasterProfileView.as_view(), name="api-raster-profile"),
    path("rasters/<str:raster>/style", RasterStyleView.as_view(), name="api-raster-style"),
    path("changesets/<bigint:changeset>", edits.get_changeset, name="api-changeset"),
    path("changesets/<bigint:changeset>/review", edits.post_verdict, name="api-changeset-review"),
    path("changesets/<bigint:changeset>/revert", edits.post_revert, name="api-changeset-revert"),
]
