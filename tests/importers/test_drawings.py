"""KML, GPX, DXF, GML and GeoJSON as programs write them: attributes come out as columns, layers one by one."""

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely

from importers.errors import OverLimit
from importers.readers import dxf
from importers.sandbox import convert_file, inspect_file, read_rows
from tests.importers.files import parcels

_ROW = "<tr><td>{}</td><td>{}</td></tr>"
_ARCGIS = (
    "<![CDATA[<html><head><style>td {{color: red}}</style></head><body><table><tr><td colspan='2'>Дороги</td></tr>"
    "<tr><td><table>" + _ROW.format("Назва", "вул. Лесі &amp; Ко") + _ROW.format("Довжина_м", "120,5")
    + "</table></td></tr></table></body></html>]]>"
)  # fmt: skip
_POINT = "<Point><coordinates>29.24,48.68,110</coordinates></Point>"


def kml(folder: Path, body: str) -> Path:
    path = folder / "карта.kml"
    path.write_text(
        f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{body}</Document></kml>', encoding="utf-8"
    )
    return path


def placemark(inner: str, geometry: str = _POINT) -> str:
    return f"<Placemark>{inner}{geometry}</Placemark>"


def rows_of(path: Path, folder: Path, **options: Any) -> list[tuple[Any, dict[str, Any]]]:
    conversion = convert_file(path, work=folder / "work", **options)
    rows = [row for batch in read_rows(conversion.rows_file) for row in batch.to_pylist()]
    return [(shapely.from_wkb(row["geom"]), json.loads(row["properties"])) for row in rows]


# --- KML ---


@pytest.mark.parametrize(
    "attributes",
    [
        f"<description>{_ARCGIS}</description>",
        "<description>&lt;table&gt;" + _ROW.format("Назва", "вул. Лесі &amp;amp; Ко").replace("<", "&lt;")
        + _ROW.format("Довжина_м", "120,5").replace("<", "&lt;") + "&lt;/table&gt;</description>",
        "<ExtendedData><Data name='Назва'><value>вул. Лесі &amp; Ко</value></Data>"
        "<Data name='Довжина_м'><value>120,5</value></Data></ExtendedData>",
        "<ExtendedData><SchemaData schemaUrl='#s'><SimpleData name='Назва'>вул. Лесі &amp; Ко</SimpleData>"
        "<SimpleData name='Довжина_м'>120,5</SimpleData></SchemaData></ExtendedData>",
    ],
)  # fmt: skip
def test_attributes_of_a_placemark_become_columns_with_cyrillic_names(
    attributes: str, tmp_path: Path
) -> None:
    path = kml(tmp_path, placemark(f"<name>a</name>{attributes}"))

    [layer] = inspect_file(path, work=tmp_path / "work").layers
    assert [(item.name, item.type) for item in layer.fields] == [
        ("Name", "string"), ("Назва", "string"), ("Довжина_м", "number"),
    ]  # fmt: skip
    [(shape, values)] = rows_of(path, tmp_path)
    assert (shape.x, shape.y) == (29.24, 48.68)
    assert values == {"name": "a", "nazva": "вул. Лесі & Ко", "dovzhyna_m": 120.5}


def test_a_description_in_words_stays_one_without_its_tags(tmp_path: Path) -> None:
    [(_, values)] = rows_of(
        kml(tmp_path, placemark("<description><![CDATA[<b>Стара</b> школа]]></description>")), tmp_path
    )

    assert values == {"description": "Стара школа"}


def test_each_folder_is_a_layer_and_names_that_repeat_are_told_apart(tmp_path: Path) -> None:
    folder = "<Folder><name>{}</name>{}</Folder>"
    body = folder.format("Дороги", placemark("")) + "".join(
        folder.format(village, folder.format("Школи", placemark(""))) for village in ("Лукашівка", "Заозерне")
    )

    layers = inspect_file(kml(tmp_path, body + folder.format("Порожня", "")), work=tmp_path / "work").layers

    assert [(item.name, item.rows) for item in layers] == [
        ("Дороги", 1), ("Лукашівка/Школи", 1), ("Заозерне/Школи", 1),
    ]  # fmt: skip


_RING = "<LinearRing><coordinates>{0},{0} {1},{0} {1},{1} {0},{1} {0},{0}</coordinates></LinearRing>"


