"""The style of a layer: what a reader sees of it, and the one function that changes it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gis_core.errors import HromadaError
from gis_core.people import User
from gis_core.roles import Action
from layers import access
from layers.catalogue import update_layer
from layers.models import Layer
from layers.models.catalogue import GeometryType
from layers.schema import Field
from layers.styles import InvalidRecipe, default_recipe, fields_needed, read_recipe
from layers.styles.presets import geometry_of


class StyleMovedOn(HromadaError):
    code = "style-moved-on"
    status = 409
    message = gettext_lazy(
        "Somebody else has changed the style of layer “%(layer)s” since you opened it. Open it again: what you see "
        "then is theirs, and your changes have to be made anew."
    )


def style_tag(layer: Layer) -> str:
    """A short text that changes with the stored style."""
    text = json.dumps(layer.style, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def seen_recipe(layer: Layer, fields: Sequence[Field]) -> dict[str, Any]:
    """The style as a reader sees it who sees `fields`: the layer's own where it is sound and rests only on those,
    else the default one. A class of a closed field would tell its values."""
    if layer.style:
        try:
            needed = fields_needed(read_recipe(layer.style, fields=field_types(layer)))
        except InvalidRecipe:
            needed = None
        if needed is not None and needed <= {item.key for item in fields}:
            return dict(layer.style)
    return default_recipe(layer.geometry_type, seed=layer.full_name)


def field_types(layer: Layer) -> dict[str, str]:
    return {item.key: item.type for item in layer.schema}


def check_style(layer: Layer, style: Any) -> None:
    """Raises InvalidRecipe, with the place, for a style that this layer cannot be drawn by. {} is the default."""
    if style == {}:
        return
    known = read_recipe(style, fields=field_types(layer))
    wanted = geometry_of(layer.geometry_type)
    if layer.geometry_type != GeometryType.ANY and known.geometry != wanted:
        reason = _("One of these was expected: %s.") % wanted
        problems = [{"place": "geometry", "reason": reason}]
        raise InvalidRecipe(place="geometry", reason=reason, count=1, problems=problems)


def restyle_layer(*, layer: Layer, actor: User | None, style: Any, was: str | None = None) -> Layer:
    """Change how a layer is drawn; {} is the default style. `was` is the `style_tag` that the change was made on;
    None changes whatever is there.

    Raises NotAllowed, InvalidRecipe, StyleMovedOn, and what `update_layer` raises.
    """
    access.require(actor, layer, Action.MANAGE)
    with transaction.atomic():
        found = Layer.objects.select_for_update(of=("self",)).select_related("community").get(pk=layer.pk)
        if was is not None and was != style_tag(found):
            raise StyleMovedOn(layer=found.local_title)
        check_style(found, style)
        return update_layer(layer=found, actor=actor, style=dict(_plain(style)))


def _plain(style: Mapping[str, Any]) -> Any:
    """As the database will give it back. Raises InvalidRecipe for what JSON of PostgreSQL cannot hold."""
    text = json.dumps(style, ensure_ascii=False)
    if "\\u0000" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        reason = _("It holds characters that cannot be stored.")
        raise InvalidRecipe(
            place="style", reason=reason, count=1, problems=[{"place": "style", "reason": reason}]
        )
    return json.loads(text)
