"""What the sender gave us, laid out for the process that opens it: one folder a dataset, names of our own.

Takes a zip, a KMZ, a folder, a single file, or one part of a Shapefile with its siblings beside it.
"""

import errno
import json
import os
import shutil
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from importers.errors import ArchiveEmpty, DiskFull, FileNotFound, MissingPart, NotSpatial
from importers.readers import geodatabase, shapefile
from importers.readers.archive import Member, judge_container, unpack
from importers.readers.formats import (
    ARCHIVES,
    BY_NAME,
    FORMATS,
    PARTS,
    SHAPEFILE,
    WEAK_EXTENSIONS,
    Format,
    extension_of,
    recognise,
)

DECLARATIONS = (".prj", ".cpg")
_CONTAINERS = frozenset({"xlsx", "ods"})


@dataclass(frozen=True)
class Dataset:
    """One thing to open: its name for people, its format, its main file, and what was mended on the way."""

    name: str
    format: Format
    path: Path
    index_rebuilt: bool = False


@dataclass(frozen=True)
class Source:
    """All datasets of what was sent, and the names of files in it that were left alone."""

    name: str
    datasets: list[Dataset]
    ignored: list[str] = field(default_factory=list)


def lay_out(path: Path, *, work: Path, name: str = "") -> Source:
    """Unpack or link `path` (sent under `name`) below `work` and group it into datasets.

    Asked again for the same unchanged file and folder it answers from what lies there already. Raises the
    failures of `importers.errors`; then nothing is left below `work`.
    """
    path, name = Path(path), name or Path(path).name
    if not path.exists() or not os.access(path, os.R_OK):
        raise FileNotFound(name=name)
    into, mark = work / "in", work / "source.json"
    seal = _seal(path, name)
    known = _recalled(mark, seal)
    if known is not None:
        return known
    mark.unlink(missing_ok=True)
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True, mode=0o700)
    try:
        source = _laid_out(path, name, into)
    except BaseException as error:
        shutil.rmtree(into, ignore_errors=True)
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise DiskFull(name=name) from error
        raise
    mark.write_text(json.dumps({"seal": seal, **_as_json(source)}))
    return source


def _seal(path: Path, name: str) -> list[str | int]:
    """What tells one sent file from another."""
    state = path.stat()
    return [str(path.resolve()), name, state.st_size, state.st_mtime_ns, state.st_ino]


def _as_json(source: Source) -> dict[str, object]:
    datasets = [[item.name, item.format.name, str(item.path), item.index_rebuilt] for item in source.datasets]
    return {"name": source.name, "datasets": datasets, "ignored": source.ignored}


def _recalled(mark: Path, seal: list[str | int]) -> Source | None:
    if not mark.exists():
        return None
    found = json.loads(mark.read_text())
    if found["seal"] != seal or Path(seal[0]).is_dir():  # type: ignore[arg-type]
        return None
    datasets = [
        Dataset(name, BY_NAME[kind], Path(at), rebuilt) for name, kind, at, rebuilt in found["datasets"]
    ]
    return Source(found["name"], datasets, found["ignored"])


def _laid_out(path: Path, name: str, into: Path) -> Source:
    members = _members(path, name, into)
    databases = geodatabase.find(((member.name, member.path) for member in members), Path(name).name)
    members = [member for member in members if not geodatabase.is_geodatabase_file(member.name)]
    groups = _grouped(members)
    mains = _mains(members)
    if databases:
        mains = [main for main in mains if main.extension not in WEAK_EXTENSIONS]
    if not mains and not databases:
        _name_the_missing_main(groups)
        raise ArchiveEmpty(name=name) if extension_of(name) in ARCHIVES else NotSpatial(name=name)
    datasets = [_dataset(number, main, groups[main.stem], into) for number, main in enumerate(mains)]
    datasets = _with_different_names(datasets, mains)
    datasets += [_geodatabase(number, item, into) for number, item in enumerate(databases, len(mains))]
    used = {part.name for main in mains for part in groups[main.stem]}
    ignored = sorted(member.name for member in members if member.name not in used)
    return Source(name, datasets, ignored)


def _geodatabase(number: int, found: geodatabase.Geodatabase, into: Path) -> Dataset:
    folder = into / str(number) / "source.gdb"
    folder.mkdir(parents=True)
    for file in found.files:
        _place(file.path, folder / file.name)
    kind = recognise(folder, f"{found.name}.gdb")
    geodatabase.check(folder, found.name)
    return Dataset(found.name, kind, folder)


