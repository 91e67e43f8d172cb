"""Where a community's data should lie: a box for reports, and an area that coordinate systems are tried against."""

from django.db import connection

from gis_core.communities import Community
from importers.sandbox import Conversion

# Two to three kilometres here; a feature further off is imported and reported.
_MARGIN_DEG = 0.03
_BUFFER_M, _SIMPLIFIED_DEG = 5000, 0.002


def expected_box(community: Community) -> tuple[float, float, float, float] | None:
    """West, south, east, north of where the community's data should lie; None where it has no boundary."""
    if community.boundary is None:
        return None
    west, south, east, north = community.boundary.extent
    return west - _MARGIN_DEG, south - _MARGIN_DEG, east + _MARGIN_DEG, north + _MARGIN_DEG


def lies_elsewhere(community: Community, conversion: Conversion) -> bool:
    """Whether the data as a whole miss the community, as they do in a wrong coordinate system; data of
    the whole country do not."""
    box, extent = expected_box(community), conversion.extent
    if box is None or extent is None:
        return False
    return extent[0] > box[2] or extent[2] < box[0] or extent[1] > box[3] or extent[3] < box[1]


def area_of(community: Community) -> str:
    """The boundary with 5 km around it (geodesic, simplified to about 200 m) as hex WKB in 4326; "" where the
    community has none."""
    if community.boundary is None:
        return ""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT encode(ST_AsBinary(ST_SimplifyPreserveTopology(ST_Buffer(
                ST_SimplifyPreserveTopology(boundary, %(simplified)s)::geography, %(buffer)s, 4)::geometry,
                %(simplified)s)), 'hex')
            FROM gis_core_community WHERE id = %(community)s
            """,
            {"simplified": _SIMPLIFIED_DEG, "buffer": _BUFFER_M, "community": community.pk},
        )
        (found,) = cursor.fetchone()
    return str(found or "")
