"""Warm tiles, 304s and edits: processor time a request against a null view of Django, and time to the fresh tile.

Processor time is that of the web server's processes and of PostgreSQL's together, over requests one after another on
one connection; contenders take turns, the figure is the median of the rounds' ratios.

    python -m benchmarks.tile_cache community.slug [rounds]     # on the database in force, measured alone
"""

import http.client
import os
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from benchmarks import database
from benchmarks.measuring import Figure, cpu_of, median_ratio
from benchmarks.tiles import _server, _tiles_of

if TYPE_CHECKING:
    from layers.models import Layer

REQUESTS = 1500
COLD = 40
EDITS = 30
BULK = 1000
ZOOMS = (14, 15, 16)
MIX = range(12, 17)


class Contender:
    """A way of asking: `ask(number)` for one tile after another; all processor time it costs."""

    def __init__(self, address: str, paths: list[str], headers: dict[str, str]) -> None:
        host = address.removeprefix("http://")
        self.connection = http.client.HTTPConnection(host)
        self.server = _pids_of(int(host.partition(":")[2]))
        self.paths, self.headers = paths, headers
        self.etags: dict[str, str] = {}
        self.use_etags = False
        self.shares: list[tuple[float, float]] = []

    def get(self, path: str) -> http.client.HTTPResponse:
        headers = dict(self.headers)
        if self.use_etags and path in self.etags:
            headers["If-None-Match"] = self.etags[path]
        self.connection.request("GET", path, headers=headers)
        answer = self.connection.getresponse()
        answer.read()
        if answer.headers.get("ETag"):
            self.etags[path] = answer.headers["ETag"]
        return answer

    def cpu_ms(self, count: int) -> float:
        """Processor milliseconds a request, of the server and PostgreSQL."""
        theirs = _backends()
        before, before_theirs = cpu_of(self.server), cpu_of(theirs)
        for number in range(count):
            self.get(self.paths[number % len(self.paths)])
        own = cpu_of(self.server) - before
        self.shares.append((own / count * 1000, (cpu_of(theirs) - before_theirs) / count * 1000))
        return sum(self.shares[-1])


def _backends() -> list[int]:
    """PostgreSQL's processes that work for this database; others may be at work on the same server."""
    with database.connect().cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        return [pid for (pid,) in cursor.fetchall()]


def _pids_of(port: int) -> list[int]:
    """The processes of the server that listens on a port, by its command line."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    words = file.read().split(b"\0")
            except OSError:
                continue
            if str(port).encode() in words:
                found.append(int(name))
    return found + [child for pid in found for child in _children(pid) if child not in found]


def _children(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(child) for child in file.read().split()]


def measure(layer_name: str, *, rounds: int) -> list[Figure]:
    from layers.models import Layer

    community, slug = layer_name.split(".")
    layer = Layer.objects.select_related("community").get(community__slug=community, slug=slug)
    tiles = [(z, *tile) for z in MIX for tile in _tiles_of(layer, z)]
    paths = [f"/tiles/{layer_name}/{z}/{x}/{y}.mvt" for z, x, y in tiles]
    with ExitStack() as stack:
        granian = [sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "1", "--port"]
        ours = stack.enter_context(
            _server([*granian, "18741", "gis_core.wsgi:application"], 18741, "/api/limits")
        )
        null = stack.enter_context(
            _server([*granian, "18742", "benchmarks.null_view:application"], 18742, paths[0])
        )
        packed = {"Accept-Encoding": "gzip, br"}
        signed_in = packed | {"Cookie": f"sessionid={_session(layer)}"}
        contenders = {
            "null": Contender(null, paths, packed),
            "public": Contender(ours, paths, packed),
            "protected": Contender(ours, paths, signed_in),
            "protected, token": Contender(ours, paths, packed | {"Authorization": f"Bearer {_token()}"}),
            "304": Contender(ours, paths, signed_in),
        }
        return [*_warm(layer, contenders, rounds), *_edits(layer, Contender(ours, paths, packed), rounds)]


def _warm(layer: "Layer", contenders: dict[str, Contender], rounds: int) -> list[Figure]:
    for contender in contenders.values():
        for path in contender.paths * 3:
            contender.get(path)
    contenders["304"].use_etags = True
    cost: dict[str, list[float]] = {name: [] for name in [*contenders, "cold"]}
    for _round in range(rounds):
        for name, contender in contenders.items():
            cost[name].append(contender.cpu_ms(REQUESTS))
        _forget(layer)
        cost["cold"].append(contenders["public"].cpu_ms(len(contenders["public"].paths)))
        contenders["public"].shares.pop()
        for contender in contenders.values():
            for path in contender.paths * 3:
                contender.get(path)
    assert contenders["304"].get(contenders["304"].paths[0]).status == 304

    def how(name: str) -> str:
        app, sql = (statistics.median(share) for share in zip(*contenders[name].shares, strict=True))
        return (
            f"CPU {app:.3f} + {sql:.3f} ms of PostgreSQL, null view {statistics.median(cost['null']):.3f} ms"
        )

    def ratio(name: str, label: str, goal: float | None) -> Figure:
        return Figure(label, median_ratio(cost[name], cost["null"]), "ratio", goal, how(name))

    return [
        ratio("public", "warm public tile / null view, CPU", None),
        ratio("protected", "warm protected tile / null view, CPU (T6)", 2.5),
        ratio("protected, token", "the same by token", 2.5),
        ratio("304", "304 / null view, CPU (T7)", 2.2),
        Figure(
            "cold / warm protected tile, CPU (T6)", median_ratio(cost["cold"], cost["protected"]), "ratio", 15,
            f"cold {statistics.median(cost['cold']):.2f} ms", at_least=True,
        ),
    ]  # fmt: skip


def _session(layer: "Layer") -> str:
    """The key of a session of an administrator of the layer's community."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    user = _admin(layer)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)


