"""What tests of the reading process share: a file to be opened, and other processes in the place of ours."""

from pathlib import Path

from importers.sandbox import launcher
from tests.importers.corpus import SQUARE, shapefile_parts, zipped_shapefile


def three_parcels(folder: Path) -> Path:
    """A zipped Shapefile of three squares whose names are in CP1251."""
    rings = [[(x + n / 100, y) for x, y in SQUARE] for n in range(3)]
    names = [text.encode("cp1251") for text in ("перша", "друга", "третя")]
    return zipped_shapefile(folder / "ділянки.zip", shapefile_parts(rings, names, cpg="1251", field=b"NAZVA"))


def child_script(folder: Path, *lines: str) -> tuple[str, ...]:
    """Arguments that start another child instead of ours."""
    path = folder / "child.py"
    path.write_text("\n".join(("import sys", f"sys.path.insert(0, {str(launcher.ROOT)!r})", *lines)))
    return (str(path),)
