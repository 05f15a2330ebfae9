"""The WSGI application, for `runserver` and whoever serves pages without live data."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradebot.settings")

application = get_wsgi_application()
