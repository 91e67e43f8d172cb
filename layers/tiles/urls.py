"""Addresses under /tiles/. Numbers are taken as text, so that nonsense is answered by name and not by 404."""

from django.urls import path

from layers.tiles import views

urlpatterns = [
    path("<str:layer>.json", views.tilejson_document, name="tilejson"),
    path("<str:layer>/<str:z>/<str:x>/<str:y>.mvt", views.tile, name="tile"),
]
