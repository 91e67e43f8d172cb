"""State changes of the catalogue: create a layer, change its description, schema, style or access."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from gis_core import journal
from gis_core.communities import Community
from gis_core.errors import HromadaError, NotAllowed
from gis_core.people import Membership, User
from gis_core.roles import Action, roles_that_may
from layers import access
from layers.models import Layer, Raster
from layers.publications import refresh_publication, withdraw_publication
from layers.schema import BadSchema, Schema
from layers.tiles import upkeep


class BadLayer(HromadaError):
    code = "bad-layer"
    status = 422
    message = _("The layer cannot be saved: %(reason)s")


class LayerExists(HromadaError):
    code = "layer-exists"
    status = 409
    message = _(
        "Community %(community)s already has a layer or raster “%(slug)s”. Choose another short name."
    )


class LayerBeingPrepared(LayerExists):
    message = _(
        "Another import into community %(community)s is preparing layer “%(slug)s”. Finish or discard that "
        "import, or choose another short name."
    )


def create_layer(
    *,
    community: Community,
    slug: str,
    actor: User | None,
    title: Mapping[str, str],
    fields: Sequence[Mapping[str, Any]] = (),
    **attributes: Any,
) -> Layer:
    """A new, empty layer. Raises NotAllowed, LayerExists, BadSchema, BadLayer.

    `attributes` are those of the model: theme, geometry_type, key_field, style, access_level, ...; with
    `is_draft` nobody sees it until its first changeset is applied, and it goes with that one if discarded.
    """
    if not may_create_layers(actor, community):
        raise NotAllowed()
    with transaction.atomic():
        free_withdrawn_name(community, slug, actor=actor)
        present = Layer.objects.filter(community=community, slug=slug).first()
        if present is not None:
            taken = LayerBeingPrepared if present.is_draft else LayerExists
            raise taken(community=community.slug, slug=slug)
        refuse_name_of_raster(community, slug)
        layer = Layer(community=community, slug=slug, title=dict(title), fields=list(fields), **attributes)
        try:
            # Two who make the same layer at once: the index lets the second wait for the first. The community
            # is not locked: an import keeps its transaction open as long as it reads.
            with transaction.atomic():
                _save(layer)
        except IntegrityError as error:
            raise LayerExists(community=community.slug, slug=slug) from error
        _record("layer-drafted" if layer.is_draft else "layer-created", layer, actor)
    return layer


def refuse_name_of_raster(community: Community, slug: str) -> None:
    """Layers and rasters share their names, so that `community.slug` means one thing. Raises LayerExists."""
    if Raster.objects.filter(community=community, slug=slug).exists():
        raise LayerExists(community=community.slug, slug=slug)


def publish_draft(*, layer: Layer, actor: User | None) -> None:
    """Let readers see a draft layer, by its access level; in the caller's transaction."""
    layer.is_draft = False
    layer.save(update_fields=["is_draft", "updated_at"])
    refresh_publication(layer)
    _record("layer-created", layer, actor)


def withdraw_layer(*, layer: Layer, actor: User | None) -> None:
    """Take a layer out of sight again whose import was undone, with its history, as a draft that comes back when
    that is undone; in the caller's transaction. Its name is free for another."""
    layer.is_draft = True
    layer.save(update_fields=["is_draft", "updated_at"])
    withdraw_publication(layer)
    _record("layer-withdrawn", layer, actor)


def free_withdrawn_name(community: Community, slug: str, *, actor: User | None) -> None:
    """Let a withdrawn layer, if one has this name, make room for a new layer or raster; in the caller's
    transaction."""
    layer = (
        Layer.objects.withdrawn().select_related("community").filter(community=community, slug=slug).first()
    )
    if layer is None:
        return
    before, layer.slug = layer.slug, f"{layer.slug[:28]}_{layer.pk}"
    layer.save(update_fields=["slug", "updated_at"])
    _record("layer-renamed", layer, actor, before=before)


def discard_draft(*, layer: Layer, actor: User | None) -> None:
    """Delete a draft layer, which has no features and no changesets; in the caller's transaction."""
    _record("layer-discarded", layer, actor)
    withdraw_publication(layer)
    layer.delete()


def update_layer(*, layer: Layer, actor: User | None, **attributes: Any) -> Layer:
    """Change a layer's description, schema, style or access. What is closed leaves `pub` at once.

    Raises NotAllowed, BadSchema, BadLayer.
    """
    access.require(actor, layer, Action.MANAGE)
    with transaction.atomic():
        layer = Layer.objects.select_for_update(of=("self",)).select_related("community").get(pk=layer.pk)
        _refuse_lost_fields(layer, attributes.get("fields", layer.fields))
        for name, value in attributes.items():
            setattr(layer, name, value)
        _save(layer)
        _record("layer-updated", layer, actor, changed=sorted(attributes))
    return layer


def _refuse_lost_fields(layer: Layer, fields: Sequence[Mapping[str, Any]]) -> None:
    """Once a layer has features, its fields stay, with their types: stored values of a field that is gone are
    governed by no access level, and one value of another type breaks every query of the field."""
    kept = {item.key: item.type for item in Schema.from_json(fields)}
    lost = [item.key for item in layer.schema if kept.get(item.key) != item.type]
    if lost and layer.revision:
        raise BadSchema(
            reason=_(
                "Fields that hold values can be neither removed nor given another type: %s. Close them by their "
                "access level, and add a new field."
            )
            % ", ".join(lost)
        )


def may_create_layers(user: User | None, community: Community) -> bool:
    """Whether `user` may add layers to the community: whoever may edit there. None is the command line."""
    if user is None or user.is_superuser:
        return True
    roles = roles_that_may(Action.EDIT)
    return Membership.objects.filter(user=user, community=community, role__in=roles).exists()


def _save(layer: Layer) -> None:
    schema = Schema.from_json(layer.fields)
    if layer.key_field and schema.get(layer.key_field) is None:
        raise BadSchema(reason=_("The key field “%s” is not among the layer's fields.") % layer.key_field)
    try:
        layer.full_clean(exclude=["community"])
    except ValidationError as error:
        raise BadLayer(
            reason=" ".join(f"{key}: {' '.join(told)}" for key, told in error.message_dict.items())
        ) from error
    layer.save()
    layer.__dict__.pop("schema", None)  # read from the fields again
    refresh_publication(layer)
    upkeep.after_description(layer)


def _record(action: str, layer: Layer, actor: User | None, **details: Any) -> None:
    journal.record(action=action, subject=layer.full_name, actor=actor, community=layer.community, **details)
