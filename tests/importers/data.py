"""Where the real files are; tests that need them are left out, with a word, where they are not."""

import os
from pathlib import Path

import pytest

REAL = Path(os.environ.get("HROMADA_TEST_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
needs_real_data = pytest.mark.skipif(
    not (REAL / "README.md").exists(), reason=f"the real files are not at {REAL} (set HROMADA_TEST_DATA)"
)
