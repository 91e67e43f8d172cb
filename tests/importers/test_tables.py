"""Tables as people send them: titles above the header, several sheets, and coordinates in every spelling."""

import datetime
import json
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow as pa
import pyogrio
import pytest
import shapely

from importers.errors import OverLimit
from importers.readers import coordinates, headers
from importers.sandbox import convert_file, inspect_file, read_issues, read_rows

NORTH, EAST = 48.68, 29.24


def csv_of(folder: Path, text: str, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def only_layer(path: Path, folder: Path) -> Any:
    [layer] = inspect_file(path, work=folder / "work").layers
    return layer


def first_point(path: Path, folder: Path, **options: Any) -> tuple[float, float]:
    conversion = convert_file(path, work=folder / "work", **options)
    row = next(read_rows(conversion.rows_file)).to_pylist()[0]
    point = shapely.from_wkb(row["geom"])
    return round(point.x, 6), round(point.y, 6)


def book(path: Path, *sheets: tuple[str, list[list[Any]]], merged: str = "") -> Path:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for title, rows in sheets:
        sheet = made.create_sheet(title)
        for row in rows:
            sheet.append(row)
        if merged:
            sheet.merge_cells(merged)
    made.save(path)
    return path


# --- coordinates ---


@pytest.mark.parametrize(
    ("text", "angle"),
    [
        ("49,4367", 49.4367), ("49.4367", 49.4367), ("-3.5", -3.5), ("49°26'12\"N", 49.436667),
        ("49 26 12 пн.ш.", 49.436667), ("N 49° 42’ 10\"", 49.702778), ("28°16’40” сх.д.", 28.277778),
        ("49º26'12''", 49.436667), ("49 град 26 хв 12 сек", 49.436667), ("49°26.5'N", 49.441667),
        ("49°26′12,5″", 49.436806), ("3° 10' зх.д.", -3.166667), ("10°S", -10.0),
    ],
)  # fmt: skip
def test_an_angle_is_read_however_it_is_written(text: str, angle: float) -> None:
    assert coordinates.degrees(text) == pytest.approx(angle, abs=1e-6)


@pytest.mark.parametrize(
    "text", ["", "вул. Базарна, 5", "49 75 12", "12-05-2024", "49.5 30", "пн" * 60, "1e9"]
)
def test_what_is_no_angle_is_none(text: str) -> None:
    assert coordinates.degrees(text) is None


def test_thousands_that_stand_apart_are_one_number() -> None:
    found = coordinates.numbers(pa.array(["5 539 880,30", "5539880.3", "49 26 12", None, "—"]))

    assert found[:3].tolist() == pytest.approx([5539880.3, 5539880.3, 49.436667])
    assert pd.isna(found[3:]).all()


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("назва;lat;lng", "ЦНАП;48.68;29.24"), ("назва;Широта;Довгота", "ЦНАП;48,68;29,24"),
        ("назва;Довгота (сх.);Широта (пн.)", "ЦНАП;29°14'24\" сх.д.;48°40'48\" пн.ш."),
        ("назва;lat_center;lon_center", "ЦНАП;48.68;29.24"), ("назва;Координати", "ЦНАП;48.68, 29.24"),
        ("назва;Координати", "ЦНАП;29.24, 48.68"), ("назва;Координати", "ЦНАП;48,68 29,24"),
        ("назва;GPS", "ЦНАП;N 48° 40’ 48\", E 29° 14’ 24\""), ("назва;де", "ЦНАП;48.68, 29.24"),
        ("назва;де", "ЦНАП;29°14'24\"E, 48°40'48\"N"), ("назва;wkt", "ЦНАП;POINT (29.24 48.68)"),
        ("назва;г", "ЦНАП;\"SRID=4326;POINT(29.24 48.68)\""), ("назва;X;Y", "ЦНАП;29.24;48.68"),
        ("назва;X;Y", "ЦНАП;48.68;29.24"),
    ],
)  # fmt: skip
def test_a_point_lies_where_it_was_meant_however_its_coordinates_stand(
    header: str, row: str, tmp_path: Path
) -> None:
    path = csv_of(tmp_path, f"{header}\n{row}\n")
    conversion = convert_file(
        path, work=tmp_path / "work", crs="4326" if "wkt" in header or ";г" in header else ""
    )

    point = shapely.from_wkb(next(read_rows(conversion.rows_file)).to_pylist()[0]["geom"])
    assert (point.x, point.y) == pytest.approx((EAST, NORTH), abs=1e-6)
    assert json.loads(next(read_rows(conversion.rows_file)).to_pylist()[0]["properties"]) == {"nazva": "ЦНАП"}


def test_projected_columns_are_kept_in_their_order_for_the_detective(tmp_path: Path) -> None:
    path = csv_of(tmp_path, "n;X;Y\na;5 395 880,30;4 254 468,52\nb;5395881,30;4254469,52\n")

    layer = only_layer(path, tmp_path)

    assert layer.geometry_type == "Point"
    assert layer.bounds == pytest.approx((5395880.30, 4254468.52, 5395881.30, 4254469.52))


