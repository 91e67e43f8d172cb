"""What an import is to do: which layer of the file goes into which layer of the community, and how."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

from gis_core.communities import Community
from gis_core.errors import HromadaError, NotAllowed
from gis_core.people import User
from gis_core.roles import Action
from importers.errors import FieldNotInFile, LayerNotInFile, SeveralLayers
from importers.sandbox import Conversion, FieldMapping, FileInspection, LayerInspection
from layers.access import editable_schema, may, visible_layers
from layers.catalogue import may_create_layers
from layers.models import Changeset, Layer
from layers.models.catalogue import AccessLevel, GeometryType, Theme
from layers.schema import Schema
from layers.standards import standard_attributes
from layers.styles import default_recipe

Mode = Changeset.StagingMode


class SchemaDiffers(HromadaError):
    code = "schema-differs"
    status = 409
    message = _(
        "Layer “%(layer)s” exists with another schema: %(differences)s. Import into a new layer "
        "(another short name), or change the columns of the file."
    )


class ModeNeeded(HromadaError):
    code = "mode-needed"
    status = 409
    message = _(
        "Layer “%(layer)s” already holds %(count)s features. Say what to do with them: append (add every "
        "row), update (change by key, add the rest) or replace."
    )


class KeyFieldNeeded(HromadaError):
    code = "key-field-needed"
    status = 409
    message = _(
        "Layer “%(layer)s” has no key field, so rows cannot be matched. Import with append or replace."
    )


@dataclass(frozen=True, kw_only=True)
class ImportRequest:
    """The decisions of whoever imports; plain values, so that a job can carry them.

    `field_map` says under which key a column is stored; columns it does not name are stored under a
    key made of their name, unless `standard` names a standard layer: then only mapped ones are.
    """

    slug: str
    source_layer: str = ""
    title: Mapping[str, str] = field(default_factory=dict)
    theme: str = Theme.OTHER
    crs: str = ""
    encoding: str = ""
    mode: str = ""
    key_field: str = ""
    access_level: str = AccessLevel.STAFF
    standard: str = ""
    field_map: Mapping[str, str] = field(default_factory=dict)
    comment: str = ""


@dataclass(frozen=True, kw_only=True)
class LayerPlan:
    """The answer: `layer` None means a new one, made with `attributes_for` once the geometry is known.

    Features that are matched by key keep their values of `kept_fields`, of which the file knows nothing.
    """

    source: LayerInspection
    layer: Layer | None
    fields: tuple[FieldMapping, ...]
    key_field: str
    geometry_type: str
    mode: str
    comment: str
    kept_fields: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def attributes_for(self, conversion: Conversion) -> dict[str, Any]:
        """Attributes of the new layer; style and geometry type by what was found in the file."""
        kind = self.attributes.get("geometry_type") or single_kind(conversion.geometry_type)
        style = self.attributes.get("style") or default_recipe(kind)
        return {**self.attributes, "geometry_type": kind, "style": style}


def plan_layer(
    inspection: FileInspection, *, community: Community, actor: User | None, request: ImportRequest
) -> LayerPlan:
    """Raises SeveralLayers, LayerNotInFile, SchemaDiffers, ModeNeeded, KeyFieldNeeded, NotAllowed."""
    source = chosen_layer(inspection, request.source_layer)
    layer = _existing_layer(community, actor, request.slug)
    if layer is None:
        return _new_layer(source, community, actor, request)
    return _into_existing(source, layer, actor, request)


def chosen_layer(inspection: FileInspection, name: str) -> LayerInspection:
    """The layer of the file that is meant: the one named, or the only one."""
    names = [item.name for item in inspection.layers]
    if name and name not in names:
        raise LayerNotInFile(name=inspection.name, layer=name, choices=", ".join(names))
    if not name and len(names) > 1:
        raise SeveralLayers(name=inspection.name, choices=", ".join(names))
    return inspection.layers[names.index(name) if name else 0]


def single_kind(geometry_type: str) -> str:
    """The layer's geometry type for a type found in a file: MultiPolygon -> Polygon, mixed -> Geometry."""
    kind = geometry_type.removeprefix("Multi")
    return kind if kind in GeometryType.values else GeometryType.ANY


def _existing_layer(community: Community, actor: User | None, slug: str) -> Layer | None:
    layer = Layer.objects.select_related("community").filter(community=community, slug=slug).first()
    if layer is None or actor is None:
        return layer
    if not visible_layers(actor).filter(pk=layer.pk).exists() or not may(actor, layer, Action.EDIT):
        raise NotAllowed()
    return layer


