"""Standard layers: ready definitions (schema, style, access) for what every community keeps.

They are data files in `layers/standard/`, so a new kind of layer needs no release. Sources of the
fields and domains: the dictionary of the planning database (order of Minregion No. 56 of 22.02.2022)
and the classifiers named in each file.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

from layers.models.catalogue import Theme

FOLDER = Path(__file__).parent / "standard"


@cache
def standard_layers() -> dict[str, dict[str, Any]]:
    """All definitions by slug, in the legend's order; each is what its file holds."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.json")]
    return {
        item["slug"]: item for item in sorted(found, key=lambda item: (item.get("position", 0), item["slug"]))
    }


def standard_attributes(slug: str) -> dict[str, Any] | None:
    """Attributes for `create_layer` from the standard layer with this slug; None where there is none."""
    found = standard_layers().get(slug)
    if found is None:
        return None
    names = (
        "title", "description", "geometry_type", "key_field", "style", "access_level", "licence", "attribution",
        "min_zoom", "max_zoom", "position",
    )  # fmt: skip
    attributes = {name: found[name] for name in names if name in found}
    theme = Theme.BASE if found.get("base") else found.get("theme", Theme.OTHER)
    return {**attributes, "theme": theme, "fields": found["schema"]}
