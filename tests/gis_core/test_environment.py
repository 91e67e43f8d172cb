"""One DATABASE_URL for both doors: what it says of the session is kept."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRINT_OPTIONS = (
    "import json; from gis_core.settings import base; "
    "print(json.dumps({name: one['OPTIONS'] for name, one in base.DATABASES.items()}))"
)


def test_with_one_given_url_anonymous_readers_are_held_to_the_public_role(tmp_path: Path) -> None:
    given = {"DATABASE_URL": "postgis://u:p@host/name?sslmode=require", "HROMADA_VAR": str(tmp_path)}
    clean = {key: value for key, value in os.environ.items() if not key.endswith("DATABASE_URL")}
    told = subprocess.run(
        [sys.executable, "-c", PRINT_OPTIONS], cwd=ROOT, env=clean | given, capture_output=True, check=True
    )
    options = json.loads(told.stdout)
    assert "-c role=public_read" in options["public"]["options"]
    assert "-c lock_timeout=1s" in options["public"]["options"]
    assert "role=" not in options["default"]["options"]
    assert {one["sslmode"] for one in options.values()} == {"require"}
