"""Addresses of rasters under /api/."""

from django.urls import path

from importers.rasters.api import RasterView, raster_file, rasters

urlpatterns = [
    path("rasters", rasters, name="api-rasters"),
    path("rasters/<str:raster>", RasterView.as_view(), name="api-raster"),
    path("rasters/<str:raster>/file", raster_file, name="api-raster-file"),
]
