"""Why a raster cannot be imported, besides what `importers.errors` already names."""

from django.utils.translation import gettext_lazy as _

from importers.errors import ImportProblem


class NotARaster(ImportProblem):
    code = "not-a-raster"
    message = _(
        "“%(name)s” is not a raster that we can read. Send a GeoTIFF, a JPEG 2000, or a JPEG or PNG together with "
        "its world file (.jgw, .pgw, .wld)."
    )


class NotGeoreferenced(ImportProblem):
    code = "raster-not-georeferenced"
    status = 422
    message = _(
        "“%(name)s” does not say where on the Earth it lies. Send its world file (%(parts)s) with it, or export it "
        "as a GeoTIFF."
    )


class RpcOnly(ImportProblem):
    code = "raster-rpc-only"
    status = 422
    message = _(
        "“%(name)s” is a satellite scene that is not corrected for the terrain: it has only RPC coefficients. Ask "
        "for the orthorectified product."
    )


class BadGeoreference(ImportProblem):
    code = "raster-bad-georeference"
    status = 422
    message = _(
        "The georeference of “%(name)s” makes no sense: a pixel would be %(pixel)s. Check the world file, or export "
        "the raster again."
    )


class BadWorldFile(ImportProblem):
    code = "raster-bad-world-file"
    status = 422
    message = _(
        "The world file of “%(name)s” is wrong: it should hold six numbers, one a line, with a size of the pixel "
        "that is not zero. Export it again."
    )


class ControlPointsDisagree(ImportProblem):
    code = "raster-control-points-disagree"
    status = 422
    message = _(
        "The control points of “%(name)s” do not agree: they miss their places by %(error)s pixels on average. "
        "Correct the points, or rectify the picture in QGIS and send the result."
    )


class OffTheMap(ImportProblem):
    code = "raster-off-the-map"
    status = 422
    message = _(
        "“%(name)s” would reach beyond the map if it were in %(crs)s. The coordinate system or the world file is "
        "wrong; name the right system."
    )


class RasterSent(ImportProblem):
    """A raster came in by the door of layers."""

    code = "raster-sent"
    status = 422
    message = _(
        "“%(name)s” is a raster, which does not become a layer of features. Send it as a raster instead: on the page "
        "for files, by POST %(address)s, or with manage.py import_raster."
    )


class RasterElsewhere(ImportProblem):
    """Params: lon and lat of the raster's middle in degrees, `distance_km` from the community."""

    code = "raster-elsewhere"
    status = 422
    message = _(
        "“%(name)s” lies %(distance_km)s km away from the community (at %(lat)s, %(lon)s). Check the coordinate "
        "system; if it does belong there, say so and import it again."
    )


class ExternalReference(ImportProblem):
    code = "raster-external-reference"
    status = 422
    message = _(
        "“%(name)s” refers to another file for a part of its content, which is not followed. Export the raster as "
        "one complete GeoTIFF."
    )


class PixelsNotSupported(ImportProblem):
    code = "raster-pixels-not-supported"
    status = 422
    message = _(
        "“%(name)s” holds values of the kind “%(kind)s”, which cannot be shown on a map. Export it with whole or "
        "decimal numbers."
    )


class NothingVisible(ImportProblem):
    code = "raster-empty"
    status = 422
    message = _(
        "“%(name)s” holds no value at all: every pixel is marked as “no data”. Check the export and the “no data” "
        "value."
    )
