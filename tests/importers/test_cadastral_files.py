"""The cadastre's own files: parcels lie where they are, carry their numbers, and bring no person along."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest
import shapely

from importers.errors import CrsUnknown
from importers.readers import cadastral_systems, in4, topology, xml_cadastre
from importers.sandbox import Conversion, convert_file, inspect_file, read_issues, read_rows
from tests.importers import cadastre
from tests.importers.cadastre import ExchangeFile, corner

CAD_NUM = "0510600000:01:001:0001"


def rows_of(conversion: Conversion) -> list[dict[str, Any]]:
    return [row for batch in read_rows(conversion.rows_file) for row in batch.to_pylist()]


def converted(
    path: Path, folder: Path, layer: str = "parcels", **options: Any
) -> list[tuple[Any, dict[str, Any]]]:
    conversion = convert_file(path, work=folder / "work", layer=layer, **options)
    return [(shapely.from_wkb(row["geom"]), json.loads(row["properties"])) for row in rows_of(conversion)]


def test_every_kind_of_object_is_a_layer_and_the_system_is_declared(tmp_path: Path) -> None:
    layers = inspect_file(ExchangeFile().write(tmp_path), work=tmp_path / "work").layers

    assert [(item.name, item.rows, item.geometry_type) for item in layers] == [
        ("parcels", 2, "Polygon"), ("lands", 2, "Polygon"), ("restrictions", 2, "Polygon"), ("leases", 2, "Polygon"),
    ]  # fmt: skip
    assert {item.crs.code for item in layers if item.crs} == {"EPSG:9832"}


def test_parcels_lie_where_they_are_with_shared_lines_reversed_and_a_hole(tmp_path: Path) -> None:
    (first, values), (second, _) = converted(ExchangeFile().write(tmp_path), tmp_path)

    assert first.bounds[:2] == pytest.approx((29.24, 48.68), abs=1e-5)
    assert len(first.interiors) == 1
    assert not second.interiors
    assert first.intersection(second).length > 0
    assert first.intersection(second).area < 1e-12
    assert values == {
        "cad_num": CAD_NUM, "koatuu": "0510600000", "zone": "01", "quarter": "001", "region": "Вінницька область",
        "settlement": "м. Ладижин", "category": "200", "purpose": "02.01", "ownership": "100", "area": 1.0,
        "area_unit": "га", "area_ha": 1.0, "area_error": 0.01, "valuation_date": "2020-05-06", "valuation": 12345.67,
        "location": "Rural",
    }  # fmt: skip


def test_parts_of_a_parcel_carry_its_number(tmp_path: Path) -> None:
    path = ExchangeFile().write(tmp_path)

    [(_, land), _] = converted(path, tmp_path, "lands")
    assert land == {
        "cad_num": CAD_NUM, "land_code": "001.01", "area": 10000.0, "area_unit": "кв.м", "area_ha": 1.0,
    }  # fmt: skip
    [(_, restriction), _] = converted(path, tmp_path, "restrictions")
    assert restriction == {"cad_num": CAD_NUM, "restriction_code": "05.01", "restriction": "Охоронна зона"}
    [(_, lease), _] = converted(path, tmp_path, "leases")
    assert lease == {"cad_num": CAD_NUM, "registered": "2021-01-02"}


@pytest.mark.parametrize("kind", ["xml", "in4"])
def test_no_person_of_the_file_comes_out_of_the_child(
    kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = ExchangeFile().write(tmp_path) if kind == "xml" else tmp_path / "a.in4"
    if kind == "in4":
        path.write_text(cadastre.in4(), encoding="cp1251")
    secrets = (cadastre.SECRET_NAME, cadastre.SECRET_NUMBER, cadastre.SECRET_PASSPORT)
    assert all(
        secret.encode("utf-8" if kind == "xml" else "cp1251") in path.read_bytes() for secret in secrets
    )
    work = tmp_path / "work"

    with caplog.at_level(logging.DEBUG):
        found = inspect_file(path, work=work)
        for layer in found.layers:
            convert_file(path, work=work, layer=layer.name, encoding="" if kind == "xml" else "cp1251")
            written = b"".join(file.read_bytes() for file in (work / "out").rglob("*") if file.is_file())
            assert CAD_NUM.encode() in written or layer.name in ("quarters", "zones")
            assert not any(
                secret.encode(code) in written for secret in secrets for code in ("utf-8", "cp1251")
            )
    assert not any(secret in text for secret in secrets for text in (repr(found), caplog.text))


@pytest.mark.parametrize(
    ("system", "epsg", "code"),
    [
        ("<SC63><X/></SC63>", 7827, "EPSG:7827"), ("<SC63>Х</SC63>", 7827, "EPSG:7827"),
        ("<SC42/>", 28405, "EPSG:28405"), ("<SC42_3>30</SC42_3>", 2526, "EPSG:2526"), ("<USC2000/>", 5563, "EPSG:5563"),
        ("<Local>МСК-05</Local>", 9832, "EPSG:9832"), ("<USC2000/><Local>Місцева 05</Local>", 5563, "EPSG:5563"),
    ],
)  # fmt: skip
def test_each_system_of_the_exchange_file_is_understood(
    system: str, epsg: int, code: str, tmp_path: Path
) -> None:
    path = ExchangeFile(system=system, origin=corner(epsg)).write(tmp_path)

    layer = inspect_file(path, work=tmp_path / "work").layers[0]
    (first, _), _ = converted(path, tmp_path)

    assert layer.crs is not None
    assert layer.crs.code == code
    assert first.bounds[:2] == pytest.approx((29.24, 48.68), abs=2e-4)


def test_areas_of_sk63_without_a_code_are_told_apart() -> None:
    assert "CS63 zone C3" in (cadastral_systems.sk63("С", 3_250_000.0) or "")
    assert cadastral_systems.sk63("T", 9_000_000.0) is None
    assert cadastral_systems.sk63("X", None) is None
    assert cadastral_systems.sk42_3("29", 5_500_000.0) is None
    assert cadastral_systems.sk42_3("30", 500_000.0) == "EPSG:2585"


def test_the_local_system_of_a_town_is_asked_for(tmp_path: Path) -> None:
    path = ExchangeFile(system="<Local>міська</Local>", origin=(5_000.0, 7_000.0)).write(tmp_path)

    with pytest.raises(CrsUnknown):
        convert_file(path, work=tmp_path / "work", layer="parcels")


@pytest.mark.parametrize(("number", "unit"), [("{:,.3f}", "M"), ("{:.3f} ", "M")])
def test_numbers_with_commas_and_hard_spaces_are_numbers(number: str, unit: str, tmp_path: Path) -> None:
    text = ExchangeFile(number="<<{:.3f}>>").text()
    import re

    def written(match: "re.Match[str]") -> str:
        return number.format(float(match[1])).replace(",", "\u00a0").replace(".", ",")

    path = tmp_path / "a.xml"
    path.write_text(re.sub(r"<<([\d.]+)>>", written, text), encoding="utf-8")

    (first, _), _ = converted(path, tmp_path)
    assert first.bounds[:2] == pytest.approx((29.24, 48.68), abs=1e-5)


def test_a_boundary_that_does_not_close_is_told_with_its_number(tmp_path: Path) -> None:
    path = ExchangeFile(lines={**cadastre.LINES, "c": ["2", "5"]}).write(tmp_path)
    conversion = convert_file(path, work=tmp_path / "work", layer="parcels")

    assert (conversion.read, conversion.converted, conversion.rejected) == (2, 1, 1)
    [issue] = [item for item in read_issues(conversion.issues_file) if item.rule == "boundary-open"]
    assert (issue.row, issue.value) == (2, "0510600000:01:001:0002")
    assert "0510600000:01:001:0002" in issue.message


def test_lines_close_in_any_order_and_direction() -> None:
    assert topology.chain([["c", "d", "a"], ["b", "a"], ["b", "c"]]) == [["c", "d", "a", "b", "c"]]
    assert len(topology.chain([["a", "b", "c", "a"], ["x", "y"], ["z", "y"], ["z", "x"]])) == 2
    for broken in ([], [["a", "b"]], [["a", "b"], ["b", "a"]], [["a", "b", "c"], ["d", "c"]]):
        with pytest.raises(topology.OpenBoundary):
            topology.chain(broken)


def test_a_namespace_and_a_swapped_name_do_not_hide_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text(ExchangeFile(root="UkrainianCadastralExchangeFile").text().replace(
        "<UkrainianCadastralExchangeFile>", '<UkrainianCadastralExchangeFile xmlns="urn:x">'
    ), encoding="utf-8")  # fmt: skip

    assert len(inspect_file(path, work=tmp_path / "work").layers) == 4


def test_nothing_but_what_is_named_is_ever_taken() -> None:
    taken = {*xml_cadastre._PARCEL, *(leaf for _, leaves in xml_cadastre._PARTS.values() for leaf in leaves)}

    forbidden = ("Name/", "LastName", "Tax", "Passport", "Person", "Propriet", "Leasee", "Authentication")
    assert not [path for path in taken for word in forbidden if word in path]


# --- in4 ---


@pytest.mark.parametrize("codec", ["utf-8", "cp1251"])
@pytest.mark.parametrize("letter", ["X", "Х"])
def test_in4_gives_parcels_with_numbers_places_and_purpose(codec: str, letter: str, tmp_path: Path) -> None:
    path = tmp_path / "ділянка.in4"
    path.write_text(cadastre.in4(system=f'"2,{letter}"'), encoding=codec)

    layers = inspect_file(path, work=tmp_path / "work").layers
    assert [(item.name, item.rows, item.geometry_type) for item in layers] == [
        ("parcels", 1, "Polygon"), ("lands", 1, "Polygon"),
    ]  # fmt: skip
    assert [item.crs and item.crs.code for item in layers] == ["EPSG:7827", "EPSG:7827"]
    [(shape, values)] = converted(path, tmp_path, encoding=codec)
    assert shape.bounds[:2] == pytest.approx((29.24, 48.68), abs=2e-4)
    assert len(shape.interiors) == 1
    assert (values["cad_num"], values["area"], values["pz"]) == (CAD_NUM, 1.0, "02.01")
    assert values["ad"] == "вул. Тестова, 1"


def test_in4_names_its_systems_by_numbers() -> None:
    block = in4._Block("SR", rings=[[(5_500_000.0, 5_400_000.0)]])

    assert in4._system("0,-", [block]) == "EPSG:28405"
    assert in4._system("1,30", [block]) == "EPSG:2585"
    assert in4._system("3,МСК-05", []) == "EPSG:9832"
    assert in4._system("3,1234", []) is None
    assert in4._system("", []) is None


def test_a_purpose_is_padded_and_an_area_that_looks_like_one_is_not() -> None:
    items = list(in4._items('PZ="2.1",PS=2.15,SC="0010001"'))

    assert items == [("PZ", "2.1", True), ("PS", "2.15", False), ("SC", "0010001", True)]
