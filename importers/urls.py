"""Addresses of imports under /api/."""

from django.urls import path

from importers import api

urlpatterns = [
    path("imports", api.imports, name="api-imports"),
    path("imports/<uuid:uuid>", api.importing, name="api-import"),
]
