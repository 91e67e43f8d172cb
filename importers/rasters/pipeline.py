"""From a sent raster to a raster of the community: lay out -> convert in the sandbox -> look where it lies -> keep."""

import math
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.contrib.gis.geos import MultiPolygon, Polygon
from django.db import connection
from django.utils.translation import gettext_lazy as _

from gis_core.communities import Community
from gis_core.errors import BadParameter, NotAllowed
from gis_core.jobs import messages, progress
from gis_core.people import User
from importers.folders import work_folder
from importers.rasters.errors import NothingVisible, RasterElsewhere
from importers.rasters.launcher import convert_raster
from importers.rasters.protocol import ConvertedRaster
from importers.rasters.source import Sent
from importers.surroundings import area_of
from layers.catalogue import may_create_layers
from layers.models import Raster
from layers.models.catalogue import AccessLevel, Theme
from layers.models.raster import SLUG
from layers.rasters import create_raster, refuse_taken_name

READING = messages.define("raster-reading", _("Reading and checking the raster: %(rows)s of %(of)s rows"))
PACKING = messages.define("raster-packing", _("Writing tiles and overviews"))
_READ = 0.7
_NEAR_KM = 5.0


@dataclass(frozen=True, kw_only=True)
class RasterRequest:
    """The decisions of whoever imports; plain values, so that a job can carry them.

    `nodata` is a number or "nan", `wanted` the raster of a zip that holds several; `elsewhere` says that the
    raster does belong outside the community.
    """

    slug: str
    title: Mapping[str, str] = field(default_factory=dict)
    theme: str = Theme.OTHER
    access_level: str = AccessLevel.STAFF
    licence: str = "CC-BY-4.0"
    attribution: str = ""
    crs: str = ""
    nodata: str = ""
    wanted: str = ""
    elsewhere: bool = False


def import_raster(
    *, sent: Sequence[Sent], community: Community, actor: User | None, request: RasterRequest,
    raster_uuid: uuid.UUID | None = None,
) -> Raster:  # fmt: skip
    """Import what was sent (a raster with its parts, or a zip) as a raster of the community.

    `actor` None is the server's own command line. With `raster_uuid` a second attempt after a crash takes the
    place of the first. Raises ImportProblem, RasterExists, NotAllowed, Cancelled; then nothing is left.
    """
    _may_begin(community, actor, request)
    with work_folder() as work:
        made, file = convert_raster(
            sent, work=work, crs=request.crs, nodata=request.nodata, wanted=request.wanted,
            local_srid=community.local_srid, area=area_of(community), on_progress=_reading,
        )  # fmt: skip
        progress.check_cancelled()
        name = sent[0].name
        outline = outline_of(made, name)
        if not request.elsewhere:
            _refuse_elsewhere(community, outline, name)
        return create_raster(
            community=community, slug=request.slug, actor=actor, title=request.title or {"uk": name}, file=file,
            footprint=outline, uuid=raster_uuid, source_name=name, theme=request.theme,
            access_level=request.access_level, licence=request.licence, attribution=request.attribution,
            **_facts(made),
        )  # fmt: skip


def outline_of(made: ConvertedRaster, name: str) -> MultiPolygon:
    """The footprint as a geometry in 4326. Raises NothingVisible where there is none."""
    if not made.footprint:
        raise NothingVisible(name=name)
    return MultiPolygon([Polygon(*polygon) for polygon in made.footprint], srid=4326)


def _may_begin(community: Community, actor: User | None, request: RasterRequest) -> None:
    """What can be refused before the file is read."""
    if not may_create_layers(actor, community):
        raise NotAllowed()
    if not SLUG.regex.fullmatch(request.slug):  # type: ignore[union-attr]
        raise BadParameter(parameter="slug", reason=str(SLUG.message))
    if request.nodata and not _is_number(request.nodata):
        raise BadParameter(parameter="nodata", reason=_("a number or “nan” was expected."))
    refuse_taken_name(community, request.slug)


def _is_number(text: str) -> bool:
    try:
        return not math.isinf(float(text))
    except ValueError:
        return False


def _reading(done: int, total: int) -> None:
    progress.check_cancelled()
    if done >= total:
        progress.report(_READ, PACKING)
    else:
        progress.report(_READ * done / max(total, 1), READING, rows=done, of=total)


def _refuse_elsewhere(community: Community, outline: MultiPolygon, name: str) -> None:
    """Raises RasterElsewhere where the raster lies more than five kilometres off the community's boundary."""
    if community.boundary is None:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ST_Distance(boundary::geography, %s::geometry::geography) / 1000 FROM gis_core_community"
            " WHERE id = %s",
            [outline.hexewkb.decode(), community.pk],
        )
        (distance_km,) = cursor.fetchone()
    if distance_km > _NEAR_KM:
        west, south, east, north = outline.extent
        raise RasterElsewhere(
            name=name, distance_km=round(distance_km), lon=round((west + east) / 2, 4),
            lat=round((south + north) / 2, 4),
        )  # fmt: skip


def _facts(made: ConvertedRaster) -> dict[str, Any]:
    """What the model keeps of the account."""
    authority, _colon, code = made.crs.code.partition(":")
    return {
        "srid": int(code) if authority == "EPSG" and code.isdigit() else None,
        "crs_name": made.crs.name[:200], "crs_wkt": made.crs.wkt, "operation": made.operation,
        "accuracy_m": made.accuracy_m, "width": made.width, "height": made.height,
        "transform": list(made.transform), "resolution_m": made.resolution_m, "nodata": made.nodata,
        "bands": [asdict(band) for band in made.bands], "compression": made.compression, "lossy": made.lossy,
        "statistics": [asdict(item) for item in made.statistics], "notes": list(made.notes),
    }  # fmt: skip
