"""One process of the test that no tile outlives a commit: an editor or a reader, with connections of its own.

    python -m tests.layers.freshness editor|reader '{"seed": 1, "until": 1763800000, ...}'

Editors do what people do: draw, import, undo, restyle, close and open layers. Readers ask for tiles over the whole
chain of the program, as everyone and as a member, and compare each answer with what the database held before they
asked. What they found is printed as JSON, one object.
"""

import gzip
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import django

FIELDS = [
    {"key": "mark", "type": "string"},
    {"key": "kind", "type": "string"},
    {"key": "owner", "access": "staff"},
]
CORNER, SIZE = (29.8828125, 50.06419173665909), 0.05
"""Where four tiles of zoom 10 and of every higher zoom meet, so that many features lie over an edge."""
KINDS = ("a", "b", "c")


def style(colour: str, field: str = "kind", geometry: str = "polygon") -> dict[str, Any]:
    classes = [{"value": kind, "fill": colour} for kind in KINDS]
    renderer = {"type": "categorized", "field": field, "classes": classes, "other": {"fill": "#ffffff"}}
    return {"version": 1, "geometry": geometry, "renderer": renderer, "label": {"field": "mark"}}


def main() -> None:
    role, given = sys.argv[1], json.loads(sys.argv[2])
    os.environ["DJANGO_SETTINGS_MODULE"] = "gis_core.settings.test"
    django.setup()
    from django.conf import settings
    from django.test.utils import setup_test_environment

    setup_test_environment()
    for alias in settings.DATABASES.values():
        alias["CONN_MAX_AGE"] = 600
    work = Editor(**given) if role == "editor" else Reader(**given)
    while time.time() < given["until"]:
        work.step()
    sys.stdout.write(json.dumps(work.found) + "\n")


class Editor:
    def __init__(self, *, seed: int, layers: list[str], **_rest: Any) -> None:
        self.random = random.Random(seed)
        self.layers = layers
        self.seed = seed
        self.marks = 0
        self.found: Counter[str] = Counter()
        _sometimes_slow("layers.tiles.upkeep", "after_apply", self.random)

    def step(self) -> None:
        from gis_core.errors import HromadaError

        ways: list[tuple[int, Callable[[Any], None]]] = [
            (12, self.draw), (2, self.append), (1, self.replace), (3, self.undo), (1, self.restyle), (1, self.close)
        ]  # fmt: skip
        weights, does = zip(*ways, strict=True)
        (way,) = self.random.choices(does, weights)
        try:
            way(self.layer())
            self.found[way.__name__] += 1
        except HromadaError as error:  # somebody else was there first
            self.found[error.code] += 1
        time.sleep(self.random.uniform(0, 0.03))

    def layer(self) -> Any:
        from layers.models import Layer

        community, slug = self.random.choice(self.layers).split(".")
        return Layer.objects.select_related("community").get(community__slug=community, slug=slug)

    def draw(self, layer: Any) -> None:
        from layers.edits import ChangeDraft
        from layers.models import Feature

        drafts = [ChangeDraft("C", geometry=self.geometry(layer), properties=self.properties())]
        some = list(Feature.objects.filter(layer_id=layer.pk).order_by("?")[: self.random.randint(0, 4)])
        for feature in some:
            if self.random.random() < 0.4:
                drafts.append(ChangeDraft("D", feature.pk, feature.version))
                continue
            moved = self.geometry(layer) if self.random.random() < 0.7 else json.loads(feature.geom.json)
            drafts.append(ChangeDraft("U", feature.pk, feature.version, moved, self.properties()))
        _applied(_opened(layer, drafts))

    def append(self, layer: Any) -> None:
        self._load(layer, "append", self.random.randint(1, 60))

    def replace(self, layer: Any) -> None:
        self._load(layer, "replace", self.random.randint(40, 250))

    def _load(self, layer: Any, mode: str, count: int) -> None:
        from django.contrib.gis.geos import GEOSGeometry

        from tests.layers.loading import stage

        rows = [
            (GEOSGeometry(json.dumps(self.geometry(layer))).wkt, self.properties(), None)
            for _ in range(count)
        ]
        _applied(stage(layer, mode, rows))

    def undo(self, layer: Any) -> None:
        from layers.edits import revert_changeset
        from layers.models import Changeset

        last = Changeset.objects.filter(layer=layer, status="applied").order_by("-revision")[:2]
        if len(last) > 1 and last[0].revision > 1:
            revert_changeset(changeset=last[0], actor=None)

    def restyle(self, layer: Any) -> None:
        from layers.catalogue import update_layer

        geometry = "point" if layer.geometry_type == "Point" else "polygon"
        field = self.random.choice(["kind", "owner"])
        update_layer(
            layer=layer, actor=None, style=style(f"#{self.random.randrange(16**6):06x}", field, geometry)
        )

    def close(self, layer: Any) -> None:
        from layers.catalogue import update_layer

        level = self.random.choice(["public", "public", "registered", "staff"])
        update_layer(layer=layer, actor=None, access_level=level)

    def properties(self) -> dict[str, str]:
        self.marks += 1
        return {
            "mark": f"{self.seed}-{self.marks}",
            "kind": self.random.choice(KINDS),
            "owner": self.random.choice(KINDS),
        }

    def geometry(self, layer: Any) -> dict[str, Any]:
        """A point or a box somewhere, often where others are already; now and then a large or a far one."""
        somewhere = self.random.random()
        spread = SIZE if somewhere < 0.5 else SIZE / 40 if somewhere < 0.97 else SIZE * 20
        west, south = (middle + (self.random.random() - 0.5) * spread for middle in CORNER)
        if layer.geometry_type == "Point":
            return {"type": "Point", "coordinates": [west, south]}
        size = self.random.choice([0.00002, 0.0003, 0.001, 0.001, 0.02])
        ring = [[west, south], [west + size, south], [west + size, south + size], [west, south + size]]
        return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


