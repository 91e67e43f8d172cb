"""Schemas of the standard layers that files are matched with."""

from layers.schema import Schema
from layers.standards import standard_layers


def standard_schema(name: str) -> Schema:
    return Schema.from_json(standard_layers()[name]["schema"])
