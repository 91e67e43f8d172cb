"""Which staged row is which feature: hashed joins in passes, each over what the one before left open.

1. By key, where rows or features have one.
2. The same geometry and the same attributes, pair by pair: three equal rows match three equal features.
3. The same again, where a geometry counts as the same that differs by noise alone (layers.nearness).
4. The same geometry, where it is unique among the open rows and among the open features.
5. The same attributes, where there are any and they are unique on both sides.

A row and a feature that both have a key match by it alone. Rows are compared by 64-bit hashes of geometry
and attributes, which costs one reading of both sides, whatever the width of a row; vertices are compared only of
what has no equal. Attributes are equal as jsonb is: 1 is 1.0, texts to the letter.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from psycopg2 import sql

from layers import nearness, staging
from layers.models import Changeset, Layer

KEY, EXACT, NEAR = "diff_by_key", "diff_exact", "diff_near"
PLACE, ATTRIBUTES = "diff_by_place", "diff_by_attributes"


@dataclass(frozen=True)
class Matching:
    """How rows of a changeset are matched: `ignored` keys are compared neither (their values are kept), and
    with `keeps_keys` a row without a key leaves its feature's as it is."""

    changeset: Changeset
    layer: Layer
    ignored: Sequence[str]
    keeps_keys: bool

    def run(self, passes: Sequence[str]) -> list[str]:
        """Leave one temporary table a pass, named like it, with what is not equal: columns staged, feature (a
        pair where both are there, else one alone), version, keys, same_place, same_attributes.

        The names of those that there were: NEAR, which follows EXACT, is left out where nothing is near.
        """
        rows, features = self._rows(), self._features()
        sides = {"staged": staging.staging_table(self.changeset), "layer": self.layer.pk}
        done: list[str] = []
        with connection.cursor() as cursor:
            # Hashed joins, with room for a million of narrow rows; a merge would sort both sides.
            cursor.execute("SET LOCAL work_mem = '128MB'; SET LOCAL enable_mergejoin = off")
            for name in passes:
                if name == NEAR and not nearness.give_places(EXACT, **sides):
                    continue
                cursor.execute(self._meeting(name, rows, features))
                cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(name)))
                if name == KEY:
                    nearness.take_near_for_same(KEY, **sides)
                rows, features = open_rows(name), open_features(name)
                done.append(name)
            cursor.execute("SET LOCAL enable_mergejoin TO DEFAULT")
        return done

    def _meeting(self, name: str, rows: sql.Composable, features: sql.Composable) -> sql.Composable:
        return sql.SQL(_MEETING).format(
            name=sql.Identifier(name), rows=_prepared(name, rows), features=_prepared(name, features),
            condition=sql.SQL(_CONDITIONS[name]), keeps_keys=sql.Literal(self.keeps_keys),
        )  # fmt: skip

    def _rows(self) -> sql.Composable:
        return sql.SQL(
            "SELECT id, 0 AS version, external_key AS key, {hashes} FROM {staged} OFFSET 0"
        ).format(hashes=self._hashes(), staged=staging.staging_table(self.changeset))

    def _features(self) -> sql.Composable:
        return sql.SQL(
            "SELECT id, version, external_key AS key, {hashes} FROM layers_feature WHERE layer_id = {layer} OFFSET 0"
        ).format(hashes=self._hashes(), layer=sql.Literal(self.layer.pk))

    def _hashes(self) -> sql.Composable:
        """Bytes are hashed, not the geometry, whose own hash has but 32 bits. OFFSET 0 keeps the planner from
        putting the wide columns themselves into the join."""
        ignored = sorted({*self.ignored, self.layer.key_field} - {""})
        properties = sql.SQL("properties")
        if ignored:
            properties = sql.SQL("(properties - {}::text[])").format(sql.Literal(ignored))
        return sql.SQL(
            "hash_record_extended(ROW(ST_AsBinary(geom)), 0) AS place, jsonb_hash_extended({}, 0) AS attributes"
        ).format(properties)


def open_rows(name: str) -> sql.Composable:
    """What is left of the staged rows after a pass."""
    return sql.SQL(
        "SELECT staged AS id, 0 AS version, staged_key AS key, staged_place AS place,"
        " staged_attributes AS attributes"
        " FROM {} WHERE feature IS NULL"
    ).format(sql.Identifier(name))


def open_features(name: str) -> sql.Composable:
    """What is left of the features after a pass."""
    return sql.SQL(
        "SELECT feature AS id, version, feature_key AS key, feature_place AS place,"
        " feature_attributes AS attributes FROM {} WHERE staged IS NULL"
    ).format(sql.Identifier(name))


def forget(passes: Sequence[str]) -> None:
    """Drop the tables of the passes."""
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("DROP TABLE {}").format(sql.SQL(", ").join(map(sql.Identifier, passes))))


def _prepared(name: str, side: sql.Composable) -> sql.Composable:
    return sql.SQL(_PREPARED[name]).format(side=side)


# Those without a key first, so that they meet first; what is then left has a key on both sides.
_NUMBERED = (
    "SELECT *, row_number() OVER (PARTITION BY place, attributes ORDER BY key NULLS FIRST, id) AS number"
    " FROM ({side}) AS one"
)
_PREPARED = {
    KEY: "{side}",
    EXACT: _NUMBERED,
    NEAR: _NUMBERED,
    PLACE: "SELECT *, CASE WHEN count(*) OVER (PARTITION BY place) = 1 THEN place END AS only_place"
    " FROM ({side}) AS one",
    ATTRIBUTES: "SELECT *, CASE WHEN count(*) OVER (PARTITION BY attributes) = 1"
    " AND attributes <> jsonb_hash_extended('{{}}', 0) THEN attributes END AS only_attributes"
    " FROM ({side}) AS one",
}
_NOT_BY_KEY = " AND (r.key IS NULL OR f.key IS NULL)"
_EQUAL = "r.place = f.place AND r.attributes = f.attributes AND r.number = f.number" + _NOT_BY_KEY
_CONDITIONS = {
    KEY: "r.key = f.key",
    EXACT: _EQUAL,
    NEAR: _EQUAL,
    PLACE: "r.only_place = f.only_place" + _NOT_BY_KEY,
    ATTRIBUTES: "r.only_attributes = f.only_attributes" + _NOT_BY_KEY,
}
_MEETING = """
    CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS
    SELECT * FROM (
        SELECT r.id AS staged, r.key AS staged_key, r.place AS staged_place, r.attributes AS staged_attributes,
               f.id AS feature, f.version, f.key AS feature_key, f.place AS feature_place,
               f.attributes AS feature_attributes, r.place = f.place AS same_place,
               r.attributes = f.attributes
                   AND (r.key IS NOT DISTINCT FROM f.key OR r.key IS NULL AND {keeps_keys}) AS same_attributes
        FROM ({rows}) AS r FULL JOIN ({features}) AS f ON {condition}
    ) AS met
    WHERE (same_place AND same_attributes) IS NOT TRUE
"""
