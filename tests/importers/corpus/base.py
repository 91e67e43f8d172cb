"""What every family of the corpus is made with: the kind of file, the secret it must not show, zips and texts."""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

CANARY = "CANARY-7f3a91"
READ = "read"
Make = Callable[[Path, Path], Path]


@dataclass(frozen=True)
class Hostile:
    """One kind of file: what it is, how to make it in a folder (given the secret), the code it must end in.

    `code` READ: it is read, without whatever is bad in it. `sent_as` is what its sender calls it, where a file
    system cannot.
    """

    name: str
    make: Make
    code: str
    sent_as: str = ""


def secret_in(folder: Path) -> Path:
    """A file that nobody who sends a file may see."""
    path = folder / "secret.csv"
    path.write_text(f"name,lon,lat\n{CANARY},29.2,48.7\n")
    return path


def zip_of(path: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def a_zip(entries: dict[str, bytes]) -> Make:
    return lambda folder, secret: zip_of(folder / "map.zip", entries)


def a_text(name: str, text: str, *, encoding: str = "utf-8") -> Make:
    """A file of text; `{secret}` in it becomes the path of the secret."""

    def make(folder: Path, secret: Path) -> Path:
        path = folder / name
        path.write_bytes(text.replace("{secret}", str(secret)).encode(encoding))
        return path

    return make


def some_bytes(name: str, content: bytes) -> Make:
    def make(folder: Path, secret: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return make
