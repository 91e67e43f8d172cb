"""Cold tiles over HTTP, zooms 8 to 16, against the raw SQL and against tipg on the same table.

The raw SQL is the least that gives a tile of the same content: stored Web Mercator geometry, the same
fields, ST_AsMVT. tipg gets the same geometry column and fields. One request at a time; for each tile the
three take turns. tipg runs in a virtual environment of its own under var/.
"""

import os
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from benchmarks import database
from benchmarks.measuring import Figure

if TYPE_CHECKING:
    from layers.models import Layer

ZOOMS = range(8, 17)
TILES_A_ZOOM = 6
TIPG = "tipg==1.6.1"
Ask = Callable[[int, int, int], float]


@dataclass(frozen=True)
class Contender:
    """One way to a tile: `ask(z, x, y)` gives the seconds that it took."""

    name: str
    ask: Ask


def measure(name: str, layer: str, *, rounds: int) -> list[Figure]:
    from layers.models import Layer

    community, slug = layer.split(".")
    found = Layer.objects.get(community__slug=community, slug=slug)
    with ExitStack() as stack:
        ours = Contender(
            "ours", _http(stack.enter_context(_our_server()) + f"/tiles/{layer}/{{z}}/{{x}}/{{y}}.mvt")
        )
        raw = Contender("raw SQL", _raw_sql(found))
        tipg = Contender("tipg", _http(stack.enter_context(_tipg_server()) + _tipg_path(found)))
        figures: list[Figure] = []
        for zoom in ZOOMS:
            tiles = _tiles_of(found, zoom)
            times = _times([ours, raw, tipg], zoom, tiles, rounds)
            figures += _figures(name, zoom, times, len(tiles))
    return figures


def _times(
    contenders: list[Contender], zoom: int, tiles: list[tuple[int, int]], rounds: int
) -> dict[str, list[float]]:
    """Per contender the best time of each tile; all take their turn at a tile before the next."""
    best: dict[str, dict[tuple[int, int], float]] = {item.name: {} for item in contenders}
    for _round in range(rounds):
        for tile in tiles:
            for contender in contenders:
                took = contender.ask(zoom, *tile)
                known = best[contender.name].get(tile, took)
                best[contender.name][tile] = min(known, took)
    return {name: [found[tile] for tile in tiles] for name, found in best.items()}


def _figures(name: str, zoom: int, times: dict[str, list[float]], tiles: int) -> list[Figure]:
    how = f"{tiles} tiles, one connection, best of the rounds; ours {statistics.mean(times['ours']) * 1000:.1f} ms"
    return [
        Figure(
            f"tile z{zoom}, {name}, ours / {rival}",
            statistics.median(a / b for a, b in zip(times["ours"], times[rival], strict=True)),
            "ratio", None, f"{how}, {rival} {statistics.mean(times[rival]) * 1000:.1f} ms",
        )
        for rival in ("raw SQL", "tipg")
    ]  # fmt: skip


def _tiles_of(layer: "Layer", zoom: int) -> list[tuple[int, int]]:
    """Up to TILES_A_ZOOM tiles that hold features, spread by the features' ids: dense places more often."""
    with database.connect().cursor() as cursor:
        cursor.execute(
            """
            WITH places AS (
                SELECT ST_Transform(ST_PointOnSurface(geom), 4326) AS p, row_number() OVER (ORDER BY id) AS n
                FROM layers_feature WHERE layer_id = %(layer)s)
            SELECT DISTINCT floor((ST_X(p) + 180) / 360 * 2 ^ %(zoom)s)::int,
                floor((1 - asinh(tan(radians(ST_Y(p)))) / pi()) / 2 * 2 ^ %(zoom)s)::int
            FROM places WHERE n %% (SELECT greatest(max(n) / %(count)s, 1) FROM places) = 0
            ORDER BY 1, 2 LIMIT %(count)s
            """,
            {"layer": layer.pk, "zoom": zoom, "count": TILES_A_ZOOM},
        )
        return [(x, y) for x, y in cursor.fetchall()]


