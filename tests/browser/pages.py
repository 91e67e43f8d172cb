"""A small town for the browser to walk through, and a browser that tells what went wrong on a page."""

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

from gis_core.communities import Community
from gis_core.jobs.models import Job
from gis_core.people import User
from importers.tasks import prepare_import
from layers.catalogue import create_layer
from layers.edits import ChangeDraft, apply_changeset, open_changeset, submit_changeset
from layers.models import Layer
from tests.conftest import add_features, point, square

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
SHOTS = os.environ.get("HROMADA_SHOTS", "")
SIZES = {"wide": (1280, 800), "phone": (390, 844)}

PARCEL_FIELDS: list[dict[str, Any]] = [
    {
        "key": "cad_num",
        "title": {"uk": "Кадастровий номер", "en": "Cadastral number"},
        "required": True,
        "pattern": r"\d{10}:\d{2}:\d{3}:\d{4}",
    },
    {
        "key": "ownership",
        "title": {"uk": "Форма власності", "en": "Ownership"},
        "domain": [
            {"value": "100", "title": {"uk": "Приватна власність", "en": "Private"}},
            {"value": "200", "title": {"uk": "Комунальна власність", "en": "Communal"}},
            {"value": "300", "title": {"uk": "Державна власність", "en": "State"}},
        ],
    },
    {"key": "purpose", "title": {"uk": "Цільове призначення", "en": "Purpose"}},
    {
        "key": "area_ha",
        "title": {"uk": "Площа за документами", "en": "Documented area"},
        "type": "number",
        "unit": "га",
        "min": 0,
    },
    {"key": "address", "title": {"uk": "Адреса", "en": "Address"}},
    {"key": "registered", "title": {"uk": "Дата реєстрації", "en": "Registered"}, "type": "date"},
    {"key": "is_leased", "title": {"uk": "В оренді", "en": "Leased"}, "type": "boolean"},
    {"key": "note", "title": {"uk": "Примітка для працівників", "en": "Staff note"}, "access": "staff"},
]
PARCEL_STYLE = {
    "version": 1,
    "geometry": "polygon",
    "renderer": {
        "type": "categorized",
        "field": "ownership",
        "classes": [
            {"value": "100", "label": {"uk": "Приватна", "en": "Private"}, "fill": "#f0c987"},
            {"value": "200", "label": {"uk": "Комунальна", "en": "Communal"}, "fill": "#8fb8c9"},
            {"value": "300", "label": {"uk": "Державна", "en": "State"}, "fill": "#b9cf8f"},
        ],
        "other": {"label": {"uk": "Не визначено", "en": "Not set"}, "fill": "#d9d9d9"},
    },
    "stroke": {"color": "#7a5c3a", "width": 0.8},
    "opacity": 0.8,
    "label": {"field": "cad_num", "size": 11},
}
STREETS = ("вул. Соборна", "вул. Лесі Українки", "пров. Ґонтів", "вул. Героїв Крут")


@dataclass
class Town:
    """What the pages are opened on: addresses by name."""

    editor: User
    parcels: Layer
    addresses: dict[str, str] = field(default_factory=dict)


def build_town(community: Community, editor: User) -> Town:
    parcels = _layer(
        community,
        "parcels",
        "Земельні ділянки",
        "Land parcels",
        fields=PARCEL_FIELDS,
        style=PARCEL_STYLE,
        theme="land",
        geometry_type="Polygon",
        key_field="cad_num",
        description={
            "uk": "Ділянки за даними громади: межі, власність і призначення. Оновлюється щотижня.",
            "en": "Parcels kept by the community: boundaries, ownership and purpose. Updated weekly.",
        },
        attribution="Відділ земельних відносин громади",
    )
    ids = add_features(parcels, [_parcel(number) for number in range(120)])
    changeset = _edit(parcels, ids[0], editor)
    _more_layers(community)
    jobs = _jobs(community, editor)
    layers = f"/{community.slug}/layers/"
    return Town(
        editor,
        parcels,
        {
            "home": "/?all=1",
            "map": f"/{community.slug}/",
            "layers": layers,
            "layer": f"{layers}parcels/",
            "search-none": f"{layers}parcels/?q=ґудзик",
            "feature": f"{layers}parcels/{ids[0]}/",
            "line": f"{layers}water_pipes/{_first(community, 'water_pipes')}/",
            "point": f"{layers}schools/{_first(community, 'schools')}/",
            "empty-layer": f"{layers}shelters/",
            "login": "/accounts/login/",
            "accessibility": "/accessibility/",
            "missing": f"/{community.slug}/layers/nothing/",
            "changeset": f"/{community.slug}/changesets/{changeset}/",
            "import": f"/{community.slug}/import/",
            "jobs": f"/{community.slug}/jobs/",
            **{f"job-{name}": f"/{community.slug}/jobs/{uuid}/" for name, uuid in jobs.items()},
        },
    )