def test_a_column_of_addresses_is_not_taken_for_coordinates(tmp_path: Path) -> None:
    path = csv_of(tmp_path, "місце;рік\nвул. Базарна, 5;2020\nвул. Шкільна, 12;2021\n")

    assert only_layer(path, tmp_path).geometry_type == ""


def test_no_value_makes_the_patterns_run_away() -> None:
    import time

    start = time.process_time()
    for piece in ("пн ", "1 ", "°'\"", "N", "12'", "с", " ", "1,", "град ", "-"):
        coordinates.degrees((piece * 100)[:100])
        coordinates._two((piece * 100)[:100])
    assert time.process_time() - start < 1


# --- headers ---


def test_titles_above_the_header_and_the_row_of_numbers_below_it_are_passed_over() -> None:
    rows = [
        ["ЗАТВЕРДЖЕНО", "", ""], ["", "", ""], ["Реєстр", "", ""], ["Назва", "Код", "Рік"], ["1", "2", "3"],
        ["Школа", "007", "2020"], ["Ліцей", "008", "2021"],
    ]  # fmt: skip

    assert headers.header_place(rows) == 3
    assert headers.is_numbering(rows[4])
    assert not headers.is_numbering(rows[5])


@pytest.mark.parametrize(
    "rows",
    [
        [["назва", "2020", "2021"], ["а", "1", "2"], ["б", "3", "4"]], [["a"], ["1"], ["2"]],
        [["id", "name"], ["1", "x"]], [["a", "b"]], [["name", "note"], ["x", "y"], ["z", "w"]],
    ],
)  # fmt: skip
def test_a_plain_table_has_its_header_in_the_first_row(rows: list[list[str]]) -> None:
    assert headers.header_place(rows) == 0


def test_a_csv_with_a_title_is_read_from_its_header_on(tmp_path: Path) -> None:
    text = "Перелік закладів;;\n;;\nНазва;lat;lon\n1;2;3\nШкола;48,68;29,24\nЛіцей;48,69;29,25\n"
    layer = only_layer(csv_of(tmp_path, text), tmp_path)

    assert (layer.rows, layer.geometry_type, [item.name for item in layer.fields]) == (2, "Point", ["Назва"])


def test_a_header_with_a_line_break_inside_is_one_name(tmp_path: Path) -> None:
    path = csv_of(tmp_path, '"Назва\nоб\'єкта";lat;lon\nШкола;48.68;29.24\n')

    layer = only_layer(path, tmp_path)
    assert (layer.rows, layer.fields[0].name) == (1, "Назва об'єкта")


def test_tabs_and_commas_inside_values_do_not_mislead(tmp_path: Path) -> None:
    layer = only_layer(csv_of(tmp_path, "назва, повна\tlat\tlon\nа, б, в\t48.68\t29.24\n", "t.tsv"), tmp_path)

    assert [item.name for item in layer.fields] == ["назва, повна"]


# --- spreadsheets ---


def test_a_messy_sheet_gives_its_table_and_nothing_else(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        [None, "ЗАТВЕРДЖЕНО наказом"], [], ["Реєстр об'єктів громади", None, None, None, None],
        ["Назва", "Широта", "Довгота", "Дата", "Код"], [1, 2, 3, 4, 5],
        ["Школа", "48°40'48\"", "29°14'24\"", datetime.date(2024, 3, 31), "007"], [],
        ["Ліцей", 48.69, 29.25, datetime.datetime(2024, 4, 1), "008"],
        ["Сад", "#N/A", 29.26, None, "#REF!"],
    ]  # fmt: skip
    path = book(tmp_path / "реєстр.xlsx", ("Аркуш 1", rows), merged="A3:E3")

    layer = only_layer(path, tmp_path)
    assert (layer.name, layer.rows, layer.geometry_type) == ("реєстр", 3, "Point")
    assert {item.name: item.type for item in layer.fields} == {
        "Назва": "string",
        "Дата": "date",
        "Код": "string",
    }
    conversion = convert_file(path, work=tmp_path / "work")
    assert (conversion.read, conversion.converted) == (3, 2)
    values = [json.loads(row["properties"]) for row in next(read_rows(conversion.rows_file)).to_pylist()]
    assert values[0] == {"nazva": "Школа", "data": "2024-03-31", "kod": "007"}
    assert {issue.rule: issue.row for issue in read_issues(conversion.issues_file)}["cell-error"] == 3


