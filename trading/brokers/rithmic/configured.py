"""What the environment says about Rithmic."""

from typing import Final

from django.conf import settings

from trading.brokers.rithmic.access import Access
from trading.errors import OptionError

NEEDED: Final = (
    "RITHMIC_USER",
    "RITHMIC_PASSWORD",
    "RITHMIC_SYSTEM",
    "RITHMIC_URL",
    "RITHMIC_ACCOUNT",
)


def access(account: str = "") -> Access:
    """Of RITHMIC_ACCOUNT, or another of the login's. OptionError names what is not set, BrokerError
    what cannot be used."""
    missing = [name for name in NEEDED if not getattr(settings, name)]
    if account:
        missing = [name for name in missing if name != "RITHMIC_ACCOUNT"]
    if missing:
        raise OptionError(
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set; live trading "
            "needs it in .env or the environment: see docs/rithmic.md"
        )
    return Access(
        user=settings.RITHMIC_USER,
        password=settings.RITHMIC_PASSWORD,
        system=settings.RITHMIC_SYSTEM,
        url=settings.RITHMIC_URL,
        account=account or settings.RITHMIC_ACCOUNT,
        ca_file=settings.RITHMIC_CA_FILE,
        app_name=settings.RITHMIC_APP_NAME,
        app_version=settings.RITHMIC_APP_VERSION,
    )
