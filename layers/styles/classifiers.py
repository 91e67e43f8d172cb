"""Ready styles for the classifiers of Ukraine: purpose of land, categories, functional zones, restrictions.

Codes and titles: КВЦПЗ (resolution of the Cabinet No. 821 of 28.07.2021), categories of the Land Code, functional zones
(order of Minregion No. 56 of 22.02.2022), restrictions (order of the cadastre, annex 6 of resolution No. 1051).
Colours begin with those of the QGIS styles of the planning database; patterns tell apart what colour alone does not.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from layers.standards import standard_layers
from layers.styles.reading import InvalidRecipe, fields_needed, read_recipe
from layers.styles.twins import told_apart

Title = tuple[str, str]
"""Ukrainian, English."""

_OUTLINE = {"color": "#4a4335", "width": {"11": 0.3, "16": 1.2}}
_OTHER = {"label": {"uk": "Інше або не вказано", "en": "Other or not given"}, "fill": "#e2dfd6"}


@dataclass(frozen=True)
class Preset:
    """A ready style. `fields` are the keys that such a field usually has; with none, it fits only layers whose own
    fields are those of the recipe."""

    key: str
    title: Mapping[str, str]
    fields: tuple[str, ...]
    made: Mapping[str, Any]

    def recipe(self, field: str, geometry: str) -> dict[str, Any]:
        """For this field of a layer with this geometry (of a recipe)."""
        return _with_field(dict(self.made), field) | {"geometry": geometry}


def presets_for(geometry: str, fields: Iterable[str]) -> list[tuple[Preset, str]]:
    """What suits a layer with these fields: presets, each with the field it is for. Areas alone have classifiers."""
    present = list(fields)
    found = []
    if geometry in ("polygon", "mixed"):
        found += [
            (preset, field)
            for preset in classifiers().values()
            for field in preset.fields
            if field in present
        ]
    for preset in _standards():
        own = read_recipe(preset.made)
        if own.geometry == geometry and fields_needed(own) <= set(present):
            found.append((preset, ""))
    return found


@cache
def classifiers() -> dict[str, Preset]:
    """By key, in the order in which they are offered."""
    made = (
        _beginnings("purpose", ("Цільове призначення: розділи КВЦПЗ", "Purpose of land: sections"),
                    ("purpose_code", "purpose", "cv"), _SECTIONS),
        _reserve(),
        _codes("category", ("Категорії земель", "Categories of land"), ("category",), _CATEGORIES),
        _codes("ownership", ("Форма власності", "Ownership"), ("ownership",), _OWNERSHIP),
        _beginnings("zones", ("Функціональні зони: групи", "Functional zones: groups"),
                    ("zone_code", "zone_code_existing", "pr_code", "function_zone_code"), _ZONES),
        _beginnings("restrictions", ("Обмеження: групи кодів", "Restrictions: groups of codes"),
                    ("code", "restriction_code", "res_code"), _RESTRICTIONS, hollow=True),
    )  # fmt: skip
    return {preset.key: preset for preset in made}


@cache
def _standards() -> tuple[Preset, ...]:
    found = []
    for slug, layer in standard_layers().items():
        style = layer.get("style")
        try:
            if style and fields_needed(read_recipe(style)):
                found.append(Preset(f"standard-{slug}", layer["title"], (), style))
        except InvalidRecipe:
            continue
    return tuple(found)


def preset_named(key: str) -> Preset | None:
    return classifiers().get(key) or next((item for item in _standards() if item.key == key), None)


def _beginnings(
    key: str, title: Title, fields: tuple[str, ...], rows: Sequence[tuple[str, str, str, str]],
    *, hollow: bool = False,
) -> Preset:  # fmt: skip
    """One rule for each beginning of a code; the property is named by `_with_field`."""
    classes = []
    for beginning, color, uk, en in rows:
        symbol: dict[str, Any] = {"fill": color}
        if hollow:
            symbol = {"fill": None, "stroke": {"color": color, "width": {"11": 0.6, "16": 1.6}}}
        words = {"op": "like", "args": [{"property": ""}, f"{beginning}%"]}
        sign = beginning.rstrip(".")
        label = {"uk": f"{sign} {uk}", "en": f"{sign} {en}"}
        classes.append({"filter": words, "label": label, **symbol})
    other = {"label": _OTHER["label"], "fill": None} if hollow else dict(_OTHER)
    return _preset(key, title, fields, {"type": "rules", "classes": classes, "other": other})


def _codes(
    key: str, title: Title, fields: tuple[str, ...], rows: Sequence[tuple[str, str, str, str]]
) -> Preset:
    classes = [{"value": code, "label": {"uk": uk, "en": en}, "fill": color} for code, color, uk, en in rows]
    renderer = {"type": "categorized", "field": "", "classes": classes, "other": dict(_OTHER)}
    return _preset(key, title, fields, renderer)


def _reserve() -> Preset:
    """Land that is nobody's: the codes called “reserve” of all sections."""
    codes = [
        "01.17", "02.11", "03.19", "05.02", "06.05", "07.07", "08.05", "09.05", "10.13", "11.06", "12.12", "13.06",
        "14.04",
    ]  # fmt: skip
    vacant = {
        "filter": {"op": "in", "args": [{"property": ""}, codes]},
        "label": {"uk": "Землі запасу", "en": "Reserve land"}, "fill": "#d9691f", "pattern": "hatch45",
    }  # fmt: skip
    renderer = {"type": "rules", "classes": [vacant], "other": dict(_OTHER)}
    title = ("Вільні землі: коди запасу КВЦПЗ", "Vacant land: codes of reserve")
    return _preset("reserve", title, ("purpose_code", "purpose", "cv"), renderer)


