"""What was done to a raster on its way in, or is doubtful in it: each a code with a sentence."""

from typing import Any

from django.utils.translation import gettext_lazy as _

NOTES: dict[str, Any] = {
    "world-file-used": _("The place comes from the world file."),
    "prj-used": _("The coordinate system comes from the .prj file."),
    "crs-found": _(
        "The file names no coordinate system; it was taken to be in %(crs)s, in which %(percent)s %% of it lies here."
    ),
    "straightened": _("The picture was turned by %(degrees)s° so that north is up."),
    "flipped": _("The rows or columns ran the other way and were put in order."),
    "control-points-fitted": _(
        "The place was computed from %(count)s control points, which it meets within %(error_m)s m."
    ),
    "nodata-missing": _(
        "The file does not say which value means “no data”; if there is such a frame, import it again and name it."
    ),
    "nodata-not-of-type": _(
        "The “no data” value %(value)s cannot occur in values of the kind %(dtype)s and was left out."
    ),
    "nan-as-nodata": _("Pixels that are not a number count as “no data”."),
    "alpha-to-mask": _("Transparency became a mask: a pixel is either shown or not."),
    "palette-kept": _("The colours of the palette are kept; overviews take the nearest value."),
    "first-page": _("The file holds %(count)s pictures; the first one was taken."),
    "lossy": _(
        "The picture is stored as JPEG of quality %(quality)s; keep the original for measurements of colour."
    ),
    "accuracy": _("The coordinate system is known to about %(metres)s m here."),
}


def sentence(note: dict[str, Any]) -> str:
    """A note in the reader's language; "" for a code that is not known any more."""
    template = NOTES.get(note["code"])
    return "" if template is None else str(template) % note["params"]
