"""Services that answer in pages: OGC API - Features (links rel=next) and WFS 2.0 (count, startIndex), as one file.

The pages must fit together: a feature that comes twice or a count that is not reached fails the round, because what
is missing would be removed from the layer.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from gis_core import limits
from gis_core.jobs import progress
from importers.harvest.address import parse, shown
from importers.harvest.errors import (
    HarvestLeaves,
    HarvestTimedOut,
    HarvestTooLarge,
    NotGeoJson,
    PagesDoNotFit,
)
from importers.harvest.http import Budget, Client, Fetched

PAGE = 1000
_SMALLEST_PAGE = 10
_LONGEST_PAGE = 4 * 1024 * 1024
"""As objects of Python a page takes some twenty times its bytes."""
_GEOJSON = "application/geo+json, application/json;q=0.8"


class _PageTooLong(HarvestTooLarge):
    """Fewer features may fit."""


@dataclass
class _Collected:
    """What came so far; ids as text, for a feature must not come twice."""

    host: str
    features: int = 0
    matched: int | None = None
    ids: set[str] = field(default_factory=set)


def fetch_pages(
    client: Client, kind: str, url: str, into: Path, *, budget: Budget, layer: str = ""
) -> Fetched:
    """Write all features of a service (`kind` "ogcapi" or "wfs") as one GeoJSON FeatureCollection to `into`.

    `layer` is the WFS type name. Raises HarvestProblem; PagesDoNotFit where features are missing or repeated.
    """
    walk = _ogcapi(client, url, into, budget) if kind == "ogcapi" else _wfs(client, url, layer, into, budget)
    collected = _Collected(parse(url, allow=client.allow).host)
    first: Fetched | None = None
    with into.open("w", encoding="utf-8") as file:
        file.write('{"type":"FeatureCollection"')
        for fetched, page in walk:
            if first is None:
                first = fetched
                if isinstance(page.get("crs"), dict):
                    file.write(',"crs":' + json.dumps(page["crs"], allow_nan=False))
                file.write(',"features":[')
            _add(page, collected, file)
        file.write("]}")
    if first is None or (collected.matched is not None and collected.features < collected.matched):
        raise PagesDoNotFit(host=collected.host, found=collected.features, expected=collected.matched or 0)
    return Fetched(first.url, media_type="application/geo+json")


def _add(page: dict[str, Any], collected: _Collected, file: Any) -> None:
    if isinstance(page.get("numberMatched"), int):
        collected.matched = page["numberMatched"]
    for feature in page["features"]:
        if not isinstance(feature, dict):
            raise NotGeoJson(host=collected.host)
        if "id" in feature:
            if str(feature["id"]) in collected.ids:
                expected = collected.matched or collected.features
                raise PagesDoNotFit(host=collected.host, found=collected.features, expected=expected)
            collected.ids.add(str(feature["id"]))
        file.write(
            ("," if collected.features else "") + json.dumps(feature, ensure_ascii=False, allow_nan=False)
        )
        collected.features += 1


# --- walking ---


def _ogcapi(client: Client, url: str, into: Path, budget: Budget) -> Iterator[tuple[Fetched, dict[str, Any]]]:
    """Follows the links "next", as long as they stay with the same server and lead somewhere new."""
    origin = parse(url, allow=client.allow).origin
    following: str | None = with_query(url, {"limit": str(PAGE), "f": "json"})
    size = PAGE
    seen: set[str] = set()
    while following is not None:
        target = parse(following, allow=client.allow)
        if target.origin != origin:
            raise HarvestLeaves(host=origin[1], url=shown(target.url))
        if target.url in seen:
            raise PagesDoNotFit(host=target.host, found=len(seen), expected=0)
        seen.add(target.url)
        fetched, page, size = _fitting(
            client, following, into, budget, number=len(seen), parameter="limit", size=size
        )
        yield fetched, page
        following = _next_link(page, fetched.url)


def _wfs(
    client: Client, url: str, layer: str, into: Path, budget: Budget
) -> Iterator[tuple[Fetched, dict[str, Any]]]:
    """Asks for a thousand features at a time until as many came as the service says it has, or none: a service may
    give fewer at a time than it is asked for. Raises PagesDoNotFit where it gives the same ones again."""
    asked = {
        "service": "WFS", "version": "2.0.0", "request": "GetFeature", "typeNames": layer, "srsName": "EPSG:4326",
        "outputFormat": "application/json",
    }  # fmt: skip
    found, number, size = 0, 0, PAGE
    before: list[Any] = []
    while True:
        number += 1
        following = with_query(url, {**asked, "count": str(size), "startIndex": str(found)}, replace=True)
        fetched, page, size = _fitting(
            client, following, into, budget, number=number, parameter="count", size=size
        )
        features, matched = page["features"], page.get("numberMatched")
        if features and features == before:
            host = parse(url, allow=client.allow).host
            raise PagesDoNotFit(host=host, found=found, expected=found)
        yield fetched, page
        found, before = found + len(features), features
        if not features or (isinstance(matched, int) and found >= matched):
            return


def _fitting(
    client: Client, url: str, into: Path, budget: Budget, *, number: int, parameter: str, size: int
) -> tuple[Fetched, dict[str, Any], int]:
    """A page, of fewer features where it would be too long to be parsed, and how many were asked for."""
    while True:
        try:
            return *_page(client, url, into, budget, number=number), size
        except _PageTooLong:
            size //= 4
            if size < _SMALLEST_PAGE:
                raise
            url = with_query(url, {parameter: str(size)}, replace=True)


def _page(
    client: Client, url: str, into: Path, budget: Budget, *, number: int
) -> tuple[Fetched, dict[str, Any]]:
    progress.check_cancelled()
    host = parse(url, allow=client.allow).host
    if time.monotonic() > budget.deadline:
        raise HarvestTimedOut(host=host, seconds=budget.seconds)
    if number > limits.value("max_harvest_pages"):
        raise HarvestTooLarge(host=host, allowed=limits.value("max_harvest_mb"))
    part = into.with_suffix(".page")
    try:
        fetched = client.fetch(url, part, budget=budget, accept=_GEOJSON)
        if part.stat().st_size > _LONGEST_PAGE:
            raise _PageTooLong(host=host, allowed=_LONGEST_PAGE // 1_048_576)
        page = json.loads(part.read_bytes(), parse_constant=_refuse)
    except (ValueError, RecursionError, MemoryError) as error:
        raise NotGeoJson(host=host) from error
    finally:
        part.unlink(missing_ok=True)
    if not isinstance(page, dict) or not isinstance(page.get("features"), list):
        raise NotGeoJson(host=host)
    return fetched, page


def _refuse(text: str) -> Any:
    raise ValueError(text)


def _next_link(page: dict[str, Any], base: str) -> str | None:
    links = page.get("links")
    for item in links if isinstance(links, list) else ():
        if isinstance(item, dict) and item.get("rel") == "next" and isinstance(item.get("href"), str):
            return urljoin(base, item["href"])
    return None


def with_query(url: str, more: dict[str, str], *, replace: bool = False) -> str:
    """The address with parameters added; those it has stay, unless they are to be replaced. Names in any case."""
    parts = urlsplit(url)
    given = parse_qsl(parts.query, keep_blank_values=True)
    names = {name.lower() for name in more}
    if replace:
        given = [(name, value) for name, value in given if name.lower() not in names]
    has = {name.lower() for name, _ in given}
    query = urlencode([*given, *((name, value) for name, value in more.items() if name.lower() not in has)])
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))
