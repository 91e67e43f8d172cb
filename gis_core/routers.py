"""Where Django sends its own queries; "public" is chosen by name, in `layers.access` alone."""

from typing import Any


class WriteToDefault:
    """Models live on "default"; migrations never run over the read-only alias."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        return "default"

    def db_for_write(self, model: Any, **hints: Any) -> str:
        return "default"

    def allow_relation(self, obj1: Any, obj2: Any, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == "default"
