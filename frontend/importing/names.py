"""Words for people made of names that machines gave."""

import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from layers.standards import standard_attributes

GOOD_SCORE = 0.6
"""From this fit on a standard layer's title says better what a file holds than the file's name."""
LONGEST = 200
# How a file was made, not what is in it: encodings, coordinate systems, formats and parts that are missing.
_NOISE = re.compile(
    r"(utf|cp|win|windows|koi|iso|dos)\d*[ur]?|1251|866|mac(cyrillic)?|ansi|epsg\d*|(lcs|msk|мск|sk|ск|ucs|уск|utm|tm|gk)\d*"
    r"[a-zа-я]?\d?|wgs(84)?|2000|4326|3857|4284|(98|78|63|55|56|28|326)\d{2}|(no|without)(cpg|ldid|prj|dbf|shx|crs|key)|ldid|cpg|prj|shp|shape"
    r"|shapefile|gpkg|geojson|json|gdb|kml|kmz|gml|tab|mif|dxf|csv|xlsx?|ods|zip|tiff?|jpe?g|jp2|png|cog|export|copy|копія"
    r"|final|v\d+|\d{1,3}|\d{8,}|[0-9a-f]{12,}",
    re.IGNORECASE,
)
_LOCAL = re.compile(r"\b(lcs|msk|мск|sk|ск|ucs|уск)[ ](\d{2,4})\b", re.IGNORECASE)  # МСК-05, СК-63, УСК-2000
_UKRAINIAN = {
    "address": "Адреси", "addresses": "Адреси", "adresy": "Адреси", "parcel": "Ділянки", "parcels": "Ділянки",
    "dilianky": "Ділянки", "dilyanky": "Ділянки", "buildings": "Будівлі", "budivli": "Будівлі", "streets": "Вулиці",
    "vulytsi": "Вулиці", "vulyci": "Вулиці", "roads": "Дороги", "dorohy": "Дороги", "boundary": "Межа",
    "boundaries": "Межі", "mezha": "Межа", "mezhi": "Межі", "settlements": "Населені пункти", "schools": "Школи",
    "shkoly": "Школи", "forests": "Ліси", "lisy": "Ліси", "rivers": "Річки", "lakes": "Озера", "water": "Води",
    "parks": "Парки", "trees": "Дерева", "parking": "Паркування", "stops": "Зупинки", "zupynky": "Зупинки",
    "shelters": "Укриття", "ukryttia": "Укриття", "zones": "Зони", "zony": "Зони", "zoning": "Зонування",
    "networks": "Мережі", "pipes": "Труби", "poles": "Опори", "lights": "Світильники", "points": "Точки",
}  # fmt: skip
"""Single words that files are called by, in English and in Latin letters, as titles."""
_JOINED = re.compile(r"(?<=[a-zа-яіїєґ])(?=[A-ZА-ЯІЇЄҐ][a-zа-яіїєґ])")


def title_from(name: str) -> str:
    """A file's name as a Ukrainian title: «bus_stops_cp1251_lcs05.zip» -> «Bus stops», «adresy_2.csv» -> «Адреси»;
    all of its words where none is left."""
    stem = _LOCAL.sub(" ", re.sub(r"[_\-.+()\[\]]+", " ", PurePath(name).stem))
    words = _JOINED.sub(" ", stem).split()
    kept = [word for word in words if not _NOISE.fullmatch(word)] or words
    known = _UKRAINIAN.get(kept[0].lower()) if len(kept) == 1 else None
    text = known or " ".join(kept)
    return text[:1].upper() + text[1:LONGEST]


def title_of(document: Mapping[str, Any]) -> str:
    """The Ukrainian title to suggest for a new layer: of the standard layer that the file fits well, else of its
    name."""
    for suggested in (document.get("standards") or [])[:1]:
        name, score = suggested["name"], suggested["score"]
        attributes = standard_attributes(name) if score >= GOOD_SCORE else None
        if attributes is not None and attributes["title"].get("uk"):
            return str(attributes["title"]["uk"])
    return title_from(document["choices"]["source_layer"] or document["name"])