def _admin(layer: "Layer") -> Any:
    from gis_core.people import Membership, User

    user, _made = User.objects.get_or_create(email="bench@example.org", defaults={"password": "!"})
    Membership.objects.get_or_create(user=user, community=layer.community, defaults={"role": "admin"})
    return user


def _token() -> str:
    from gis_core.people import User, create_api_token

    return create_api_token(user=User.objects.get(email="bench@example.org"), name="bench")


def _forget(layer: "Layer") -> None:
    from layers.tiles import cache

    cache.forget(layer)


# ---- edits


def _edits(layer: "Layer", reader: Contender, rounds: int) -> list[Figure]:
    fresh, stale, sql = [], 0, []
    for number in range(EDITS):
        took, raw, was_stale = _one_edit(layer, reader, number)
        fresh.append(took)
        sql.append(raw)
        stale += was_stale
    bulk = [_bulk(layer) for _round in range(rounds)]
    return [
        Figure(
            "edit to fresh z14 to z16 tiles, p95 (E1)", sorted(fresh)[int(len(fresh) * 0.95)] * 1000, "ms", 100,
            f"{EDITS} edits, median {statistics.median(fresh) * 1000:.1f} ms; apply and three tiles over HTTP",
        ),
        Figure(
            "edit to fresh tiles / UPDATE + tiles' SQL (E1)", median_ratio(fresh, sql), "ratio", 3,
            f"UPDATE + SQL {statistics.median(sql) * 1000:.1f} ms",
        ),
        Figure("stale tiles after a commit (E1)", stale, "tiles", 0, f"of {EDITS * len(ZOOMS)}"),
        Figure(
            f"edit of {BULK} features / plain UPDATE (E2)", statistics.median(a / b for a, b, _c in bulk), "ratio", 6,
            f"apply {statistics.median(a for a, _b, _c in bulk) * 1000:.0f} ms, of which tiles "
            f"{statistics.median(c for _a, _b, c in bulk) * 1000:.0f} ms; "
            f"UPDATE {statistics.median(b for _a, b, _c in bulk) * 1000:.0f} ms",
        ),
    ]  # fmt: skip


def _drafts(layer: "Layer", count: int) -> list[Any]:
    """Updates of random features that move each by a centimetre or so."""
    import json

    from layers.edits import ChangeDraft
    from layers.models import Feature

    features = Feature.objects.filter(layer_id=layer.pk).order_by("?")[:count]
    drafts = []
    for feature in features:
        geometry = json.loads(feature.geom.json)
        rings = geometry["coordinates"] if geometry["type"] == "Polygon" else geometry["coordinates"][0]
        moved = [[[x + 1e-5, y] for x, y, *_z in ring] for ring in rings]
        drafts.append(
            ChangeDraft(
                "U",
                feature.pk,
                feature.version,
                {"type": "Polygon", "coordinates": moved},
                feature.properties,
            )
        )
    return drafts


