"""Reads the cadastral exchange file (UkrainianCadastralExchangeFile): parcels and all that is drawn with them.

Only what is named here is taken: owners, tenants, officials, their numbers, passports and addresses stand in
the same file and are passed over. X is the northing. Boundaries are lines shared by neighbours. Format: XSD
of the exchange file 0.7 (order of Minahropolityky No. 573 of 2010 and its changes).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import shapely

from importers.errors import EmptyLayer, Unreadable
from importers.readers import cadastral_systems, guards, held, topology
from importers.readers.held import HeldLayer, HeldRow, Noted
from importers.report import REJECTED
from importers.sandbox.protocol import DatasetRequest

# Below ParcelInfo: path of a leaf -> column. Nothing else of a parcel is read.
_PARCEL = {
    "ParcelLocationInfo/Region": "region",
    "ParcelLocationInfo/District": "district",
    "ParcelLocationInfo/Settlement": "settlement",
    "ParcelLocationInfo/ParcelAddress/StreetType": "street_type",
    "ParcelLocationInfo/ParcelAddress/StreetName": "street",
    "ParcelLocationInfo/ParcelAddress/Building": "building",
    "CategoryPurposeInfo/Category": "category",
    "CategoryPurposeInfo/Purpose": "purpose",
    "CategoryPurposeInfo/Use": "use",
    "OwnershipInfo/Code": "ownership",
    "ParcelMetricInfo/Area/Size": "area",
    "ParcelMetricInfo/Area/MeasurementUnit": "area_unit",
    "ParcelMetricInfo/Error": "area_error",
    "ValuationInfo/Normative/ValuationDate": "valuation_date",
    "ValuationInfo/Normative/Value": "valuation",
}
# Element of a part of a parcel -> layer, and its leaves -> columns.
_PARTS: dict[str, tuple[str, dict[str, str]]] = {
    "LandParcelInfo": ("lands", {
        "LandCode": "land_code", "CadastralCode": "land_code", "MetricInfo/Area/Size": "area",
        "MetricInfo/Area/MeasurementUnit": "area_unit",
    }),
    "RestrictionInfo": ("restrictions", {
        "RestrictionCode": "restriction_code", "RestrictionName": "restriction",
        "StartDate": "start_date", "ExpirationDate": "end_date", "RestrictionTerm/Time/StartDate": "start_date",
        "RestrictionTerm/Time/ExpirationDate": "end_date",
    }),
    "LeaseInfo": ("leases", {
        "LeaseAgreement/RegistrationDate": "registered", "LeaseAgreement/LeaseTerm": "term",
        "Area/Size": "area", "Area/MeasurementUnit": "area_unit",
    }),
    "SubleaseInfo": ("subleases", {"Area/Size": "area", "Area/MeasurementUnit": "area_unit"}),
}  # fmt: skip
_TYPES = {
    "area": "number", "area_ha": "number", "area_error": "number", "valuation": "number",
    "valuation_date": "date", "start_date": "date", "end_date": "date", "registered": "date",
}  # fmt: skip
_LAYERS = ("parcels", "lands", "restrictions", "leases", "subleases", "quarters", "zones")
_LONGEST_TEXT = 2_000
_UNITS_M = {"M": 1.0, "Km": 1_000.0}


@dataclass
class _Reading:
    """What has been read so far: points and lines by their ids, the place in the cadastre, rows by layer."""

    points: dict[str, tuple[float, float]] = field(default_factory=dict)
    lines: dict[str, list[str]] = field(default_factory=dict)
    metres: float = 1.0
    koatuu: str = ""
    zone: str = ""
    quarter: str = ""
    parcel: str = ""
    rows: dict[str, list[HeldRow]] = field(default_factory=lambda: {name: [] for name in _LAYERS})
    noted: dict[str, list[Noted]] = field(default_factory=lambda: {name: [] for name in _LAYERS})

    @property
    def cad_num(self) -> str:
        """The cadastral number; "" where a part of it is missing."""
        number = f"{self.koatuu}:{self.zone}:{self.quarter}:{self.parcel}"
        return number if re.fullmatch(r"\d{10}:\d{2}:\d{3}:\d{4}", number) else ""


def facts(dataset: DatasetRequest, *, max_fields: int, max_rows: int) -> Iterator[HeldLayer]:
    """A layer for each kind of object that the file holds. Raises Unreadable, DoctypeRefused, OverLimit."""
    path = Path(dataset.path)
    guards.check(path, dataset.format, dataset.title, dataset.name)
    reading, crs = _read(path, dataset)
    names = [name for name in _LAYERS if reading.rows[name]]
    if not names:
        raise EmptyLayer(layer=dataset.name)
    for name in names:
        yield held.layer(
            dataset, name, reading.rows[name], types=_TYPES, crs=crs, noted=reading.noted[name],
            max_fields=max_fields, max_rows=max_rows,
        )  # fmt: skip


def _read(path: Path, dataset: DatasetRequest) -> tuple[_Reading, str | None]:
    reading, crs = _Reading(), None
    try:
        for event, element in ElementTree.iterparse(path, ("start", "end")):  # noqa: S314
            element.tag = element.tag.rpartition("}")[2]
            if event == "start":
                _enter(element, reading)
            elif element.tag == "MetricInfo" and element.find("PointInfo") is not None:
                crs = _metric(element, reading)
                element.clear()
            elif element.tag in _ENDS:
                _ENDS[element.tag](element, reading)
    except (ElementTree.ParseError, ValueError, LookupError, RecursionError) as error:
        raise Unreadable(name=dataset.name, format=dataset.title) from error
    return reading, crs


def _enter(element: ElementTree.Element, reading: _Reading) -> None:
    """A new zone or quarter forgets the number of the one before."""
    if element.tag == "CadastralZoneInfo":
        reading.koatuu = reading.zone = reading.quarter = ""
    elif element.tag == "CadastralQuarterInfo":
        reading.quarter = ""


# --- points and lines ---


def _metric(element: ElementTree.Element, reading: _Reading) -> str | None:
    """Points and lines; the coordinate system as text, None where it does not say one that we know."""
    unit = element.find("MeasurementUnit")
    reading.metres = _UNITS_M.get(
        _text(unit) or (unit[0].tag if unit is not None and len(unit) else "M"), 1.0
    )
    for point in element.iterfind("PointInfo/Point"):
        north, east = _number(point.find("X")), _number(point.find("Y"))
        if north is not None and east is not None:
            reading.points[_text(point.find("UIDP"))] = (east * reading.metres, north * reading.metres)
    for line in element.iterfind("Polyline/PL"):
        reading.lines[_text(line.find("ULID"))] = [_text(item) for item in line.iterfind("Points/P")]
    easting = next((x for x, _ in reading.points.values()), None)
    return _system(element.find("CoordinateSystem"), easting)


def _system(element: ElementTree.Element | None, easting: float | None) -> str | None:
    """The system that the file names; МСК where it stands beside УСК-2000."""
    if element is None:
        return None
    said = {child.tag: child for child in element.iter()}
    if "Local" in said and (found := cadastral_systems.local(_text(said["Local"]))):
        return found
    if "SC63" in said:
        area = next((child.tag for child in said["SC63"]), "") or _text(said["SC63"])
        return cadastral_systems.sk63(area, easting)
    if "SC42_3" in said:
        return cadastral_systems.sk42_3(_text(said["SC42_3"]), easting)
    if "SC42" in said:
        return cadastral_systems.sk42(easting)
    if "USC2000" in said:
        return cadastral_systems.ucs2000(easting)
    return "EPSG:4326" if "WGS84" in said else None


def _boundary(element: ElementTree.Element | None, reading: _Reading) -> shapely.Geometry | None:
    """The polygon of an object's Externals; None where it has none. Raises topology.OpenBoundary."""
    if element is None:
        return None
    inside = {id(item) for part in element.iter("Internals") for item in part.iter("Boundary")}
    shells: list[list[str]] = []
    holes: list[list[str]] = []
    for boundary in element.iter("Boundary"):
        names = [_text(line.find("ULID")) for line in boundary.iter("Line")]
        if not names:
            continue
        if any(name not in reading.lines for name in names):
            raise topology.OpenBoundary
        rings = topology.chain(reading.lines[name] for name in names)
        (holes if id(boundary) in inside else shells).extend(rings)
    return topology.polygon(shells, holes, reading.points) if shells else None


