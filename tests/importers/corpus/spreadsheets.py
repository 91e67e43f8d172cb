"""Spreadsheets (XLSX, XLS, ODS) that blow up, hide, repeat or refer to elsewhere."""

import struct
import zipfile
from pathlib import Path

from tests.importers.corpus.base import READ, Hostile, Make

_CONTENT_TYPES = b"""<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Override PartName="/xl/workbook.xml"
ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>
<Override PartName="/xl/worksheets/sheet1.xml"
ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>"""
_RELS = (
    b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
    b'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/%b" Target="%b"/></Relationships>'
)
_WORKBOOK = (
    b'<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    b'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    b'<sheets><sheet name="s" sheetId="1" r:id="r1"/></sheets></workbook>'
)
_SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%b</sheetData></worksheet>'
_ODS = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>'
    '<table:table table:name="s">{rows}</table:table></office:spreadsheet></office:body></office:document-content>'
)
_ENTITIES = "<!DOCTYPE x [<!ENTITY a 'ha'>]>"


def xlsx(path: Path, rows: bytes, *, sheet: bytes | None = None, **parts: bytes) -> Path:
    """A spreadsheet of one sheet, from the XML of its rows."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", _CONTENT_TYPES)
        packed.writestr("_rels/.rels", _RELS % (b"officeDocument", b"xl/workbook.xml"))
        packed.writestr("xl/_rels/workbook.xml.rels", _RELS % (b"worksheet", b"worksheets/sheet1.xml"))
        packed.writestr("xl/workbook.xml", _WORKBOOK)
        packed.writestr("xl/worksheets/sheet1.xml", sheet if sheet is not None else _SHEET % rows)
        for name, content in parts.items():
            packed.writestr(name, content)
    return path


def ods(path: Path, rows: str, *, prolog: str = "") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("content.xml", prolog + _ODS.format(rows=rows))
    return path


def _xlsx(rows: bytes) -> Make:
    return lambda folder, secret: xlsx(folder / "table.xlsx", rows)


def _xlsx_with_entities(folder: Path, secret: Path) -> Path:
    entity = f"<!DOCTYPE x [<!ENTITY a SYSTEM 'file://{secret}'>]>".encode()
    return xlsx(
        folder / "table.xlsx", b"", sheet=entity + _SHEET % b"<row r='1'><c r='A1'><v>&a;</v></c></row>"
    )


def _xlsx_declared_bomb(folder: Path, secret: Path) -> Path:
    return xlsx(folder / "table.xlsx", b" " * 80_000_000)


def _xlsx_hiding_its_size(folder: Path, secret: Path) -> Path:
    """A sheet that unpacks to more than the archive says: who trusts the list sees less than who unpacks."""
    path = xlsx(folder / "table.xlsx", b"<row r='1'><c r='A1' t='str'><v>a</v></c></row>" * 2_000)
    content = bytearray(path.read_bytes())
    place = content.rindex(b"xl/worksheets/sheet1.xml") - 46
    content[place + 24 : place + 28] = struct.pack("<I", 300)
    path.write_bytes(content)
    return path


def _encrypted_xlsx(folder: Path, secret: Path) -> Path:
    path = folder / "table.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4_096))
    return path


def _broken_xls(folder: Path, secret: Path) -> Path:
    path = folder / "table.xls"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 4_096)
    return path


def _cut_xlsx(folder: Path, secret: Path) -> Path:
    path = xlsx(folder / "table.xlsx", b"<row r='1'><c r='A1' t='str'><v>a</v></c></row>" * 2_000)
    path.write_bytes(path.read_bytes()[:-200])
    return path


def _zip_called_xlsx(folder: Path, secret: Path) -> Path:
    with zipfile.ZipFile(folder / "table.xlsx", "w") as packed:
        packed.writestr("a.txt", "hello")
    return folder / "table.xlsx"


def _ods(rows: str, prolog: str = "") -> Make:
    return lambda folder, secret: ods(folder / "table.ods", rows, prolog=prolog)


def _encrypted_ods(folder: Path, secret: Path) -> Path:
    path = folder / "table.ods"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("content.xml", b"\x8f\x01" * 500)
        packed.writestr("META-INF/manifest.xml", "<manifest:encryption-data/>")
    return path


def _cell(attributes: str = "", text: str = "a") -> str:
    return f"<table:table-cell office:value-type='string' {attributes}><text:p>{text}</text:p></table:table-cell>"


def _rows(*rows: list[str]) -> bytes:
    """The XML of rows of texts."""
    return "".join(
        f'<row r="{number}">'
        + "".join(f'<c r="{"ABC"[at]}{number}" t="str"><v>{text}</v></c>' for at, text in enumerate(row))
        + "</row>"
        for number, row in enumerate(rows, 1)
    ).encode()


SPREADSHEETS: tuple[Hostile, ...] = (
    Hostile("XLSX with an entity", _xlsx_with_entities, "doctype-refused"),
    Hostile("XLSX bomb by what it declares", _xlsx_declared_bomb, "over-limit"),
    Hostile("XLSX bomb by what it unpacks to", _xlsx_hiding_its_size, "unreadable-file"),
    Hostile("XLSX with cells a billion apart", _xlsx(
        b'<row r="1"><c r="A1" t="str"><v>a</v></c></row><row r="1048576"><c r="XFD1048576" t="str"><v>b</v></c></row>'
    ), "over-limit"),
    Hostile("XLSX with a row number of twenty digits", _xlsx(
        b'<row r="99999999999999999999"><c r="A99999999999999999999" t="str"><v>a</v></c></row>'
    ), "over-limit"),
    Hostile("XLSX with 16,384 columns", _xlsx(b"".join(
        b'<row r="%d"><c r="A%d" t="str"><v>a</v></c><c r="XFD%d" t="str"><v>b</v></c></row>' % (n, n, n)
        for n in range(1, 20)
    )), "over-limit"),
    Hostile("XLSX with a password", _encrypted_xlsx, "spreadsheet-locked"),
    Hostile("XLSX cut off", _cut_xlsx, "unreadable-file"),
    Hostile("zip called .xlsx", _zip_called_xlsx, "unreadable-file"),
    Hostile("XLSX without cells", _xlsx(b""), "empty-layer"),
    Hostile("noise called .xls", _broken_xls, "unreadable-file"),
    Hostile("ODS that repeats a row a million times", _ods(
        f"<table:table-row table:number-rows-repeated='1048576'>{_cell() * 30}</table:table-row>"
    ), "over-limit"),
    Hostile("ODS that repeats a cell a billion times", _ods(
        "<table:table-row>" + _cell("table:number-columns-repeated='999999999'") + "</table:table-row>"
    ), "over-limit"),
    Hostile("ODS that repeats rows again and again", _ods(
        f"<table:table-row table:number-rows-repeated='900000'>{_cell() * 5}</table:table-row>" * 20
    ), "over-limit"),
    Hostile("ODS of nothing but repeated emptiness", _ods(
        "<table:table-row table:number-rows-repeated='1048576'><table:table-cell "
        "table:number-columns-repeated='16384'/></table:table-row>"
    ), "empty-layer"),
    Hostile("ODS with an entity", _ods(f"<table:table-row>{_cell(text='&a;')}</table:table-row>", _ENTITIES),
            "doctype-refused"),
    Hostile("ODS nested 100,000 deep", _ods(
        f"<table:table-row>{_cell(text='<text:span>' * 100_000 + '</text:span>' * 100_000)}</table:table-row>"
    ), "unreadable-file"),
    Hostile("ODS with a password", _encrypted_ods, "spreadsheet-locked"),
    Hostile("ODS without content", lambda folder, secret: _zip_called_xlsx(folder, secret).rename(folder / "t.ods"),
            "unreadable-file"),
    Hostile("XLSX with formulas", _xlsx(_rows(
        ["name", "lon", "lat"], ["=HYPERLINK(&quot;http://127.0.0.1:9&quot;)", "29.2", "48.7"]
    ) + b'<row r="3"><c r="A3"><f>WEBSERVICE("http://127.0.0.1:9/x")</f><v>a</v></c>'
        b'<c r="B3"><v>29.2</v></c><c r="C3"><v>48.7</v></c></row>'), READ),
    Hostile("XLSX with links to elsewhere", lambda folder, secret: xlsx(
        folder / "table.xlsx", _rows(["name", "lon", "lat"], ["a", "29.2", "48.7"]),
        **{"xl/externalLinks/externalLink1.xml": f"<externalLink><x href='file://{secret}'/></externalLink>".encode()},
    ), READ),
    Hostile("XLSX whose sheet lies outside of it", lambda folder, secret: xlsx(
        folder / "table.xlsx", b"", **{"xl/_rels/workbook.xml.rels": _RELS % (b"worksheet", b"../../../../etc/passwd")}
    ), "archive-overlap"),
    Hostile("XLSX of a zip of zeros", lambda folder, secret: xlsx(
        folder / "table.xlsx", b"", **{"xl/media/zeros.bin": bytes(100_000_000)}
    ), "over-limit"),
    Hostile("ODS of a zip of zeros", lambda folder, secret: ods(folder / "table.ods", " " * 100_000_000), "over-limit"),
    Hostile("ODS with formulas", _ods(
        "<table:table-row>" + "".join(_cell(text=text) for text in ("name", "lon", "lat")) + "</table:table-row>"
        "<table:table-row>" + _cell("table:formula='of:=WEBSERVICE(&quot;http://127.0.0.1:9&quot;)'", "=1+1")
        + _cell(text="29.2") + _cell(text="48.7") + "</table:table-row>"
    ), READ),
)  # fmt: skip
