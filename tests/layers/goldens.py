"""Golden files: what came out last time and was looked at. `make bless` writes them anew."""

import os
from pathlib import Path


def check_golden(path: Path, text: str) -> None:
    """Fails when `text` differs from the blessed file; with HROMADA_BLESS=1 writes it instead."""
    if os.environ.get("HROMADA_BLESS") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{path} is not blessed yet: run `make bless`, read the file, commit it."
    assert text == path.read_text(encoding="utf-8"), f"{path.name} changed: is it right? Then `make bless`."