def _raw_sql(layer: "Layer") -> Ask:
    connection = database.connect()
    cursor = connection.cursor()
    cursor.execute("SET jit = off; SET max_parallel_workers_per_gather = 0")
    fields = _fields(layer)
    statement = f"""
        SELECT ST_AsMVT(tile, 'layer', 4096, 'geom', 'id') FROM (
            SELECT id, {", ".join(f"properties->>'{field}' AS {field}" for field in fields)},
                ST_AsMVTGeom(geom_3857, ST_TileEnvelope(%s, %s, %s), 4096, 64, true) AS geom
            FROM features.layer_{layer.pk}
            WHERE geom_3857 && ST_TileEnvelope(%s, %s, %s, margin => 64.0 / 4096)) AS tile
    """

    def ask(z: int, x: int, y: int) -> float:
        started = time.perf_counter()
        cursor.execute(statement, [z, x, y, z, x, y])
        bytes(cursor.fetchone()[0])
        return time.perf_counter() - started

    return ask


def _fields(layer: "Layer") -> list[str]:
    """The two fields that all contenders put into a tile: what the style colours by, and the key."""
    return ["ownership", "cad_num"] if layer.slug == "demo_parcels" else ["ownersh", "cadnum"]


def _tipg_path(layer: "Layer") -> str:
    view = f"pub.{layer.published_name}"
    chosen = f"geom-column=geom_3857&properties={','.join(_fields(layer))}"
    return f"/collections/{view}/tiles/WebMercatorQuad/{{z}}/{{x}}/{{y}}?{chosen}"


def _http(template: str) -> Ask:
    def ask(z: int, x: int, y: int) -> float:
        request = urllib.request.Request(template.format(z=z, x=x, y=y), headers={"Accept-Encoding": "gzip"})  # noqa: S310
        started = time.perf_counter()
        with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
            answer.read()
        return time.perf_counter() - started

    return ask


@contextmanager
def _server(command: list[str], port: int, path: str, **environment: str) -> Iterator[str]:
    """A server as a child process, once it answers at `path`; its address."""
    process = subprocess.Popen(
        command, cwd=database.ROOT, env={**os.environ, **environment}, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        for _attempt in range(120):
            try:
                urllib.request.urlopen(f"{address}{path}", timeout=5).close()  # noqa: S310
                break
            except OSError:
                time.sleep(0.5)
        else:
            raise RuntimeError(f"{command[0]} does not answer at {address}{path}")
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


def _our_server() -> AbstractContextManager[str]:
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--port", "18731", "--workers", "2"]
    return _server([*command, "gis_core.wsgi:application"], 18731, "/api/limits")


def _tipg_server() -> AbstractContextManager[str]:
    python = _tipg_python()
    parts = database.connect().get_dsn_parameters()
    host = quote(parts.get("host", "localhost"), safe="")
    url = f"postgresql://{parts['user']}@{host}:{parts.get('port', 5432)}/{parts['dbname']}"
    command = [
        python,
        "-m",
        "uvicorn",
        "tipg.main:app",
        "--port",
        "18732",
        "--workers",
        "2",
        "--log-level",
        "error",
    ]
    return _server(
        command, 18732, "/healthz", DATABASE_URL=url, TIPG_DB_SCHEMAS='["pub"]', TIPG_MAX_FEATURES_PER_TILE="1000000",
        TIPG_TILE_BUFFER="64",
    )  # fmt: skip


def _tipg_python() -> str:
    """The interpreter of tipg's environment, made at the first use."""
    from django.conf import settings

    folder = settings.VAR_DIR / "bench-tipg"
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run(
            [python, "-m", "pip", "install", "-q", TIPG, "uvicorn", "starlette-cramjam"], check=True
        )
    return str(python)
