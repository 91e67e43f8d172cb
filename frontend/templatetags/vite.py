"""`{% vite_entry "src/pages/viewer.ts" %}`: the tags that load one entry of the browser code.

Names come from Vite's manifest. The addresses do not go through `static()`: Vite has put a hash in the names
already, and a second one made by a manifest storage would load every chunk twice.
"""

import json
import logging
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from django import template
from django.templatetags.static import PrefixNode
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()
logger = logging.getLogger(__name__)

MANIFEST = Path(__file__).resolve().parent.parent / "static" / "frontend" / "manifest.json"


@register.simple_tag
def vite_entry(name: str) -> SafeString:
    """Style sheets, module preloads and the script of an entry; only a log line while it is not built."""
    chunks = _manifest()
    if name not in chunks:
        logger.error("Browser code for %s is missing in %s: run `make setup`.", name, MANIFEST)
        return SafeString("")
    entry = chunks[name]
    imported = list(_imports(chunks, name))
    sheets = [css for chunk in [*imported, entry] for css in chunk.get("css", [])]
    if entry["file"].endswith(".css"):
        return _links("stylesheet", [*sheets, entry["file"]])
    return SafeString(
        _links("stylesheet", sheets)
        + _links("modulepreload", [chunk["file"] for chunk in imported])
        + format_html('<script type="module" src="{}"></script>', _address(entry["file"]))
    )


def _links(rel: str, files: list[str]) -> SafeString:
    return format_html_join(
        "", '<link rel="{}" href="{}">', ((rel, _address(file)) for file in dict.fromkeys(files))
    )


def _address(file: str) -> str:
    return f"{PrefixNode.handle_simple('STATIC_URL')}frontend/{file}"


def _imports(chunks: dict[str, Any], name: str, seen: set[str] | None = None) -> Iterator[dict[str, Any]]:
    """The chunks that an entry needs at once, those needed by others first; not those loaded on demand."""
    seen = {name} if seen is None else seen
    for key in chunks[name].get("imports", []):
        if key not in seen:
            seen.add(key)
            yield from _imports(chunks, key, seen)
            yield chunks[key]


def _manifest() -> dict[str, Any]:
    try:
        return _read(MANIFEST, MANIFEST.stat().st_mtime_ns)
    except FileNotFoundError:
        return {}


@lru_cache(maxsize=1)
def _read(path: Path, _changed: int) -> dict[str, Any]:
    """Read again only after a new build."""
    chunks: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return chunks
