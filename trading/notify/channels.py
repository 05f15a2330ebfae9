"""The ways to the trader that are configured."""

from django.conf import settings


def configured() -> list[str]:
    """Their names, as `Delivery.channel` has them."""
    return ["discord"] if settings.DISCORD_WEBHOOK_URL else []
