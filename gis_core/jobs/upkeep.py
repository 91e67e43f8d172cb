"""What workers do for the system when they start and now and then, besides jobs: packages register it here."""

import logging
from collections.abc import Callable

logger = logging.getLogger(__name__)

_registered: list[Callable[[], object]] = []


def register(function: Callable[[], object]) -> None:
    """Have each worker call `function` when it starts and once an hour; it must be harmless at any time."""
    if function not in _registered:
        _registered.append(function)


def run() -> None:
    """Call all of it; what goes wrong is logged and keeps no worker from its jobs."""
    for function in _registered:
        try:
            function()
        except Exception:
            logger.exception("upkeep failed: %s", function)