# --- objects ---


def _end_of_zone_number(element: ElementTree.Element, reading: _Reading) -> None:
    koatuu, _, zone = re.sub(r"\s", "", _text(element)).rpartition(":")
    reading.koatuu, reading.zone = koatuu or reading.koatuu, zone.zfill(2)


def _end_of_koatuu(element: ElementTree.Element, reading: _Reading) -> None:
    reading.koatuu = reading.koatuu or re.sub(r"\s", "", _text(element))


def _end_of_quarter_number(element: ElementTree.Element, reading: _Reading) -> None:
    reading.quarter = _text(element).rpartition(":")[2].zfill(3)


def _end_of_parcel(element: ElementTree.Element, reading: _Reading) -> None:
    reading.parcel = _text(element.find("ParcelMetricInfo/ParcelID")).rpartition(":")[2].zfill(4)
    values = {
        "cad_num": reading.cad_num,
        "koatuu": reading.koatuu,
        "zone": reading.zone,
        "quarter": reading.quarter,
    }
    values |= _leaves(element, _PARCEL)
    location = element.find("ParcelLocationInfo/ParcelLocation")
    if location is not None:
        values["location"] = location[0].tag if len(location) else _text(location)
    _add(reading, "parcels", values, element.find("ParcelMetricInfo/Externals"))
    for tag, (name, leaves) in _PARTS.items():
        for part in element.iter(tag):
            own = {"cad_num": reading.cad_num, **_leaves(part, leaves)}
            _add(reading, name, own, next(part.iter("Externals"), None))
    element.clear()


