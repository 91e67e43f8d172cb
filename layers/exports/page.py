"""One HTML file with a map in it, for a screen without network: opened from a USB stick, it asks nobody.

folium draws the page's frame and the map. It compiles what it has rendered as a template once more, so a
text like “{{ … }}” given to it would run here: no text of a user ever passes through it. Data, titles and
legend are put in afterwards, the data as JSON that the page's own script reads.
"""

import base64
import io
import re
from pathlib import Path
from typing import Any

import folium
import orjson
from branca.element import MacroElement
from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import override
from folium.template import Template
from psycopg2 import sql

from gis_core import limits
from gis_core.errors import TooLarge
from layers.access import ReadSource
from layers.exports.export import ExportFailed, ExportOptions, Written
from layers.exports.geojson import write_features
from layers.models import Layer
from layers.models.catalogue import localised
from layers.queries import fetch
from layers.styles import Recipe, legend
from layers.styles.of_layer import recipe_of
from layers.styles.recipe import Symbol, at_zoom

_ZOOM = 15.0  # sizes that change with the zoom are those of this one
_DIGITS = 6
_METRES_A_DEGREE = 111_320
_TOLERANCES_M = (0, 1, 3, 10, 30, 100)
_UKRAINE = [[44.2, 22.0], [52.4, 40.3]]
_HEAD = """<html lang="{}">
<head>
<meta http-equiv="Content-Security-Policy" content="{}">
<title>{}</title>
<!-- Leaflet:
{}-->"""
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' data:; style-src 'unsafe-inline' data:; img-src data:"
)


def write(source: ReadSource, format: str, out: Path, options: ExportOptions) -> Written:
    with override(options.language):
        tolerance_m, simplified = _fitting_tolerance(source)
        features = _features(source, tolerance_m, options)
        out.write_text(page(source, features, tolerance_m, options.language), encoding="utf-8")
    return Written(len(features), {"simplified": simplified})


def _fitting_tolerance(source: ReadSource) -> tuple[int, int]:
    """By how many metres lines are simplified so that a browser can draw the layer, and how many
    features that changes. Raises TooLarge."""
    most_features, most_vertices = limits.value("max_html_features"), limits.value("max_html_vertices")
    vertices = 0
    for tolerance_m in _TOLERANCES_M:
        geometry = _simplified(tolerance_m)
        statement = sql.SQL(
            "SELECT count(*), coalesce(sum(ST_NPoints({0})), 0),"
            " count(*) FILTER (WHERE ST_NPoints({0}) < ST_NPoints(geom)) FROM {1}"
        ).format(geometry, source.relation)
        ((features, vertices, changed),) = fetch(source, statement)
        if features > most_features:
            raise TooLarge(thing=source.layer.full_name, size=str(features), limit=str(most_features))
        if vertices <= most_vertices:
            return tolerance_m, changed
    raise TooLarge(thing=source.layer.full_name, size=str(vertices), limit=str(most_vertices))


def _simplified(tolerance_m: int) -> sql.Composable:
    if not tolerance_m:
        return sql.SQL("geom")
    degrees = sql.Literal(tolerance_m / _METRES_A_DEGREE)
    return sql.SQL("ST_SimplifyPreserveTopology(geom, {})").format(degrees)


def _features(source: ReadSource, tolerance_m: int, options: ExportOptions) -> list[dict[str, Any]]:
    """GeoJSON features with their style as `s`, its place in `_styles`; -1 where they are not drawn."""
    lines = io.BytesIO()
    write_features(
        source, lines, geometry=_simplified(tolerance_m), digits=_DIGITS, on_progress=options.on_progress
    )
    features = [orjson.loads(line) for line in lines.getvalue().splitlines()]
    recipe = recipe_of(source.layer)
    places = {id(item): place for place, item in enumerate(recipe.all_classes)}
    for feature in features:
        drawn = recipe.class_for(feature["properties"])
        feature["s"] = places[id(drawn)] if drawn else -1
    return features


