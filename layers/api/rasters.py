"""Values of rasters over HTTP: at a point, along a line; and the style that a raster is drawn by."""

import datetime
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from gis_core import limits
from gis_core.api import params
from gis_core.api.http import may_be_kept
from gis_core.api.views import ApiView
from gis_core.errors import BadParameter, NotAllowed
from gis_core.people import User
from layers.models import Raster
from layers.models.catalogue import AccessLevel
from layers.rasters import access_raster, style_raster
from layers.rastertiles.values import Place, at_point, profile
from layers.styles.raster_legend import raster_legend

_USUAL_SAMPLES = 200


class RasterPointView(ApiView):
    @extend_schema(
        operation_id="rasterPoint", tags=["Rasters"], responses={200: dict},
        parameters=[OpenApiParameter("lon", float, required=True), OpenApiParameter("lat", float, required=True)],
    )  # fmt: skip
    def get(self, request: Request, raster: str) -> Response:
        """The values of all bands at a place in degrees; null where the raster has none."""
        params.check_names(request.GET, ("lon", "lat"))
        lon, lat = (_required(request, name) for name in ("lon", "lat"))
        place = _place(lon, lat, parameter="lon")
        found = access_raster(request.user, raster)
        values = at_point(found, *place)
        bands = [
            {"band": band["index"], "title": band["description"], "unit": band["unit"], "value": value}
            for band, value in zip(found.bands, values, strict=True)
        ]
        return _kept(Response({"lon": place[0], "lat": place[1], "bands": bands}), found)


class RasterProfileView(ApiView):
    @extend_schema(
        operation_id="rasterProfile", tags=["Rasters"], responses={200: dict},
        parameters=[
            OpenApiParameter("line", str, required=True, description="lon,lat;lon,lat;… in degrees"),
            OpenApiParameter("samples", int), OpenApiParameter("band", int),
        ],
    )  # fmt: skip
    def get(self, request: Request, raster: str) -> Response:
        """The values of a band in even steps along a line, with distances in metres from its beginning."""
        params.check_names(request.GET, ("line", "samples", "band"))
        line = profile_line(request.GET.get("line", ""))
        most = limits.value("max_profile_samples")
        samples = params.integer(
            request.GET.get("samples", str(min(_USUAL_SAMPLES, most))), parameter="samples", low=2, high=most
        )
        found = access_raster(request.user, raster)
        band = params.integer(request.GET.get("band", "1"), parameter="band", low=1, high=len(found.bands))
        known = found.bands[band - 1]
        answer = profile(found, line, band=band, samples=samples)
        return _kept(
            Response({**answer, "band": band, "title": known["description"], "unit": known["unit"]}), found
        )


class RasterStyleView(ApiView):
    @extend_schema(operation_id="rasterStyle", tags=["Rasters"], responses={200: dict})
    def get(self, request: Request, raster: str) -> Response:
        """The stored style (empty: the default), the legend, and the day that the raster shows."""
        params.check_names(request.GET, ())
        return _styled(access_raster(request.user, raster))

    @extend_schema(operation_id="styleRaster", tags=["Rasters"], request=dict, responses={200: dict})
    def put(self, request: Request, raster: str) -> Response:
        """Change the style: whoever manages the community any raster's, editors that of their own. The body is
        `{"style": {...}, "taken_on": "2024-05-17"}`; what is left out stays."""
        params.check_names(request.GET, ())
        found = access_raster(request.user, raster)
        if not isinstance(request.user, User):
            raise NotAllowed()
        body = request.data if isinstance(request.data, dict) else {}
        for name in sorted(set(body) - {"style", "taken_on"}):
            reason = _("it is not known here. Known: %s.") % "style, taken_on"
            raise BadParameter(parameter=str(name)[:100], reason=reason)
        taken_on = _day(body["taken_on"]) if "taken_on" in body else found.taken_on
        return _styled(style_raster(
            raster=found, actor=request.user, style=body.get("style", found.style), taken_on=taken_on
        ))  # fmt: skip


def profile_line(text: str) -> list[Place]:
    """The points of `lon,lat;lon,lat;…`, two to `max_profile_vertices`. Raises BadParameter."""
    most = limits.value("max_profile_vertices")
    parts = text.split(";", most)
    if not 2 <= len(parts) <= most:
        reason = _("from 2 to %s points “longitude,latitude” with “;” between them were expected.") % most
        raise BadParameter(parameter="line", reason=reason)
    line = []
    for number, part in enumerate(parts, 1):
        lon, comma, lat = part.partition(",")
        if not comma:
            raise BadParameter(parameter="line", reason=_("point %s is not “longitude,latitude”.") % number)
        numbers = (params.number(it.strip(), parameter="line") for it in (lon, lat))
        line.append(_place(*numbers, parameter="line"))
    if len(set(line)) == 1:
        raise BadParameter(parameter="line", reason=_("all its points are the same."))
    return line


def _place(lon: float, lat: float, *, parameter: str) -> Place:
    if abs(lon) <= 180 and abs(lat) <= 90:
        return lon, lat
    reason = _("longitude must be within ±180 and latitude within ±90, longitude first.")
    raise BadParameter(parameter=parameter, reason=reason)


def _required(request: Request, name: str) -> float:
    return params.number(request.GET.get(name, ""), parameter=name)


def _day(value: Any) -> datetime.date | None:
    try:
        return None if value is None else datetime.date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise BadParameter(parameter="taken_on", reason=_("a date like 2024-05-17 was expected.")) from error


def _styled(raster: Raster) -> Response:
    answer = {"style": raster.style, "legend": raster_legend(raster), "taken_on": raster.taken_on}
    response = Response(answer)
    may_be_kept(response, public=False)
    return response


def _kept(response: Response, raster: Raster) -> Response:
    """Values may be kept by whom the raster is open to all; what it says stays so as long as the raster does."""
    may_be_kept(response, public=raster.access_level == AccessLevel.PUBLIC)
    return response
