"""Addresses of imports and uploads under /api/."""

from django.urls import path

from importers import api, findings_api, uploads_api

urlpatterns = [
    path("uploads", uploads_api.Uploads.as_view(), name="api-uploads"),
    path("uploads/<uuid:uuid>", uploads_api.OneUpload.as_view(), name="api-upload"),
    path("imports", api.Imports.as_view(), name="api-imports"),
    path("imports/<uuid:uuid>", api.OneImport.as_view(), name="api-import"),
    path("imports/<uuid:uuid>/diff", findings_api.Diff.as_view(), name="api-import-diff"),
    path("imports/<uuid:uuid>/diff.geojson", findings_api.diff_geojson, name="api-import-diff-geojson"),
    path("imports/<uuid:uuid>/issues", findings_api.issues, name="api-import-issues"),
    path("imports/<uuid:uuid>/issues.csv", findings_api.issues_csv, name="api-import-issues-csv"),
    path("imports/<uuid:uuid>/issues.geojson", findings_api.issues_geojson, name="api-import-issues-geojson"),
    path("imports/<uuid:uuid>/split", api.split, name="api-import-split"),
    path("imports/<uuid:uuid>/<str:step>", api.take_step, name="api-import-step"),
]
