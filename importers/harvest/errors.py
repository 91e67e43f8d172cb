"""Why a source cannot be set up or fetched."""

from django.utils.translation import gettext_lazy as _

from gis_core.errors import HromadaError


class HarvestProblem(HromadaError):
    """Base of what goes wrong with a source."""

    code = "harvest-problem"
    message = _("The source could not be fetched.")


class AddressRefused(HarvestProblem):
    """The same words for every reason that has to do with the network behind the server: they would map it."""

    code = "address-refused"
    status = 422
    message = _(
        "The address “%(url)s” is not fetched from: only public http and https addresses without a password in "
        "them are. An address of your own network must be allowed by the server's administrator."
    )


class HostNotFound(HarvestProblem):
    code = "harvest-host-not-found"
    message = _(
        "There is no server “%(host)s”, or it does not answer. Check the address, or try again later."
    )


class HarvestFailed(HarvestProblem):
    code = "harvest-failed"
    message = _("The connection to “%(host)s” broke before everything had come. It will be tried again.")


class HarvestTimedOut(HarvestProblem):
    code = "harvest-timed-out"
    message = _("“%(host)s” did not send everything within %(seconds)s seconds.")


class HarvestStatus(HarvestProblem):
    code = "harvest-status"
    message = _("“%(host)s” answered with the status %(found)s. Check the address, or ask whoever runs it.")


class HarvestTooLarge(HarvestProblem):
    code = "harvest-too-large"
    message = _("“%(host)s” sent more than the %(allowed)s MB (or pages) that are allowed.")


class HarvestLeaves(HarvestProblem):
    code = "harvest-leaves"
    message = _(
        "The next page that “%(host)s” names lies with another server (%(url)s); it is not followed there. Set up "
        "the source with the address of that server, or ask whoever runs the service."
    )


class TooManyRedirects(HarvestProblem):
    code = "harvest-too-many-redirects"
    message = _("“%(host)s” sent us on more than %(most)s times. Give the last address itself.")


class NotGeoJson(HarvestProblem):
    code = "harvest-not-geojson"
    message = _(
        "What “%(host)s” sent is not GeoJSON with features. Check the address, the layer's name there, and whether "
        "the service offers GeoJSON."
    )


class PagesDoNotFit(HarvestProblem):
    code = "harvest-pages-do-not-fit"
    message = _(
        "The pages of “%(host)s” do not fit together (%(found)s features of %(expected)s): some came twice or were "
        "missing. Nothing was imported, so that nothing is removed by mistake."
    )


class NoSource(HarvestProblem):
    code = "no-source"
    status = 404
    message = _("The layer “%(layer)s” has no source.")


class SourceLayerWithdrawn(HarvestProblem):
    code = "source-layer-withdrawn"
    status = 409
    message = _(
        "The layer “%(layer)s” is not fetched: the import that made it was undone, and nobody sees it. Undo that "
        "undoing, or set up the source of another layer."
    )


class HarvestBusy(HarvestProblem):
    code = "harvest-busy"
    status = 409
    message = _("The layer “%(layer)s” is just being fetched from its source. Try again in a few minutes.")


class AboveLimit(HarvestProblem):
    code = "harvest-above-limit"
    status = 409
    message = _(
        "The source would add %(added)s, change %(changed)s and remove %(removed)s features, which is more than is "
        "applied without you (%(most)s changes, %(percent)s %% removed). Look at the import and apply or discard it."
    )
