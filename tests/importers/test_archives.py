"""Zips are judged whole before a byte is written, and parts find each other whatever their names."""

import zipfile
from pathlib import Path

import pytest

from importers.errors import ArchiveDamaged, ArchiveOverlap, ArchivePath, MissingPart, OverLimit
from importers.readers.archive import unpack
from importers.readers.source import lay_out
from tests.importers.corpus import (
    SQUARE,
    feature,
    feature_collection,
    overlap_bomb,
    shapefile_parts,
    zip_of,
    zipped_shapefile,
)

POINTS = feature_collection([feature('{"type":"Point","coordinates":[29.2,48.7]}')]).encode()


def test_a_zip_with_a_parent_path_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "a.zip", {"good.geojson": POINTS, "../../evil.geojson": POINTS})
    into = tmp_path / "deep" / "into"
    into.mkdir(parents=True)

    with pytest.raises(ArchivePath) as caught:
        unpack(archive, "a.zip", into=into)
    assert caught.value.params["entry"] == "../../evil.geojson"
    assert list((tmp_path / "deep").rglob("*.geojson")) == []


def test_files_get_names_of_our_own_whatever_they_are_called(tmp_path: Path) -> None:
    names = [
        "con.geojson",
        "-rf.geojson",
        "a\u202eb.geojson",
        "вул. Ї.geojson",
        "x" * 150 + ".geojson",
        "ПЛАН.GEOJSON",
    ]
    archive = zip_of(tmp_path / "a.zip", dict.fromkeys(names, POINTS))

    members = unpack(archive, "a.zip", into=_fresh(tmp_path))
    assert [member.name for member in members] == names
    assert [member.path.name for member in members] == [
        f"{number:04d}.geojson" for number in range(len(names))
    ]


@pytest.mark.parametrize("code_page", ["cp866", "cp1251", "utf-8"])
def test_cyrillic_names_are_read_in_the_code_page_windows_used(code_page: str, tmp_path: Path) -> None:
    name = (
        "Земельні ділянки/ділянки.geojson"
        if code_page != "cp866"
        else "Земельные участки/Вулиця Соборна.geojson"
    )
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        placeholder = "x" * len(name.encode(code_page))
        archive.writestr(placeholder, POINTS)
    path.write_bytes(path.read_bytes().replace(placeholder.encode(), name.encode(code_page)))

    [member] = unpack(path, "a.zip", into=_fresh(tmp_path))
    assert member.name == name


def test_an_overlap_bomb_is_seen_without_unpacking_it(tmp_path: Path) -> None:
    bomb = overlap_bomb(tmp_path / "bomb.zip", entries=400, size=5_000_000)

    assert bomb.stat().st_size < 100_000
    with pytest.raises(ArchiveOverlap):
        unpack(bomb, "bomb.zip", into=_fresh(tmp_path))


def test_a_long_list_of_entries_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(12_000):
            archive.writestr(f"{number}.geojson", b"")

    monkeypatch.setattr(zipfile, "ZipFile", lambda *_: pytest.fail("the list was read"))
    with pytest.raises(OverLimit) as caught:
        unpack(path, "many.zip", into=_fresh(tmp_path))
    assert caught.value.params["limit"] == "max_archive_entries"


def test_a_well_packed_small_table_is_no_bomb(tmp_path: Path) -> None:
    """Blank columns compress a thousandfold; that alone refuses nobody."""
    archive = zip_of(tmp_path / "a.zip", {"a.csv": b"name,lon,lat\n" + b" " * 5_000_000})

    assert len(unpack(archive, "a.zip", into=_fresh(tmp_path))) == 1


