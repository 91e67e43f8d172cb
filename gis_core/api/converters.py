"""Path converters shared by the addresses of programs."""

from django.urls import register_converter


class BigInt:
    """An id in ASCII digits that fits a bigint; longer ones are no address and never reach the database."""

    regex = "[0-9]{1,18}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: object) -> str:
        return str(value)


register_converter(BigInt, "bigint")
