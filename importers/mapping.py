"""Which column of a file is which field of a layer: a proposal, and what people's choices make of it.

Columns are matched by name, by the names that a field is known under (`importers.synonyms`), by names that a
shapefile cut to ten bytes, and by what the values look like; a choice that was accepted before for the same
columns goes first. Columns that match nothing are kept under their own names.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from importers import units
from importers.fields import FieldInfo, FieldRule, field_key
from importers.letters import folded, words_of
from importers.matching import Match, match
from importers.sandbox.protocol import FieldMapping, LayerInspection
from layers.schema import Field, Schema
from layers.standards import standard_layers

if TYPE_CHECKING:
    from importers.choices import Choices, ColumnChoice

_HOW = {
    "remembered": _("as in the last import of such a file"),
    "name": _("by its name"),
    "synonym": _("by a name it is known under"),
    "prefix": _("by its name, cut to ten bytes"),
    "words": _("by words in its name"),
    "pattern": _("by what its values look like"),
    "own": _("kept under its own name"),
}
_ACCEPTED = 0.6
_NORMALISED = frozenset({"cad_num", "katottg", "koatuu", "purpose_code", "edrpou"})
_DOCUMENTED_AREA = "area_doc_ha"
_KEY_NAMES = (
    "cad_num",
    "kadnum",
    "cadnum",
    "katottg",
    "guid",
    "uuid",
    "external_id",
    "osm_id",
    "id",
    "code",
    "kod",
    "gid",
)
_UNSTABLE_KEYS = frozenset({"fid", "objectid", "ogc_fid", "objectid_1"})


@dataclass(frozen=True, kw_only=True)
class ProposedField:
    """What is proposed for the column `source`: the field (`key`, `title`, `type`) that it becomes.

    `known`: the target layer has that field. `unit` is what the column's numbers are in. `match` is a key of
    the ways above and `how` the same in words; `confidence` 0 to 1. `personal` is a kind of personal data
    (importers.personal.KINDS) or ""; such columns are not kept unless a person gives a reason.
    """

    source: str
    key: str
    title: Mapping[str, str]
    type: str
    unit: str = ""
    match: str = "own"
    how: str = ""
    confidence: float = 1.0
    known: bool = False
    personal: str = ""
    keep: bool = True
    samples: tuple[str, ...] = ()
    profile: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def as_json(self) -> dict[str, Any]:
        found = asdict(self)
        found.pop("profile")
        return found


@dataclass(frozen=True)
class PersonalDecision:
    """A column with personal data, whether it is kept, and the reason that somebody gave for it."""

    source: str
    kind: str
    kept: bool
    reason: str = ""


def propose(
    layer: LayerInspection, *, schema: Schema | None = None, remembered: Mapping[str, Any] | None = None
) -> list[ProposedField]:
    """One proposal a column, in the file's order; `schema` None proposes a new layer's fields from the data.

    `remembered` is what `importers.mapping_memory.recall` gave. Each field of the schema is proposed once.
    """
    fields = () if schema is None else schema.fields
    recalled = _recalled(layer, remembered)
    taken = {str(item["key"]) for item in recalled.values()}
    matches = _assigned(
        [item for item in layer.fields if item.name not in recalled],
        [item for item in fields if item.key not in taken],
        layer,
    )
    taken |= {item.key for item in fields}
    proposal = []
    for column in layer.fields:
        found = recalled.get(column.name)
        if found is not None:
            made = _as_remembered(column, found, schema)
        elif column.name in matches:
            made = _as_field(column, *matches[column.name])
        else:
            made = _as_itself(column, taken)
        taken.add(made.key)
        proposal.append(made)
    return proposal


def suggest_standards(layer: LayerInspection) -> list[tuple[str, float]]:
    """Standard layers that the columns and geometries fit, the best first, with scores 0 to 1."""
    scores = [(slug, _standard_score(layer, slug, found)) for slug, found in standard_layers().items()]
    return sorted(((slug, score) for slug, score in scores if score >= 0.2), key=lambda pair: -pair[1])


def mappings(
    proposal: Sequence[ProposedField], choices: "Choices", *, schema: Schema | None = None, prefix: str = ""
) -> tuple[FieldMapping, ...]:
    """How the kept columns are stored, with the rules their values are held to.

    `schema` is the target's (an existing or standard layer's); `prefix` the first nine characters of the
    community's KATOTTG code, which its settlements' codes begin with.
    """
    made = []
    for item in proposal:
        choice = choices.column(item.source)
        if not kept(item, choices):
            continue
        key = choice.key or item.key
        known = schema.get(key) if schema else None
        kind = known.type if known else choice.type or item.type
        unit = choice.unit or item.unit
        if known and key != item.key and not choice.unit:
            unit = units.source_unit(item.source, item.profile, known.unit)
        rule = _rule(item, known, unit, prefix=prefix, fix_lookalikes=choices.fix_lookalikes, key=key)
        made.append(FieldMapping(item.source, key, kind, rule))
    return tuple(made)


def kept(item: ProposedField, choices: "Choices") -> bool:
    """Whether the column is stored: as chosen, else as proposed, and personal data only with a reason."""
    if not choices.column(item.source).keep:
        return False
    if item.personal:
        return bool(choices.keep_personal.get(item.source, "").strip())
    return item.keep or choices.names(item.source)


def personal_decisions(proposal: Sequence[ProposedField], choices: "Choices") -> list[PersonalDecision]:
    """Every column with personal data and what becomes of it; the journal keeps those with `kept`."""
    return [
        PersonalDecision(
            item.source,
            item.personal,
            kept(item, choices),
            choices.keep_personal.get(item.source, "").strip(),
        )
        for item in proposal
        if item.personal
    ]


def schema_fields(
    proposal: Sequence[ProposedField], choices: "Choices", *, schema: Schema | None = None
) -> list[dict[str, Any]]:
    """JSON of the kept columns' fields that `schema` does not have; all of them for a new layer."""
    made = []
    for item in proposal:
        choice = choices.column(item.source)
        key = choice.key or item.key
        if kept(item, choices) and not (schema and schema.get(key)):
            made.append(_field_document(item, choice, key))
    return made


