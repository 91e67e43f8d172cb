"""The catalogue of progress messages: stored as code and parameters, read in the reader's language.

    ROWS_WRITTEN = messages.define("import-rows-written", _("Rows written: %(rows)s"))
    progress.report(0.4, ROWS_WRITTEN, rows=1200)

Define messages at import time of a module the web process loads too (the app's `ready` imports it).
"""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise

from gis_core.errors import HromadaError

_templates: dict[str, str | Promise] = {}


def define(code: str, template: str | Promise) -> str:
    """Add a lazily translated template with named placeholders; returns `code`, to be kept in a constant."""
    _templates[code] = template
    return code


def sentence(code: str, params: Mapping[str, Any]) -> str:
    """The message in the active language; "" for no code, the code itself where it is not defined."""
    return _filled(_templates.get(code, code), params)


def error_sentence(code: str, params: Mapping[str, Any], fallback: str) -> str:
    """The sentence of an error's code in the active language; `fallback` where no class has the code."""
    found = next((item for item in _subclasses(HromadaError) if item.code == code), None)
    if found is None:
        return fallback
    try:
        return found.sentence(params)
    except (KeyError, TypeError, ValueError):
        return str(found.message)


def _subclasses(cls: type[HromadaError]) -> list[type[HromadaError]]:
    return [item for child in cls.__subclasses__() for item in (child, *_subclasses(child))]


def _filled(template: str | Promise, params: Mapping[str, Any]) -> str:
    text = str(template)
    try:
        return text % params if params else text
    except (KeyError, TypeError, ValueError):
        return text
