"""Golden files: what came out last time and was looked at. `BLESS=1 pytest …` writes them anew."""

import os
from pathlib import Path


def check_golden(path: Path, text: str) -> None:
    """Fails when `text` differs from the blessed file; with BLESS=1 in the environment writes it instead."""
    if os.environ.get("BLESS") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{path} is not blessed yet: run the test with BLESS=1, read the file, commit it."
    assert text == path.read_text(encoding="utf-8"), f"{path.name} changed: is it right? Then BLESS=1."
