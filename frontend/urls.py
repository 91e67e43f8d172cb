"""Addresses of the pages. Included last: `/{community}/` is one word, whatever is not taken before it."""

from django.contrib.auth.views import LogoutView
from django.urls import path, register_converter

from frontend.views import (
    accounts,
    changesets,
    features,
    imports,
    jobs,
    layers,
    maps,
    rasters,
    site,
    sources,
    styles,
)


class CommunitySlug:
    regex = "[a-z][a-z0-9]{1,19}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class LayerSlug(CommunitySlug):
    regex = "[a-z][a-z0-9_]{0,39}"


class Number(CommunitySlug):
    """A bigint: longer numbers are no address of ours, so they are 404 and never reach the database."""

    regex = "[0-9]{1,18}"

    def to_python(self, value: str) -> int:  # type: ignore[override]
        return int(value)

    def to_url(self, value: object) -> str:
        return str(value)


class ImportAction(CommunitySlug):
    regex = "apply|cancel|retry|discard|revert|redo"


register_converter(CommunitySlug, "community")
register_converter(ImportAction, "import_action")
register_converter(LayerSlug, "layer")
register_converter(Number, "number")

urlpatterns = [
    path("", maps.home, name="home"),
    path("robots.txt", site.robots, name="robots"),
    path("accessibility/", site.accessibility, name="accessibility"),
    path("accounts/login/", accounts.SignIn.as_view(), name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("<community:community>/", maps.community_map, name="community-map"),
    path("<community:community>/layers/", layers.layer_list, name="layer-list"),
    path("<community:community>/layers/<layer:layer>/", layers.layer_page, name="layer"),
    path("<community:community>/layers/<layer:layer>/style/", styles.editor, name="layer-style"),
    path(
        "<community:community>/layers/<layer:layer>/style/tiles/<str:z>/<str:x>/<str:y>.mvt",
        styles.preview_tile,
        name="layer-style-tile",
    ),
    path("<community:community>/layers/<layer:layer>/source/", sources.save, name="layer-source"),
    path("<community:community>/layers/<layer:layer>/source/run/", sources.run, name="layer-source-run"),
    path(
        "<community:community>/layers/<layer:layer>/source/remove/",
        sources.remove,
        name="layer-source-remove",
    ),
    path(
        "<community:community>/layers/<layer:layer>/<number:feature>/", features.feature_page, name="feature"
    ),
    path("<community:community>/rasters/<layer:raster>/", rasters.raster_page, name="raster"),
    path("<community:community>/rasters/<layer:raster>/style/", rasters.style, name="raster-style"),
    path("<community:community>/rasters/<layer:raster>/delete/", rasters.delete, name="raster-delete"),
    path("<community:community>/import/", imports.import_page, name="import"),
    path("<community:community>/import/start/", imports.start, name="import-start"),
    path("<community:community>/import/raster/", rasters.new_raster, name="import-raster"),
    path("<community:community>/imports/", imports.import_list, name="import-list"),
    path("<community:community>/imports/<uuid:importing>/", imports.importing, name="importing"),
    path("<community:community>/imports/<uuid:importing>/state/", imports.state, name="importing-state"),
    path("<community:community>/imports/<uuid:importing>/choices/", imports.choose, name="importing-choices"),
    path("<community:community>/imports/<uuid:importing>/review/", imports.review, name="importing-review"),
    path(
        "<community:community>/imports/<uuid:importing>/<import_action:action>/",
        imports.act,
        name="importing-act",
    ),
    path("<community:community>/jobs/", jobs.job_list, name="job-list"),
    path("<community:community>/jobs/<uuid:job>/", jobs.job_page, name="job"),
    path("<community:community>/jobs/<uuid:job>/cancel/", jobs.cancel, name="job-cancel"),
    path("<community:community>/jobs/<uuid:job>/retry/", jobs.retry, name="job-retry"),
    path("<community:community>/jobs/<uuid:job>/answer/", jobs.answer, name="job-answer"),
    path("<community:community>/changesets/<number:changeset>/", changesets.changeset_page, name="changeset"),
    path(
        "<community:community>/changesets/<number:changeset>/revert/",
        changesets.revert,
        name="changeset-revert",
    ),
]