def propose_key(proposal: Sequence[ProposedField], choices: "Choices | None" = None) -> str:
    """The field whose values are all there and all different, by the order of likely keys; "" where none is."""
    candidates = [
        (choices.column(item.source).key if choices else "") or item.key
        for item in proposal
        if item.profile.get("unique") and item.profile.get("filled") == 1.0 and not item.personal
        and (choices is None or kept(item, choices))
        and (item.key in _KEY_NAMES or _is_identifier(item))
    ]  # fmt: skip
    ranked = sorted(candidates, key=lambda key: _KEY_NAMES.index(key) if key in _KEY_NAMES else 99)
    return ranked[0] if ranked else ""


# --- matching ---


def _assigned(
    columns: Sequence[FieldInfo], fields: Sequence[Field], layer: LayerInspection
) -> dict[str, tuple[Field, Match]]:
    """Column -> field, the surest pairs first; each column and each field once."""
    cut = layer.format == "shapefile"
    pairs = []
    for place, column in enumerate(columns):
        for target in fields:
            found = match(column, target, cut=cut)
            if found is not None and found.confidence >= _ACCEPTED:
                pairs.append((-found.confidence, place, column, target, found))
    pairs.sort(key=lambda pair: pair[:2])
    assigned: dict[str, tuple[Field, Match]] = {}
    used: set[str] = set()
    for _confidence, _place, column, target, found in pairs:
        if column.name not in assigned and target.key not in used:
            assigned[column.name] = (target, found)
            used.add(target.key)
    return assigned


_COMMON = frozenset(
    ("name_uk", "name", "title", "address", "katottg", "area_ha", "area_m2", "length_m", "operator", "kind", "status",
     "state", "source", "owner", "year", "capacity", "phone", "opening_hours", "node_id", "span_id",
     "population", "use", "code", "name_en")
)  # fmt: skip


def _standard_score(layer: LayerInspection, slug: str, found: Mapping[str, Any]) -> float:
    kind = found.get("geometry_type", "")
    if layer.geometry_type not in ("", "Geometry", kind):
        return 0.0
    schema = Schema.from_json(found["schema"])
    assigned = _assigned(layer.fields, schema.fields, layer)
    gained = sum(
        item.confidence * (0.5 if target.key in _COMMON else 1.5) for target, item in assigned.values()
    )
    names = [folded(name) for name in (slug, *found.get("title", {}).values())]
    named = any(name in folded(layer.name) for name in names if len(name) >= 4)
    if not named and all(target.key in _COMMON for target, _match in assigned.values()):
        return 0.0
    gained += 1.5 * named
    required = [item.key for item in schema.fields if item.required]
    given = {target.key for target, _match in assigned.values()}
    share = sum(key in given for key in required) / len(required) if required else 1.0
    fits = 1.0 if layer.geometry_type == kind else 0.8
    return round(gained / (gained + 2.0) * (0.5 + 0.5 * share) * fits, 2)


# --- proposals ---


def _recalled(layer: LayerInspection, remembered: Mapping[str, Any] | None) -> dict[str, Mapping[str, Any]]:
    names = {item.name for item in layer.fields}
    found = (remembered or {}).get("mapping", ())
    return {item["source"]: item for item in found if item.get("source") in names and item.get("key")}


