"""What an import is to do: which layer of the file goes into which layer of the community, and how."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from gis_core.communities import Community
from gis_core.errors import HromadaError, NotAllowed
from gis_core.people import User
from gis_core.roles import Action
from importers.choices import KEEP, LEAVE_OUT, Choices
from importers.errors import FieldNotInFile, LayerNotInFile, SeveralLayers
from importers.mapping import (
    ProposedField,
    mappings,
    personal_decisions,
    propose,
    propose_key,
    schema_fields,
)
from importers.mapping_memory import recall
from importers.sandbox import Conversion, FieldMapping, FileInspection, LayerInspection
from layers.access import editable_schema, may, visible_layers
from layers.catalogue import may_create_layers
from layers.models import Changeset, Layer
from layers.models.catalogue import AccessLevel, GeometryType, Theme
from layers.schema import Schema
from layers.standards import standard_attributes
from layers.styles import fresh_recipe

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
        "Layer “%(layer)s” already holds %(count)s features. Say what to do with them: update them and add what is "
        "new, replace all, or only add what is new."
    )


class LayerNeeded(HromadaError):
    code = "layer-needed"
    status = 409
    message = _("Say into which layer the file goes: the short name of a new one or of one that exists.")


class UnknownStandard(HromadaError):
    code = "unknown-standard"
    message = _("There is no standard layer “%(standard)s”. Choose one of those that are offered, or none.")


class ColumnsCollide(HromadaError):
    code = "columns-collide"
    status = 409
    message = _(
        "Several columns go into one field “%(key)s”: %(columns)s. Choose one, or another key for the others."
    )


@dataclass(frozen=True, kw_only=True)
class ImportRequest:
    """The decisions of whoever imports, under the names that commands and forms use.

    `field_map` says under which key a column is stored; columns it does not name are stored under a
    key made of their name, unless `standard` names a standard layer: then only mapped ones are.
    """

    slug: str = ""
    source_layer: str = ""
    title: Mapping[str, str] = field(default_factory=dict)
    theme: str = Theme.OTHER
    crs: str = ""
    encoding: str = ""
    mode: str = ""
    key_field: str | None = ""
    access_level: str = AccessLevel.STAFF
    standard: str = ""
    field_map: Mapping[str, str] = field(default_factory=dict)
    left_out: Sequence[str] = ()
    keep_personal: Mapping[str, str] = field(default_factory=dict)
    swap_xy: bool | None = None
    unmapped: str = ""
    fix_lookalikes: bool = False
    place_column: str = ""
    accept_outside: bool = False
    comment: str = ""

    def choices(self) -> Choices:
        """Raises BadChoice."""
        given = asdict(self)
        mapping: list[dict[str, Any]] = [
            {"source": column, "key": key} for column, key in given.pop("field_map").items()
        ]
        mapping += [{"source": column, "keep": False} for column in given.pop("left_out")]
        given["layer"] = given.pop("slug")
        given["unmapped"] = self.unmapped or (LEAVE_OUT if self.standard else KEEP)
        return Choices.from_json({**given, "mapping": mapping})


@dataclass(frozen=True, kw_only=True)
class LayerPlan:
    """The answer: `layer` None means a new one, made with `attributes`; `new_fields` is what an existing
    layer's schema gains (its JSON form), open to members until somebody decides otherwise; `personal` tells
    of each column with personal data whether and why it is kept.

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
    new_fields: tuple[dict[str, Any], ...] = ()
    personal: tuple[dict[str, Any], ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def attributes_for(
        self, conversion: Conversion, *, beside: Sequence[Mapping[str, Any]] = ()
    ) -> dict[str, Any]:
        """Geometry type of the new layer by what was found in the file, and a style that can be told from
        those of the layers `beside` it."""
        kind = self.attributes.get("geometry_type") or single_kind(conversion.geometry_type)
        style = self.attributes.get("style") or fresh_recipe(kind, beside=beside)
        return {"geometry_type": kind, "style": style}


def plan_layer(
    inspection: FileInspection, *, community: Community, actor: User | None, choices: Choices
) -> LayerPlan:
    """Raises what is missing (SeveralLayers, LayerNeeded, SchemaDiffers, ModeNeeded) and what
    is wrong (LayerNotInFile, FieldNotInFile, UnknownStandard, NotAllowed)."""
    source = chosen_layer(inspection, choices.source_layer)
    if not choices.layer:
        raise LayerNeeded()
    layer = target_layer(community, actor, choices.layer)
    if layer is None:
        return _new_layer(source, community, actor, choices)
    return _into_existing(source, layer, actor, choices)


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


def target_layer(community: Community, actor: User | None, slug: str) -> Layer | None:
    """The layer with that short name; None where there is none, or only one that waits for its own import.

    Raises NotAllowed where the actor may not see or edit it.
    """
    found = Layer.objects.select_related("community").filter(community=community, slug=slug, is_draft=False)
    layer = found.first()
    if layer is None or actor is None:
        return layer
    if not visible_layers(actor).filter(pk=layer.pk).exists() or not may(actor, layer, Action.EDIT):
        raise NotAllowed()
    return layer


def proposal_for(
    source: LayerInspection, *, community: Community, actor: User | None, choices: Choices
) -> list[ProposedField]:
    """What becomes of each column of the layer, by the schema it goes into. Raises NotAllowed, UnknownStandard."""
    layer = target_layer(community, actor, choices.layer) if choices.layer else None
    remembered = recall(community=community, layer=source)
    if layer is not None:
        proposal = propose(source, schema=editable_schema(actor, layer), remembered=remembered)
        return [_without_own_id(item, layer) for item in proposal]
    standard = _standard(choices)
    schema = Schema.from_json(standard["fields"]) if standard else None
    return propose(source, schema=schema, remembered=remembered)


def _without_own_id(item: ProposedField, layer: Layer) -> ProposedField:
    """A column of the numbers that the layer gave its features, as its exports have one, is nothing to store."""
    numbers = [int(sample) for sample in item.samples if sample.isdecimal() and len(sample) < 19]
    if item.source != "id" or item.known or not numbers or len(numbers) < len(item.samples):
        return item
    own = layer.features.filter(pk__in=numbers).count() == len(set(numbers))
    return replace(item, keep=False, how=str(_("the layer's own numbers of its features"))) if own else item


def _standard(choices: Choices) -> dict[str, Any] | None:
    found = standard_attributes(choices.standard) if choices.standard else None
    if choices.standard and found is None:
        raise UnknownStandard(standard=choices.standard)
    return found


def _new_layer(
    source: LayerInspection, community: Community, actor: User | None, choices: Choices
) -> LayerPlan:
    if not may_create_layers(actor, community):
        raise NotAllowed()  # before the file is read, not after
    attributes = _attributes(source, choices)
    schema = Schema.from_json(attributes["fields"])
    proposal = proposal_for(source, community=community, actor=actor, choices=choices)
    fields = _fields(source, proposal, choices, schema, community)
    attributes["fields"] = [*attributes["fields"], *schema_fields(proposal, choices, schema=schema)]
    key_field = ""
    if choices.key_field is not None:
        key_field = (
            _key_of(choices, fields) or attributes.get("key_field", "") or propose_key(proposal, choices)
        )
    if key_field and key_field not in {item["key"] for item in attributes["fields"]}:
        raise FieldNotInFile(layer=source.name, field=key_field, choices=", ".join(i.key for i in fields))
    given = {item.key for item in fields}
    return LayerPlan(
        source=source, layer=None, fields=fields, key_field=key_field if key_field in given else "",
        mode=Mode.APPEND, geometry_type=attributes.get("geometry_type", ""), comment=choices.comment,
        attributes={**attributes, "key_field": key_field}, personal=_personal(proposal, choices),
    )  # fmt: skip


def _attributes(source: LayerInspection, choices: Choices) -> dict[str, Any]:
    """A standard gives fields and style; who may see the layer is the decision of whoever imports, always."""
    attributes = _standard(choices) or {"title": {"uk": source.name}, "theme": choices.theme, "fields": []}
    if choices.title:
        attributes["title"] = dict(choices.title)
    if choices.theme != Theme.OTHER:
        attributes["theme"] = choices.theme
    return {**attributes, "access_level": choices.access_level}


def _into_existing(source: LayerInspection, layer: Layer, actor: User | None, choices: Choices) -> LayerPlan:
    seen = editable_schema(actor, layer)
    proposal = proposal_for(source, community=layer.community, actor=actor, choices=choices)
    fields = _fields(source, proposal, choices, seen, layer.community)
    new = schema_fields(proposal, choices, schema=seen) if may(actor, layer, Action.MANAGE) else []
    _refuse_other_schema(layer, seen, fields, source, may_gain=bool(new))
    if layer.feature_count and not choices.mode:
        raise ModeNeeded(layer=layer.full_name, count=layer.feature_count)
    given = {item.key for item in fields}
    return LayerPlan(
        source=source, layer=layer, key_field=layer.key_field if layer.key_field in given else "",
        geometry_type=layer.geometry_type, fields=fields, mode=choices.mode or Mode.APPEND,
        comment=choices.comment, kept_fields=_kept_fields(layer, seen, fields, choices.mode),
        new_fields=tuple(item | {"access": AccessLevel.STAFF.value} for item in new),
        personal=_personal(proposal, choices),
    )  # fmt: skip


def _fields(
    source: LayerInspection, proposal: Sequence[ProposedField], choices: Choices, schema: Schema,
    community: Community,
) -> tuple[FieldMapping, ...]:  # fmt: skip
    names = [item.name for item in source.fields]
    for choice in choices.mapping:
        if choice.source not in names:
            raise FieldNotInFile(layer=source.name, field=choice.source, choices=", ".join(names))
    prefix = str(community.admin_unit_id)[:9]
    fields = mappings(proposal, choices, schema=schema if schema.fields else None, prefix=prefix)
    keys = [item.key for item in fields]
    for item in fields:
        if keys.count(item.key) > 1:
            raise ColumnsCollide(
                key=item.key, columns=", ".join(i.source for i in fields if i.key == item.key)
            )
    return fields


def _personal(proposal: Sequence[ProposedField], choices: Choices) -> tuple[dict[str, Any], ...]:
    return tuple(asdict(item) for item in personal_decisions(proposal, choices))


def _kept_fields(layer: Layer, schema: Schema, fields: Sequence[FieldMapping], mode: str) -> tuple[str, ...]:
    """Updating keeps what the file has no column for; replacing keeps only what its author does not see."""
    touched = {item.key for item in (fields if mode == Mode.UPDATE else schema)}
    return tuple(item.key for item in layer.schema if item.key not in touched)


def _refuse_other_schema(
    layer: Layer, seen: Schema, fields: tuple[FieldMapping, ...], source: LayerInspection, *, may_gain: bool
) -> None:
    known = {item.key for item in seen}
    given = {item.key for item in fields}
    hidden = {item.key for item in layer.schema} - known
    strange = bool(known) and not given & known
    extra = sorted(given & hidden if may_gain and not strange else given - known)
    missing = sorted(item.key for item in seen if item.required and item.key not in given)
    differences = []
    if extra:
        differences.append(str(_("the layer has no field %(names)s")) % {"names": ", ".join(extra)})
    if missing or strange:
        names = ", ".join(missing or sorted(known))
        differences.append(str(_("the file has no column for %(names)s")) % {"names": names})
    kind = single_kind(source.geometry_type)
    if GeometryType.ANY not in (kind, layer.geometry_type) and kind != layer.geometry_type:
        told = {"expected": layer.get_geometry_type_display(), "found": GeometryType(kind).label}
        differences.append(str(_("it holds %(expected)s and the file %(found)s")) % told)
    if not source.geometry_type and layer.geometry_type == GeometryType.LINE:
        differences.append(str(_("it holds lines, which no code stands for")))
    if differences:
        raise SchemaDiffers(layer=layer.full_name, differences="; ".join(differences))


def _key_of(choices: Choices, fields: Sequence[FieldMapping]) -> str:
    """The key for a key field that was given by its key or by its column's name."""
    wanted = choices.key_field or ""
    return next((item.key for item in fields if wanted == item.source), wanted)
