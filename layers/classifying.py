"""Classes from the values that a layer has: breaks of numbers, and the values themselves, as the reader sees them."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from psycopg2 import sql

from gis_core import limits
from gis_core.errors import BadParameter
from layers.access import ReadSource
from layers.delivery import read_rows
from layers.schema import Field
from layers.styles.classify import breaks_of

METHODS = ("quantile", "equal", "jenks", "manual", "unique")
MOST_CLASSES = 12
MOST_VALUES = 60
NUMBERS = ("integer", "number")


@dataclass(frozen=True)
class Classification:
    """Classes of one field. `values` (unique, the commonest first) or `breaks`; `counts` of the features in each
    class, `missing` without a value, `others` with a value that is not listed; all are of the sample where
    `looked_at` is below `total`."""

    field: str
    method: str
    breaks: tuple[float, ...]
    values: tuple[Any, ...]
    counts: tuple[int, ...]
    missing: int
    others: int
    least: float | None
    greatest: float | None
    looked_at: int
    total: int

    def as_json(self) -> dict[str, Any]:
        return {
            **vars(self),
            "breaks": list(self.breaks),
            "values": list(self.values),
            "counts": list(self.counts),
        }


def classify(
    source: ReadSource, key: str, method: str, *, classes: int = 5, breaks: Sequence[float] = ()
) -> Classification:
    """Classes of a field that the reader sees. `breaks` are those of method manual, whose features are counted.

    Raises BadParameter for a field that is hidden or not there, not of numbers, and a wrong method or number.
    """
    field = source.field(key)
    if field is None:
        raise BadParameter(parameter="field", reason=_("the layer has no field “%s”.") % key[:60])
    if method not in METHODS:
        raise BadParameter(
            parameter="method", reason=_("one of these was expected: %s.") % ", ".join(METHODS)
        )
    if method == "unique":
        return _by_value(source, field)
    if field.type not in NUMBERS:
        raise BadParameter(parameter="field", reason=_("a field with numbers was expected."))
    if not 2 <= classes <= MOST_CLASSES:
        reason = _("a number of classes from 2 to %s was expected.") % MOST_CLASSES
        raise BadParameter(parameter="classes", reason=reason)
    return _by_number(source, field, method, classes, sorted(set(breaks)))


def _by_number(
    source: ReadSource, field: Field, method: str, classes: int, manual: list[float]
) -> Classification:
    value = sql.SQL("({})::double precision").format(source.column(field.key))
    sound = sql.SQL("v > '-Infinity' AND v < 'Infinity'")
    rows = read_rows(
        source,
        sql.SQL(
            "SELECT array_agg(v) FILTER (WHERE {sound}), count(*) FILTER (WHERE NOT coalesce({sound}, FALSE)), count(*)"
            " FROM {sample}"
        ).format(sound=sound, sample=_sample(source, value)),
    )
    values, missing, looked_at = rows[0]
    values = values or []
    breaks = manual if method == "manual" else breaks_of(values, method, classes)
    found = Counter(bisect_right(breaks, item) for item in values)
    return Classification(
        field=field.key, method=method, breaks=tuple(breaks), values=(),
        counts=tuple(found[place] for place in range(len(breaks) + 1)), missing=missing, others=0,
        least=min(values, default=None), greatest=max(values, default=None),
        looked_at=looked_at, total=source.layer.feature_count,
    )  # fmt: skip


def _by_value(source: ReadSource, field: Field) -> Classification:
    """The commonest values; those of a domain come in its order, and all of them."""
    value = source.column(field.key)
    if field.type not in (*NUMBERS, "boolean"):
        value = sql.SQL("NULLIF(({})::text, '')").format(value)
    rows = read_rows(
        source,
        sql.SQL("SELECT v, count(*) FROM {} GROUP BY v ORDER BY 2 DESC, 1 LIMIT {}").format(
            _sample(source, value), sql.Literal(MOST_VALUES + 2)
        ),
    )
    ((looked_at,),) = read_rows(
        source, sql.SQL("SELECT count(*) FROM {}").format(_sample(source, sql.SQL("NULL")))
    )
    counted = dict(rows)
    missing = counted.pop(None, 0)
    known = [entry["value"] for entry in field.domain if _as_type(field, entry["value"])]
    listed = [*known, *(item for item in counted if item not in known)][:MOST_VALUES]
    return Classification(
        field=field.key, method="unique", breaks=(), values=tuple(listed),
        counts=tuple(counted.get(item, 0) for item in listed), missing=missing,
        others=looked_at - missing - sum(counted.get(item, 0) for item in listed), least=None, greatest=None,
        looked_at=looked_at, total=source.layer.feature_count,
    )  # fmt: skip


def _as_type(field: Field, value: Any) -> bool:
    return not field.issues_with(value)


def _sample(source: ReadSource, value: sql.Composable) -> sql.Composed:
    """One value `v` of each feature, of each k-th by its id where there are more than the limit. The same each time."""
    most = limits.value("style_sample")
    step = -(-source.layer.feature_count // most) if source.layer.feature_count > most else 1
    some = sql.SQL("WHERE id % {} = 0").format(sql.Literal(step)) if step > 1 else sql.SQL("")
    return sql.SQL("(SELECT {} AS v FROM {} {}) AS sample").format(value, source.relation, some)
