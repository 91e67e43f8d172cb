"""Addresses of the sources of layers under /api/."""

from django.urls import path

from importers.harvest.api import SourceRunView, SourceView

urlpatterns = [
    path("collections/<str:layer>/source", SourceView.as_view(), name="api-source"),
    path("collections/<str:layer>/source/run", SourceRunView.as_view(), name="api-source-run"),
]
