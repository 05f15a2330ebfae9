"""The export as a Celery task."""

from datetime import date

from celery import shared_task

from trading.export.sending import send


@shared_task(name="trading.export.send_day")
def send_day(day: str) -> str:
    return str(send(date.fromisoformat(day)))
