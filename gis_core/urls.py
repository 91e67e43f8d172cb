"""All addresses: programs under /api/, /tiles/ and /styles/, people under the rest."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("tiles/", include("layers.tiles.urls")),
    path("api/", include("gis_core.jobs.urls")),
    path("api/", include("importers.urls")),
    path("api/", include("importers.rasters.urls")),
    path("api/", include("importers.harvest.urls")),
    path("api/", include("layers.api.urls")),
    path("styles/", include("layers.api.style_urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include("frontend.urls")),
]

handler400 = "frontend.views.errors.bad_request"
handler403 = "frontend.views.errors.permission_denied"
handler404 = "frontend.views.errors.page_not_found"
handler500 = "frontend.views.errors.server_error"
