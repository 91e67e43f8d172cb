"""How bodies of requests are read."""

import io
import json
import re
from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

_MAYBE_HALF_A_LETTER = re.compile(rb"\\u[dD][89a-fA-F]")


class StorableJSONParser(JSONParser):
    """JSON that can be stored and sent back: not nested beyond Python's stack, no half of a surrogate pair."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        body = stream.read()
        try:
            found = super().parse(io.BytesIO(body), media_type, parser_context)
            if _MAYBE_HALF_A_LETTER.search(body):
                json.dumps(found, ensure_ascii=False).encode()
        except (RecursionError, UnicodeEncodeError) as error:
            raise ParseError from error
        return found
