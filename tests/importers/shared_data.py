"""What the README and the manifest of the real files (../shared/data) predict of importing each of them.

One row per layer of a file, in the order of the README. Every number is the README's or the manifest's; what they
do not tell is measured in the original with other tools, and the reason stands beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

WGS84 = "EPSG:4326"
OLD_DATUM = frozenset({"EPSG:7827", "EPSG:28405"})
"""SK-63 and SK-42, which we bring to WGS 84 by another way than the one by which the files were made."""
DECLARED, FORMAT, DETECTED = "declared", "format", "detected"
HERE, AROUND, ELSEWHERE = "here", "around", "elsewhere"
"""Where the data lie as seen from Ladyzhyn: there, in a wider area that covers it, or beside it as a whole."""


@dataclass(frozen=True, kw_only=True)
class Predicted:
    """`rows` are read, all but those of `rejected` (by rule) imported; `repaired` are among the imported.

    `crs_how`: declared by the file (or by its columns' names), fixed by its format, or detected by the community's
    boundary; beside the layer's name nothing is asked. `accuracy_m` is what EPSG states of the transformation.
    `issues` are found beside those that lie outside; `twin` is the GeoJSON with the same places and texts, `columns`
    the names of the latter there and here, `order` the column by which rows are matched where the format has an order
    of its own.
    """

    path: str
    rows: int
    kind: str
    layer: str = ""
    parts: tuple[str, ...] = ()
    rejected: Mapping[str, int] = field(default_factory=dict)
    repaired: int = 0
    encoding: str = "utf-8"
    crs: str = WGS84
    crs_how: str = DECLARED
    issues: Mapping[str, int] = field(default_factory=dict)
    lies: str = HERE
    key: str = ""
    twin: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    accuracy_m: float = 0.0
    order: str = ""

    @property
    def imported(self) -> int:
        return self.rows - sum(self.rejected.values())


P = Predicted
_TEN = {"settlement": "naspunkt", "street": "vulytsia", "street_old": "stara_nazv", "house_no": "budynok",
        "zip_code": "indeks", "cadastral_number": "kadnum"}  # fmt: skip
_ADDRESSES, _PARKING = "ladyzhyn/addresses.geojson", "ladyzhyn/parking.geojson"
_NAMES = ("settlement", "street", "street_old", "house_no", "zip_code", "cadastral_number")
_SAME = {name: name for name in _NAMES}
_TYPE = {"type": "type"}
# 69 names of hromadas, as the README says, and one value of TYPE ("cільська"). Other files have them too, of which the
# README does not tell: counted by a Latin letter that touches a Cyrillic one and looks like one of those.
_LOOKALIKES = {"lookalike-letters": 69 + 1}
# Numbers that begin with 0510690002: told once for the column.
_COUNCIL = {"cadastral-number-koatuu": 1}
_TWICE = {"key-duplicate": 1}  # parking and addresses use id 11 twice
_UNITS = {"unit-in-value": 2}  # "25 537 м/кв" and "806 м" become numbers with a unit, told once a column

FILES = (
    P(path="air_quality/openaq_latest_pm25_de_2019.geojson", rows=371, kind="Point", lies=ELSEWHERE,
      issues={"text-damaged": 61}),
    # --- boundaries ---
    P(path="boundaries/cod_ab_adm1_oblasts.geojson", rows=27, kind="Polygon", lies=AROUND),
    P(path="boundaries/cod_ab_adm2_raions_simplified.geojson", rows=139, kind="Polygon", lies=AROUND),
    P(path="boundaries/cod_ab_adm3_hromadas.geojson", rows=1769, kind="Polygon", lies=AROUND,
      rejected={"geometry-missing": 2}, key="ADM3_PCODE", issues={"lookalike-letters": 2}),
    P(path="boundaries/kse_hromadas_near_seas_cyrillic.zip", rows=257, kind="Polygon", lies=ELSEWHERE,
      issues=_LOOKALIKES),
    P(path="boundaries/osm/vinnytska_oblast.geojson", rows=6, kind="Polygon", lies=AROUND),
    P(path="boundaries/osm/lvivska_oblast.geojson", rows=7, kind="Polygon", lies=ELSEWHERE),
    # Half of these rows are points: OSM's label of each hromada beside its area.
    P(path="boundaries/osm/vinnytska_oblast.haysynskyy_rayon.geojson", rows=28, kind="Geometry", lies=AROUND),
    P(path="boundaries/osm/lvivska_oblast.lvivskyy_rayon.geojson", rows=46, kind="Geometry", lies=ELSEWHERE),
    P(path="boundaries/osm/lvivska_oblast.stryyskyy_rayon.geojson", rows=28, kind="Geometry", lies=ELSEWHERE),
    # --- settlements ---
    P(path="settlements/settlements_geonames500.geojson", rows=5488, kind="Point", lies=AROUND),
    P(path="settlements/hromada_stats_2022.csv", rows=1469, kind="Point", lies=AROUND,
      issues={"word-for-nothing": 4, "lookalike-letters": 1}),
    # --- ladyzhyn ---
    P(path="ladyzhyn/boundaries.geojson", rows=7, kind="Polygon"),
    P(path="ladyzhyn/addresses.geojson", rows=3443, kind="Point", key="id", issues={**_TWICE, **_COUNCIL}),
    P(path="ladyzhyn/organizations.geojson", rows=360, kind="Point"),
    P(path="ladyzhyn/bus_stops.geojson", rows=59, kind="Point"),
    P(path="ladyzhyn/bus_routes.geojson", rows=12, kind="LineString"),
    P(path="ladyzhyn/parking.geojson", rows=235, kind="Polygon", repaired=1, key="id", issues=_TWICE),
    P(path="ladyzhyn/recreation_areas.geojson", rows=20, kind="Polygon", issues=_UNITS),
    P(path="ladyzhyn/bicycle_parking.geojson", rows=22, kind="Point"),
    P(path="ladyzhyn/picnic_places.geojson", rows=16, kind="Point"),
    P(path="ladyzhyn/traffic_flows.geojson", rows=10, kind="LineString"),
    P(path="ladyzhyn/settlements.geojson", rows=6, kind="Point"),
    # --- infrastructure ---
    P(path="infrastructure/cnap_chernivtsi_oblast.geojson", rows=167, kind="Point", lies=ELSEWHERE,
      issues={"lookalike-letters": 1}),
    P(path="infrastructure/nszu_health_facilities_west_centre.geojson", rows=1477, kind="Point", lies=AROUND,
      issues={"lookalike-letters": 4}),
    P(path="infrastructure/nszu_health_facilities_west_centre.csv", rows=1477, kind="Point", lies=AROUND,
      issues={"lookalike-letters": 4},
      twin="infrastructure/nszu_health_facilities_west_centre.geojson",
      columns={"legal_entity_name": "legal_entity_name", "registration_address": "registration_address"}),
    P(path="infrastructure/osm_roads_national_ua.zip", rows=7775, kind="LineString", lies=AROUND),
    # --- connectivity ---
    P(path="connectivity/uran_academic_backbone.geojson", rows=38, kind="Geometry", lies=AROUND),
    # Columns that hold lists of texts are told; GDAL hands objects over as the JSON text that they become.
    P(path="connectivity/ofds/nodes.geojson", rows=2, kind="Point", lies=ELSEWHERE, issues={"nested-value": 2}),
    P(path="connectivity/ofds/spans.geojson", rows=1, kind="LineString", lies=ELSEWHERE, issues={"nested-value": 4}),
    P(path="connectivity/public_wifi_in_cnap_chernivtsi.geojson", rows=149, kind="Point", lies=ELSEWHERE),
    # --- nature ---
    P(path="nature/PZO/geojson/pzo-vinnytska.geojson", rows=285, kind="Point", lies=AROUND),
    P(path="nature/PZO/geojson/pzo-lvivska.geojson", rows=310, kind="Point", lies=ELSEWHERE),
    P(path="nature/PZO/geojson/pzo-chernivetska.geojson", rows=278, kind="Point", lies=ELSEWHERE),
    P(path="nature/PZO/geojson/pzo-zakarpatska.geojson", rows=76, kind="Point", lies=ELSEWHERE),
    P(path="nature/PGO/geojson/fiz-geo-vinnytska.geojson", rows=925, kind="Point", lies=AROUND),
    # Some points of this register lie far off, so that their extent covers Ladyzhyn, though none of them is near.
    P(path="nature/PGO/geojson/fiz-geo-chernivetska.geojson", rows=736, kind="Point", lies=AROUND),
    *(
        P(path=f"nature/PGO/{form}/fiz-geo-vinnytska.{form}", rows=925, kind="Point", lies=AROUND,
          twin="nature/PGO/geojson/fiz-geo-vinnytska.geojson",
          columns={"Унормована назва": "Унормована назва", "Район": "Район"})
        for form in ("csv", "tsv", "xlsx")
    ),
    # --- encodings and coordinate systems ---
    P(path="encodings_crs/addresses_cp1251_cpg_ucs2000_tm10.zip", rows=3443, kind="Point", encoding="cp1251",
      crs="EPSG:6384", accuracy_m=1.0, twin=_ADDRESSES, columns=_TEN, issues=_COUNCIL),
    P(path="encodings_crs/addresses_cp1251_nocpg_ldid_sk63x3.zip", rows=3443, kind="Point", encoding="cp1251",
      crs="EPSG:7827", accuracy_m=4.5, twin=_ADDRESSES, columns=_TEN, issues=_COUNCIL),
    P(path="encodings_crs/addresses_cp1251_nocpg_noldid_lcs05.zip", rows=3443, kind="Point", encoding="cp1251",
      crs="EPSG:9832", accuracy_m=1.0, twin=_ADDRESSES, columns=_TEN, issues=_COUNCIL),
    P(path="encodings_crs/parking_utf8_sk42_gk5.zip", rows=235, kind="Polygon", repaired=1, crs="EPSG:28405",
      accuracy_m=4.5, twin=_PARKING, columns=_TYPE),
    P(path="encodings_crs/parking_iso8859_5_noprj_wgs84.zip", rows=235, kind="Polygon", repaired=1,
      encoding="iso8859-5", crs_how=DETECTED, twin=_PARKING, columns=_TYPE),
    # --- formats ---
    P(path="formats/ladyzhyn.gpkg", layer="addresses", rows=3443, kind="Point", twin=_ADDRESSES, columns=_SAME,
      issues=_COUNCIL),
    P(path="formats/ladyzhyn.gpkg", layer="parking", rows=235, kind="Polygon", repaired=1, twin=_PARKING,
      columns=_TYPE),
    P(path="formats/ladyzhyn.gpkg", layer="boundaries", rows=7, kind="Polygon", twin="ladyzhyn/boundaries.geojson",
      columns={"name": "name"}),
    P(path="formats/ladyzhyn.gpkg", layer="bus_routes", rows=12, kind="LineString", twin="ladyzhyn/bus_routes.geojson",
      columns={"name": "name"}),
    P(path="formats/ladyzhyn.gpkg", layer="bus_stops", rows=59, kind="Point", twin="ladyzhyn/bus_stops.geojson",
      columns={"name": "name"}),
    P(path="formats/ladyzhyn.gpkg", layer="recreation_areas", rows=20, kind="Polygon",
      twin="ladyzhyn/recreation_areas.geojson", columns={"name": "name"}, issues=_UNITS),
    P(path="formats/ladyzhyn.gpkg", layer="organizations", rows=360, kind="Point",
      twin="ladyzhyn/organizations.geojson", columns={"name": "name", "address": "address"}),
    P(path="formats/addresses.sqlite", rows=3443, kind="Point", twin=_ADDRESSES, columns=_SAME, issues=_COUNCIL),
    P(path="formats/addresses.geojsonl", rows=3443, kind="Point", twin=_ADDRESSES, columns=_SAME, issues=_COUNCIL),
    P(path="formats/addresses_500.xlsx", rows=500, kind="Point", twin=_ADDRESSES, columns=_SAME),
    P(path="formats/addresses_lonlat_cp1251.csv", rows=3443, kind="Point", encoding="cp1251",
      twin=_ADDRESSES, columns=_SAME, issues=_COUNCIL),
    P(path="formats/addresses_lonlat_utf8bom_semicolon.csv", rows=3443, kind="Point", twin=_ADDRESSES,
      columns=_SAME, issues=_COUNCIL),
    # Its column "type" is that of the geometry: whoever derived the file left the kind of parking out.
    P(path="formats/parking_wkt.csv", rows=235, kind="Polygon", repaired=1, crs_how=DETECTED, twin=_PARKING),
    P(path="formats/parking.kml", rows=235, kind="Polygon", repaired=1, crs_how=FORMAT, twin=_PARKING, columns=_TYPE),
    P(path="formats/parking.kmz", rows=235, kind="Polygon", repaired=1, crs_how=FORMAT, twin=_PARKING, columns=_TYPE),
    P(path="formats/parking.gml", parts=("formats/parking.xsd",), rows=235, kind="Polygon", repaired=1, twin=_PARKING,
      columns=_TYPE),
    P(path="formats/parking.mif", parts=("formats/parking.mid",), rows=235, kind="Polygon", repaired=1, twin=_PARKING,
      columns=_TYPE),
    P(path="formats/recreation_areas.tab", rows=20, kind="Polygon",
      parts=("formats/recreation_areas.dat", "formats/recreation_areas.map", "formats/recreation_areas.id"),
      twin="ladyzhyn/recreation_areas.geojson", columns={"name": "name"}, issues=_UNITS),
    P(path="formats/bus_routes.fgb", rows=12, kind="LineString", order="id", twin="ladyzhyn/bus_routes.geojson",
      columns={"name": "name"}),
    P(path="formats/bus_stops.gpx", rows=59, kind="Point", crs_how=FORMAT, twin="ladyzhyn/bus_stops.geojson",
      columns={"name": "name"}),
    P(path="formats/bus_routes_ucs2000_tm10.dxf", rows=12, kind="LineString", crs="EPSG:6384", crs_how=DETECTED,
      accuracy_m=1.0, twin="ladyzhyn/bus_routes.geojson"),
)  # fmt: skip

REFUSED = {
    "air_quality/openaq_latest_pm25_de_2019.json": "not-geojson",  # an answer of an API; its points are the .geojson
}
"""Files that are no map: the code of the refusal."""
BY_CODES = ("infrastructure/schools_register_vinnytsia_lviv_2023.csv", "settlements/katottg_kodifikator.xlsx")
"""Tables without coordinates: joined to the register's boundaries by their codes."""


@dataclass(frozen=True, kw_only=True)
class PredictedRaster:
    """`size` is width, height, bands; `values` between which all that are no nodata lie."""

    size: tuple[int, int, int]
    crs: str
    nodata: float | None
    values: tuple[float, float]
    lies: str


RASTERS = {
    "etopo1_dem_ukraine_0.1deg": PredictedRaster(
        size=(186, 86, 1), crs=WGS84, nodata=-32768, values=(-2422, 2126), lies=AROUND
    ),
    "landsat_RGB.byte": PredictedRaster(
        # Its collar of nodata 0 becomes a mask, which a photograph's compression leaves as it is.
        size=(791, 718, 3),
        crs="EPSG:32618",
        nodata=None,
        values=(0, 255),
        lies=ELSEWHERE,
    ),
    "srtm_shade_3857": PredictedRaster(
        # Beside 255, which is no data, the file holds nothing but 0 (counted with rasterio).
        size=(1024, 1024, 1),
        crs="EPSG:3857",
        nodata=255,
        values=(0, 0),
        lies=ELSEWHERE,
    ),
}
"""rasters/<name>.tif; those that lie elsewhere are taken where a person says that they belong to the community."""