@pytest.mark.parametrize(
    ("geometry", "kind"),
    [
        (_POINT, "Point"),
        ("<LineString><coordinates>29,48 , 29.1,48.1\n29.2,48</coordinates></LineString>", "LineString"),
        (f"<Polygon><outerBoundaryIs>{_RING.format(40, 41)}</outerBoundaryIs><innerBoundaryIs>"
         f"{_RING.format(40.2, 40.4)}</innerBoundaryIs></Polygon>", "Polygon"),
        (f"<MultiGeometry>{_POINT}{_POINT.replace('29.24', '29.25')}</MultiGeometry>", "MultiPoint"),
        ("<gx:Track xmlns:gx='http://www.google.com/kml/ext/2.2'><when>2024</when><gx:coord>29 48 1</gx:coord>"
         "<gx:coord>29.1 48 1</gx:coord></gx:Track>", "LineString"),
    ],
)  # fmt: skip
def test_every_geometry_of_kml_is_read(geometry: str, kind: str, tmp_path: Path) -> None:
    [(shape, _)] = rows_of(kml(tmp_path, placemark("", geometry)), tmp_path)

    assert shape.geom_type == kind
    assert not shape.has_z
    if kind == "Polygon":
        assert len(shape.interiors) == 1


def test_a_placemark_without_a_readable_place_is_reported_and_the_others_kept(tmp_path: Path) -> None:
    deep = "<MultiGeometry>" * 50 + _POINT + "</MultiGeometry>" * 50
    bad = [
        "",
        "<Point><coordinates>x,y</coordinates></Point>",
        "<Point/>",
        deep,
        "<Point><coordinates>nan,48</coordinates></Point>",
    ]
    path = kml(tmp_path, placemark("") + "".join(placemark("", shape) for shape in bad))

    conversion = convert_file(path, work=tmp_path / "work")

    assert (conversion.read, conversion.converted, conversion.rejected) == (6, 1, 5)


# --- GPX ---


def test_waypoints_routes_and_tracks_are_layers_and_their_points_are_not(tmp_path: Path) -> None:
    path = tmp_path / "похід.gpx"
    path.write_text(
        '<gpx version="1.1" creator="x" xmlns="http://www.topografix.com/GPX/1/1"><wpt lat="48.6" lon="29.2">'
        '<name>Джерело</name></wpt><rte><rtept lat="48.6" lon="29.2"/><rtept lat="48.7" lon="29.2"/></rte>'
        '<trk><trkseg><trkpt lat="48.6" lon="29.2"/><trkpt lat="48.7" lon="29.3"/></trkseg></trk></gpx>',
        encoding="utf-8",
    )

    layers = inspect_file(path, work=tmp_path / "work").layers

    assert [(item.name, item.rows, item.geometry_type) for item in layers] == [
        ("waypoints", 1, "Point"), ("routes", 1, "LineString"), ("tracks", 1, "LineString"),
    ]  # fmt: skip


# --- DXF ---


def drawing(folder: Path, blocks: str = "", entities: str = "", codepage: str = "ANSI_1251") -> Path:
    path = folder / "план.dxf"
    text = (
        f"0 SECTION 2 HEADER 9 $ACADVER 1 AC1015 9 $DWGCODEPAGE 3 {codepage} 0 ENDSEC "
        f"0 SECTION 2 BLOCKS {blocks} 0 ENDSEC 0 SECTION 2 ENTITIES {entities} 0 ENDSEC 0 EOF"
    )
    path.write_bytes("\n".join(part.replace("~", " ") for part in text.split()).encode("cp1251") + b"\n")
    return path


_LINE = "0 LINE 8 Кабель 10 1000 20 2000 11 1100 21 2000"


def test_layers_and_texts_of_a_drawing_keep_their_letters(tmp_path: Path) -> None:
    text = "0 TEXT 8 Вулиці 10 1000 20 2000 40 2.5 1 вул.~Лесі~Українки"
    found = rows_of(drawing(tmp_path, entities=f"{text} {_LINE}"), tmp_path, crs="6384")

    assert {values["layer"] for _, values in found} == {"Вулиці", "Кабель"}
    assert found[0][1]["text"] == "вул. Лесі Українки"


