"""Fetching: redirects looked at one by one, sizes and times limited, pages that must fit together."""

import gzip
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from importers.harvest import address
from importers.harvest.address import Allowance
from importers.harvest.errors import (
    AddressRefused,
    HarvestFailed,
    HarvestLeaves,
    HarvestProblem,
    HarvestStatus,
    HarvestTimedOut,
    HarvestTooLarge,
    HostNotFound,
    NotGeoJson,
    PagesDoNotFit,
    TooManyRedirects,
)
from importers.harvest.http import Budget, Client
from importers.harvest.pages import fetch_pages
from tests.importers.harvest.server import Answer, Asked, Site, site


@pytest.fixture
def here() -> Iterator[Site]:
    with site() as made:
        yield made


@pytest.fixture
def client(here: Site) -> Client:
    return Client(Allowance.from_text(f"127.0.0.1:{here.port},geo.test:{here.port}"), _names)


def _names(host: str, port: int) -> list[str]:
    """The test's own name server: geo.test is this machine, and so is the evil one."""
    return ["127.0.0.1"]


def budget(seconds: float = 20, mb: float = 1) -> Budget:
    return Budget(int(mb * 1024 * 1024), time.monotonic() + seconds, int(seconds))


def test_a_file_is_fetched_once_and_then_only_asked_about(here: Site, client: Client, tmp_path: Path) -> None:
    def answer(asked: Asked) -> Answer:
        if asked.headers.get("If-None-Match") == '"v1"':
            return Answer(status=304, headers={"ETag": '"v1"'})
        return Answer(b"{}", headers={"ETag": '"v1"', "Last-Modified": "Sun, 22 Nov 2026 10:00:00 GMT"})

    here.answers["/a"] = answer

    first = client.fetch(here.url("/a"), tmp_path / "a", budget=budget())
    second = client.fetch(here.url("/a"), tmp_path / "b", budget=budget(), etag=first.etag)

    assert (tmp_path / "a").read_bytes() == b"{}"
    assert (first.etag, first.last_modified) == ('"v1"', "Sun, 22 Nov 2026 10:00:00 GMT")
    assert second.not_modified
    assert not (tmp_path / "b").exists()


def test_loopback_is_called_only_where_it_is_allowed(
    here: Site, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address, "PORTS", address.PORTS | {here.port})  # so that the port is not the reason
    here.answers["/a"] = Answer(b"{}")
    client.fetch(here.url("/a"), tmp_path / "a", budget=budget())

    for host in ("127.0.0.1", "evil.test", "localhost", "[::ffff:127.0.0.1]"):
        with pytest.raises(AddressRefused):
            Client(Allowance(), _names).fetch(here.url("/a", host=host), tmp_path / "a", budget=budget())
    assert len(here.asked) == 1


