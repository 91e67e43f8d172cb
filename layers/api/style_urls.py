"""Addresses under /styles/."""

from django.urls import path

from layers.api.tiles_style import style_document

urlpatterns = [path("<str:community>.json", style_document, name="map-style")]