def test_mutated_zips_end_in_our_failures_only(tmp_path: Path) -> None:
    import random

    from importers.errors import ImportProblem

    whole = zipped_shapefile(tmp_path / "a.zip", shapefile_parts([SQUARE] * 5)).read_bytes()
    rng = random.Random(4)
    for number in range(400):
        content = bytearray(whole)
        for _ in range(rng.randint(1, 8)):
            content[rng.randrange(len(content))] = rng.randrange(256)
        path = tmp_path / "mutated.zip"
        path.write_bytes(content[: rng.randint(1, len(content))] if number % 4 == 0 else content)
        try:
            unpack(path, "mutated.zip", into=_fresh(tmp_path))
        except ImportProblem:
            continue


# --- grouping ---


def test_parts_find_each_other_in_any_case_and_folder(tmp_path: Path) -> None:
    parts = shapefile_parts(cpg="1251")
    entries = {
        f"дані/Парцели{extension.upper() if extension != '.dbf' else extension}": content
        for extension, content in parts.items()
    }
    archive = zip_of(
        tmp_path / "a.zip", entries | {"дані/readme.txt": b"see map", "__MACOSX/._x.shp": b"junk"}
    )

    source = lay_out(archive, work=_fresh(tmp_path))
    [dataset] = source.datasets
    assert dataset.name == "Парцели"
    assert {file.name for file in dataset.path.parent.iterdir()} == {
        "source.shp", "source.shx", "source.dbf", "declared.prj", "declared.cpg",
    }  # fmt: skip


def test_several_layers_in_one_zip_are_all_listed(tmp_path: Path) -> None:
    entries = {}
    for stem in ("дороги", "мости", "старі/дороги"):
        entries |= {f"{stem}{extension}": content for extension, content in shapefile_parts().items()}
    source = lay_out(zip_of(tmp_path / "a.zip", entries), work=_fresh(tmp_path))

    assert sorted(dataset.name for dataset in source.datasets) == ["дороги.shp", "мости", "старі/дороги.shp"]


@pytest.mark.parametrize("part", [".shp", ".dbf"])
def test_a_missing_part_is_named(part: str, tmp_path: Path) -> None:
    parts = shapefile_parts()
    del parts[part]
    with pytest.raises(MissingPart) as caught:
        lay_out(zipped_shapefile(tmp_path / "a.zip", parts, stem="вулиці"), work=_fresh(tmp_path))

    assert (caught.value.params["name"], caught.value.params["part"]) == ("вулиці", part)


def test_a_loose_part_brings_its_siblings(tmp_path: Path) -> None:
    for extension, content in shapefile_parts().items():
        (tmp_path / f"Roads{extension.upper()}").write_bytes(content)

    for sent in ("Roads.SHP", "Roads.DBF"):
        [dataset] = lay_out(tmp_path / sent, work=_fresh(tmp_path)).datasets
        assert dataset.format.name == "shapefile"
        assert dataset.path.exists()


def test_the_same_file_is_unpacked_once(tmp_path: Path) -> None:
    archive = zipped_shapefile(tmp_path / "a.zip", shapefile_parts())
    work = _fresh(tmp_path)
    first = lay_out(archive, work=work)
    first.datasets[0].path.with_name("mark").touch()

    assert lay_out(archive, work=work) == first
    assert first.datasets[0].path.with_name("mark").exists()
    archive.write_bytes(zipped_shapefile(tmp_path / "b.zip", shapefile_parts([SQUARE] * 3)).read_bytes())
    lay_out(archive, work=work)
    assert not first.datasets[0].path.with_name("mark").exists()


def test_a_failed_unpacking_leaves_no_file(tmp_path: Path) -> None:
    archive = zipped_shapefile(tmp_path / "a.zip", shapefile_parts([SQUARE] * 50))
    content = bytearray(archive.read_bytes())
    content[60] ^= 0xFF
    archive.write_bytes(content)
    work = _fresh(tmp_path)

    with pytest.raises(ArchiveDamaged):
        lay_out(archive, work=work)
    assert [file for file in work.rglob("*") if file.is_file()] == []


def _fresh(folder: Path) -> Path:
    import shutil

    into = folder / "fresh"
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir()
    return into
