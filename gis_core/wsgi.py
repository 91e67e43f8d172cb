"""WSGI entry point; the web server runs `gis_core.wsgi:application`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("STATEMENT_TIMEOUT", "10s")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gis_core.settings.base")

application = get_wsgi_application()
