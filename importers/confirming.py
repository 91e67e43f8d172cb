"""What somebody must look at before the differences that were found are applied: an import that may go on by itself
stops there, and the command line ends."""

from django.utils.translation import gettext_lazy as _

from gis_core.errors import HromadaError
from importers.models import Import


class DataElsewhere(HromadaError):
    code = "data-elsewhere"
    status = 409
    message = _(
        "Of %(rows)s features %(outside)s lie outside of the community and further than 5 km from it. Check the "
        "coordinate system and the community; if they do belong here, confirm that and apply the import."
    )


class SentAgainDiffers(HromadaError):
    code = "sent-again-differs"
    status = 409
    message = _(
        "This file was imported into layer “%(layer)s” before, but the layer no longer holds exactly that: importing "
        "it again would make %(count)s changes. Look at them before they are applied, or say what to do with the "
        "features that are there: update, replace or add."
    )


def unconfirmed(importing: Import) -> HromadaError | None:
    """What nobody has confirmed of an import that is ready (to be raised, kept or told); None where all is."""
    summary, choices, changeset = importing.summary or {}, importing.choices, importing.changeset
    if summary.get("elsewhere") and not choices.get("accept_outside"):
        return DataElsewhere(rows=summary.get("imported"), outside=summary.get("outside"))
    # Without a mode only a file goes into a layer with features that was imported there before (importers.earlier).
    if changeset is not None and changeset.layer.feature_count and not choices.get("mode"):
        count = sum(summary.get(name, 0) for name in ("added", "changed", "removed"))
        return SentAgainDiffers(layer=changeset.layer.full_name, count=count)
    return None
