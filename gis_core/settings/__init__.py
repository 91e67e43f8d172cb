"""Settings read their values from the environment; what the set-up wrote under var/ completes it first."""

import os
from pathlib import Path

from gis_core.environment import load_environment

load_environment(
    Path(os.environ.get("HROMADA_VAR") or Path(__file__).resolve().parents[2] / "var"),
    profile="test" if os.environ.get("DJANGO_SETTINGS_MODULE", "").endswith(".test") else "run",
)