def _as_remembered(column: FieldInfo, found: Mapping[str, Any], schema: Schema | None) -> ProposedField:
    known = schema.get(str(found["key"])) if schema else None
    own = _title(column)
    title = dict(known.title) if known else dict(found.get("title") or own)
    return _made(
        column, key=str(found["key"]), title=title, kind=known.type if known else found.get("type") or _type(column),
        unit=str(found.get("unit") or ""), way="remembered", confidence=1.0, known=known is not None,
        keep=bool(found.get("keep", True)),
    )  # fmt: skip


def _as_field(column: FieldInfo, target: Field, found: Match) -> ProposedField:
    return _made(
        column, key=target.key, title=dict(target.title), kind=target.type,
        unit=units.source_unit(column.name, column.profile, target.unit), way=found.way,
        confidence=found.confidence, known=True,
    )  # fmt: skip


def _as_itself(column: FieldInfo, taken: Collection[str]) -> ProposedField:
    key = column.key if column.key not in taken else field_key(f"source_{column.name}", taken)
    return _made(
        column, key=key, title=_title(column), kind=_type(column),
        unit=units.named_unit(column.name, column.profile), way="own", confidence=1.0, known=False,
    )  # fmt: skip


def _made(
    column: FieldInfo, *, key: str, title: Mapping[str, str], kind: str, unit: str, way: str, confidence: float,
    known: bool, keep: bool = True,
) -> ProposedField:  # fmt: skip
    personal = str(column.profile.get("personal", ""))
    return ProposedField(
        source=column.name, key=key, title=title, type=kind, unit=unit, match=way, how=str(_HOW[way]),
        confidence=round(confidence, 2), known=known, personal=personal, keep=keep and not personal,
        samples=tuple(map(str, column.profile.get("samples", ()))), profile=column.profile,
    )  # fmt: skip


def _title(column: FieldInfo) -> dict[str, str]:
    """The column's name as people read it: «area_text» -> «Area text»."""
    plain = " ".join(column.name.replace("_", " ").split()) or column.name
    return {"uk": plain[:1].upper() + plain[1:]}


def _type(column: FieldInfo) -> str:
    return str(column.profile.get("type") or column.type)


def _is_identifier(item: ProposedField) -> bool:
    patterns = item.profile.get("patterns", {})
    is_code = any(patterns.get(form, 0.0) >= 0.9 for form in ("uuid", "cad_num", "katottg"))
    return is_code or (item.key.endswith(("_id", "_code")) and item.key not in _UNSTABLE_KEYS)


def _field_document(item: ProposedField, choice: "ColumnChoice", key: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "key": key, "title": dict(choice.title) or dict(item.title), "type": choice.type or item.type,
    }  # fmt: skip
    unit = choice.unit or item.unit
    return made | ({"unit": unit} if unit else {})


# --- rules ---


def _rule(
    item: ProposedField, known: Field | None, unit: str, *, prefix: str, fix_lookalikes: bool, key: str
) -> FieldRule:
    normaliser = _normaliser(item, key)
    if known is None:
        return FieldRule(normaliser=normaliser, unit=unit, fix_lookalikes=fix_lookalikes)
    return FieldRule(
        required=known.required, domain=_domain(known), pattern="" if normaliser else known.pattern,
        min=known.min, max=known.max, unit=known.unit, scale=units.factor(unit, known.unit) or 1.0,
        normaliser=normaliser, prefix=prefix if key == "katottg" else "", fix_lookalikes=fix_lookalikes,
        area_ha=units.factor(known.unit, "га") if key == _DOCUMENTED_AREA else None,
    )  # fmt: skip


def _normaliser(item: ProposedField, key: str) -> str:
    """The kind of code of the field: by the field, or by the values of a column that is no field's."""
    if key in _NORMALISED:
        return key
    patterns = item.profile.get("patterns", {})
    if item.type not in ("string", "text") or item.known:
        return ""
    if patterns.get("purpose_padded", 0.0) >= 0.95 and item.profile.get("distinct", 0) > 3:
        return "purpose_code"
    if patterns.get("koatuu", 0.0) >= 0.8 and "koatu" in words_of(item.source):
        return "koatuu"
    return next((form for form in ("cad_num", "katottg") if patterns.get(form, 0.0) >= 0.8), "")


def _domain(known: Field) -> tuple[tuple[Any, tuple[str, ...]], ...]:
    return tuple((entry["value"], _words(entry)) for entry in known.domain)


def _words(entry: Mapping[str, Any]) -> tuple[str, ...]:
    title = entry.get("title", {})
    return tuple(str(text) for text in title.values()) if isinstance(title, Mapping) else (str(title),)
