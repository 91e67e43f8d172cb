"""Which addresses may be called: every way to write one of our own network is refused."""

import socket

import pytest

from importers.harvest.address import Allowance, addresses, is_public, parse, resolve
from importers.harvest.errors import AddressRefused, HarvestProblem, HostNotFound

PRIVATE = [
    "127.0.0.1", "127.8.9.10", "10.0.0.1", "172.16.0.1", "172.31.255.254", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "100.100.100.200", "0.1.2.3", "192.0.0.192", "192.0.2.1", "198.18.0.1", "198.51.100.1",
    "203.0.113.5", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "168.63.129.16", "192.88.99.1",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:7f00:1", "::ffff:8.8.8.8",
    "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1", "2001::1", "2001:db8::1",
    "fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "100::1", "3fff::1", "5f00::1",
    "nonsense", "",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "91.198.36.14", "2a00:1450:4001:800::200e", "2606:4700::1111"]

# Not spelled as an address is: what a name server or a C library may still take for one.
ODD = [
    "http://2130706433/", "http://0x7f000001/", "http://017700000001/", "http://127.1/", "http://127.0.1/",
    "http://0177.0.0.1/", "http://0x7f.0.0.1/", "http://0x7f.1/", "http://0/", "http://3232235777/", "http://127.0.0.1./",
    "http://①②⑦.⓪.⓪.①/", "http://127。0。0。1/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://[fe80::1%25eth0]/",
    "http://[64:ff9b::7f00:1]/", "http://[0:0:0:0:0:0:0:1]/", "http://127.0.0.1:80/", "http://10.0.0.5/wfs",
    "http://169.254.169.254/latest/meta-data/", "http://localhost/", "http://localhost.localdomain/",
]  # fmt: skip
TEXTS = [
    "", "geo.example.org/x", "//geo.example.org/x", "ftp://geo.example.org/x", "file:///etc/passwd", "gopher://8.8.8.8/",
    "data:text/plain,x", "http:///x", "http://user@geo.example.org/", "http://user:secret@geo.example.org/",
    "http://geo.example.org@127.0.0.1/", "http://geo.example.org\\@127.0.0.1/", "http://geo.example.org:22/",
    "http://geo.example.org:6379/", "http://geo.example.org:99999/", "http://geo.example.org:x/",
    "http://geo.exa mple.org/", "http://geo.example.org/\r\nX: y", "http://geo.example.org/\x00", "http://[::1/",
    "https://geo.example.org/" + "a" * 3000, "http://%31%32%37.0.0.1/", "http://.../", "jar:http://geo.example.org!/",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_of_the_open_internet_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_open_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("url", ODD)
def test_no_spelling_of_a_private_address_is_let_through(url: str) -> None:
    with pytest.raises(HarvestProblem) as caught:
        addresses(parse(url), allow=Allowance())

    assert caught.value.code in ("address-refused", "harvest-host-not-found")


@pytest.mark.parametrize("url", TEXTS)
def test_a_url_that_is_none_or_carries_more_than_an_address_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused) as caught:
        parse(url)

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("address", [item for item in PRIVATE if item not in ("nonsense", "")])
def test_a_name_that_leads_to_a_private_address_is_refused(address: str) -> None:
    target = parse("https://geo.example.org/wfs")

    assert addresses(target, allow=Allowance(), resolver=lambda host, port: ["8.8.8.8"]) == ["8.8.8.8"]
    with pytest.raises(AddressRefused):
        addresses(target, allow=Allowance(), resolver=lambda host, port: [address])


def test_one_private_address_among_public_ones_refuses_the_name() -> None:
    target = parse("https://geo.example.org/wfs")

    with pytest.raises(AddressRefused):
        addresses(target, allow=Allowance(), resolver=lambda host, port: ["8.8.8.8", "10.0.0.1"])


def test_a_name_that_nobody_knows_is_told_so() -> None:
    def nobody(host: str, port: int) -> list[str]:
        raise socket.gaierror

    with pytest.raises(HostNotFound):
        addresses(parse("https://geo.example.org/"), allow=Allowance(), resolver=nobody)


def test_the_systems_own_resolver_takes_odd_spellings_for_loopback() -> None:
    """Why the resolved address is judged and not the text alone."""
    assert resolve("2130706433", 80) == resolve("0x7f.1", 80) == resolve("127.1", 80) == ["127.0.0.1"]


def test_what_the_administrator_allows_is_called_and_nothing_else() -> None:
    allow = Allowance.from_text(" 10.1.0.0/16, Geo.Rada.local:8081,portal.rada.local ")
    loopback = lambda host, port: ["127.0.0.1"]  # noqa: E731
    inside = lambda host, port: ["10.1.2.3"]  # noqa: E731

    assert addresses(parse("http://geo.example.org/", allow=allow), allow=allow, resolver=inside) == [
        "10.1.2.3"
    ]
    assert parse("http://geo.rada.local:8081/x", allow=allow).port == 8081
    assert addresses(parse("http://geo.rada.local:8081/", allow=allow), allow=allow, resolver=loopback)
    assert addresses(parse("http://portal.rada.local/", allow=allow), allow=allow, resolver=loopback)
    for url in ("http://other.rada.local/", "http://geo.rada.local/"):
        with pytest.raises(AddressRefused):
            addresses(parse(url, allow=allow), allow=allow, resolver=loopback)
    with pytest.raises(AddressRefused):
        parse("http://portal.rada.local:8081/", allow=allow)
    with pytest.raises(AddressRefused):
        addresses(
            parse("http://geo.example.org/", allow=allow),
            allow=allow,
            resolver=lambda host, port: ["10.2.0.1"],
        )


def test_letters_of_any_script_make_an_address() -> None:
    target = parse("https://Геопортал.укр/шари?назва=ділянки&bbox=1,2#тут")

    assert target.host == "xn--80afgznagjs.xn--j1amh"
    assert target.url.isascii()
    assert "%D1%88" in target.path
    assert "#" not in target.url
