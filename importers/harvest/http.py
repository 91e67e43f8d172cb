"""Fetches one address: over a connection to the IP that was checked, within limits of size and time.

Only `http.client` over our own socket: no proxy of the environment, no cookie, no redirect it follows itself.
"""

import http.client
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin

from gis_core import limits
from gis_core.jobs import progress
from importers.harvest.address import Allowance, Resolver, Target, addresses, parse
from importers.harvest.errors import (
    HarvestFailed,
    HarvestStatus,
    HarvestTimedOut,
    HarvestTooLarge,
    HostNotFound,
    TooManyRedirects,
)

MOST_REDIRECTS = 5
_CONNECT_S, _READ_S, _PIECE, _MB = 10.0, 30.0, 65_536, 1024 * 1024
_REDIRECTS = (301, 302, 303, 307, 308)
_AGENT = "HromadaGIS-harvest/1"


@dataclass(frozen=True)
class Fetched:
    """An answer: the body is in the file that was given. `not_modified` True: nothing came, nothing changed."""

    url: str
    not_modified: bool = False
    etag: str = ""
    last_modified: str = ""
    media_type: str = ""


@dataclass
class Budget:
    """What one round may still take; shared by all its requests."""

    bytes_left: int
    deadline: float
    seconds: int

    @classmethod
    def of_a_round(cls) -> "Budget":
        seconds = limits.value("harvest_s")
        return cls(limits.value("max_harvest_mb") * _MB, time.monotonic() + seconds, seconds)


@dataclass(frozen=True)
class Client:
    """How to call: whom besides the public internet, and by which resolver (None: the system's)."""

    allow: Allowance = field(default_factory=Allowance)
    resolver: Resolver | None = None

    def fetch(
        self,
        url: str,
        into: Path,
        *,
        budget: Budget,
        etag: str = "",
        last_modified: str = "",
        accept: str = "*/*",
    ) -> Fetched:
        """Write what `url` answers to the file `into`. Follows redirects, each checked like the first address.

        `etag` and `last_modified` are those of what we have. Raises HarvestProblem.
        """
        target = parse(url, allow=self.allow)
        first = target.origin
        asked = {"Accept": accept, "Accept-Encoding": "identity, gzip;q=0.5", "User-Agent": _AGENT,
                 "Connection": "close"}  # fmt: skip
        known = {"If-None-Match": etag, "If-Modified-Since": "" if etag else last_modified}
        for _hop in range(MOST_REDIRECTS + 1):
            headers = asked | (
                {name: value for name, value in known.items() if value} if target.origin == first else {}
            )
            found = self._once(target, into, budget, headers)
            if isinstance(found, Fetched):
                return found
            target = self._following(target, found)
        raise TooManyRedirects(host=target.host, most=MOST_REDIRECTS)

    def _following(self, target: Target, location: str) -> Target:
        following = parse(urljoin(target.url, location), allow=self.allow)
        if target.scheme == "https" and following.scheme != "https":
            raise HarvestStatus(host=target.host, found="https → http")
        return following

    def _once(self, target: Target, into: Path, budget: Budget, headers: Mapping[str, str]) -> Fetched | str:
        """One request: what was fetched, or where a redirect leads."""
        with self._connected(target, budget) as connection:
            connection.request("GET", target.path, headers=dict(headers))
            response = connection.getresponse()
            if response.status in _REDIRECTS and response.headers.get("Location"):
                return response.headers["Location"].encode("latin-1").decode("utf-8", "replace")
            etag, changed = (
                response.headers.get("ETag", "")[:200],
                response.headers.get("Last-Modified", "")[:100],
            )
            if response.status == 304:
                return Fetched(target.url, not_modified=True, etag=etag, last_modified=changed)
            if response.status != 200:
                raise HarvestStatus(host=target.host, found=response.status)
            _write(response, into, target, budget)
            kind = response.headers.get_content_type()
            return Fetched(target.url, etag=etag, last_modified=changed, media_type=kind)

    @contextmanager
    def _connected(self, target: Target, budget: Budget) -> Iterator[http.client.HTTPConnection]:
        """A connection to a checked address; whatever happens on it ends as a HarvestProblem."""
        connection = http.client.HTTPConnection(target.host, target.port)
        connection.default_port = {"http": 80, "https": 443}[target.scheme]  # left out of the header Host
        sock = None
        late = threading.Event()
        try:
            sock = self._socket(target, budget)
            watch = threading.Timer(max(0.01, budget.deadline - time.monotonic()), _hang_up, (sock, late))
            watch.daemon = True
            watch.start()
            connection.sock = sock
            try:
                yield connection
            finally:
                watch.cancel()
        except (OSError, http.client.HTTPException, zlib.error, ValueError) as error:
            if late.is_set() or time.monotonic() >= budget.deadline:
                raise HarvestTimedOut(host=target.host, seconds=budget.seconds) from error
            raise HarvestFailed(host=target.host) from error
        finally:
            connection.close()
            if sock is not None:
                sock.close()

    def _socket(self, target: Target, budget: Budget) -> socket.socket:
        """Raises AddressRefused, HostNotFound, OSError."""
        for address in addresses(target, allow=self.allow, resolver=self.resolver):
            left = min(_CONNECT_S, budget.deadline - time.monotonic())
            if left <= 0:
                raise HarvestTimedOut(host=target.host, seconds=budget.seconds)
            with suppress(OSError):
                plain = socket.create_connection((address, target.port), timeout=left)
                plain.settimeout(_READ_S)
                return plain if target.scheme == "http" else _secured(plain, target)
        raise HostNotFound(host=target.host)


def _secured(plain: socket.socket, target: Target) -> socket.socket:
    """TLS with the certificate checked against the name, not the address."""
    try:
        return ssl.create_default_context().wrap_socket(plain, server_hostname=target.host)
    except BaseException:
        plain.close()
        raise


def _hang_up(sock: socket.socket, late: threading.Event) -> None:
    """A server that sends a byte a minute keeps every single time-out: the round's own clock ends it."""
    late.set()
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _write(response: http.client.HTTPResponse, into: Path, target: Target, budget: Budget) -> None:
    too_large = HarvestTooLarge(host=target.host, allowed=limits.value("max_harvest_mb"))
    if int(response.headers.get("Content-Length") or 0) > budget.bytes_left:
        raise too_large
    with into.open("wb") as file:
        for piece in _unpacked(response, target):
            progress.check_cancelled()
            budget.bytes_left -= len(piece)
            if budget.bytes_left < 0:
                raise too_large
            if time.monotonic() > budget.deadline:
                raise HarvestTimedOut(host=target.host, seconds=budget.seconds)
            file.write(piece)


def _unpacked(response: http.client.HTTPResponse, target: Target) -> Iterator[bytes]:
    """The body, unpacked where the server packed it; never more of it at once than a piece."""
    coding = (response.headers.get("Content-Encoding") or "identity").strip().lower()
    if coding not in ("identity", "gzip", "x-gzip"):
        raise HarvestStatus(host=target.host, found=coding[:20])
    unpacker = zlib.decompressobj(31) if coding != "identity" else None
    while piece := response.read(_PIECE):
        if unpacker is None:
            yield piece
            continue
        while piece:
            yield unpacker.decompress(piece, _PIECE)
            piece = unpacker.unconsumed_tail
    if response.length or (unpacker is not None and not unpacker.eof):
        raise http.client.IncompleteRead(b"")
