"""Where a community's data should lie: coordinate systems are tried against it, and rows beyond it are told."""

from django.db import connection

from gis_core.communities import Community
from importers.sandbox import Conversion

ELSEWHERE = 0.9
"""From this share of rows outside on, somebody must say that the data belong there: the coordinate system, or the
community, may be the wrong one."""
_BUFFER_M, _SIMPLIFIED_DEG = 5000, 0.002


def lies_elsewhere(conversion: Conversion) -> bool:
    """Whether nearly all rows have nothing in the community's surroundings (`area_of`)."""
    return conversion.converted > 0 and conversion.outside >= ELSEWHERE * conversion.converted


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