def _layer(community: Community, slug: str, uk: str, en: str, **attributes: Any) -> Layer:
    attributes.setdefault("fields", [{"key": "name", "title": {"uk": "Назва", "en": "Name"}}])
    attributes.setdefault("access_level", "public")
    return create_layer(community=community, slug=slug, actor=None, title={"uk": uk, "en": en}, **attributes)


def _parcel(number: int) -> tuple[dict[str, Any], dict[str, Any]]:
    west, south = 29.24 + number % 12 * 0.0008, 48.68 + number // 12 * 0.0006
    ring = [
        [west, south],
        [west + 0.0007, south + 0.00005],
        [west + 0.00072, south + 0.0005],
        [west + 0.0003, south + 0.00052],
        [west, south],
    ]
    properties = {
        "cad_num": f"0510600000:01:{number // 40 + 1:03}:{number + 1:04}",
        "ownership": ("100", "200", "300")[number % 3],
        "purpose": "02.01 Для будівництва і обслуговування житлового будинку, господарських будівель",
        "area_ha": round(0.08 + number * 0.0013, 4),
        "address": f"{STREETS[number % 4]}, {number + 1}",
        "registered": f"20{number % 20 + 5:02}-0{number % 9 + 1}-1{number % 10}",
        "is_leased": number % 2 == 0,
        "note": "Перевірити межу на місцевості",
    }
    return {"type": "Polygon", "coordinates": [ring]}, properties


def _edit(layer: Layer, feature_id: int, author: User) -> int:
    """One feature changed, so that there is a history to show; the number of the changeset."""
    geometry, properties = _parcel(0)
    geometry["coordinates"][0][2][0] += 0.0001
    properties |= {"ownership": "200", "address": "вул. Соборна, 1-А"}
    draft = ChangeDraft("U", feature_id=feature_id, base_version=1, geometry=geometry, properties=properties)
    changeset = open_changeset(
        layer=layer, author=author, comment="Уточнено адресу та межу за рішенням сесії", changes=[draft]
    )
    submit_changeset(changeset=changeset, actor=author)
    apply_changeset(changeset=changeset, actor=author)
    layer.refresh_from_db()
    return changeset.pk


def _more_layers(community: Community) -> None:
    pipes = _layer(
        community, "water_pipes", "Водогін", "Water mains", theme="infrastructure", geometry_type="LineString"
    )
    bend = [[29.24 + i * 0.0012, 48.684 + 0.0009 * math.sin(i)] for i in range(9)]
    add_features(pipes, [({"type": "LineString", "coordinates": bend}, {"name": "Магістраль № 1"})])
    schools = _layer(
        community, "schools", "Заклади освіти", "Schools", theme="infrastructure", geometry_type="Point"
    )
    add_features(schools, [(point(29.245, 48.683), {"name": "Ліцей імені Ґалаґана"})])
    zones = _layer(
        community, "zones", "Функціональні зони генерального плану", "Functional zones", theme="planning"
    )
    add_features(zones, [(square(29.24, 48.68, 0.01), {"name": "Ж-1 Садибна забудова"})])
    streets = _layer(community, "streets", "Вулиці", "Streets", theme="base", geometry_type="LineString")
    add_features(streets, [({"type": "LineString", "coordinates": bend[:4]}, {"name": "вул. Соборна"})])
    _layer(
        community,
        "shelters",
        "Укриття",
        "Shelters",
        theme="infrastructure",
        geometry_type="Point",
        access_level="staff",
    )


def _first(community: Community, slug: str) -> int:
    feature = Layer.objects.get(community=community, slug=slug).features.first()
    assert feature is not None
    return feature.pk


