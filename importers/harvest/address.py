"""Which addresses may be called: the guard against a URL that leads into our own network.

A host is resolved once; every address it has must be public, and exactly the address that was checked is
connected to, so that a second answer of the name server changes nothing. Redirects come back here hop by hop.
"""

import ipaddress
import re
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

from importers.harvest.errors import AddressRefused, HostNotFound

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], list[str]]

PORTS = frozenset({80, 443, 8080, 8443})
_LONGEST = 2000
# What `is_global` lets pass and still leads to us, or to a neighbour in a cloud: translated and tunnelled IPv4,
# site-local, relays, and metadata services that have public addresses.
_NEVER = tuple(map(ipaddress.ip_network, (
    "0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "240.0.0.0/4",
    "168.63.129.16/32", "::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/23", "2002::/16",
    "3fff::/20", "5f00::/16", "fec0::/10",
)))  # fmt: skip
_IPV4 = re.compile(r"(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}", re.ASCII)
_NUMERIC = re.compile(r"(0x[0-9a-f]*|\d+)(\.(0x[0-9a-f]*|\d*))*\.?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Target:
    """An address that may be called, as far as its text tells. `host` is in lower-case ASCII, IPv6 bare."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"http": 80, "https": 443}[self.scheme]
        return (
            urlunsplit((self.scheme, host if self.port == usual else f"{host}:{self.port}", "", "", ""))
            + self.path
        )

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port


@dataclass(frozen=True)
class Allowance:
    """What the administrator opens besides: networks, and hosts with an optional port.

    From HROMADA_HARVEST_ALLOW, "10.1.0.0/16,geo.rada.local:8081".
    """

    networks: tuple[Network, ...] = ()
    hosts: frozenset[tuple[str, int | None]] = frozenset()

    @classmethod
    def from_text(cls, text: str) -> "Allowance":
        """Raises ValueError for an entry that is neither."""
        networks: list[Network] = []
        hosts: set[tuple[str, int | None]] = set()
        for entry in filter(None, (item.strip().lower() for item in text.split(","))):
            if "/" in entry:
                networks.append(ipaddress.ip_network(entry))
            else:
                host, _colon, port = entry.partition(":")
                hosts.add((host, int(port) if port else None))
        return cls(tuple(networks), frozenset(hosts))

    def has_host(self, target: Target) -> bool:
        return (target.host, target.port) in self.hosts or (target.host, None) in self.hosts

    def has_address(self, address: Address) -> bool:
        return any(address.version == network.version and address in network for network in self.networks)


def parse(url: str, *, allow: Allowance = Allowance()) -> Target:
    """The address in `url`, judged by its text alone. Raises AddressRefused."""
    refusal = AddressRefused(url=shown(url))
    if len(url) > _LONGEST or not url.isprintable() or re.search(r"[\s\\]", url):
        raise refusal
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        if (
            not parts.hostname
            or parts.username is not None
            or parts.password is not None
            or "@" in parts.netloc
        ):
            raise refusal
        if ":" not in host:
            host = host.encode("idna").decode("ascii").lower().removesuffix(".")
    except (ValueError, UnicodeError) as error:
        raise refusal from error
    if parts.scheme not in ("http", "https") or not host or "%" in host:
        raise refusal
    target = Target(
        parts.scheme, host, port or {"http": 80, "https": 443}[parts.scheme], _path(parts.path, parts.query)
    )
    odd_number = ":" not in host and _NUMERIC.fullmatch(host) and not _IPV4.fullmatch(host)
    if odd_number or (target.port not in PORTS and (host, target.port) not in allow.hosts):
        raise refusal
    return target


def addresses(target: Target, *, allow: Allowance, resolver: Resolver | None = None) -> list[str]:
    """The checked IP addresses to connect to, in the name server's order.

    One address that is not public refuses the host as a whole. Raises AddressRefused, HostNotFound.
    """
    try:
        found = list(dict.fromkeys((resolver or resolve)(target.host, target.port)))
    except (OSError, UnicodeError) as error:
        raise HostNotFound(host=target.host) from error
    if not found:
        raise HostNotFound(host=target.host)
    if not allow.has_host(target):
        for text in found:
            if not _is_open(text, allow):
                raise AddressRefused(url=shown(target.url))
    return found


def resolve(host: str, port: int) -> list[str]:
    """All addresses of a host, by the system's own resolver. Raises OSError."""
    return [str(item[4][0]) for item in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def is_public(text: str) -> bool:
    """Whether an IP address is one of the open internet, in whatever form it is written."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if getattr(address, "scope_id", None):
        return False
    never: Iterable[Network] = (item for item in _NEVER if item.version == address.version)
    if any(address in network for network in never):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def shown(url: str) -> str:
    """A URL as it may be shown and kept: without a password in it, short, and printable."""
    hidden = re.sub(r"//[^/?#]*@", "//…@", url)
    return "".join(letter for letter in hidden if letter.isprintable())[:200]


def _is_open(text: str, allow: Allowance) -> bool:
    if is_public(text):
        return True
    try:
        return allow.has_address(ipaddress.ip_address(text))
    except ValueError:
        return False


def _path(path: str, query: str) -> str:
    """Path and query in ASCII, whatever letters they were written in."""
    safe = quote(path or "/", safe="/%:@!$&'()*+,;=~-._")
    return safe + (f"?{quote(query, safe='/%:@!$&()*+,;=?~-._[]')}" if query else "")
