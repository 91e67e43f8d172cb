"""Cadastral exchange files (XML and in4) with entities, lines that lead in circles, and numbers that are none."""

from dataclasses import replace
from pathlib import Path

from tests.importers.cadastre import LINES, ExchangeFile, in4
from tests.importers.corpus.base import CANARY, Hostile, Make, a_text, some_bytes

_EXCHANGE = "<UkrainianCadastralExchangeFile>{body}</UkrainianCadastralExchangeFile>"
_LAUGHS = "<!DOCTYPE x [<!ENTITY a0 'ha'>" + "".join(
    f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12)
) + "]>"  # fmt: skip


def _exchange(**changes: object) -> Make:
    """A true exchange file in which something else stands."""

    def make(folder: Path, secret: Path) -> Path:
        return replace(ExchangeFile(), **changes).write(folder, "map.xml")  # type: ignore[arg-type]

    return make


def _rewritten(before: str, after: str) -> Make:
    def make(folder: Path, secret: Path) -> Path:
        text = ExchangeFile().text()
        assert before in text
        return a_text("map.xml", text.replace(before, after))(folder, secret)

    return make


def _of_many_lines(folder: Path, secret: Path) -> Path:
    """50,000 lines that all begin and end in one point: each may follow each."""
    lines = {**LINES, **{f"z{n}": ["1", "2"] if n % 2 else ["2", "1"] for n in range(50_000)}}
    text = ExchangeFile(lines=lines).text()
    border = "".join(f"<Line><ULID>z{n}</ULID></Line>" for n in range(50_000))
    text = text.replace(
        "<Lines><Line><ULID>b</ULID></Line>", f"<Lines>{border}<Line><ULID>b</ULID></Line>", 1
    )
    return a_text("map.xml", text)(folder, secret)


CADASTRE: tuple[Hostile, ...] = (
    Hostile("exchange file with an entity", a_text(
        "map.xml", '<!DOCTYPE x [<!ENTITY a SYSTEM "file://{secret}">]>' + _EXCHANGE.format(body="&a;")
    ), "doctype-refused"),
    Hostile("exchange file with a late entity", a_text(
        "map.xml", _EXCHANGE.format(body="<InfoPart>&a;</InfoPart>")
    ), "unreadable-file"),
    Hostile("exchange file cut off", a_text(
        "map.xml", _EXCHANGE.format(body="<InfoPart><MetricInfo>")[:-10]
    ), "unreadable-file"),
    Hostile("exchange file without objects", a_text("map.xml", _EXCHANGE.format(body="<InfoPart/>")), "empty-layer"),
    Hostile("exchange file nested 200,000 deep", a_text(
        "map.xml", _EXCHANGE.format(body="<InfoPart>" * 200_000 + "</InfoPart>" * 200_000)
    ), "empty-layer"),
    Hostile("XML of another kind", a_text("map.xml", f"<metadata>{CANARY}</metadata>"), "not-this-xml"),
    Hostile("in4 of one endless line", a_text("map.in4", "BR," + 'DS="0510600000",' * 100_000), "unreadable-file"),
    Hostile("in4 without parcels", a_text("map.in4", '#\nBR,DS="0510600000",SD="01"\n'), "empty-layer"),
    Hostile("in4 of quotation marks", a_text("map.in4", "BR\n" + '"' * 60_000 + "\n" + "=," * 30_000), "empty-layer"),
    Hostile("noise called .in4", a_text("map.in4", "\x00\x01\x02"), "content-mismatch"),
    Hostile("exchange file with a billion laughs", a_text("map.xml", _LAUGHS + _EXCHANGE.format(body="&a11;")),
            "doctype-refused"),
    Hostile("exchange file whose lines lead in circles", _exchange(lines={
        "a": ["1", "1"], "b": ["2", "2", "2"], "c": ["2", "5", "6", "3"], "d": ["7", "8", "7"], "e": ["7", "10", "7"],
    }), "several-layers"),
    Hostile("exchange file with 50,000 lines from one point", _of_many_lines, "several-layers"),
    Hostile("exchange file without its points", _rewritten("<UIDP>", "<UIDQ>"), "unreadable-file"),
    Hostile("exchange file with points that are not there", _exchange(lines={
        key: [f"9{point}" for point in line] for key, line in LINES.items()
    }), "several-layers"),
    Hostile("exchange file with 1e308", _exchange(number="1e308"), "several-layers"),
    Hostile("exchange file with NaN", _exchange(number="nan"), "several-layers"),
    Hostile("exchange file with persons everywhere", _exchange(), "several-layers"),
    Hostile("exchange file of another root", _exchange(root="UkrainianCadastralExchangeFile_"), "content-mismatch"),
    Hostile("in4 with NaN", a_text("map.in4", in4(origin=(float("nan"), float("nan")))), "several-layers"),
    Hostile("in4 with infinity", a_text("map.in4", in4(origin=(float("inf"), float("-inf")))), "several-layers"),
    Hostile("in4 with 1e308", a_text("map.in4", in4(origin=(1e308, 1e308))), "several-layers"),
    Hostile("in4 with a border of two points", a_text(
        "map.in4", 'BR,DS="0510600000",SD="01",CS="2,Х"\nBL,BC="001"\nSR,SC="0010001"\nN=1,X=5397000,Y=266000\n'
        "N=2,X=5397000,Y=266100\n"
    ), "no-geometry"),
    Hostile("in4 of 200,000 rings", a_text(
        "map.in4", 'BR,DS="0510600000",SD="01",CS="2,Х"\nSR,SC="0010001"\n' + "N=1,X=1,Y=1\n" * 200_000
    ), "no-geometry"),
    Hostile("in4 in two encodings", some_bytes("map.in4", in4().encode("cp1251") + in4().encode("koi8-u")),
            "several-layers"),
)  # fmt: skip
