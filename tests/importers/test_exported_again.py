"""What the program wrote into a file is, sent back to it, nothing new: whatever the format, system and letters."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import shapely

from gis_core.communities import Community
from gis_core.people import User
from importers.documents import import_document
from layers.exports import ExportOptions, export_layer
from layers.models import Layer
from tests.conftest import add_features
from tests.importers.test_import_steps import started
from tests.layers.loading import whole
from tests.soak import amount

pytestmark = pytest.mark.django_db
FIELDS = [
    {"key": "cad_num", "type": "string"},
    {"key": "name", "type": "string"},
    {"key": "area_ha", "type": "number", "unit": "га"},
    {"key": "floors", "type": "integer"},
    {"key": "vacant", "type": "boolean"},
    {"key": "built_on", "type": "date"},
]
TEXTS = ["вул. Ґонти, 5", "Кам’янець", 'ТОВ "Їжа"', "а;б,в", "рядок\nдругий", "0510", "=1+1", "1,5"]
SENT_BACK = [
    ("geojson", {}, True), ("gpkg", {"crs": 9832}, False), ("csv", {}, False), ("shp", {"crs": 9832}, True),
    *amount([], [
        ("geojson", {}, False), ("geojsonseq", {}, True), ("gpkg", {}, True), ("csv", {"crs": 9832}, True),
        ("csv", {"geometry": "wkt", "delimiter": ";"}, False), ("shp", {"encoding": "cp1251"}, False),
    ]),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _folders_of_the_test(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path / "var"
    settings.MEDIA_ROOT = tmp_path / "var" / "uploads"


def any_features(seed: int, *, keyed: bool) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Polygons of one part or two, some with a hole, at coordinates of all digits, and values of every type."""
    chance, found = random.Random(seed), []
    for number in range(12):
        x, y, size = 29.2 + number / 100, chance.uniform(48.6, 48.7), chance.uniform(0.0005, 0.002)
        shape = shapely.box(x, y, x + size, y + size)
        if chance.random() < 0.3:
            shape -= shapely.box(x + size / 3, y + size / 3, x + size / 2, y + size / 2)
        if chance.random() < 0.3:
            shape |= shapely.box(x + 0.004, y, x + 0.004 + size, y + size)
        values = {
            "name": chance.choice(TEXTS), "area_ha": round(chance.uniform(0, 100), chance.randrange(5)),
            "floors": chance.randrange(-5, 30), "vacant": chance.random() < 0.5,
            "built_on": f"19{chance.randrange(10, 99)}-0{chance.randrange(1, 9)}-1{chance.randrange(9)}",
        }  # fmt: skip
        kept = {key: value for key, value in values.items() if chance.random() < 0.8}
        if keyed:
            kept["cad_num"] = f"0510600000:01:001:{number:04d}"
        found.append((json.loads(shapely.to_geojson(shape)), kept))
    return found


@pytest.mark.parametrize("seed", range(amount(1, 10)))
@pytest.mark.parametrize(("format", "options", "keyed"), SENT_BACK)
def test_an_export_sent_back_changes_nothing(
    community: Community, make_layer: Callable[..., Layer], user_with_role: Callable[..., User], tmp_path: Path,
    format: str, options: dict[str, Any], keyed: bool, seed: int,
) -> None:  # fmt: skip
    layer = make_layer(fields=FIELDS, key_field="cad_num" if keyed else "", geometry_type="Polygon")
    add_features(layer, any_features(seed, keyed=keyed))
    editor, before = user_with_role("editor"), whole(layer)
    file = tmp_path / f"sent{'.zip' if format == 'shp' else '.' + format.replace('seq', 'l')}"
    export_layer(user=editor, layer=layer, format=format, out=file, options=ExportOptions(**options))
    importing = started(file, community, editor, layer="parcels", mode="replace", until="apply")
    document = import_document(importing, editor)
    told = document["diff"] or document["problem"] or document["question"]
    assert (document["status"], told.get("unchanged", told)) == ("unchanged", 12)
    assert whole(layer) == before