def _jobs(community: Community, owner: User) -> dict[str, str]:
    """A job in each state, as the worker would leave them."""
    began = timezone.now() - timedelta(minutes=3)
    samples = {
        "cp1251": ["Вінницька міська рада", "Хмільник"],
        "cp866": ["┬│ээшЎ№ър ь│ё№ър Ёрфр", "╒ь│ы№эшъ"],
    }
    shared = {
        "task_path": prepare_import.module_path,
        "queue": "imports",
        "max_attempts": 3,
        "owner": owner,
        "community": community,
        "created_at": began,
    }
    made = {
        "running": {
            "state": "running",
            "progress": 0.42,
            "subject": "дороги_2026.zip",
            "attempts": 1,
            "message_code": "import-converting",
            "message_params": {"rows": 5210},
            "started_at": began,
        },
        "done": {
            "state": "done",
            "progress": 1,
            "subject": "parcels.zip",
            "attempts": 1,
            "result": _summary(),
            "finished_at": timezone.now(),
        },
        "failed": {
            "state": "failed",
            "subject": "фото.zip",
            "attempts": 1,
            "error_code": "archive-empty",
            "error_params": {"name": "фото.zip"},
            "finished_at": timezone.now(),
        },
        "asks": {
            "state": "failed",
            "subject": "budynky.zip",
            "attempts": 1,
            "error_code": "encoding-unknown",
            "error_params": {
                "layer": "budynky",
                "choices": "cp1251, cp866",
                "options": [{"encoding": name, "samples": words} for name, words in samples.items()],
            },
            "finished_at": timezone.now(),
        },
        "asks-crs": {
            "state": "failed",
            "subject": "mezhi.zip",
            "attempts": 1,
            "error_code": "crs-unknown",
            "error_params": {
                "layer": "mezhi",
                "choices": "EPSG:9832, EPSG:6383",
                "options": [
                    {"code": "EPSG:6383", "name": "TM 9", "lon": 25.412, "lat": 48.68},
                    {"code": "EPSG:9832", "name": "LCS-05", "lon": 29.2431, "lat": 48.6812},
                    {"code": "EPSG:3857", "name": "Web Mercator", "lon": None, "lat": None},
                ],
            },
            "finished_at": timezone.now(),
        },
    }
    return {name: str(Job.objects.create(**shared, **values).uuid) for name, values in made.items()}


def _summary() -> dict[str, Any]:
    return {
        "layer": "demo.parcels",
        "created_layer": True,
        "changeset": 1,
        "revision": 1,
        "read": 6214,
        "imported": 6210,
        "repaired": 12,
        "rejected": 4,
        "created": 6210,
        "updated": 0,
        "deleted": 0,
        "crs": "EPSG:9832",
        "crs_name": "UCS-2000 / LCS-05 Vinnytsia",
        "operation": "",
        "accuracy_m": 1.0,
        "encoding": "cp1251",
        "access_level": "staff",
        "issues": 19,
        "issue_counts": {},
        "first_issues": [
            {
                "row": 214,
                "rule": "geometry-missing",
                "done": "rejected",
                "field": "",
                "value": "",
                "params": {},
            },
            {
                "row": 1530,
                "rule": "value-not-a-number",
                "done": "nulled",
                "field": "area_ha",
                "value": "0,12 га",
                "params": {},
            },
            {
                "row": None,
                "rule": "dimensions-dropped",
                "done": "changed",
                "field": "",
                "value": "",
                "params": {},
            },
        ],
    }


@dataclass
class Watched:
    """A window with what went wrong in it: console messages, CSP violations, requests to other hosts."""

    page: Page
    origin: str
    addresses: dict[str, str]
    console: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def open(self, name: str) -> Page:
        """Go to a page of the town by its name; its fonts are there on return."""
        self.console.clear()
        self.page.goto(self.origin + self.addresses[name])
        self.page.evaluate("document.fonts.ready.then(() => true)")
        return self.page

    def complaints(self, *, but: str | None = None) -> list[str]:
        """Console errors and warnings of the page, but those that hold `but`."""
        return [line for line in self.console if but is None or but not in line]

    def note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.console.append(message.text)

    def check(self, request: Request) -> None:
        if not request.url.startswith((self.origin, "data:", "blob:")):
            self.outside.append(request.url)


@contextmanager
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


def watch(context: BrowserContext, origin: str, addresses: dict[str, str]) -> Watched:
    page = context.new_page()
    watched = Watched(page, origin, addresses)
    page.on("console", watched.note)
    page.on("request", watched.check)
    return watched


def shoot(page: Page, name: str) -> None:
    """Keep a picture where HROMADA_SHOTS says; for people to look at, not compared."""
    if SHOTS:
        Path(SHOTS).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)
