"""The one door out: who may read or do what with a layer, and through which relation.

Anonymous readers get the publication in schema `pub` over the database alias "public"; signed-in
ones the partition itself with only the fields they may see. A hidden layer and an absent one are
the same LayerNotFound.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _
from psycopg2 import sql

from gis_core.errors import HromadaError, NotAllowed
from gis_core.people import Membership, User
from gis_core.roles import Action, Role, roles_that_may
from layers.models import Layer, LayerGrant
from layers.models.catalogue import AccessLevel, PublishMode
from layers.schema import ACCESS_LEVELS, Field, Schema

Reader = User | AnonymousUser

_COMMUNITY, _SLUG = "{community}", "{slug}"  # no names can be these
_MOST_KEPT = 1000
STAMP = RawSQL("layers_layer.xmin::text || ' ' || gis_core_community.xmin::text", [])
"""What changes whenever a layer's row or its community's does: the transactions that wrote them."""

_kept_layers: dict[int, tuple[tuple[int, str], Layer]] = {}

_FULL_NAME = re.compile(r"[a-z][a-z0-9]{1,19}\.[a-z][a-z0-9_]{0,39}")


class LayerNotFound(HromadaError):
    code = "layer-not-found"
    status = 404
    message = _("There is no layer “%(layer)s”, or it is not open to you.")


@dataclass(frozen=True)
class ReadSource:
    """Where one reader's view of a layer's features is read: a relation on a database alias.

    The relation has the columns id, geom, geom_3857, version, revision, updated_at and external_key;
    `properties` is the SQL of a jsonb object with the visible fields alone.
    """

    alias: str
    relation: sql.Composable
    properties: sql.Composable
    fields: tuple[Field, ...]
    layer: Layer

    def field(self, key: str) -> Field | None:
        """The visible field with this key; None for a hidden one just as for an unknown one."""
        return next((item for item in self.fields if item.key == key), None)

    def column(self, key: str) -> sql.Composable:
        """SQL of a visible field's typed value. Raises KeyError for a field that is not visible."""
        found = self.field(key)
        if found is None:
            raise KeyError(key)
        if self.alias == "public":
            return sql.Identifier(key)
        return typed_value(found)


def typed_value(field: Field) -> sql.Composable:
    """SQL of a field's value, cast from `properties` to the field's type."""
    return sql.SQL("(properties->>{})::{}").format(sql.Literal(field.key), sql.SQL(field.sql_type))


def access_layer(user: Reader, full_name: str, action: str = Action.READ) -> Layer:
    """The layer `community.slug`, if `user` may do `action` with it.

    Raises LayerNotFound where it is absent or hidden from the user (the two cannot be told apart),
    NotAllowed where the user sees it but may not do this.
    """
    if not is_layer_name(full_name):  # NUL breaks the query
        raise LayerNotFound(layer=full_name)
    community, _dot, slug = full_name.partition(".")
    if user.is_authenticated:
        layer = visible_layers(user).filter(community__slug=community, slug=slug).first()
    else:
        layer = _open_to_everyone(community, slug)
    if layer is None:
        raise LayerNotFound(layer=full_name)
    require(user, layer, action)
    return layer


def is_layer_name(text: str) -> bool:
    """Whether a layer could be called this."""
    return bool(_FULL_NAME.fullmatch(text))


def _open_to_everyone(community: str, slug: str) -> Layer | None:
    """What `visible_layers` gives a reader who is not signed in, at a tenth of its price: every tile asks.

    The rule is asked of the database each time; only the row is kept, while its stamp (the transaction
    that wrote it) is the same.
    """
    statement, places = _question_of_everyone()
    given = {_COMMUNITY: community, _SLUG: slug}
    with connection.cursor() as cursor:
        cursor.execute(statement, [given.get(value, value) for value in places])
        row = cursor.fetchone()
    if row is None:
        return None
    pk, stamp = row
    return kept_layer(pk, stamp, AnonymousUser())


def kept_layer(pk: int, stamp: str, user: Reader) -> Layer | None:
    """A layer whose stamp is known from the question whether `user` may read it: its row is read again only
    where the stamp is new. None where it was closed since."""
    kept = _kept_layers.get(pk)
    if kept is None or kept[0] != (pk, stamp):
        layer = visible_layers(user).filter(pk=pk).first()
        if layer is None:
            return None
        layer.schema  # noqa: B018 -- read once, and kept with the row
        if len(_kept_layers) >= _MOST_KEPT:
            _kept_layers.clear()
        kept = _kept_layers[pk] = ((pk, stamp), layer)
    mine = Layer.__new__(Layer)  # a copy, so that no request changes another's
    mine.__dict__.update(kept[1].__dict__)
    return mine


@cache
def _question_of_everyone() -> tuple[str, tuple[Any, ...]]:
    """The rule for readers who are not signed in as SQL, with the places of the two names in its values."""
    layers = visible_layers(AnonymousUser()).filter(community__slug=_COMMUNITY, slug=_SLUG)
    question = layers.order_by().annotate(stamp=STAMP).values_list("pk", "stamp")
    statement, values = question.query.sql_with_params()
    return statement, tuple(values)


