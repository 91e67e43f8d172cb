"""Addresses under /tiles/. Numbers are taken as text, so that nonsense is answered by name and not by 404."""

from django.urls import path

from layers.api import tiles_wmts
from layers.rastertiles import views as raster_views
from layers.tiles import archive_views, changes, views

urlpatterns = [
    path("changes", changes.changes, name="tile-changes"),
    path("raster/<str:raster>.json", raster_views.tilejson_document, name="raster-tilejson"),
    path("raster/<str:raster>/<str:z>/<str:x>/<str:last>", raster_views.tile, name="raster-tile"),
    path("wmts/<str:community>.xml", tiles_wmts.capabilities, name="wmts"),
    path("archive/<str:name>.pmtiles", archive_views.archive, name="tile-archive"),
    path("map/<str:community>/<str:z>/<str:x>/<str:y>.mvt", views.map_tile, name="map-tile"),
    path("<str:layer>.json", views.tilejson_document, name="tilejson"),
    path("<str:layer>/<str:z>/<str:x>/<str:y>.mvt", views.tile, name="tile"),
]