def _opened(layer: Any, drafts: list[Any]) -> Any:
    from layers.edits import open_changeset, submit_changeset

    return submit_changeset(changeset=open_changeset(layer=layer, author=None, changes=drafts), actor=None)


def _applied(changeset: Any) -> None:
    from layers.edits import apply_changeset

    apply_changeset(changeset=changeset, actor=None)


class Reader:
    def __init__(self, *, seed: int, layers: list[str], session: str, **_rest: Any) -> None:
        from django.conf import settings
        from django.test import Client

        from gis_core import limits
        from layers.tiles import cache

        self.random = random.Random(seed)
        self.layers = layers
        self.found: Counter[str] = Counter()
        self.make = cache.make
        self.crowded = limits.value("max_tile_features") < 1000
        self.clients = [Client(), Client()]
        self.clients[1].cookies[settings.SESSION_COOKIE_NAME] = session
        self.etags: dict[tuple[str, Any], str] = {}
        _sometimes_slow("layers.tiles.cache", "make", self.random)

    def step(self) -> None:
        name, address = self.random.choice(self.layers), self.address()
        if self.etags and self.random.random() < 0.5:
            name, address = self.random.choice(list(self.etags))
        client = self.random.choice(self.clients)
        path = f"/tiles/{name}/{address.z}/{address.x}/{address.y}.mvt"
        headers = {"accept-encoding": self.random.choice(["", "gzip", "gzip, br"])}
        if self.random.random() < 0.6 and (name, address) in self.etags:
            headers["if-none-match"] = self.etags[name, address]
        before = self.state(name, address)
        response = client.get(path, headers=headers)
        self.found[str(response.status_code)] += 1
        if response.status_code in (404, 503):
            return
        if "ETag" in response.headers:
            self.etags[name, address] = response["ETag"]
        if address.z == 16 and not self.crowded and response.status_code == 200:
            self.check_marks(response, before, self.state(name, address), path)
        self.check_bytes(response, client, name, address, before)

    def address(self) -> Any:
        from layers.tiles.mvt import TileAddress
        from tests.layers.tiling import tile_at

        z = self.random.choice([*range(17), 14, 15, 16, 16, 16])
        spread = self.random.choice([SIZE, SIZE / 40])
        longitude, latitude = (middle + (self.random.random() - 0.5) * spread for middle in CORNER)
        return TileAddress(*tile_at(longitude, latitude, z))

    def state(self, name: str, address: Any) -> tuple[str, int, dict[int, str]]:
        """The layer's stamp and revision, and the marks of the features in the middle of the tile."""
        from django.db import connection

        community, slug = name.split(".")
        west, south, east, north = address.bounds()
        with connection.cursor() as cursor:
            cursor.execute(
                """SELECT l.xmin::text || ' ' || c.xmin::text, l.revision, l.id
                   FROM layers_layer l JOIN gis_core_community c ON c.id = l.community_id
                   WHERE c.slug = %s AND l.slug = %s""",
                [community, slug],
            )
            stamp, revision, layer = cursor.fetchone()
            if address.z < 16:
                return stamp, revision, {}
            cursor.execute(
                """SELECT id, properties->>'mark' FROM layers_feature
                   WHERE layer_id = %s AND ST_Within(geom, ST_MakeEnvelope(%s, %s, %s, %s, 4326))""",
                [layer, west, south, east, north],
            )
            return stamp, revision, dict(cursor.fetchall())

    def check_marks(self, response: Any, before: Any, after: Any, path: str) -> None:
        """What was there before the tile was asked for, and is there still, is in it; nothing is in it that was
        gone by then."""
        import mapbox_vector_tile

        decoded = mapbox_vector_tile.decode(_plain(response))
        layer = decoded.get(path.split("/")[2], {"features": []})
        shown = {item["id"]: item["properties"].get("mark") for item in layer["features"] if "id" in item}
        lasting = {key: mark for key, mark in before[2].items() if after[2].get(key) == mark}
        missing = {key: mark for key, mark in lasting.items() if shown.get(key) != mark}
        assert not missing, f"stale: {path} lacks {missing} of revision {before[1]}"
        self.found["marks"] += len(lasting)

    def check_bytes(self, response: Any, client: Any, name: str, address: Any, before: Any) -> None:
        """Where nothing was committed meanwhile, the answer is what the database gives now."""
        from django.http import HttpRequest

        from gis_core.errors import Busy
        from layers.access import LayerNotFound
        from layers.tiles.asking import ask_tile
        from layers.tiles.bodies import tag_of
        from layers.tiles.middleware import user_of
        from layers.tiles.mvt import is_outside

        request = HttpRequest()
        request.COOKIES = {key: morsel.value for key, morsel in client.cookies.items()}
        request.user = user_of(request)
        try:
            asked = ask_tile(request, name, address)
            body = b"" if is_outside(asked.layer, address) else self.make(asked, address)[0]
        except (LayerNotFound, Busy):  # closed or changed meanwhile
            return
        if asked.stamp != before[0] or self.state(name, address)[0] != before[0]:
            return
        etag = response.headers.get("ETag", "")
        assert etag == (f'W/"{tag_of(body)}"' if body else ""), f"stale: {name} {address} {before[:2]} {etag}"
        if response.status_code == 200:
            assert _plain(response) == body
        self.found["compared"] += 1


def _plain(response: Any) -> bytes:
    import brotli

    encoding = response.headers.get("Content-Encoding", "")
    if encoding == "gzip":
        return gzip.decompress(response.content)
    return brotli.decompress(response.content) if encoding == "br" else response.content  # type: ignore[no-any-return]


def _sometimes_slow(module: str, name: str, chance: random.Random) -> None:
    """Now and then let time pass after the function, so that others come in between."""
    import importlib

    place = importlib.import_module(module)
    function = getattr(place, name)

    def slower(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        if chance.random() < 0.5:
            time.sleep(chance.uniform(0, 0.08))
        return result

    setattr(place, name, slower)


if __name__ == "__main__":
    main()
