"""What the forms of the check decided, under the names of `importers.choices.Choices`."""

import re
from typing import Any

from django.http import QueryDict

_CODE = re.compile(r"\s*(?:EPSG:)?(\d{4,6})\s*", re.IGNORECASE)


def wanted_layers(post: QueryDict, document: dict[str, Any]) -> list[str]:
    """The chosen layers of the file, in its order."""
    names = [item["name"] for item in (document["inspection"] or {}).get("layers", [])]
    chosen = set(post.getlist("source_layer"))
    return [name for name in names if name in chosen]


def reading_choices(post: QueryDict) -> dict[str, Any]:
    """Encoding and coordinate system, those that were answered; a system that was typed counts most."""
    choices: dict[str, Any] = {}
    if encoding := post.get("encoding", ""):
        choices["encoding"] = encoding
    typed = _CODE.fullmatch(post.get("crs_code", ""))
    crs = f"EPSG:{typed[1]}" if typed else post.get("crs_other", "") or post.get("crs", "")
    return choices | crs_choice(crs) if crs else choices


def crs_choice(value: str) -> dict[str, Any]:
    """“EPSG:9832 yx” is a system with its axes exchanged; one that was chosen from a list keeps what is found."""
    code, _blank, turned = value.partition(" ")
    return {"crs": code, "swap_xy": True if turned == "yx" else None}


def place_choice(post: QueryDict) -> dict[str, Any]:
    """By which column's codes the rows of a table lie where they do, where the form asked."""
    return {"place_column": post["place_column"]} if "place_column" in post else {}


def changed_target(wanted: dict[str, Any], document: dict[str, Any], existing: set[str]) -> bool:
    """Whether other fields are there to match columns to than when the form was shown."""

    def fields_of(choices: dict[str, Any]) -> tuple[str, str]:
        layer = choices["layer"]
        return (layer, "") if layer in existing else ("", choices["standard"])

    return fields_of(wanted) != fields_of(document["choices"])
