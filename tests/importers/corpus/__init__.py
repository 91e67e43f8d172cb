"""Hostile and broken files, made by code: each with the failure that it must end in.

Nothing here is a real attack on anybody: the files try to read `secret`, a file beside the test, and to fill memory
or disk of the process that opens them. A module for each family.
"""

from collections.abc import Sequence

from tests.importers.corpus.archives import ARCHIVES, overlap_bomb
from tests.importers.corpus.base import CANARY, READ, Hostile, secret_in, zip_of
from tests.importers.corpus.cadastre import CADASTRE
from tests.importers.corpus.databases import DATABASES, geopackage
from tests.importers.corpus.drawings import DRAWINGS
from tests.importers.corpus.geodatabases import GEODATABASES
from tests.importers.corpus.geojson import GEOJSON, feature, feature_collection
from tests.importers.corpus.markup import MARKUP
from tests.importers.corpus.names import NAMES
from tests.importers.corpus.programs import PROGRAMS, vrt
from tests.importers.corpus.shapefiles import (
    MIXED,
    SHAPEFILES,
    SQUARE,
    dbf,
    polygon_record,
    shapefile_parts,
    shp,
    shx,
    zipped_shapefile,
)
from tests.importers.corpus.spreadsheets import SPREADSHEETS
from tests.importers.corpus.tables import TABLES

__all__ = [
    "CANARY",
    "HOSTILE",
    "MIXED",
    "READ",
    "SQUARE",
    "Hostile",
    "dbf",
    "feature",
    "feature_collection",
    "geopackage",
    "overlap_bomb",
    "polygon_record",
    "sampled",
    "secret_in",
    "shapefile_parts",
    "shp",
    "shx",
    "vrt",
    "zip_of",
    "zipped_shapefile",
]

HOSTILE: tuple[Hostile, ...] = (
    *PROGRAMS, *DATABASES, *GEODATABASES, *MARKUP, *CADASTRE, *ARCHIVES, *SHAPEFILES, *GEOJSON, *TABLES,
    *SPREADSHEETS, *DRAWINGS, *NAMES,
)  # fmt: skip
"""Every kind, family by family; each has another name."""


def sampled(kinds: Sequence[Hostile] = HOSTILE) -> tuple[Hostile, ...]:
    """The first kind of each outcome and the first of each thing that is sent, which its name begins with."""
    met: set[str] = set()
    chosen = []
    for item in kinds:
        new = {f"ends {item.code}", item.name.split()[0]} - met
        if new:
            chosen.append(item)
        met |= new
    return tuple(chosen)
