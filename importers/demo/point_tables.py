"""Places for people: facilities, service points, shelters, points of invincibility."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any

import shapely
from numpy.random import Generator

from importers.demo import place
from importers.demo.base_tables import KATOTTG_OF, address
from importers.demo.plots import Plot
from importers.demo.tables import NO_DATE, Table, table
from importers.demo.town import Town, stream

FACILITIES = {
    "school": "school", "kindergarten": "kindergarten", "hospital": "hospital", "ambulatory": "ambulatory",
    "fap": "fap", "library": "library", "culture": "club", "museum": "museum", "council": "admin",
    "police": "police", "fire": "fire", "post": "post", "bank": "bank", "pharmacy": "pharmacy",
    "social": "social", "sport": "sport", "bus_station": "transport", "station": "transport",
    "market": "trade", "cnap": "admin",
}  # fmt: skip
HOURS = {
    "school": "Mo-Fr 08:00-17:00", "kindergarten": "Mo-Fr 07:30-18:00", "hospital": "24/7", "fire": "24/7",
    "police": "24/7", "club": "Tu-Su 10:00-20:00", "library": "Tu-Sa 09:00-18:00",
    "museum": "We-Su 10:00-17:00", "sport": "Mo-Su 08:00-21:00", "transport": "Mo-Su 05:30-21:30",
    "trade": "Tu-Su 07:00-15:00", "pharmacy": "Mo-Su 08:00-21:00",
}  # fmt: skip
PLACES = {
    "school": (90, 620), "kindergarten": (60, 150), "hospital": (160, 160), "club": (120, 320),
    "sport": (1500, 1500),
}  # fmt: skip
STATE_RUN, PRIVATE_RUN = {"police", "fire", "post", "station"}, {"bank", "pharmacy"}
SHELTERED = {"school", "kindergarten", "hospital", "culture", "council", "station", "library"}
Row = tuple[Any, ...]


def point_tables(town: Town) -> list[Table]:
    return [social_facilities(town), service_points(town), shelters(town), resilience_points(town)]


def _point(town: Town, plot: Plot) -> shapely.Point:
    """A point in the largest building on the plot, or on the plot where nothing is built."""
    index = next(i for i, p in enumerate(town.plots) if p is plot)
    own = [b.polygon for b in town.buildings if b.plot == index]
    shape = max(own, key=lambda g: g.area) if own else plot.polygon
    return shape.point_on_surface()


def _sites(town: Town, kinds: Collection[str]) -> list[Plot]:
    return [p for p in town.plots if p.kind in kinds and p.name]


def _one(rng: Generator, weights: dict[str, float]) -> str:
    """One of the keys, as likely as its weight; weights sum to one."""
    return str(rng.choice(list(weights), p=list(weights.values())))


def _yes(rng: Generator, share: float) -> str:
    return "yes" if rng.random() < share else "no"


def social_facilities(town: Town) -> Table:
    rng = stream("facilities")
    plots = _sites(town, FACILITIES)
    rows = [_facility(town, plot, number, rng) for number, plot in enumerate(plots, start=101)]
    columns = """
        NAZVA name_uk
        VYD kind
        ADRESA address
        KATOTTG katottg
        VLASNIST owner_form
        MISTKIST capacity int
        ZAPOVNEN occupancy int
        GRAFIK opening_hours
        TELEFON phone
        VKHID entrance
        REZERV_EL backup_power
        INTERNET internet
    """
    return table("social_facilities", columns, rows)


def _facility(town: Town, plot: Plot, number: int, rng: Generator) -> Row:
    kind = FACILITIES[plot.kind]
    capacity = int(rng.integers(*PLACES[kind], endpoint=True)) if kind in PLACES else 0
    owner = "state" if plot.kind in STATE_RUN else "private" if plot.kind in PRIVATE_RUN else "communal"
    has_fibre = {plan.slug for plan in place.SETTLEMENTS if plan.fibre}
    return (
        _point(town, plot),
        plot.name,
        kind,
        address(plot),
        KATOTTG_OF[plot.settlement],
        owner,
        capacity,
        int(capacity * rng.uniform(0.45, 1.05)),
        HOURS.get(kind, "Mo-Fr 09:00-18:00"),
        f"+380000000{number:03d}",  # no such number exists
        _one(rng, {"yes": 0.45, "partial": 0.25, "no": 0.2, "unknown": 0.1}),
        _yes(rng, 0.55),
        "fibre" if plot.settlement in has_fibre else "mobile",
    )


def service_points(town: Town) -> Table:
    """The CNAP, workplaces of its staff in the villages, and stops of the mobile CNAP."""
    rows: list[Row] = []
    for plot in _sites(town, {"cnap"}):
        hours = "Mo-We,Fr 08:00-17:00; Th 08:00-20:00; Sa 08:00-15:00"
        rows.append((_point(town, plot), plot.name, "cnap", address(plot), hours, 268, NO_DATE, "yes", "yes"))
    for plot in _sites(town, {"council"}):
        if plot.settlement != place.TOWN.slug:
            name, hours = f"Віддалене робоче місце, {plot.name.lower()}", "Mo-Fr 09:00-16:00"
            where = _point(town, plot)
            rows.append(
                (where, name, "remote_workplace", address(plot), hours, 74, NO_DATE, "partial", "yes")
            )
    for plan in place.VILLAGES:
        if plan.slug in ("ternobrid", "lypobrody", "yizhakove"):
            name, where = f"Зупинка мобільного ЦНАП, {plan.unit.name_uk}", f"с. {plan.unit.name_uk}"
            stop = shapely.Point(plan.centre[0] + 14, plan.centre[1] + 11)
            rows.append((stop, name, "mobile_stop", where, "", 121, date(2026, 12, 3), "partial", "no"))
    columns = """
        NAZVA name_uk
        VYD kind
        ADRESA address
        GRAFIK opening_hours
        POSLUH services int
        NAST_VIZYT next_visit date
        DOSTUPN accessibility
        WIFI public_wifi
    """
    return table("service_points", columns, rows)


def shelters(town: Town) -> Table:
    """Under schools, the hospital and public houses, and in cellars of every other apartment block."""
    plots = [*_sites(town, SHELTERED), *[p for p in town.plots if p.kind == "apartments"][::2]]
    rng = stream("shelters")
    rows = [_shelter(town, plot, number, rng) for number, plot in enumerate(plots, start=1)]
    columns = """
        OBL_NOMER account_no
        NAZVA name_uk
        TYP shelter_type
        ADRESA address
        PLOSHCHA area_m2 float
        MISTKIST capacity int
        VKHODIV entrances int
        TSILODOB round_clock
        DOSTUPN accessibility
        VENTYL ventilation
        VODA water
        TUALET toilet
        REZERV_EL power_backup
        INTERNET internet
        STAN ready
        PEREVIRKA last_check date
    """
    return table("shelters", columns, rows)


def _shelter(town: Town, plot: Plot, number: int, rng: Generator) -> Row:
    large = plot.kind in ("school", "hospital")
    area_m2 = round(rng.uniform(320, 900) if large else rng.uniform(60, 280))
    kinds = {"anti_radiation": 0.6, "dual_use": 0.4} if large else {"simple": 0.8, "dual_use": 0.2}
    return (
        _point(town, plot),
        f"99{number:04d}",
        f"Укриття: {plot.name}" if plot.name else "Укриття багатоквартирного будинку",
        _one(rng, kinds),
        address(plot),
        area_m2,
        int(area_m2 / 0.6),  # norm of 0.6 m² a person
        2 if large else 1,
        _yes(rng, 0.62),
        _one(rng, {"yes": 0.4, "partial": 0.35, "no": 0.25}),
        _yes(rng, 0.7),
        _yes(rng, 0.66),
        _yes(rng, 0.6),
        _yes(rng, 0.52),
        _one(rng, {"none": 0.2, "wifi": 0.3, "fibre": 0.3, "mobile": 0.2}),
        _one(rng, {"ready": 0.7, "limited": 0.22, "not_ready": 0.08}),
        date(2026, 3, 1) + timedelta(days=int(rng.integers(0, 230))),
    )


def resilience_points(town: Town) -> Table:
    """Points of Invincibility: four in the town, one in each village with a public house."""
    rng = stream("invincibility")
    rows: list[Row] = []
    for plan in place.SETTLEMENTS:
        own = _sites(town, {"council", "fire", "library", "station", "culture"})
        here = [p for p in own if p.settlement == plan.slug]
        rows += [_resilience_point(town, p, rng) for p in here[: 4 if plan is place.TOWN else 1]]
    columns = """
        NAZVA name_uk
        ADRESA address
        OPERATOR operator
        GRAFIK opening_hours
        ZHYVLENNIA power
        TEPLO heat
        VODA water
        MEDDOPOM first_aid
        INTERNET internet_tech
        MISTKIST capacity int
        PEREVIRKA last_check date
    """
    return table("resilience_points", columns, rows)


def _resilience_point(town: Town, plot: Plot, rng: Generator) -> Row:
    return (
        _point(town, plot),
        f"Пункт незламності: {plot.name}",
        address(plot),
        {"fire": "state", "station": "rail"}.get(plot.kind, "community"),
        "24/7" if plot.kind in ("fire", "station") else "Mo-Su 08:00-20:00",
        _one(rng, {"generator": 0.5, "battery": 0.2, "both": 0.3}),
        _yes(rng, 0.9),
        _yes(rng, 0.8),
        _yes(rng, 0.85),
        _one(rng, {"xpon": 0.6, "starlink": 0.3, "mobile": 0.1}),
        int(rng.integers(20, 120)),
        date(2026, 10, 1) + timedelta(days=int(rng.integers(0, 30))),
    )