def _new_layer(
    source: LayerInspection, community: Community, actor: User | None, request: ImportRequest
) -> LayerPlan:
    if not may_create_layers(actor, community):
        raise NotAllowed()  # before the file is read, not after
    standard = standard_attributes(request.standard) if request.standard else None
    if request.standard and standard is None:
        raise UnknownStandard(standard=request.standard)
    attributes: dict[str, Any] = {
        "title": request.title or {"uk": source.name},
        "theme": request.theme,
        "access_level": request.access_level,
    }
    if standard is not None:
        attributes = standard | ({"title": request.title} if request.title else {})
        fields = _mapped_to(standard["fields"], source, request.field_map)
    else:
        fields = _all_fields(source, request.field_map)
        attributes["fields"] = [_schema_field(item) for item in fields]
    key_field = request.key_field or attributes.get("key_field", "")
    if key_field and key_field not in {item.key for item in fields}:
        raise FieldNotInFile(
            layer=source.name, field=key_field, choices=", ".join(item.key for item in fields)
        )
    return LayerPlan(
        source=source, layer=None, fields=fields, key_field=key_field, mode=Mode.APPEND,
        geometry_type=attributes.get("geometry_type", ""), comment=request.comment,
        attributes={**attributes, "key_field": key_field},
    )  # fmt: skip


class UnknownStandard(HromadaError):
    code = "unknown-standard"
    message = _("There is no standard layer “%(standard)s”.")


def _into_existing(
    source: LayerInspection, layer: Layer, actor: User | None, request: ImportRequest
) -> LayerPlan:
    fields = _all_fields(source, request.field_map)
    schema = editable_schema(actor, layer)
    _refuse_other_schema(layer, schema, fields, source)
    if layer.feature_count and not request.mode:
        raise ModeNeeded(layer=layer.full_name, count=layer.feature_count)
    if request.mode == Mode.UPDATE and not layer.key_field:
        raise KeyFieldNeeded(layer=layer.full_name)
    types = {item.key: item.type for item in layer.schema}
    return LayerPlan(
        source=source, layer=layer, key_field=layer.key_field, geometry_type=layer.geometry_type,
        fields=tuple(FieldMapping(item.source, item.key, types[item.key]) for item in fields),
        mode=request.mode or Mode.APPEND, comment=request.comment,
        kept_fields=_kept_fields(layer, schema, fields, request.mode),
    )  # fmt: skip


def _kept_fields(layer: Layer, schema: Schema, fields: Sequence[FieldMapping], mode: str) -> tuple[str, ...]:
    """Updating keeps what the file has no column for; replacing keeps only what its author does not see."""
    touched = {item.key for item in (fields if mode == Mode.UPDATE else schema)}
    return tuple(item.key for item in layer.schema if item.key not in touched)


def _refuse_other_schema(
    layer: Layer, schema: Schema, fields: tuple[FieldMapping, ...], source: LayerInspection
) -> None:
    known = {item.key for item in schema}
    given = {item.key for item in fields}
    extra = sorted(given - known)
    missing = sorted(item.key for item in schema if item.required and item.key not in given)
    differences = []
    if extra:
        differences.append(str(_("the layer has no field %(names)s")) % {"names": ", ".join(extra)})
    if missing or (known and not given & known):
        names = ", ".join(missing or sorted(known))
        differences.append(str(_("the file has no column for %(names)s")) % {"names": names})
    kind = single_kind(source.geometry_type)
    if GeometryType.ANY not in (kind, layer.geometry_type) and kind != layer.geometry_type:
        told = {"expected": layer.get_geometry_type_display(), "found": GeometryType(kind).label}
        differences.append(str(_("it holds %(expected)s and the file %(found)s")) % told)
    if differences:
        raise SchemaDiffers(layer=layer.full_name, differences="; ".join(differences))


def _all_fields(source: LayerInspection, field_map: Mapping[str, str]) -> tuple[FieldMapping, ...]:
    _refuse_unknown_columns(source, field_map)
    return tuple(
        FieldMapping(item.name, field_map.get(item.name, item.key), item.type) for item in source.fields
    )


def _mapped_to(
    schema: list[dict[str, Any]], source: LayerInspection, field_map: Mapping[str, str]
) -> tuple[FieldMapping, ...]:
    """The columns that `field_map` gives a field of the standard schema, with that field's type."""
    _refuse_unknown_columns(source, field_map)
    types = {item["key"]: item.get("type", "string") for item in schema}
    return tuple(FieldMapping(column, key, types[key]) for column, key in field_map.items() if key in types)


def _refuse_unknown_columns(source: LayerInspection, field_map: Mapping[str, str]) -> None:
    names = [item.name for item in source.fields]
    for column in field_map:
        if column not in names:
            raise FieldNotInFile(layer=source.name, field=column, choices=", ".join(names))


def _schema_field(mapping: FieldMapping) -> dict[str, Any]:
    return {"key": mapping.key, "title": {"uk": mapping.source}, "type": mapping.type}