def _nested(levels: int, times: int, columns: int = 1) -> str:
    blocks = f"0 BLOCK 8 0 2 B0 70 0 10 0 20 0 3 B0 {_LINE} 0 ENDBLK "
    for level in range(1, levels):
        inserts = f"0 INSERT 8 0 2 B{level - 1} 10 0 20 0 70 {columns} 71 1 " * times
        blocks += f"0 BLOCK 8 0 2 B{level} 70 0 10 0 20 0 3 B{level} {inserts} 0 ENDBLK "
    return blocks


@pytest.mark.parametrize(
    ("levels", "times", "columns"),
    [(10, 10, 1), (3, 2, 32_000), (40, 1, 1)],
    ids=["doubling", "arrays", "deep"],
)
def test_blocks_in_blocks_are_counted_before_they_are_drawn(
    levels: int, times: int, columns: int, tmp_path: Path
) -> None:
    insert = f"0 INSERT 8 0 2 B{levels - 1} 10 0 20 0"

    with pytest.raises(OverLimit) as caught:
        inspect_file(drawing(tmp_path, _nested(levels, times, columns), insert), work=tmp_path / "work")

    assert caught.value.params["limit"] == "max_dxf_entities"


def test_a_block_in_itself_is_refused_and_an_ordinary_one_is_drawn(tmp_path: Path) -> None:
    with pytest.raises(OverLimit):
        loop = "0 BLOCK 8 0 2 A 70 0 10 0 20 0 3 A 0 INSERT 8 0 2 A 10 0 20 0 0 ENDBLK"
        inspect_file(drawing(tmp_path, loop, "0 INSERT 8 0 2 A 10 0 20 0"), work=tmp_path / "work")

    path = drawing(tmp_path, _nested(2, 2), f"0 INSERT 8 0 2 B1 10 0 20 0 {_LINE}")
    dxf.check(path, "план", "DXF")
    assert inspect_file(path, work=tmp_path / "again").layers[0].rows >= 2


# --- GML and GeoJSON ---


@pytest.mark.parametrize(
    "style", ["http://www.opengis.net/def/crs/EPSG/0/{}", "urn:ogc:def:crs:EPSG::{}", "EPSG:{}"]
)
@pytest.mark.parametrize(("epsg", "north_first"), [(4326, True), (6384, True)])
def test_gml_without_schema_lies_right_whatever_way_its_axes_are_named(
    style: str, epsg: int, north_first: bool, tmp_path: Path
) -> None:
    frame = gpd.GeoDataFrame(geometry=[shapely.Point(29.24, 48.68)], crs=4326).to_crs(epsg)
    east, north = frame.geometry[0].x, frame.geometry[0].y
    by_authority = "EPSG:{}" not in style or "urn" in style
    first, second = (north, east) if north_first and by_authority else (east, north)
    path = tmp_path / "a.gml"
    path.write_text(
        '<FeatureCollection xmlns="http://www.opengis.net/wfs/2.0" xmlns:gml="http://www.opengis.net/gml/3.2" '
        'xmlns:m="urn:m"><member><m:place gml:id="p1"><m:nazva>Школа</m:nazva><m:geom>'
        f'<gml:Point gml:id="g1" srsName="{style.format(epsg)}"><gml:pos>{first} {second}</gml:pos></gml:Point>'
        "</m:geom></m:place></member></FeatureCollection>",
        encoding="utf-8",
    )

    [(shape, values)] = rows_of(path, tmp_path, crs="" if epsg == 4326 else str(epsg))

    assert (shape.x, shape.y) == pytest.approx((29.24, 48.68), abs=1e-5)
    assert values["nazva"] == "Школа"


def test_foreign_members_of_geojson_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    document = json.loads(parcels(2).to_json())
    document |= {
        "name": "шар",
        "metadata": {"type": "x", "deep": [{"a": [1, 2]}]},
        "links": [{"href": "https://x"}],
    }
    for feature in document["features"]:
        feature |= {"style": {"fill": "#fff"}, "tags": ["а"]}
    path.write_text(json.dumps({"generator": "x" * 1_000, **document}), encoding="utf-8")

    found = rows_of(path, tmp_path)

    assert [values["cadnum"][-4:] for _, values in found] == ["0001", "0002"]