def visible_layers(user: Reader) -> QuerySet[Layer]:
    """The layers that `user` may read, with their communities, in the legend's order."""
    everything = Layer.objects.select_related("community").defer("community__boundary")  # megabytes, maybe
    return _open_to(user, everything.filter(is_draft=False))


def may_see_history(user: Reader, layer: Layer) -> bool:
    """Whether `user` may look at changesets of the layer: who may read and edit it. So may they those of a layer that
    was withdrawn when the import that made it was undone, by which alone it comes back."""
    layers = Layer.objects.all()
    seen = layers.filter(is_draft=False) | layers.withdrawn()
    return _open_to(user, seen.filter(pk=layer.pk)).exists() and may(user, layer, Action.EDIT)


def _open_to(user: Reader, layers: QuerySet[Layer]) -> QuerySet[Layer]:
    """Those of `layers` that `user` may read by their access level."""
    if getattr(user, "is_superuser", False):
        return layers
    published = Q(publish_mode=PublishMode.FULL)
    if not user.is_authenticated:
        return layers.filter(published, access_level=AccessLevel.PUBLIC)
    member = Exists(_memberships(user))
    named = Exists(LayerGrant.objects.filter(layer=OuterRef("pk"), user=user)) | Exists(
        _memberships(user).filter(role=Role.ADMIN)
    )
    return layers.filter(
        Q(published, access_level__in=[AccessLevel.PUBLIC, AccessLevel.REGISTERED])
        | Q(member, access_level__in=[AccessLevel.PUBLIC, AccessLevel.REGISTERED, AccessLevel.STAFF])
        | Q(named, access_level=AccessLevel.RESTRICTED)
    )


def _memberships(user: User) -> QuerySet[Membership]:
    return Membership.objects.filter(user=user, community=OuterRef("community"))


def may(user: Reader | None, layer: Layer, action: str) -> bool:
    """Whether `user` may do `action` with a layer they can see. None is the server's own command line."""
    if user is None or getattr(user, "is_superuser", False) or action == Action.READ:
        return True
    if not user.is_authenticated:
        return False
    roles = roles_that_may(action)
    return Membership.objects.filter(user=user, community_id=layer.community_id, role__in=roles).exists()


def require(user: Reader | None, layer: Layer, action: str) -> None:
    """Raises NotAllowed unless `may`."""
    if not may(user, layer, action):
        raise NotAllowed()


def clearance(user: Reader, layer: Layer) -> str:
    """The highest access level of this layer's fields that `user` may see."""
    if not user.is_authenticated:
        return AccessLevel.PUBLIC
    if user.is_superuser:
        return AccessLevel.RESTRICTED
    role = (
        Membership.objects.filter(user=user, community_id=layer.community_id)
        .values_list("role", flat=True)
        .first()
    )
    if role == Role.ADMIN or LayerGrant.objects.filter(user=user, layer=layer).exists():
        return AccessLevel.RESTRICTED
    return cleared_level(role, granted=False)


def cleared_level(role: str | None, *, granted: bool, is_superuser: bool = False) -> str:
    """What `clearance` gives somebody who is signed in, from what is known of them: their role in the layer's
    community, and whether the layer was opened to them by name."""
    if is_superuser or granted or role == Role.ADMIN:
        return AccessLevel.RESTRICTED
    return AccessLevel.STAFF if role else AccessLevel.REGISTERED


def visible_fields(layer: Layer, level: str) -> tuple[Field, ...]:
    """The layer's fields that a reader cleared for `level` sees."""
    seen = ACCESS_LEVELS[: ACCESS_LEVELS.index(level) + 1]
    return tuple(item for item in layer.schema if item.access in seen)


def editable_schema(user: User | None, layer: Layer) -> Schema:
    """The fields that `user` may fill in: those they see. None is the server's own command line."""
    return layer.schema if user is None else Schema(visible_fields(layer, clearance(user, layer)))


def read_source(user: Reader, layer: Layer) -> ReadSource:
    """Where `user` reads the features of a layer they may read (from `access_layer`)."""
    return source_at(layer, clearance(user, layer) if user.is_authenticated else None)


def source_at(layer: Layer, level: str | None) -> ReadSource:
    """Where a reader cleared for `level` reads a layer that they may read; None for one who is not signed in."""
    if level is None:
        relation = sql.Identifier("pub", layer.published_name)
        fields = visible_fields(layer, AccessLevel.PUBLIC)
        return ReadSource("public", relation, sql.SQL("properties"), fields, layer)
    fields = visible_fields(layer, level)
    return ReadSource("default", stored_features(layer), without_hidden(layer, fields), fields, layer)


def stored_features(layer: Layer) -> sql.Composable:
    """The features of one layer as a relation; the literal lets the planner open one partition alone."""
    return sql.SQL("(SELECT * FROM layers_feature WHERE layer_id = {}) AS stored").format(
        sql.Literal(layer.pk)
    )


def without_hidden(layer: Layer, visible: Sequence[Field]) -> sql.Composable:
    """SQL of the jsonb `properties` without the fields that are not in `visible`."""
    shown = {item.key for item in visible}
    hidden: list[Any] = [item.key for item in layer.schema if item.key not in shown]
    if not hidden:
        return sql.SQL("properties")
    return sql.SQL("properties - {}::text[]").format(sql.Literal(hidden))
