"""Settings for the test-suite: the real database and the real roles, cheaper passwords."""

import os

from gis_core.settings.base import *  # noqa: F403

SECRET_KEY = "only-for-the-tests-nothing-is-signed-with-it-outside"  # noqa: S105
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]

# One database for both aliases, as in life; HROMADA_TEST_DB lets several runs share a server.
for _alias in DATABASES.values():  # noqa: F405
    _alias["TEST"] = {"NAME": os.environ.get("HROMADA_TEST_DB", "test_hromada")}
    _alias["CONN_MAX_AGE"] = 0

# The tests' own clean-up truncates features; the product never sets this.
DATABASES["default"]["OPTIONS"]["options"] += " -c hromada.allow_truncate=on"  # noqa: F405
