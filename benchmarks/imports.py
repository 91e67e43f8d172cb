"""Import of a zipped Shapefile in a local system, against ogr2ogr on the same file.

Ours opens it in the sandbox, checks and repairs each geometry, reprojects, loads it with history and
changeset, indexes it and makes it visible; the whole command is timed, its start included. ogr2ogr
reprojects, loads by COPY and indexes.
"""

import subprocess
from pathlib import Path

from benchmarks import database
from benchmarks.measuring import Figure, Spent, median_ratio, spent


def make_archive(folder: Path, parcels: int) -> Path:
    """The generated layer as a zipped Shapefile (cp1251, EPSG:6384)."""
    from importers.demo.bulk import write_parcels

    archive = folder / f"parcels_{parcels}.zip"
    write_parcels(parcels, archive)
    return archive


def bring_in(archive: Path) -> str:
    return database.import_layer(archive, "parcels")


def measure(archive: Path, parcels: int, community: str, *, rounds: int) -> list[Figure]:
    ours: list[Spent] = []
    theirs: list[Spent] = []
    for number in range(rounds):
        ours.append(_timed(database.import_command(archive, f"round_{number}")))
        theirs.append(_timed(_ogr2ogr(archive, f"ogr_round_{number}")))
    wall = median_ratio([item.wall_s for item in ours], [item.wall_s for item in theirs])
    cpu = median_ratio([item.cpu_s for item in ours], [item.cpu_s for item in theirs])
    best = min(item.wall_s for item in ours)
    how = f"{parcels:,} parcels, zipped .shp EPSG:6384, median of {rounds} interleaved rounds"
    return [
        Figure("import, wall, ours / ogr2ogr", wall, "ratio", 0.95, how),
        Figure("import, CPU, ours / ogr2ogr", cpu, "ratio", None, f"{how}; client and PostgreSQL"),
        Figure("import, rows a second, ours", parcels / best / 1000, "k/s", None, f"best of {rounds}"),
        Figure("import, rows a second, ogr2ogr", parcels / min(t.wall_s for t in theirs) / 1000, "k/s", None,
               f"best of {rounds}"),
    ]  # fmt: skip


def _timed(command: list[str]) -> Spent:
    def work() -> None:
        done = subprocess.run(command, cwd=database.ROOT, capture_output=True, text=True, check=False)
        if done.returncode not in (0, 1):
            raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stderr}")

    return spent(work, database.server_pids)


def _ogr2ogr(archive: Path, table: str) -> list[str]:
    return [
        "ogr2ogr", "--config", "PG_USE_COPY", "YES", "-f", "PostgreSQL", database.ogr_name(), f"/vsizip/{archive}",
        "-nln", table, "-t_srs", "EPSG:4326", "-nlt", "PROMOTE_TO_MULTI", "-gt", "65536",
        "-lco", "GEOMETRY_NAME=geom", "-lco", "SPATIAL_INDEX=GIST",
    ]  # fmt: skip