def _preset(key: str, title: Title, fields: tuple[str, ...], renderer: dict[str, Any]) -> Preset:
    recipe = {
        "version": 1, "geometry": "polygon", "renderer": renderer, "stroke": _OUTLINE, "opacity": 0.8,
    }  # fmt: skip
    named = told_apart(_with_field(recipe, "code"))
    return Preset(key, {"uk": title[0], "en": title[1]}, fields, named)


def _with_field(recipe: dict[str, Any], field: str) -> dict[str, Any]:
    """The recipe with `field` in place of its own, of which it has one; "" leaves it as it is."""
    if not field:
        return recipe
    renderer = dict(recipe["renderer"])
    if renderer["type"] == "rules":
        renderer["classes"] = [
            {**item, "filter": {**item["filter"], "args": [{"property": field}, *item["filter"]["args"][1:]]}}
            for item in renderer["classes"]
        ]
    elif "field" in renderer:
        renderer["field"] = field
    return {**recipe, "renderer": renderer}


_SECTIONS = (
    ("01.", "#d2b628", "Сільське господарство", "Agriculture"),
    ("02.", "#e2a76a", "Житлова забудова", "Housing"),
    ("03.", "#c8414a", "Громадська забудова", "Public buildings"),
    ("04.", "#2f8f5b", "Природно-заповідний фонд", "Nature reserves"),
    ("05.", "#7fbf8e", "Інше природоохоронне призначення", "Other protection of nature"),
    ("06.", "#8ecfc9", "Оздоровче призначення", "Health resorts"),
    ("07.", "#89c541", "Рекреаційне призначення", "Recreation"),
    ("08.", "#b85a9b", "Історико-культурне призначення", "Heritage"),
    ("09.", "#264c26", "Лісогосподарське призначення", "Forestry"),
    ("10.", "#0052a5", "Водний фонд", "Water"),
    ("11.", "#8b7599", "Промисловість", "Industry"),
    ("12.", "#395aa8", "Транспорт", "Transport"),
    ("13.", "#56b4e9", "Електронні комунікації", "Electronic communications"),
    ("14.", "#48007c", "Енергетика", "Energy"),
    ("15.", "#5c4d31", "Оборона", "Defence"),
)
_CATEGORIES = (
    ("100", "#d1d08f", "100 сільськогосподарського призначення", "100 agricultural"),
    ("200", "#cf8c4a", "200 житлової та громадської забудови", "200 residential and public"),
    ("300", "#3cb55e", "300 природоохоронного призначення", "300 protection of nature"),
    ("400", "#a6b05e", "400 оздоровчого призначення", "400 health"),
    ("500", "#8fa57e", "500 рекреаційного призначення", "500 recreation"),
    ("600", "#df7f77", "600 історико-культурного призначення", "600 heritage"),
    ("700", "#264c26", "700 лісогосподарського призначення", "700 forestry"),
    ("800", "#0052a5", "800 водного фонду", "800 water"),
    ("900", "#7c7f8d", "900 промисловості, транспорту та іншого", "900 industry, transport and other"),
)
_OWNERSHIP = (
    ("100", "#f2dfae", "100 приватна", "100 private"),
    ("200", "#44aa99", "200 комунальна", "200 communal"),
    ("300", "#4c6fb8", "300 державна", "300 state"),
)
_ZONES = (
    ("101", "#e2a76a", "Житлова забудова", "Housing"),
    ("102", "#c86341", "Громадська забудова", "Public buildings"),
    ("201", "#8b7599", "Промисловість", "Industry"),
    ("202", "#9fb7c9", "Рибне господарство", "Fishery"),
    ("203", "#77895f", "Лісові виробничі двори", "Forestry yards"),
    ("204", "#3b3455", "Інноваційний розвиток", "Innovation"),
    ("205", "#48007c", "Комунальна інфраструктура", "Utilities"),
    ("206", "#395aa8", "Транспорт і склади", "Transport and storage"),
    ("207", "#5c4d31", "Спеціальне призначення", "Special use"),
    ("301", "#d2b628", "Рілля", "Arable land"),
    ("302", "#98a764", "Багаторічні насадження", "Perennial crops"),
    ("303", "#d3d70e", "Сіножаті та пасовища", "Hay and pasture"),
    ("304", "#b08d57", "Господарські двори", "Farm yards"),
    ("305", "#22641d", "Лісосмуги", "Shelterbelts"),
    ("401", "#3f7d3f", "Рекреація", "Recreation"),
    ("402", "#264c26", "Ліси", "Forests"),
    ("403", "#89c541", "Зелені насадження", "Green areas"),
    ("404", "#0052a5", "Водні об’єкти", "Water"),
    ("405", "#cfc6b2", "Резервний фонд", "Reserve fund"),
    ("406", "#7fbf8e", "Природні ландшафти для досліджень", "Research landscapes"),
)
_RESTRICTIONS = (
    ("01.", "#b3362b", "Охоронні зони", "Protective zones"),
    ("02.", "#0b5f7a", "Зони санітарної охорони", "Sanitary protection"),
    ("03.", "#8a5a00", "Санітарно-захисні зони", "Sanitary gaps"),
    ("04.", "#4a4335", "Особливий режим", "Special regime"),
    ("05.", "#1f6fb2", "Водоохоронні обмеження", "Water protection"),
    ("06.", "#7a3f8f", "Інші обмеження, лінії забудови", "Other, building lines"),
    ("07.", "#2f7a3a", "Сервітути", "Servitudes"),
    ("08.", "#a0522d", "Суперфіцій", "Superficies"),
    ("09.", "#6b7a1f", "Емфітевзис", "Emphyteusis"),
    ("10.", "#117755", "Зони природно-заповідного фонду", "Zones of nature reserves"),
    ("11.", "#c2185b", "Викуп для суспільних потреб", "Expropriation"),
    ("12.", "#5b5b5b", "Заборони", "Bans"),
    ("13.", "#37474f", "Обов’язки", "Duties"),
    ("14.", "#3949ab", "Інші заборони та обов’язки", "Other bans and duties"),
)
