"""Who may read the figures: they tell balances and positions."""

import hmac

from django.conf import settings

BEARER = "bearer "


def token_fits(authorization: str) -> bool:
    """Whether the header has METRICS_TOKEN. How long it takes does not tell how much of it fits."""
    token: str = settings.METRICS_TOKEN
    if not token or not authorization.lower().startswith(BEARER):
        return False
    given = authorization[len(BEARER) :].strip()
    return hmac.compare_digest(given.encode(), token.encode())
