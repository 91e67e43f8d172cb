"""WMTS 1.0.0 (OGC 07-057r7) of a community's rasters: the capabilities document, with RESTful addresses of tiles."""

from typing import Any
from xml.etree import ElementTree as ET  # what is written here, not what strangers send

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from gis_core.api.http import may_be_kept
from gis_core.api.problem import problems
from gis_core.api.reader import reader_of
from gis_core.communities import Community
from gis_core.errors import CommunityNotFound
from layers.models import Raster
from layers.rasters import visible_rasters
from layers.rastertiles.tilejson import tile_path
from layers.rastertiles.tiles import first_zoom, last_zoom
from layers.tiles.address import MAX_ZOOM, WORLD_M, place_down, tile_place

MOST = 1_000
_SET = "GoogleMapsCompatible"
_WMTS, _OWS, _XLINK = (
    "http://www.opengis.net/wmts/1.0", "http://www.opengis.net/ows/1.1", "http://www.w3.org/1999/xlink",
)  # fmt: skip
_FORMATS = {"png": "image/png", "webp": "image/webp"}
for _prefix, _name in (("", _WMTS), ("ows", _OWS), ("xlink", _XLINK)):
    ET.register_namespace(_prefix, _name)


@problems("GET", "HEAD")
def capabilities(request: HttpRequest, community: str) -> HttpResponse:
    """The rasters that the reader sees; a hidden one is as absent as a missing one."""
    found = Community.objects.filter(slug=community.replace("\x00", "")).first()
    if found is None:
        raise CommunityNotFound(community=community[:40])
    rasters = visible_rasters(reader_of(request)).filter(community=found)[:MOST]
    base_url = request.build_absolute_uri("/").rstrip("/")
    body = document(list(rasters), found.title, base_url, request.build_absolute_uri(request.path))
    response = HttpResponse(body, content_type="application/xml")
    patch_vary_headers(response, ["Accept-Language", "Cookie", "Authorization"])
    return may_be_kept(response, public=False)


def document(rasters: list[Raster], title: str, base_url: str, own_url: str) -> bytes:
    """The capabilities as XML; `base_url` is this server's address, without a slash at its end."""
    root = ET.Element(f"{{{_WMTS}}}Capabilities", {"version": "1.0.0"})
    service = ET.SubElement(root, f"{{{_OWS}}}ServiceIdentification")
    _ows(service, Title=_xml(title), ServiceType="OGC WMTS", ServiceTypeVersion="1.0.0")
    contents = ET.SubElement(root, f"{{{_WMTS}}}Contents")
    for raster in rasters:
        contents.append(_layer(raster, base_url))
    contents.append(_scheme())
    ET.SubElement(root, f"{{{_WMTS}}}ServiceMetadataURL", {f"{{{_XLINK}}}href": own_url})
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _layer(raster: Raster, base_url: str) -> ET.Element:
    west, south, east, north = raster.footprint.extent
    layer = ET.Element(f"{{{_WMTS}}}Layer")
    _ows(layer, Title=_xml(raster.local_title))
    box = ET.SubElement(layer, f"{{{_OWS}}}WGS84BoundingBox")
    _ows(box, LowerCorner=f"{west} {south}", UpperCorner=f"{east} {north}")
    _ows(layer, Identifier=raster.full_name)
    _ows(ET.SubElement(layer, f"{{{_WMTS}}}Style", {"isDefault": "true"}), Identifier="default")
    for kind in _FORMATS.values():
        _wmts(layer, Format=kind)
    of_set = ET.SubElement(layer, f"{{{_WMTS}}}TileMatrixSetLink")
    _wmts(of_set, TileMatrixSet=_SET)
    limits = ET.SubElement(of_set, f"{{{_WMTS}}}TileMatrixSetLimits")
    for zoom in range(first_zoom(raster), last_zoom(raster) + 1):
        _wmts(
            ET.SubElement(limits, f"{{{_WMTS}}}TileMatrixLimits"),
            TileMatrix=zoom,
            MinTileRow=tile_place(place_down(north), zoom), MaxTileRow=tile_place(place_down(south), zoom),
            MinTileCol=tile_place((west + 180) / 360, zoom), MaxTileCol=tile_place((east + 180) / 360, zoom),
        )  # fmt: skip
    for form, kind in _FORMATS.items():
        path = tile_path(raster, form)
        for ours, theirs in (("{z}", "{TileMatrix}"), ("{x}", "{TileCol}"), ("{y}", "{TileRow}")):
            path = path.replace(ours, theirs)
        given = {"format": kind, "resourceType": "tile", "template": base_url + path}
        ET.SubElement(layer, f"{{{_WMTS}}}ResourceURL", given)
    return layer


def _scheme() -> ET.Element:
    """GoogleMapsCompatible of annex E.4, to the last zoom that tiles may be asked for."""
    found = ET.Element(f"{{{_WMTS}}}TileMatrixSet")
    _ows(found, Identifier=_SET, SupportedCRS="urn:ogc:def:crs:EPSG::3857")
    _wmts(found, WellKnownScaleSet="urn:ogc:def:wkss:OGC:1.0:GoogleMapsCompatible")
    for zoom in range(MAX_ZOOM - 1):
        matrix = ET.SubElement(found, f"{{{_WMTS}}}TileMatrix")
        _ows(matrix, Identifier=zoom)
        _wmts(
            matrix,
            ScaleDenominator=WORLD_M / 256 / 2**zoom / 0.000_28,
            TopLeftCorner=f"{-WORLD_M / 2} {WORLD_M / 2}",
            TileWidth=256, TileHeight=256, MatrixWidth=2**zoom, MatrixHeight=2**zoom,
        )  # fmt: skip
    return found


def _ows(parent: ET.Element, **values: Any) -> None:
    for name, value in values.items():
        ET.SubElement(parent, f"{{{_OWS}}}{name}").text = str(value)


def _wmts(parent: ET.Element, **values: Any) -> None:
    for name, value in values.items():
        ET.SubElement(parent, f"{{{_WMTS}}}{name}").text = str(value)


def _xml(text: str) -> str:
    """Without the characters that XML cannot hold."""
    return "".join(letter for letter in text if letter >= " " or letter in "\t\n")