def _with_different_names(datasets: list[Dataset], mains: list[Member]) -> list[Dataset]:
    """Two files of one name in different folders go by their full names."""
    names = [item.name for item in datasets]
    return [
        replace(item, name=main.name) if names.count(item.name) > 1 else item
        for item, main in zip(datasets, mains, strict=True)
    ]


def _members(path: Path, name: str, into: Path) -> list[Member]:
    if path.is_dir():
        return _members_of_folder(path, into)
    if extension_of(name) in ARCHIVES:
        return _unpacked(path, name, into, number=0)
    return [Member(name, path), *_siblings(path, name)]


def _members_of_folder(path: Path, into: Path) -> list[Member]:
    """Loose parts, archives and geodatabases that lie in a folder; links and other folders are left alone."""
    if geodatabase.is_geodatabase_folder(path):
        return [Member(*file) for file in geodatabase.files_below(path)]
    members: list[Member] = []
    for number, file in enumerate(sorted(path.iterdir())):
        if file.is_symlink():
            continue
        if file.is_dir() and geodatabase.is_geodatabase_folder(file):
            members += [Member(*item) for item in geodatabase.files_below(file)]
        elif file.is_file() and file.suffix.lower() in ARCHIVES:
            members += _unpacked(file, file.name, into, number=number)
        elif file.is_file():
            members.append(Member(file.name, file))
    return members


def _unpacked(path: Path, name: str, into: Path, *, number: int) -> list[Member]:
    unpacked = into / "unpacked" / str(number)
    unpacked.mkdir(parents=True)
    members = unpack(path, name, into=unpacked)
    if extension_of(name) == ".zip":
        return members
    # Google Earth calls the map in every KMZ doc.kml.
    maps = [item for item in members if item.extension == ".kml"]
    return [Member(f"{Path(name).stem}.kml", item.path) for item in maps][:1]


def _siblings(path: Path, name: str) -> list[Member]:
    """The parts that lie beside a loose file under the same name."""
    family = next((item for item in FORMATS if extension_of(name) in _family(item)), None)
    if family is None or family.needs == ():
        return []
    stem = Path(name).stem
    return [
        Member(stem + file.suffix, file)
        for file in sorted(path.parent.iterdir())
        if file.stem.casefold() == path.stem.casefold()
        and file.suffix.lower() in _family(family)
        and file.suffix.lower() != extension_of(name)
        and file.is_file()
    ]


def _family(item: Format) -> tuple[str, ...]:
    return (*item.extensions, *item.needs, *item.may_have)


def _grouped(members: Iterable[Member]) -> dict[str, list[Member]]:
    groups: dict[str, list[Member]] = {}
    for member in members:
        groups.setdefault(member.stem, []).append(member)
    return groups


def _mains(members: list[Member]) -> list[Member]:
    """The files that are datasets themselves; tables and notes only where there is nothing better."""
    mains = [member for member in members if member.extension not in PARTS]
    if len(members) == 1:
        return mains
    readable = [member for member in mains if any(member.extension in item.extensions for item in FORMATS)]
    return [member for member in readable if member.extension not in WEAK_EXTENSIONS] or readable


def _name_the_missing_main(groups: dict[str, list[Member]]) -> None:
    for parts in groups.values():
        found = {part.extension for part in parts}
        for item in FORMATS:
            if found & set(item.needs):
                raise _missing(parts[0], item, item.extensions[0])


def _missing(member: Member, item: Format, part: str) -> MissingPart:
    return MissingPart(name=_bare(member.name), format=item.title, part=part, parts=", ".join(_family(item)))


def _dataset(number: int, main: Member, group: list[Member], into: Path) -> Dataset:
    item = recognise(main.path, main.name)
    folder = into / str(number)
    folder.mkdir()
    parts = {member.extension: member for member in group if member.extension in _family(item)}
    for part in item.needs:
        if part not in parts and part != ".shx":  # that one can be made anew
            raise _missing(main, item, part)
    for extension, member in parts.items():
        stem = (
            "declared" if extension in DECLARATIONS else "source"
        )  # GDAL need not see what we read ourselves
        _place(member.path, folder / f"{stem}{extension}")
    path = folder / f"source{main.extension}"
    if item.name in _CONTAINERS and zipfile.is_zipfile(path):
        judge_container(path, main.name)
    rebuilt = item is SHAPEFILE and shapefile.check_parts(path, _bare(main.name))
    return Dataset(_bare(main.name), item, path, index_rebuilt=rebuilt)


def _bare(name: str) -> str:
    """File name without folders and extension, for people."""
    return Path(name).stem


def _place(origin: Path, target: Path) -> None:
    """Put a file under a name of ours without copying it, where the file system allows."""
    origin = origin.resolve()
    try:
        os.link(origin, target)
    except OSError:
        shutil.copyfile(origin, target)
