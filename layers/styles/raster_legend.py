"""The legend of a raster: a strip of colours with its ends, or a row for each class."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override

from layers.models import Raster
from layers.styles.raster_reading import style_of_raster
from layers.styles.raster_recipe import RasterClass, RasterStyle


def raster_legend(raster: Raster, lang: str = "uk", style: RasterStyle | None = None) -> dict[str, Any]:
    """`{"kind": "ramp", "stops": [{value, color}], "unit"}`, `{"kind": "classes", "rows": [{label, color}]}`,
    or `{"kind": "picture"}` for what explains itself. Titles in `lang`, else in Ukrainian."""
    known = style or style_of_raster(raster)
    if known.stops:
        unit = "°" if known.kind == "slope" else str(raster.bands[known.bands[0] - 1].get("unit") or "")
        stops = [{"value": value, "color": color} for value, color in known.stops]
        return {"kind": "ramp", "stops": stops, "unit": unit}
    if known.kind != "classes":
        return {"kind": "picture"}
    rows = [{"label": _title(item, lang), "color": item.color} for item in known.classes]
    if known.other is not None:
        with override(lang):
            rows.append({"label": _("Other"), "color": known.other})
    return {"kind": "classes", "rows": rows}


def _title(item: RasterClass, lang: str) -> str:
    return item.label.get(lang) or item.label.get("uk") or item.label.get("en") or f"{item.value:g}"
