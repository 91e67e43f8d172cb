"""The map of a community, and the list of communities where there are several."""

from django.conf import settings
from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from frontend.map_config import map_config
from frontend.views.layers import layer_groups
from frontend.views.page import community_named, page
from gis_core.communities import Community
from layers.access import visible_layers
from layers.models.catalogue import localised

MAX_CARDS = 2_000


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The map of the default or only community, else the list; `?all` asks for the list."""
    wanted = getattr(settings, "DEFAULT_COMMUNITY", "")
    if "all" not in request.GET:
        chosen = Community.objects.filter(slug=wanted) if wanted else Community.objects.all()
        found = list(chosen.select_related("admin_unit")[:2])
        if len(found) == 1:
            return map_of(request, found[0])
    return page(request, "frontend/home.html", {"cards": cards(request)})


def cards(request: HttpRequest) -> list[dict[str, object]]:
    """Each community with what of it is open to the reader, in two queries."""
    open_to_reader = (
        visible_layers(request.user)
        .order_by()
        .values("community")
        .annotate(layer_count=Count("pk"), total=Sum("feature_count"))
        .values_list("community", "layer_count", "total")
    )
    counted = {community: (layers, total) for community, layers, total in open_to_reader}
    communities = Community.objects.select_related("admin_unit__parent__parent").order_by("name_uk")
    return [
        {
            "community": community,
            "region": region(community),
            "layers": counted.get(community.pk, (0, 0))[0],
            "features": counted.get(community.pk, (0, 0))[1],
        }
        for community in communities[:MAX_CARDS]
    ]


def region(community: Community) -> str:
    """Raion and oblast from the register, as far as it has them."""
    raion = community.admin_unit.parent
    units = [raion, raion.parent if raion else None]
    return ", ".join(localised({"uk": unit.name_uk, "en": unit.name_en}) for unit in units if unit)


@require_safe
def community_map(request: HttpRequest, community: str) -> HttpResponse:
    return map_of(request, community_named(community))


def map_of(request: HttpRequest, community: Community) -> HttpResponse:
    config = map_config(request, community)
    context = {"config": config, "groups": layer_groups(config["layers"])}
    return page(request, "frontend/map.html", context, community=community, section="map")
