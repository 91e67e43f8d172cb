"""Broken and unusual Shapefiles: what can be mended is, and said; what cannot is refused by name."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from importers.errors import CrsUnknown, EncodingUnknown, NothingLeft
from importers.loading import refusal_issues
from importers.sandbox import Conversion, convert_file, inspect_file, read_issues, read_rows
from tests.importers.corpus import (
    MIXED,
    SQUARE,
    dbf,
    polygon_record,
    shapefile_parts,
    shp,
    shx,
    zipped_shapefile,
)

BOW_TIE = [(29.0, 48.0), (29.1, 48.1), (29.1, 48.0), (29.0, 48.1), (29.0, 48.0)]


def converted(parts: dict[str, bytes], folder: Path, **asked: Any) -> Conversion:
    return convert_file(zipped_shapefile(folder / "map.zip", parts), work=folder / "work", **asked)


def properties_of(conversion: Conversion) -> list[dict[str, Any]]:
    return [
        json.loads(text)
        for batch in read_rows(conversion.rows_file)
        for text in batch["properties"].to_pylist()
    ]


@pytest.mark.parametrize("index", [None, b"", b"\x00" * 40, shx([polygon_record(SQUARE)] * 9999)])
def test_a_missing_or_broken_shx_is_rebuilt_and_said(index: bytes | None, tmp_path: Path) -> None:
    parts = shapefile_parts([SQUARE] * 30)
    del parts[".shx"]
    if index is not None:
        parts[".shx"] = index[:-8]
    conversion = converted(parts, tmp_path)

    assert conversion.converted == 30
    assert conversion.issue_counts == {"index-rebuilt": 1}


def test_a_loose_shapefile_of_the_sender_is_never_written_to(tmp_path: Path) -> None:
    parts = shapefile_parts([SQUARE] * 3) | {".shx": b"broken"}
    for extension, content in parts.items():
        (tmp_path / f"map{extension}").write_bytes(content)
    conversion = convert_file(tmp_path / "map.shp", work=tmp_path / "work")

    assert conversion.converted == 3
    assert {f".{file.suffix[1:]}": file.read_bytes() for file in tmp_path.glob("map.*")} == parts


@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        ({"cpg": "1251"}, "cp1251"), ({"cpg": "windows-1251"}, "cp1251"), ({"cpg": "ANSI 1251"}, "cp1251"),
        ({"cpg": "UTF-8"}, "utf-8"), ({"cpg": "65001"}, "utf-8"), ({"cpg": "8859_5"}, "iso8859-5"),
        ({"cpg": "KOI8-U"}, "koi8-u"), ({"language": 0xC9}, "cp1251"), ({"language": 0x26}, "cp866"),
        ({"language": 0x65}, "cp866"),
    ],
)  # fmt: skip
def test_each_declared_encoding_gives_readable_ukrainian(
    declared: dict[str, Any], codec: str, tmp_path: Path
) -> None:
    text = "вул. Соборна" if codec in ("cp866", "iso8859-5") else "Кам'янець ґ є і ї"
    parts = shapefile_parts(
        [SQUARE] * 2, [text.encode(codec), b"plain"], field="назва".encode(codec), **declared
    )
    conversion = converted(parts, tmp_path)

    assert conversion.encoding == codec
    assert properties_of(conversion) == [{"nazva": text}, {"nazva": "plain"}]
    assert conversion.fields[0].source == "назва"


def test_the_language_byte_for_unknown_ansi_declares_nothing(tmp_path: Path) -> None:
    parts = shapefile_parts([SQUARE], ["вулиця".encode("cp1251")], language=0x57)
    path = zipped_shapefile(tmp_path / "map.zip", parts)
    [layer] = inspect_file(path, work=tmp_path / "work").layers

    assert (layer.encoding, layer.encoding_declared) == ("cp1251", "none")


def test_undeclared_utf8_is_known_by_its_bytes_and_said_with_its_confidence(tmp_path: Path) -> None:
    path = zipped_shapefile(tmp_path / "map.zip", shapefile_parts([SQUARE], ["вулиця Їжакевича".encode()]))
    [layer] = inspect_file(path, work=tmp_path / "work").layers

    assert (layer.encoding, layer.encoding_declared) == ("utf-8", "none")
    assert layer.encoding_confidence > 0.99
    assert layer.encoding_options[0].samples == ("вулиця Їжакевича",)
    assert layer.encoding_options[0].rows == ({"NAME": "вулиця Їжакевича"},)


def test_letters_that_may_be_either_of_two_are_asked_for_with_whole_rows(tmp_path: Path) -> None:
    parts = shapefile_parts([SQUARE] * 2, MIXED)
    with pytest.raises(EncodingUnknown) as caught:
        converted(parts, tmp_path)

    options = {option["encoding"]: option for option in caught.value.params["options"]}
    assert "вулиця Соборна" in options["cp1251"]["samples"]
    assert "вулиця Соборна сад" in options["koi8-u"]["samples"]


def test_a_declared_encoding_that_the_bytes_contradict_is_overruled_and_said(tmp_path: Path) -> None:
    values = [text.encode("cp1251") for text in ("вулиця Соборна", "площа Шевченка")]
    path = zipped_shapefile(tmp_path / "map.zip", shapefile_parts([SQUARE] * 2, values, cpg="KOI8-U"))
    [layer] = inspect_file(path, work=tmp_path / "work").layers

    assert layer.encoding == "cp1251"
    [note] = layer.encoding_notes
    assert (note.code, note.params["declared"], note.params["found"]) == (
        "encoding-contradicted",
        "koi8-u",
        "cp1251",
    )
    assert "площа Шевченка" in layer.encoding_note or "вулиця Соборна" in layer.encoding_note


def test_undeclared_latin_letters_only_need_no_answer(tmp_path: Path) -> None:
    conversion = converted(shapefile_parts([SQUARE], [b"Soborna 1"]), tmp_path)

    assert properties_of(conversion) == [{"name": "Soborna 1"}]


def test_a_letter_cut_by_the_fields_width_is_dropped_and_a_foreign_byte_is_reported(tmp_path: Path) -> None:
    cut = ("я" * 21).encode()[:39]
    conversion = converted(shapefile_parts([SQUARE] * 2, [cut, b"ab\xffcd"], cpg="UTF-8"), tmp_path)

    assert [values["name"] for values in properties_of(conversion)] == ["я" * 19, "ab\ufffdcd"]
    [issue] = read_issues(conversion.issues_file)
    assert (issue.row, issue.rule, issue.field) == (2, "text-damaged", "NAME")


def test_deleted_rows_are_passed_over_and_are_no_contradiction(tmp_path: Path) -> None:
    parts = shapefile_parts([SQUARE] * 3, [b"a", b"b", b"c"])
    table = bytearray(parts[".dbf"])
    table[65 + 41] = ord("*")
    conversion = converted(parts | {".dbf": bytes(table)}, tmp_path)

    assert [values["name"] for values in properties_of(conversion)] == ["a", "c"]


@pytest.mark.parametrize("wild", [math.nan, math.inf, -math.inf, 1e200, 1e308])
def test_wild_coordinates_leave_out_the_row_and_nothing_else(wild: float, tmp_path: Path) -> None:
    ring = [SQUARE[0], (wild, 48.1), *SQUARE[2:]]
    conversion = converted(shapefile_parts([SQUARE, ring, SQUARE]), tmp_path)

    assert (conversion.read, conversion.converted, conversion.rejected) == (3, 2, 1)
    [issue] = read_issues(conversion.issues_file)
    assert issue.row == 2
    assert issue.rule in ("coordinates-not-finite", "geometry-missing", "geometry-unreadable")


def test_a_bow_tie_is_repaired_and_the_area_before_and_after_is_kept(tmp_path: Path) -> None:
    conversion = converted(shapefile_parts([SQUARE, BOW_TIE]), tmp_path)

    assert (conversion.converted, conversion.repaired) == (2, 1)
    [issue] = read_issues(conversion.issues_file)
    assert (issue.row, issue.rule, issue.done) == (2, "geometry-invalid", "repaired")
    assert issue.params["reason"] == "Self-intersection"
    assert (issue.params["lon"], issue.params["lat"]) == (29.05, 48.05)
    assert issue.params["area_before_m2"] < 1000 < issue.params["area_after_m2"]
    assert "перетинає сама себе" in issue.message


def test_null_shapes_are_reported_row_by_row(tmp_path: Path) -> None:
    records = [polygon_record(SQUARE), b"\x00\x00\x00\x00", polygon_record(SQUARE)]
    parts = shapefile_parts() | {".shp": shp(records), ".shx": shx(records), ".dbf": dbf([b"a", b"b", b"c"])}
    conversion = converted(parts, tmp_path)

    assert (conversion.converted, conversion.rejected) == (2, 1)
    assert [(issue.row, issue.rule) for issue in read_issues(conversion.issues_file)] == [
        (2, "geometry-missing")
    ]


def test_exchanged_axes_are_put_right_and_said(tmp_path: Path) -> None:
    turned = [(y, x) for x, y in SQUARE]
    conversion = converted(shapefile_parts([turned]), tmp_path)

    assert conversion.extent == (29.0, 48.0, 29.1, 48.1)
    assert conversion.issue_counts == {"axes-swapped": 1}


def test_metres_declared_as_degrees_are_asked_about_with_systems_in_metres(tmp_path: Path) -> None:
    metres = [(300_000 + x * 100, 5_400_000 + y * 100) for x, y in SQUARE]
    with pytest.raises(CrsUnknown) as caught:
        converted(shapefile_parts([metres] * 3), tmp_path)

    assert "EPSG:4326" not in {option["code"] for option in caught.value.params["options"]}
    with pytest.raises(NothingLeft) as caught_again:
        converted(shapefile_parts([metres] * 3), tmp_path, crs="4326")
    assert caught_again.value.params["rule"] == "coordinates-out-of-range"
    issues = read_issues(refusal_issues(tmp_path / "work"))
    assert {issue.rule for issue in issues} == {"coordinates-out-of-range"}


def test_an_unknown_datum_with_known_numbers_is_recognised_by_them(tmp_path: Path) -> None:
    prj = (
        'PROJCS["Vinnytsia",GEOGCS["GCS_local",DATUM["D_local",SPHEROID["Krasovsky_1940",6378245.0,298.3]],'
        'PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],'
        'PARAMETER["False_Easting",300000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",30.0],'
        'PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
    )
    ring = [(240_000 + dx, 5_390_000 + dy) for dx, dy in ((0, 0), (0, 50), (50, 50), (50, 0), (0, 0))]
    path = zipped_shapefile(tmp_path / "map.zip", shapefile_parts([ring], prj=prj))
    [layer] = inspect_file(path, work=tmp_path / "work").layers

    assert layer.crs is not None
    assert (layer.crs.code, layer.crs.how) == ("EPSG:6384", "parameters")
    assert convert_file(path, work=tmp_path / "work").accuracy_m == 1.0
