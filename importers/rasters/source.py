"""What was sent, laid out for the process that opens it: one raster with its world file and .prj, under our names."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.urls import reverse

from importers.errors import FileNotFound, ImportProblem, LayerNotInFile, SeveralLayers
from importers.rasters.errors import NotARaster, RasterSent
from importers.rasters.formats import KNOWN_EXTENSIONS, PARTS, RasterFormat, is_raster_name, recognise
from importers.readers.archive import Member, names_in, unpack
from importers.readers.formats import FORMATS as LAYER_FORMATS
from importers.readers.formats import WEAK_EXTENSIONS, extension_of

_LONGEST_PART = 64 * 1024
_LAYERS = {extension for item in LAYER_FORMATS for extension in item.extensions} - WEAK_EXTENSIONS


@dataclass(frozen=True)
class Sent:
    """One file as it was sent: its sender's name for it, and where it lies."""

    name: str
    path: Path


@dataclass(frozen=True)
class RasterSource:
    """The raster to open and the text of its parts ("" where there is none)."""

    name: str
    format: RasterFormat
    path: Path
    world: str = ""
    prj: str = ""


def with_siblings(path: Path) -> list[Sent]:
    """The file and what lies beside it under the same name: for the command line. Raises FileNotFound."""
    if not path.is_file() or not os.access(path, os.R_OK):
        raise FileNotFound(name=path.name)
    if extension_of(path.name) == ".zip":
        return [Sent(path.name, path)]
    beside = [
        file
        for file in sorted(path.parent.iterdir())
        if file != path and file.stem.casefold() == path.stem.casefold() and file.suffix.lower() in PARTS
    ]
    return [Sent(file.name, file) for file in [path, *beside]]


def holds_raster(sent: Sequence[Sent]) -> bool:
    """Whether this is for here and not for the import of layers: a raster by name, or a zip with one and with
    nothing that is read as a layer. Only names are looked at; a zip that cannot be listed or is not there is none."""
    names: list[str] = []
    for item in sent:
        try:
            names += names_in(item.path, item.name) if extension_of(item.name) == ".zip" else [item.name]
        except (ImportProblem, FileNotFoundError):
            return False
    return any(map(is_raster_name, names)) and not any(extension_of(name) in _LAYERS for name in names)


def refuse_raster(path: Path, name: str) -> None:
    """Raises RasterSent where a file or a folder of parts, sent under `name` to become a layer, is a raster."""
    sent = [Sent(item.name, item) for item in sorted(path.iterdir())] if path.is_dir() else [Sent(name, path)]
    if sent and holds_raster(sent):
        raise RasterSent(name=name, address=reverse("api-rasters"))


def lay_out(sent: Sequence[Sent], *, work: Path, wanted: str = "") -> RasterSource:
    """Unpack where it is a zip, choose the raster (`wanted` where there are several) and find its parts.

    Raises the failures of `importers.errors`; the caller removes `work`.
    """
    folder = work / "in"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    members = [member for item in sent for member in _members(item, folder)]
    mains = [member for member in members if member.extension not in PARTS]
    name = sent[0].name if sent else ""
    if not mains:
        raise NotARaster(name=name)
    main = _chosen(mains, name, wanted)
    item = recognise(main.path, main.name)
    path = folder / f"source{item.extensions[0]}"
    _place(main.path, path)
    parts = {member.extension: member for member in members if member.stem == main.stem}
    world = next((parts[extension] for extension in item.world if extension in parts), None)
    return RasterSource(_bare(main.name), item, path, world=_text(world), prj=_text(parts.get(".prj")))


def _members(item: Sent, folder: Path) -> list[Member]:
    if extension_of(item.name) != ".zip":
        return [Member(item.name, item.path)]
    unpacked = folder / "unpacked"
    unpacked.mkdir()
    return unpack(item.path, item.name, into=unpacked, wanted=KNOWN_EXTENSIONS)


def _chosen(mains: list[Member], name: str, wanted: str) -> Member:
    choices = ", ".join(_bare(member.name) for member in mains[:20])
    found = [member for member in mains if wanted in (member.name, _bare(member.name))] if wanted else mains
    if not found:
        raise LayerNotInFile(name=name, layer=wanted, choices=choices)
    if len(found) > 1:
        raise SeveralLayers(name=name, choices=choices)
    return found[0]


def _bare(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2]


def _text(member: Member | None) -> str:
    if member is None:
        return ""
    with member.path.open("rb") as file:
        return file.read(_LONGEST_PART).decode("utf-8", "replace")


def _place(origin: Path, target: Path) -> None:
    try:
        target.hardlink_to(origin.resolve())
    except OSError:
        shutil.copyfile(origin, target)
