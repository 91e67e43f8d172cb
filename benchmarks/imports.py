"""Import of a zipped Shapefile in a local system, against ogr2ogr on the same file and against bare COPY.

Ours opens it in the sandbox, checks and repairs each geometry, reprojects, loads it with history and
changeset, indexes it and makes it visible; the whole command is timed, its start included. ogr2ogr
reprojects, loads by COPY and indexes. The limit is a binary COPY of our own rows into a bare table, with
a key and a spatial index.
"""

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import database
from benchmarks.measuring import Figure, Spent, median_ratio, spent

KEY = "cadnum"
_LARGE = 1_000_000  # from here on the goals are those of a large file
_GROWTH = (100_000, 2_000_000)


def make_archive(folder: Path, parcels: int, *, change_every: int = 0) -> Path:
    """The generated layer as a zipped Shapefile (cp1251, EPSG:6384)."""
    from importers.demo.bulk import write_parcels

    archive = folder / f"parcels_{parcels}_{change_every}.zip"
    if not archive.exists():
        write_parcels(parcels, archive, change_every=change_every)
    return archive


def bring_in(archive: Path) -> str:
    return database.import_layer(archive, "parcels")


# --- one size against its rivals ---


@dataclass
class _Rounds:
    """What each contender spent, round by round."""

    ours: list[Spent] = field(default_factory=list)
    ogr2ogr: list[Spent] = field(default_factory=list)
    limit: list[Spent] = field(default_factory=list)

    def ratio(self, rival: str, of: Callable[[Spent], float]) -> float:
        return median_ratio([of(item) for item in self.ours], [of(item) for item in getattr(self, rival)])


def measure(folder: Path, parcels: int, *, rounds: int) -> list[Figure]:
    """Ours, ogr2ogr and the limit in turn."""
    archive, found = make_archive(folder, parcels), _Rounds()
    for number in range(rounds):
        layer, table = f"p{parcels}_{number}", f"ogr_{parcels}_{number}"
        found.ours.append(_timed(database.import_command(archive, layer, "--key-field", KEY)))
        found.ogr2ogr.append(_timed(_ogr2ogr(archive, table)))
        found.limit.append(_bare_copy(folder, layer))
        database.drop_table(table)
    return list(_figures(parcels, rounds, found))


def _figures(parcels: int, rounds: int, found: _Rounds) -> Iterator[Figure]:
    name = f"import {_short(parcels)}"
    how = f"{parcels:,} parcels, zipped .shp EPSG:6384, median of {rounds} interleaved rounds"
    goal = 0.65 if parcels >= _LARGE else 0.95
    yield Figure(f"{name}, wall, ours / ogr2ogr", found.ratio("ogr2ogr", _wall), "ratio", goal, how)
    yield Figure(f"{name}, CPU, ours / ogr2ogr", found.ratio("ogr2ogr", _cpu), "ratio", None,
                 f"{how}; client and PostgreSQL")  # fmt: skip
    yield Figure(f"{name}, wall, ours / bare COPY + index", found.ratio("limit", _wall), "ratio", 4.5, how)
    yield Figure(f"{name}, memory of our processes together", max(item.resident_mb for item in found.ours),
                 "MB", 350, "resident at once, shared pages counted for each; highest of the rounds")  # fmt: skip
    yield Figure(f"{name}, memory of the largest process", max(item.largest_mb for item in found.ours),
                 "MB", None, "highest of the rounds")  # fmt: skip
    for who, items in (("ours", found.ours), ("ogr2ogr", found.ogr2ogr), ("bare COPY", found.limit)):
        best = min(items, key=_wall)
        speed = f"CPU {best.cpu_s:.1f} s, {parcels / best.wall_s / 1000:.1f} k rows a second"
        yield Figure(f"{name}, {who}", best.wall_s, "s", None, f"best of {rounds}; {speed}")


def _wall(item: Spent) -> float:
    return item.wall_s


def _cpu(item: Spent) -> float:
    return item.cpu_s


def _short(parcels: int) -> str:
    return f"{parcels // 1_000_000}M" if parcels % 1_000_000 == 0 else f"{parcels // 1000}k"


# --- growth, and the second import ---