def test_a_name_is_asked_for_once_and_what_was_checked_is_called(here: Site, tmp_path: Path) -> None:
    """A name server that answers with a public address first and a private one then gains nothing."""
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    allow = Allowance.from_text(f"127.0.0.1/32,rebind.test:{here.port}")
    here.answers["/a"] = Answer(b"{}")

    Client(allow, lambda host, port: next(answers)).fetch(
        here.url("/a", host="rebind.test"), tmp_path / "a", budget=budget()
    )

    assert next(answers) == ["10.0.0.1"]  # it was not asked a second time
    assert here.asked[0].headers["Host"] == f"rebind.test:{here.port}"


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1/", "http://10.0.0.1/", "http://169.254.169.254/latest/meta-data/", "http://[::1]/", "http://localhost/",
        "http://2130706433/", "http://0x7f.1/", "http://[::ffff:127.0.0.1]/", "file:///etc/passwd", "ftp://127.0.0.1/",
        "//127.0.0.1:22/", "http://user:pw@8.8.8.8/", "http://evil.test/", "http://127.0.0.1:{port2}/",
        "http://evil.test:{port2}/", "http://2130706433:{port2}/", "http://x@127.0.0.1:{port2}/",
        "//localhost:{port2}/",
    ],
)  # fmt: skip
def test_a_redirect_into_a_private_network_is_not_followed(
    location: str, here: Site, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with site() as other:
        monkeypatch.setattr(address, "PORTS", address.PORTS | {other.port})
        here.answers["/a"] = Answer(
            status=302, headers={"Location": location.replace("{port2}", str(other.port))}
        )
        with pytest.raises(HarvestProblem) as caught:
            client.fetch(here.url("/a"), tmp_path / "a", budget=budget())
        assert other.asked == []
    assert caught.value.code in ("address-refused", "harvest-host-not-found")
    assert len(here.asked) == 1
    assert not (tmp_path / "a").exists()


def test_redirects_are_followed_five_times(here: Site, client: Client, tmp_path: Path) -> None:
    for number in range(10):
        here.answers[f"/{number}"] = Answer(status=307, headers={"Location": f"/{number + 1}"})
    here.answers["/5"] = Answer(b"there")

    client.fetch(here.url("/0"), tmp_path / "a", budget=budget())
    assert (tmp_path / "a").read_bytes() == b"there"
    here.answers["/5"] = Answer(status=307, headers={"Location": "/6"})
    with pytest.raises(TooManyRedirects):
        client.fetch(here.url("/0"), tmp_path / "a", budget=budget())


def test_the_environments_proxy_is_not_used(
    here: Site, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.answers["/a"] = Answer(b"{}")
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    client.fetch(here.url("/a"), tmp_path / "a", budget=budget())


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("announced", [False, True])
def test_more_than_the_limit_is_not_taken(
    packed: bool, announced: bool, here: Site, client: Client, tmp_path: Path
) -> None:
    body = bytes(3 * 1024 * 1024)
    headers = {"Content-Encoding": "gzip"} if packed else {}
    if packed:
        body = gzip.compress(body)
    if not announced:
        headers["Connection"] = "close"
    here.answers["/a"] = Answer(body, headers=headers)

    with pytest.raises(HarvestTooLarge):
        client.fetch(here.url("/a"), tmp_path / "a", budget=budget())

    assert not (tmp_path / "a").exists() or (tmp_path / "a").stat().st_size <= 1024 * 1024


def test_a_server_is_called_by_its_name_without_the_usual_port(
    here: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.answers["/a"] = Answer(b"{}")
    there = ("127.0.0.1", here.port)
    monkeypatch.setattr(Client, "_socket", lambda *given: socket.create_connection(there))

    for url in ("https://geo.example.org/a", "http://geo.example.org/a", "https://geo.example.org:8443/a"):
        Client().fetch(url, tmp_path / "a", budget=budget())

    names = ["geo.example.org", "geo.example.org", "geo.example.org:8443"]
    assert [asked.headers["Host"] for asked in here.asked] == names


def test_a_packed_answer_is_unpacked(here: Site, client: Client, tmp_path: Path) -> None:
    here.answers["/a"] = Answer(gzip.compress(b"hello" * 1000), headers={"Content-Encoding": "gzip"})

    client.fetch(here.url("/a"), tmp_path / "a", budget=budget())

    assert (tmp_path / "a").read_bytes() == b"hello" * 1000


def test_a_server_that_never_ends_is_left_in_time(here: Site, client: Client, tmp_path: Path) -> None:
    over = threading.Event()
    here.answers["/a"] = Answer(b"half and half", pause=lambda: over.wait(20))
    began = time.monotonic()

    with pytest.raises(HarvestTimedOut):
        client.fetch(here.url("/a"), tmp_path / "a", budget=budget(seconds=1))

    over.set()
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (Answer(b"half", length=100), HarvestFailed),
        (Answer(status=500), HarvestStatus),
        (Answer(status=404), HarvestStatus),
        (Answer(b"x", headers={"Content-Encoding": "br"}), HarvestStatus),
        (Answer(b"no gzip", headers={"Content-Encoding": "gzip"}), HarvestFailed),
        (Answer(gzip.compress(b"hello")[:-4], headers={"Content-Encoding": "gzip"}), HarvestFailed),
    ],
)
def test_half_an_answer_is_none(
    answer: Answer, problem: type[Exception], here: Site, client: Client, tmp_path: Path
) -> None:
    here.answers["/a"] = answer

    with pytest.raises(problem):
        client.fetch(here.url("/a"), tmp_path / "a", budget=budget())


def test_a_server_that_is_not_there_is_told(client: Client, tmp_path: Path) -> None:
    with site() as gone:
        url, port = gone.url("/a"), gone.port
    with pytest.raises(HostNotFound):
        Client(Allowance.from_text(f"127.0.0.1:{port}")).fetch(url, tmp_path / "a", budget=budget())


def test_tls_is_not_taken_from_a_server_without_a_certificate(
    here: Site, client: Client, tmp_path: Path
) -> None:
    with pytest.raises(HarvestProblem):
        client.fetch(here.url("/a").replace("http:", "https:"), tmp_path / "a", budget=budget())
    assert here.asked == []


# --- pages ---


def features(numbers: range) -> list[dict[str, Any]]:
    return [
        {
            "type": "Feature",
            "id": n,
            "geometry": {"type": "Point", "coordinates": [29, 48]},
            "properties": {"n": n},
        }
        for n in numbers
    ]


def paged(
    here: Site, pages: list[list[dict[str, Any]]], *, matched: int | None = None, link: str = ""
) -> None:
    def answer(asked: Asked) -> Answer:
        number = int(asked.query.get("page", 0))
        body: dict[str, Any] = {"type": "FeatureCollection", "features": pages[number]}
        if matched is not None:
            body["numberMatched"] = matched
        if number + 1 < len(pages) or link:
            body["links"] = [{"rel": "next", "href": link or f"/items?page={number + 1}&limit=1000"}]
        return Answer(json.dumps(body).encode())

    here.answers["/items"] = answer


def test_pages_of_ogc_api_become_one_collection(here: Site, client: Client, tmp_path: Path) -> None:
    paged(here, [features(range(3)), features(range(3, 5))], matched=5)

    fetch_pages(client, "ogcapi", here.url("/items"), tmp_path / "a.geojson", budget=budget())

    found = json.loads((tmp_path / "a.geojson").read_text())
    assert [feature["id"] for feature in found["features"]] == [0, 1, 2, 3, 4]
    assert here.asked[0].query == {"limit": "1000", "f": "json"}
    assert not list(tmp_path.glob("*.page"))


@pytest.mark.parametrize(
    ("pages", "options", "problem"),
    [
        ([features(range(3)), features(range(2, 5))], {}, PagesDoNotFit),
        ([features(range(3))], {"matched": 4}, PagesDoNotFit),
        ([features(range(3))], {"link": "/items?page=0"}, PagesDoNotFit),
        ([features(range(3))], {"link": "http://8.8.8.8/items"}, HarvestLeaves),
        ([features(range(3))], {"link": "http://127.0.0.1:1/items"}, AddressRefused),
        ([[1, 2]], {}, NotGeoJson),
    ],
)
def test_pages_that_do_not_fit_are_not_imported(
    pages: Any, options: Any, problem: type[Exception], here: Site, client: Client, tmp_path: Path
) -> None:
    paged(here, pages, **options)

    with pytest.raises(problem):
        fetch_pages(client, "ogcapi", here.url("/items"), tmp_path / "a.geojson", budget=budget())


@pytest.mark.parametrize(
    "body",
    [
        b"<ows:ExceptionReport/>",
        b"[]",
        b'{"features":{}}',
        b"[" * 100_000,
        b'{"features":[{"a":NaN}]}',
        b"\xff",
    ],
)
def test_what_is_no_geojson_is_told_so(body: bytes, here: Site, client: Client, tmp_path: Path) -> None:
    here.answers["/items"] = Answer(body)

    with pytest.raises(NotGeoJson):
        fetch_pages(client, "ogcapi", here.url("/items"), tmp_path / "a.geojson", budget=budget())


def test_endless_pages_end(
    here: Site, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HROMADA_MAX_HARVEST_PAGES", "5")

    def answer(asked: Asked) -> Answer:
        number = int(asked.query.get("page", 0))
        links = [{"rel": "next", "href": f"/items?page={number + 1}"}]
        return Answer(json.dumps({"features": features(range(number, number + 1)), "links": links}).encode())

    here.answers["/items"] = answer

    with pytest.raises(HarvestTooLarge):
        fetch_pages(client, "ogcapi", here.url("/items"), tmp_path / "a.geojson", budget=budget())
    assert len(here.asked) == 5


def test_wfs_is_asked_for_a_thousand_at_a_time(here: Site, client: Client, tmp_path: Path) -> None:
    def answer(asked: Asked) -> Answer:
        start = int(asked.query["startIndex"])
        body = {"features": features(range(start, min(2300, start + 1000))), "numberMatched": 2300}
        return Answer(json.dumps(body).encode())

    here.answers["/wfs"] = answer

    fetch_pages(
        client,
        "wfs",
        here.url("/wfs?REQUEST=GetCapabilities&map=x"),
        tmp_path / "a.geojson",
        layer="ns:roads",
        budget=budget(),
    )

    assert len(json.loads((tmp_path / "a.geojson").read_text())["features"]) == 2300
    assert [asked.query["startIndex"] for asked in here.asked] == ["0", "1000", "2000"]
    assert here.asked[0].query | {"startIndex": "0"} == {
        "map": "x", "service": "WFS", "version": "2.0.0", "request": "GetFeature", "typeNames": "ns:roads",
        "srsName": "EPSG:4326", "outputFormat": "application/json", "count": "1000", "startIndex": "0",
    }  # fmt: skip


def served(here: Site, count: int, *, most: int, pages: bool = True, padding: str = "") -> None:
    """A WFS of `count` features that gives `most` at a time and does not tell how many it has."""

    def answer(asked: Asked) -> Answer:
        start = int(asked.query["startIndex"]) if pages else 0
        end = min(count, start + most, start + int(asked.query["count"]))
        found = [item | {"padding": padding} for item in features(range(start, end))]
        for item in found:
            del item["id"]
        return Answer(json.dumps({"features": found}).encode())

    here.answers["/wfs"] = answer


def test_a_wfs_that_gives_fewer_than_it_is_asked_for_is_read_to_its_end(
    here: Site, client: Client, tmp_path: Path
) -> None:
    served(here, 120, most=50)

    fetch_pages(client, "wfs", here.url("/wfs"), tmp_path / "a.geojson", budget=budget(), layer="a")

    assert len(json.loads((tmp_path / "a.geojson").read_text())["features"]) == 120
    assert [asked.query["startIndex"] for asked in here.asked] == ["0", "50", "100", "120"]


def test_a_wfs_that_knows_no_pages_is_not_taken_for_more_than_it_is(
    here: Site, client: Client, tmp_path: Path
) -> None:
    served(here, 50, most=50, pages=False)

    with pytest.raises(PagesDoNotFit):
        fetch_pages(client, "wfs", here.url("/wfs"), tmp_path / "a.geojson", budget=budget(), layer="a")


def test_long_pages_are_asked_for_with_fewer_features(here: Site, client: Client, tmp_path: Path) -> None:
    served(here, 600, most=1000, padding="x" * 20_000)  # 12 MB, of which 4 may come at once

    fetch_pages(client, "wfs", here.url("/wfs"), tmp_path / "a.geojson", budget=budget(mb=40), layer="a")

    assert len(json.loads((tmp_path / "a.geojson").read_text())["features"]) == 600
    assert [asked.query["count"] for asked in here.asked] == ["1000", "250", *["62"] * 11]


def test_a_page_that_stays_too_long_is_not_read(here: Site, client: Client, tmp_path: Path) -> None:
    here.answers["/items"] = Answer(b'{"features":[' + b" " * (4 * 1024 * 1024) + b"]}")

    with pytest.raises(HarvestTooLarge):
        fetch_pages(client, "ogcapi", here.url("/items"), tmp_path / "a.geojson", budget=budget(mb=40))
    assert [asked.query["limit"] for asked in here.asked] == ["1000", "250", "62", "15"]


def test_pages_that_take_too_long_are_told_so(here: Site, client: Client, tmp_path: Path) -> None:
    late = Budget(1024, time.monotonic() - 1, 20)

    with pytest.raises(HarvestTimedOut):
        fetch_pages(client, "ogcapi", here.url("/items"), tmp_path / "a.geojson", budget=late)
