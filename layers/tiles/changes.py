"""What changed since a map was drawn: `/tiles/changes`, which open maps ask for again and again."""

import json
from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from gis_core import limits
from gis_core.api import params
from gis_core.api.problem import problems
from gis_core.errors import BadParameter, TooLarge
from layers.access import is_layer_name
from layers.tiles.prepared import Question, Row, ask

_MOST_BOXES = 256
"""More boxes than this are answered as "anywhere"."""

# One row at least, so that a credential is proven where nothing changed, which is nearly always.
_CHANGES = Question(
    "changes",
    """
    SELECT found.*, always.proof
    FROM (SELECT {proof} AS proof) AS always LEFT JOIN (
        SELECT asked.community || '.' || asked.slug, asked.revision, wanted.since, c.boxes
        FROM unnest($1::text[], $2::text[], $3::bigint[]) AS wanted (community, slug, since)
        JOIN {asked} ON asked.community = wanted.community AND asked.slug = wanted.slug
        LEFT JOIN tiles.change c
            ON c.layer_id = asked.layer AND c.revision > wanted.since AND c.revision <= asked.revision
        WHERE asked.revision > wanted.since
        ORDER BY asked.layer, c.revision) AS found ON true""",
    parameters=3,
)


@problems("GET")
def changes(request: HttpRequest) -> HttpResponse:
    """Of `layers` those that were changed after the revisions in `since`: their revision now, and the boxes
    [west, south, east, north] in which something changed; null where it may be anywhere."""
    names = request.GET.get("layers", "").split(",")
    since = _revisions(request.GET.get("since", ""), len(names))
    pairs = [name.partition(".")[::2] if is_layer_name(name) else ("", "") for name in names]
    communities, slugs = [[pair[side] for pair in pairs] for side in (0, 1)]
    asker, rows = ask(request, _CHANGES, [communities, slugs, since])
    answer = json.dumps({"layers": _by_layer(rows)}, separators=(",", ":"))
    response = HttpResponse(answer, content_type="application/json")
    response["Cache-Control"] = "public, no-cache" if asker.user is None else "private, no-cache"
    response["Vary"] = "Cookie, Authorization"
    return response


def _revisions(given: str, count: int) -> list[int]:
    """One revision for each layer, in their order. Raises BadParameter, TooLarge."""
    most = limits.value("max_watched_layers")
    if count > most:
        raise TooLarge(thing=_("The list of layers"), size=count, limit=most)
    found = [params.integer(item, parameter="since", high=2**62) for item in given.split(",")]
    if len(found) != count:
        raise BadParameter(parameter="since", reason=_("one revision for each layer was expected."))
    return found


def _by_layer(rows: list[Row]) -> dict[str, Any]:
    found = {}
    for (name, revision, since), told in groupby(rows, key=lambda row: row[:3]):
        if name is None:  # the row that is always there
            continue
        boxes = [row[3] for row in told]
        # What was told of some changesets is gone, or was never told.
        is_known = len(boxes) == revision - since and None not in boxes
        merged = [box for several in boxes for box in several] if is_known else None
        found[name] = {
            "revision": revision,
            "boxes": merged if merged is None or len(merged) <= _MOST_BOXES else None,
        }
    return found
