"""JSON that PostgreSQL accepts: what a task was given, returned or said, made storable."""

import math
from collections.abc import Mapping, Sequence
from typing import Any


def plain_json(value: Any) -> Any:
    """A copy of `value` in JSON's own types.

    NUL characters and lone surrogates, which jsonb refuses, are dropped or replaced; NaN and infinity
    become None; tuples become lists. Raises TypeError for anything that is not JSON.
    """
    match value:
        case None | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else None
        case str():
            return plain_text(value)
        case Mapping():
            return {plain_text(str(key)): plain_json(item) for key, item in value.items()}
        case bytes() | bytearray():
            raise TypeError("bytes are not JSON; pass text or a file's name")
        case Sequence():
            return [plain_json(item) for item in value]
        case _:
            raise TypeError(f"{type(value).__name__} is not JSON")


def plain_text(text: str) -> str:
    """`text` without NUL characters, with "?" for lone surrogates."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