def measure_growth(folder: Path, *, rounds: int) -> list[Figure]:
    """Time a row and memory of a large file against those of a small one."""
    small, large = _GROWTH
    found: dict[int, list[Spent]] = {small: [], large: []}
    for number in range(rounds):
        for parcels, items in found.items():
            command = database.import_command(make_archive(folder, parcels), f"g{parcels}_{number}")
            items.append(_timed(command))
    times = large / small
    name = f"import, {_short(large)} / {_short(small)}"
    how = f"median of {rounds} interleaved rounds"
    of = {"wall": _wall, "CPU": _cpu}
    figures = [
        Figure(f"{name}, {unit} a row",
               median_ratio([get(item) / times for item in found[large]], [get(item) for item in found[small]]),
               "ratio", 1.1, how)
        for unit, get in of.items()
    ]  # fmt: skip
    memory = median_ratio(
        [item.resident_mb for item in found[large]], [item.resident_mb for item in found[small]]
    )
    return [*figures, Figure(f"{name}, memory", memory, "ratio", 1.1, how)]


def measure_again(folder: Path, parcels: int, *, rounds: int) -> list[Figure]:
    """The same file with one parcel in a hundred changed, replacing the layer, against the first import."""
    first: list[Spent] = []
    second: list[Spent] = []
    for number in range(rounds):
        layer = f"again_{parcels}_{number}"
        archive, changed = make_archive(folder, parcels), make_archive(folder, parcels, change_every=100)
        first.append(_timed(database.import_command(archive, layer, "--key-field", KEY)))
        second.append(_timed(database.import_command(changed, layer, "--mode", "replace")))
    how = f"1 % changed, matched by key; median of {rounds} rounds"
    name = f"import {_short(parcels)} again / first time"
    ratios = {"wall": _wall, "CPU": _cpu}
    return [
        Figure(f"{name}, {unit}", median_ratio([get(item) for item in second], [get(item) for item in first]),
               "ratio", 1.0 if unit == "wall" else None, how)
        for unit, get in ratios.items()
    ]  # fmt: skip


# --- running ---


def _timed(command: list[str]) -> Spent:
    def work() -> None:
        done = subprocess.run(command, cwd=database.ROOT, capture_output=True, text=True, check=False)
        if done.returncode not in (0, 1):
            raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stdout}{done.stderr}")

    return spent(work, database.server_pids)


def _ogr2ogr(archive: Path, table: str) -> list[str]:
    return [
        "ogr2ogr", "--config", "PG_USE_COPY", "YES", "-f", "PostgreSQL", database.ogr_name(), f"/vsizip/{archive}",
        "-nln", table, "-t_srs", "EPSG:4326", "-nlt", "PROMOTE_TO_MULTI", "-gt", "65536",
        "-lco", "GEOMETRY_NAME=geom", "-lco", "SPATIAL_INDEX=GIST",
    ]  # fmt: skip


def _bare_copy(folder: Path, layer: str) -> Spent:
    """The rows that the layer `layer` got, copied into a bare table with a key, a spatial index and ANALYZE."""
    from layers.models import Layer

    rows = folder / "rows.pgcopy"
    source = Layer.objects.get(slug=layer).pk
    connection = database.connect()
    with connection.cursor() as cursor, rows.open("wb") as file:
        cursor.copy_expert(
            f"COPY (SELECT geom, properties, external_key FROM features.layer_{source}) TO STDOUT (FORMAT binary)",
            file,
        )
    with connection.cursor() as cursor:
        taken = spent(lambda: _copy_and_index(cursor, rows), database.server_pids)
    connection.close()
    rows.unlink()
    database.drop_table("bare")
    return taken


def _copy_and_index(cursor: Any, rows: Path) -> None:
    cursor.execute(
        "CREATE TABLE bare (id bigint GENERATED BY DEFAULT AS IDENTITY, geom geometry(Geometry, 4326),"
        " properties jsonb, external_key text)"
    )
    with rows.open("rb") as file:
        cursor.copy_expert(
            "COPY bare (geom, properties, external_key) FROM STDIN (FORMAT binary)", file, size=1 << 20
        )
    cursor.execute("ALTER TABLE bare ADD PRIMARY KEY (id)")
    cursor.execute("CREATE INDEX ON bare USING gist (geom)")
    cursor.execute("ANALYZE bare")