def _end_of_quarter(element: ElementTree.Element, reading: _Reading) -> None:
    values = {"quarter_num": f"{reading.koatuu}:{reading.zone}:{reading.quarter}"}
    drawn = _own_externals(element, "CadastralQuarter")
    if drawn is not None:
        _add(reading, "quarters", values, drawn)
    element.clear()


def _end_of_zone(element: ElementTree.Element, reading: _Reading) -> None:
    drawn = _own_externals(element, "CadastralZone")
    if drawn is not None:
        _add(reading, "zones", {"zone_num": f"{reading.koatuu}:{reading.zone}"}, drawn)
    element.clear()


def _own_externals(element: ElementTree.Element, prefix: str) -> ElementTree.Element | None:
    """The boundary of the zone or quarter itself, not of what lies in it."""
    for tag in ("Externals", f"{prefix}Externals", f"{prefix}Metric/Externals"):
        found = element.find(tag)
        if found is not None:
            return found
    return None


_ENDS = {
    "CadastralZoneNumber": _end_of_zone_number, "KOATUU": _end_of_koatuu,
    "CadastralQuarterNumber": _end_of_quarter_number, "ParcelInfo": _end_of_parcel,
    "CadastralQuarterInfo": _end_of_quarter, "CadastralZoneInfo": _end_of_zone,
}  # fmt: skip


def _add(reading: _Reading, name: str, values: dict[str, str], externals: ElementTree.Element | None) -> None:
    rows = reading.rows[name]
    try:
        geometry = _boundary(externals, reading)
    except (topology.OpenBoundary, shapely.errors.GEOSException, ValueError):
        geometry = None
        number = values.get("cad_num", "")
        reading.noted[name].append(Noted(len(rows) + 1, "boundary-open", REJECTED, number))
    if name == "parcels" or geometry is not None or externals is not None:
        rows.append(HeldRow({key: value for key, value in values.items() if value}, geometry))


def _leaves(element: ElementTree.Element, wanted: dict[str, str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for path, column in wanted.items():
        text = _text(element.find(path))
        if text and column not in values:
            values[column] = _plain_number(text) if _TYPES.get(column) == "number" else text
    if "area" in values and (hectares := _hectares(values["area"], values.get("area_unit", ""))) is not None:
        values["area_ha"] = hectares
    return values


def _hectares(area: str, unit: str) -> str | None:
    try:
        size = float(area)
    except ValueError:
        return None
    return (
        f"{size / 10_000:.6g}" if re.match(r"(кв\.?\s*м|м2|м²|m2|sq)", unit, re.IGNORECASE) else f"{size:.6g}"
    )


def _text(element: ElementTree.Element | None) -> str:
    return (element.text or "").strip()[:_LONGEST_TEXT] if element is not None else ""


def _plain_number(text: str) -> str:
    """A number without the spaces between thousands and with a point: they are written as people like."""
    return re.sub(r"[\s\u00a0\u202f']", "", text).replace(",", ".")


def _number(element: ElementTree.Element | None) -> float | None:
    try:
        return float(_plain_number(_text(element)))
    except ValueError:
        return None