def page(source: ReadSource, features: list[dict[str, Any]], tolerance_m: int, language: str) -> str:
    """The whole HTML document."""
    frame = OfflineMap(
        location=[48.4, 31.2], zoom_start=6, tiles=None, zoom_control=False, prefer_canvas=True,
        control_scale=True,
    )  # fmt: skip
    frame.add_child(_Features())
    html: str = frame.get_root().render()
    layer = source.layer
    title = localised(layer.title) or layer.full_name
    head = format_html(_HEAD, language, _POLICY, title, SafeString(_licence()))
    html, framed = re.subn(r"<html>\s*<head>", lambda _found: head, html, count=1)
    # Readers must be able to enlarge the page (WCAG 1.4.4); folium forbids it.
    html = re.sub(r",\s*maximum-scale=1\.0, user-scalable=no", "", html, count=1)
    before, closing, after = html.partition("</body>")
    if not (framed and closing):
        raise ExportFailed(layer=layer.full_name, format="html", reason=_("folium made an unknown page."))
    panel = _panel(layer, len(features), tolerance_m, language)
    return f"{before}{panel}{_as_script(_content(source, features, language))}{closing}{after}"


class OfflineMap(folium.Map):
    """A folium map whose script and style sheet lie in the file itself."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.default_js = [("leaflet", _data_uri("text/javascript", _leaflet("leaflet.js")))]
        self.default_css = [("leaflet_css", _data_uri("text/css", _style_sheet()))]


class _Features(MacroElement):
    """The layer: reads the page's JSON. Attribute values become text nodes, never HTML."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
        (function (map) {
            var content = JSON.parse(document.getElementById("content").textContent);
            var styleOf = function (feature) { return content.styles[feature.s]; };
            var shown = function (field, value) {
                if (value === true) { return content.words.yes; }
                if (value === false) { return content.words.no; }
                if (field.values[String(value)]) { return field.values[String(value)]; }
                if (typeof value === "number") { value = value.toLocaleString(content.language); }
                return field.unit ? value + " " + field.unit : String(value);
            };
            var popup = function (item) {
                var table = document.createElement("table");
                content.fields.forEach(function (field) {
                    var value = item.feature.properties[field.key];
                    if (value === null || value === undefined || value === "") { return; }
                    var row = table.insertRow();
                    var head = document.createElement("th");
                    head.scope = "row";
                    head.textContent = field.title;
                    row.appendChild(head);
                    row.insertCell().textContent = shown(field, value);
                });
                if (!table.rows.length) { table.insertRow().insertCell().textContent = content.words.empty; }
                return table;
            };
            map.attributionControl.setPrefix(false);
            L.control.zoom({
                zoomInTitle: content.words.zoomIn, zoomOutTitle: content.words.zoomOut
            }).addTo(map);
            L.geoJSON(content.features, {
                style: styleOf,
                filter: function (feature) { return feature.s >= 0; },
                pointToLayer: function (feature, at) { return L.circleMarker(at, styleOf(feature)); }
            }).bindPopup(popup, { maxWidth: 420, maxHeight: 320 }).addTo(map);
            map.fitBounds(content.bounds, { padding: [20, 20], maxZoom: 17 });
        })({{ this._parent.get_name() }});
        {% endmacro %}
        """
    )


def _content(source: ReadSource, features: list[dict[str, Any]], language: str) -> dict[str, Any]:
    extent = source.layer.extent
    recipe = recipe_of(source.layer)
    return {
        "features": {"type": "FeatureCollection", "features": features},
        "styles": [_path_style(item.symbol, recipe) for item in recipe.all_classes],
        "fields": [
            {
                "key": item.key, "title": localised(dict(item.title)) or item.key, "unit": item.unit,
                "values": {str(entry["value"]): localised(entry.get("title") or {}) for entry in item.domain},
            }
            for item in source.fields
        ],
        "bounds": [[extent[1], extent[0]], [extent[3], extent[2]]] if extent and features else _UKRAINE,
        "language": language,
        "words": {
            "yes": _("yes"), "no": _("no"), "empty": _("No attributes"), "zoomIn": _("Zoom in"),
            "zoomOut": _("Zoom out"),
        },
    }  # fmt: skip


def _path_style(symbol: Symbol, recipe: Recipe) -> dict[str, Any]:
    """A symbol as path options of Leaflet. Patterns have no like there: they become a light tint."""
    width = at_zoom(symbol.stroke.width, _ZOOM)
    is_line = recipe.geometry == "line"
    fill = symbol.fill or (symbol.stroke.color if symbol.pattern else None)
    return {
        "stroke": width > 0, "color": symbol.stroke.color, "weight": width,
        "opacity": symbol.opacity if is_line else 1, "fill": bool(fill) and not is_line,
        "dashArray": ",".join(f"{part * width:g}" for part in symbol.stroke.dash) or None,
        "fillColor": fill, "fillOpacity": symbol.opacity if symbol.fill else 0.2,
        "radius": at_zoom(symbol.radius, _ZOOM),
    }  # fmt: skip


def _as_script(content: dict[str, Any]) -> str:
    """JSON inside a script element that is not run; nothing in it can end the element."""
    text = orjson.dumps(content).decode()
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return f'<script id="content" type="application/json">{text}</script>\n'


def _panel(layer: Layer, count: int, tolerance_m: int, language: str) -> SafeString:
    """Title, legend, and where the data is from."""
    rows = legend(recipe_of(layer), language)
    notes = [
        _("Features: %s.") % count,
        _("Lines are simplified by up to %s m.") % tolerance_m if tolerance_m else "",
        layer.attribution,
        _("Licence: %s.") % layer.licence if layer.licence else "",
        _("Exported on %s.") % date_format(timezone.localdate(), "j E Y"),
    ]
    return format_html(
        '<style>{}</style>\n<section class="about"><h1>{}</h1><ul>{}</ul>{}</section>\n',
        SafeString(_PANEL_CSS),
        localised(layer.title) or layer.full_name,
        format_html_join("", "<li>{}{}</li>", ((_swatch(row), row["label"]) for row in rows if row["label"])),
        format_html_join("", "<p>{}</p>", ((note,) for note in notes if note)),
    )


_PANEL_CSS = """
.about { position: absolute; z-index: 1000; top: 10px; right: 10px; max-width: 40%; max-height: 80%;
  overflow: auto; padding: 8px 12px; background: #fffffff0; border: 1px solid #767676; border-radius: 4px;
  font: 14px/1.4 sans-serif; color: #1a1a1a; }
.about h1 { margin: 0 0 6px; font-size: 16px; }
.about ul { margin: 0 0 6px; padding: 0; list-style: none; }
.about li { display: flex; gap: 8px; align-items: center; }
.about p { margin: 0; font-size: 12px; }
.leaflet-popup-content th { padding-right: 8px; text-align: left; vertical-align: top; }
@media print { .about { border: 0; } }
"""


def _swatch(row: dict[str, Any]) -> SafeString:
    fill, stroke = row["fill"] or "none", row["stroke"] or "none"
    shapes = {
        "line": '<path d="M1 8h20" fill="none" stroke="{1}" stroke-width="{2}"/>',
        "circle": '<circle cx="11" cy="8" r="6" fill="{0}" stroke="{1}" stroke-width="{2}"/>',
    }
    shape = shapes.get(
        row["kind"], '<rect x="1" y="1" width="20" height="14" fill="{0}" stroke="{1}" stroke-width="{2}"/>'
    )
    return format_html(
        '<svg width="22" height="16" aria-hidden="true">{}</svg>',
        format_html(shape, fill, stroke, min(row["width"], 4)),
    )


def _style_sheet() -> bytes:
    """Leaflet's style sheet with its images inside."""
    text = _leaflet("leaflet.css").decode()
    return re.sub(
        r"url\((images/[\w.-]+\.png)\)",
        lambda found: f"url({_data_uri('image/png', _leaflet(found[1]))})",
        text,
    ).encode()


def _data_uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _leaflet(name: str) -> bytes:
    """A file of Leaflet as npm installed it for the front end."""
    package = settings.BASE_DIR / "frontend/node_modules/leaflet"
    for place in (package / "dist" / name, package / name):
        if place.is_file():
            return bytes(place.read_bytes())
    raise ExportFailed(layer=name, format="html", reason=_("Leaflet is not installed; run make setup."))


def _licence() -> str:
    """Leaflet's licence, which wants to go wherever Leaflet goes."""
    return _leaflet("LICENSE").decode().replace("--", "")
