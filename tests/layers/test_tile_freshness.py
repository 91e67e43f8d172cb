"""No tile outlives the commit of what it shows, with any number of processes that edit and read at once."""

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from gis_core.people import User
from layers.access import source_at
from layers.models import Layer
from layers.schema import ACCESS_LEVELS
from layers.tiles import cache
from layers.tiles.asking import FORM, Asked, Door
from layers.tiles.bodies import tag_of
from layers.tiles.mvt import TileAddress
from tests.layers.freshness import FIELDS, style
from tests.soak import amount

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "public"]),
    pytest.mark.usefixtures("committed"),
]
ROOT = Path(__file__).parents[2]
EDITORS, READERS, STARTING_S, ROUNDS = 2, 2, 3, 5


@pytest.mark.soak
@pytest.mark.timeout(amount(240, 3600))
def test_no_reader_ever_gets_a_tile_from_before_a_commit(
    make_layer: Callable[..., Layer], user_with_role: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its seed is printed. With an odd one tiles are crowded."""
    seed = int(os.environ.get("HROMADA_SOAK_SEED") or random.SystemRandom().randrange(10**6))
    seconds = float(os.environ.get("HROMADA_SOAK_SECONDS") or amount(8, 300))
    tell(f"seed {seed}, {seconds} s; again with HROMADA_SOAK_SEED={seed}")
    parcels = make_layer(fields=FIELDS, style=style("#ff0000"), geometry_type="Polygon")
    wells = make_layer(
        "wells", fields=FIELDS, style=style("#ff0000", geometry="point"), geometry_type="Point"
    )
    member = Client()
    member.force_login(user_with_role("viewer"))
    given = {
        "layers": [parcels.full_name, wells.full_name],
        "session": member.cookies[settings.SESSION_COOKIE_NAME].value,
    }
    crowded = seed % 2 == 1
    if crowded:  # tiles gather in larger cells, and show little by itself
        monkeypatch.setenv("HROMADA_MAX_TILE_FEATURES", "30")
    done: Counter[str] = Counter()
    for again in range(ROUNDS):  # a busy machine does less in the same time
        done += run_all(given | {"until": time.time() + STARTING_S + seconds}, seed + 100 * again)
        if not missing(done, crowded=crowded):
            break
    tell(f"{dict(done)}")
    assert not missing(done, crowded=crowded)
    compare_all_kept_tiles()


def missing(done: Counter[str], *, crowded: bool) -> list[str]:
    """What was done too seldom to prove anything."""
    loads = done["append"] + done["replace"] + done["undo"]
    wanted = {"draw": 10, "compared": 50, "marks": -1 if crowded else 50, "200": 50, "304": 5}
    return [name for name, least in wanted.items() if done[name] <= least] + ["loads"] * (loads <= 3)


def run_all(given: dict[str, Any], seed: int) -> Counter[str]:
    """Start all processes, wait for them; what they did. Fails with what one of them said as it failed."""

    def of(role: str, number: int) -> dict[str, Any]:
        longer = 3 if role == "reader" else 0  # so that something is kept in the end
        return given | {"seed": seed + number, "until": given["until"] + longer}

    running = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.layers.freshness", role, json.dumps(of(role, number))],
            cwd=ROOT,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number, role in enumerate(["editor"] * EDITORS + ["reader"] * READERS)
    ]
    done: Counter[str] = Counter()
    complaints = []
    for process in running:
        out, err = process.communicate()
        if process.returncode:
            complaints.append(err[-3000:])
        else:
            done.update(json.loads(out.splitlines()[-1]))
    assert not complaints, "\n".join(complaints)
    return done


def environment() -> dict[str, str]:
    """This process's, pointing at the database of the tests."""
    name = connection.settings_dict["NAME"]
    urls = {
        key: urlunsplit(urlsplit(os.environ[key])._replace(path=f"/{name}"))
        for key in ("DATABASE_URL", "PUBLIC_DATABASE_URL")
        if key in os.environ
    }
    return os.environ | urls | {"PYTHONPATH": str(ROOT), "LOG_LEVEL": "ERROR"}


def tell(text: str) -> None:
    """For who looks at a failure, or at `make soak ARGS=-s`."""
    sys.stdout.write(f"{text}\n")


def compare_all_kept_tiles() -> None:
    """Every tile that is kept now equals one that is made now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT layer_id, audience, z, x, y, etag, features FROM tiles.tile")
        rows = cursor.fetchall()
    tell(f"{len(rows)} tiles are kept, of {len({row[1] for row in rows})} audiences")
    layers = {layer.pk: layer for layer in Layer.objects.select_related("community")}
    for pk, audience, z, x, y, etag, features in rows:
        level = audience - FORM * 8 - 1
        source = source_at(layers[pk], ACCESS_LEVELS[level] if level >= 0 else None)
        asked = Asked(layers[pk], Door(source, audience, is_public=level < 0), "", None)
        body, count = cache.make(asked, TileAddress(z, x, y))
        assert (etag, features) == (tag_of(body), count), (layers[pk].slug, audience, z, x, y)