def test_an_error_of_a_formula_is_told_and_not_taken_for_a_value(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", ("s", [["назва", "lat", "lon", "площа"], ["а", NORTH, EAST, "x"]]))
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    cell = parts[sheet].index(b'<c r="D2"')
    end = parts[sheet].index(b"</c>", cell)
    parts[sheet] = parts[sheet][:cell] + b'<c r="D2" t="e"><f>1/0</f><v>#DIV/0!</v>' + parts[sheet][end:]
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in parts.items():
            packed.writestr(name, content)

    conversion = convert_file(path, work=tmp_path / "work")

    [issue] = [item for item in read_issues(conversion.issues_file) if item.rule == "cell-error"]
    assert (issue.row, issue.field, issue.value) == (1, "площа", "#DIV/0!")
    assert json.loads(next(read_rows(conversion.rows_file)).to_pylist()[0]["properties"]) == {"nazva": "а"}


def test_every_visible_sheet_with_a_table_is_a_layer(tmp_path: Path) -> None:
    table = [["назва", "lat", "lon"], ["а", NORTH, EAST]]
    path = book(
        tmp_path / "a.xlsx", ("Школи", table), ("Порожній", []), ("Садки", table), ("Прихований", table)
    )
    made = openpyxl.load_workbook(path)
    made["Прихований"].sheet_state = "hidden"
    made.save(path)

    layers = inspect_file(path, work=tmp_path / "work").layers

    assert [(item.name, item.rows) for item in layers] == [("Школи", 1), ("Садки", 1)]
    assert convert_file(path, work=tmp_path / "work", layer="Садки").converted == 1


def test_cells_merged_over_rows_give_each_row_their_value(tmp_path: Path) -> None:
    rows = [["село", "назва", "lat", "lon"], ["Мар'янівка", "а", NORTH, EAST], [None, "б", NORTH, EAST]]
    path = book(tmp_path / "a.xlsx", ("s", rows), merged="A2:A3")

    conversion = convert_file(path, work=tmp_path / "work")

    found = [
        json.loads(row["properties"])["selo"] for row in next(read_rows(conversion.rows_file)).to_pylist()
    ]
    assert found == ["Мар'янівка", "Мар'янівка"]


def test_a_header_of_two_storeys_is_read_by_the_lower_one(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    sheet = made.active
    for row in (["Назва", "Координати", None], [None, "Широта", "Довгота"], ["Школа", 48.68, 29.24]):
        sheet.append(row)
    sheet.merge_cells("A1:A2")
    sheet.merge_cells("B1:C1")
    made.save(tmp_path / "a.xlsx")

    layer = only_layer(tmp_path / "a.xlsx", tmp_path)

    assert (layer.rows, layer.geometry_type, [item.name for item in layer.fields]) == (1, "Point", ["Назва"])


@pytest.mark.parametrize("extension", [".ods", ".xlsx"])
def test_opendocument_and_excel_give_the_same(extension: str, tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "Назва": ["Школа", "Ліцей"],
            "Широта": ["48,68", "48,69"],
            "Довгота": [29.24, 29.25],
            "Код": ["007", "8"],
        }
    )
    path = tmp_path / f"table{extension}"
    pyogrio.write_dataframe(frame, path, driver=extension[1:].upper(), layer="Аркуш")

    layer = only_layer(path, tmp_path)

    assert (layer.rows, layer.geometry_type, layer.crs and layer.crs.code) == (2, "Point", "EPSG:4326")
    assert first_point(path, tmp_path) == (29.24, 48.68)


def test_an_encoding_named_for_a_spreadsheet_does_not_spoil_it(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", ("s", [["назва", "lat", "lon"], ["Їжак", NORTH, EAST]]))

    conversion = convert_file(path, work=tmp_path / "work", encoding="cp1251")

    assert json.loads(next(read_rows(conversion.rows_file)).to_pylist()[0]["properties"]) == {"nazva": "Їжак"}


def test_a_table_with_codes_alone_is_a_layer_without_geometry(tmp_path: Path) -> None:
    path = csv_of(tmp_path, "cadnum;назва\n0510600000:01:001:0001;а\n0510600000:01:001:0002;б\n")
    conversion = convert_file(path, work=tmp_path / "work", geometry_type="Table")

    rows = next(read_rows(conversion.rows_file)).to_pylist()
    assert [row["geom"] for row in rows] == [None, None]
    assert json.loads(rows[0]["properties"])["nazva"] == "а"


def test_the_limit_of_cells_is_the_servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = book(tmp_path / "a.xlsx", ("s", [["назва", "lat", "lon"], *[["а", NORTH, EAST]] * 20]))
    assert only_layer(path, tmp_path).rows == 20

    monkeypatch.setenv("HROMADA_MAX_SHEET_CELLS", "50")
    with pytest.raises(OverLimit) as caught:
        inspect_file(path, work=tmp_path / "again")
    assert (caught.value.params["limit"], caught.value.params["allowed"]) == ("max_sheet_cells", 50)


@pytest.mark.parametrize(("codec", "said"), [("utf-16", ""), ("utf-16", "cp1251")])
def test_unicode_text_of_excel_is_read(codec: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "table.txt"
    path.write_bytes("Назва\tШирота\tДовгота\r\nЇжак\t48,68\t29,24\r\n".encode(codec))

    assert only_layer(path, tmp_path).geometry_type == "Point"
    conversion = convert_file(path, work=tmp_path / "work", encoding=said)
    [row] = next(read_rows(conversion.rows_file)).to_pylist()
    assert json.loads(row["properties"]) == {"nazva": "Їжак"}
