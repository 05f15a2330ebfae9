"""The Django project: settings, addresses, servers, tasks, logs. It holds no trading logic."""

from tradebot.celery import app as celery_app

__all__ = ["celery_app"]
