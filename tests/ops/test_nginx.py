"""docker/nginx.conf in a real nginx: what it keeps, for how long, and what it never keeps."""

import gzip
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from .conftest import ROOT

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
PUBLIC, PRIVATE = "public, max-age=0, must-revalidate", "private, no-cache"
pytestmark = pytest.mark.skipif(NGINX is None, reason="no nginx on this machine")


class Upstream(BaseHTTPRequestHandler):
    """Counts what it is asked; the address says what it answers."""

    asked: list[tuple[str, str | None]] = []
    wait_s = 0.0

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers.get("Range")))
        time.sleep(self.wait_s)
        packed = "gzip" in self.headers.get("Accept-Encoding", "")
        body = f"{self.path} {len(self.asked)}".encode()
        body = gzip.compress(body) if packed else body
        self.send_response(204 if "empty" in self.path else 200)
        kind = {"private": PRIVATE, "changes": "public, no-cache"}
        told = next((text for word, text in kind.items() if word in self.path), PUBLIC)
        self.send_header("Cache-Control", told)
        self.send_header("ETag", 'W/"abc"')
        self.send_header("Vary", "Accept-Encoding")
        if packed:
            self.send_header("Content-Encoding", "gzip")
        if "empty" not in self.path:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if "empty" not in self.path:
            self.wfile.write(body)

    def log_message(self, *_given: Any) -> None:
        pass


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def configuration(folder: Path, port: int, upstream: int) -> Path:
    text = (ROOT / "docker" / "nginx.conf").read_text(encoding="utf-8")
    given = {
        "${HROMADA_MAX_UPLOAD_MB}": "200", "${HROMADA_SCHEME}": "http", "listen 8080": f"listen 127.0.0.1:{port}",
        "server web:8000": f"server 127.0.0.1:{upstream}", "/tmp/tiles": f"{folder}/tiles",
    }  # fmt: skip
    for name, value in given.items():
        assert name in text
        text = text.replace(name, value)
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    path = folder / "nginx.conf"
    path.write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;"
        f"events {{}} http {{ access_log off; {temporary}\n{text}\n}}",
        encoding="utf-8",
    )
    return path


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    Upstream.asked, Upstream.wait_s = [], 0.0
    web = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    port = free_port()
    path = configuration(tmp_path, port, web.server_address[1])
    tested = subprocess.run([str(NGINX), "-t", "-c", path], capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stderr
    proxy = subprocess.Popen([str(NGINX), "-c", path], stderr=subprocess.DEVNULL)
    for _attempt in range(100):
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    proxy.terminate()
    proxy.wait(10)
    web.shutdown()


def get(address: str, **headers: str) -> tuple[int, bytes, Any]:
    asked = urllib.request.Request(  # noqa: S310
        address, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
    try:
        with urllib.request.urlopen(asked, timeout=10) as found:  # noqa: S310
            return found.status, found.read(), found.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers


def test_a_public_tile_is_asked_for_once_a_second(address: str) -> None:
    tile = f"{address}/tiles/demo.parcels/1/0/0.mvt"
    bodies = {get(tile)[1] for _number in range(5)}
    assert len(bodies) == len(Upstream.asked) == 1
    time.sleep(2.1)  # nginx counts whole seconds
    assert get(tile)[1] not in bodies
    assert get(tile)[2]["Cache-Control"] == PUBLIC
    status, body, _headers = get(tile, If_None_Match='W/"abc"')
    assert (status, body) == (304, b"")


def test_many_who_ask_at_once_ask_the_program_once(address: str) -> None:
    Upstream.wait_s = 0.5
    tile = f"{address}/tiles/demo.parcels/2/0/0.mvt"
    crowd = [threading.Thread(target=get, args=(tile,)) for _number in range(10)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    assert len(Upstream.asked) == 1


@pytest.mark.parametrize("path", ["private/1/0/0.mvt", "changes?layers=a.b&since=1"])
def test_what_is_not_public_in_so_many_words_is_never_kept(address: str, path: str) -> None:
    bodies = {get(f"{address}/tiles/{path}")[1] for _number in range(3)}
    assert len(bodies) == 3


@pytest.mark.parametrize("headers", [{"Cookie": "sessionid=1"}, {"Authorization": "Bearer hgis_x"}])
def test_who_is_signed_in_neither_gets_nor_leaves_a_kept_tile(address: str, headers: dict[str, str]) -> None:
    tile = f"{address}/tiles/demo.parcels/3/0/0.mvt"
    mine = {get(tile, **headers)[1] for _number in range(2)}
    everyones = get(tile)[1]
    assert len(mine) == 2
    assert everyones not in mine
    assert get(tile, **headers)[1] != everyones


def test_packed_and_unpacked_tiles_are_kept_apart(address: str) -> None:
    tile = f"{address}/tiles/demo.parcels/4/0/0.mvt"
    packed = get(tile, Accept_Encoding="gzip")
    assert packed[2]["Content-Encoding"] == "gzip"
    plain = get(tile)
    assert "Content-Encoding" not in plain[2]
    assert gzip.decompress(packed[1]) != plain[1]
    assert get(tile, Accept_Encoding="gzip")[1] == packed[1]


def test_archives_are_asked_for_in_the_ranges_that_the_client_wants(address: str) -> None:
    for _number in range(2):
        get(f"{address}/tiles/archive/demo.parcels.pmtiles", Range="bytes=0-126")
    assert [asked[1] for asked in Upstream.asked] == ["bytes=0-126"] * 2


def test_an_empty_tile_is_kept_like_others(address: str) -> None:
    assert {get(f"{address}/tiles/empty/1/0/0.mvt")[0] for _number in range(3)} == {204}
    assert len(Upstream.asked) == 1
