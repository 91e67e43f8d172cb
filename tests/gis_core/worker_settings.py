"""Settings for worker processes of the tests: the database the test itself is connected to."""

import os

from gis_core.settings.test import *  # noqa: F403

for _alias in DATABASES.values():  # noqa: F405
    _alias["NAME"] = os.environ["HROMADA_TEST_DB_IN_USE"]
    _alias["HOST"] = os.environ.get("HROMADA_TEST_DB_HOST") or _alias["HOST"]
