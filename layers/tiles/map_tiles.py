"""Tiles with several layers of a community: the tiles of its layers, one after the other.

Each layer's part is kept and forgotten as its own tile, so a map's tile is as fresh as they are, and an edit in one
layer lets the others' parts stay.
"""

from django.http import HttpRequest
from django.utils.translation import gettext as _

from gis_core import limits
from gis_core.errors import CommunityNotFound, TooLarge
from layers.access import LayerNotFound, is_layer_name
from layers.models import Layer
from layers.tiles import bodies, cache
from layers.tiles.asking import Asked, KeptTile, ask_tiles
from layers.tiles.mvt import TileAddress
from layers.tiles.render import Tile, merged


def ask_map(request: HttpRequest, community: str, address: TileAddress) -> list[Asked]:
    """The layers of a map's tile, in the order of `layers`, else in that of the legend, and what is kept of them.

    Raises LayerNotFound for a layer in `layers` that is absent or hidden, CommunityNotFound, TooLarge.
    """
    if not is_layer_name(f"{community}.a"):
        raise CommunityNotFound(community=community[:40])
    given = request.GET.get("layers")
    slugs = list(dict.fromkeys(given.split(","))) if given else _slugs(community)
    most = limits.value("max_map_layers")
    if given and len(slugs) > most:
        raise TooLarge(thing=_("The list of layers"), size=len(slugs), limit=most)
    for slug in slugs:
        if not is_layer_name(f"{community}.{slug}"):
            raise LayerNotFound(layer=f"{community}.{slug}"[:62])
    found = ask_tiles(request, community, slugs, address)
    missing = [slug for slug in slugs if slug not in found]
    if given and missing:
        raise LayerNotFound(layer=f"{community}.{missing[0]}")
    if len(found) > most:
        raise TooLarge(thing=_("The list of layers"), size=len(found), limit=most)
    return [found[slug] for slug in slugs if slug in found]


def _slugs(community: str) -> list[str]:
    """All layers of a community; whether they may be read is asked with their tiles."""
    slugs = Layer.objects.filter(community__slug=community).order_by("position", "pk")
    return list(slugs.values_list("slug", flat=True))


def known(every: list[Asked]) -> KeptTile | None:
    """The tile's tag and count, where every part of it is kept: enough for a 304."""
    parts = [asked.kept for asked in every]
    return _whole([part for part in parts if part is not None]) if None not in parts else None


def _whole(parts: list[KeptTile]) -> KeptTile:
    """Its tag follows from those of its parts, which are hashes of their bytes."""
    tags = " ".join(part.etag for part in parts if part.etag)
    return KeptTile(bodies.tag_of(tags.encode()), sum(part.features for part in parts))


def obtain(
    every: list[Asked], address: TileAddress, wanted: frozenset[str]
) -> tuple[KeptTile, tuple[str, bytes]]:
    """The tile, and (encoding, body) as the client takes it. Raises Busy, LayerNotFound."""
    parts = cache.obtain_many(every, address)
    whole = _whole([part for part, _body in parts])
    body = merged([Tile(body, part.features) for part, body in parts]).body
    return whole, bodies.pack_new(body, wanted)