def _one_edit(layer: "Layer", reader: Contender, number: int) -> tuple[float, float, int]:
    """Seconds from the beginning of an edit to its three tiles' having come to another client, the same for an
    UPDATE and the tiles' own SQL, and how many of the tiles were old."""
    from layers.edits import apply_changeset, open_changeset, submit_changeset
    from tests.layers.tiling import tile_at

    (draft,) = _drafts(layer, 1)
    x, y = draft.geometry["coordinates"][0][0]
    paths = [
        f"/tiles/{layer.full_name}/" + "/".join(map(str, tile_at(x, y, zoom))) + ".mvt" for zoom in ZOOMS
    ]
    for path in paths * 2:
        reader.get(path)
    before = [reader.etags[path] for path in paths]
    changeset = submit_changeset(
        changeset=open_changeset(layer=layer, author=None, changes=[draft]), actor=None
    )
    started = time.perf_counter()
    apply_changeset(changeset=changeset, actor=None)
    for path in paths:
        reader.get(path)
    took = time.perf_counter() - started
    stale = sum(reader.etags[path] == old for path, old in zip(paths[-1:], before[-1:], strict=True))
    return took, _plain_edit(layer, draft, [tile_at(x, y, zoom) for zoom in ZOOMS]), stale


def _plain_edit(layer: "Layer", draft: Any, tiles: list[tuple[int, int, int]]) -> float:
    from benchmarks.tiles import _raw_sql

    _plain_copy(layer)
    raw = _RAW.setdefault(layer.pk, _raw_sql(layer))
    with _CONNECTIONS.setdefault(layer.pk, database.connect()).cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM plain_{layer.pk} WHERE id = %s", [draft.feature_id])
        started = time.perf_counter()
        cursor.execute(
            f"UPDATE plain_{layer.pk} SET geom = ST_Translate(geom, 0.00001, 0), version = version + 1 WHERE id = %s",
            [draft.feature_id],
        )
        took = time.perf_counter() - started
    return took + sum(raw(*tile) for tile in tiles)


_RAW: dict[int, Callable[[int, int, int], float]] = {}
_CONNECTIONS: dict[int, Any] = {}


def _plain_copy(layer: "Layer") -> None:
    """The layer's features as a table of their own, with the same indexes and without triggers."""
    with database.connect().cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [f"plain_{layer.pk}"])
        if cursor.fetchone()[0]:
            return
        cursor.execute(f"CREATE TABLE plain_{layer.pk} (LIKE features.layer_{layer.pk} INCLUDING GENERATED)")
        cursor.execute(
            "SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute WHERE attrelid = %s::regclass"
            " AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
            [f"features.layer_{layer.pk}"],
        )
        (columns,) = cursor.fetchone()
        cursor.execute(
            f"INSERT INTO plain_{layer.pk} ({columns}) SELECT {columns} FROM features.layer_{layer.pk}"
        )
        cursor.execute(f"ALTER TABLE plain_{layer.pk} ADD PRIMARY KEY (id)")
        cursor.execute(f"CREATE INDEX ON plain_{layer.pk} USING gist (geom_3857)")
        cursor.execute(f"ANALYZE plain_{layer.pk}")


def _bulk(layer: "Layer") -> tuple[float, float, float]:
    """Seconds of applying an edit of BULK features, of the plain UPDATE of as many, and of forgetting tiles in
    the former."""
    from layers.edits import apply_changeset, open_changeset, submit_changeset
    from layers.tiles import cache

    _plain_copy(layer)
    drafts = _drafts(layer, BULK)
    changeset = submit_changeset(
        changeset=open_changeset(layer=layer, author=None, changes=drafts), actor=None
    )
    forgetting, invalidate = [0.0], cache.invalidate

    def timed(*given: Any) -> None:
        started = time.perf_counter()
        invalidate(*given)
        forgetting[0] = time.perf_counter() - started

    cache.invalidate = timed  # type: ignore[assignment]
    try:
        started = time.perf_counter()
        apply_changeset(changeset=changeset, actor=None)
        ours = time.perf_counter() - started
    finally:
        cache.invalidate = invalidate
    ids = [draft.feature_id for draft in drafts]
    with database.connect().cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM plain_{layer.pk} WHERE id = ANY(%s)", [ids])
        started = time.perf_counter()
        cursor.execute(
            f"UPDATE plain_{layer.pk} SET geom = ST_Translate(geom, 0.00001, 0), version = version + 1"
            " WHERE id = ANY(%s)",
            [ids],
        )
        return ours, time.perf_counter() - started, forgetting[0]


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gis_core.settings.base")
    import django

    django.setup()
    for figure in measure(sys.argv[1], rounds=int(sys.argv[2]) if len(sys.argv) > 2 else 5):
        sys.stdout.write(
            f"{figure.name:<55} {figure.value:>9.3f} {figure.unit:<6} {figure.goal} {figure.how}\n"
        )
