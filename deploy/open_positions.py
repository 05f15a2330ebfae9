"""What is open, a line each; exit code 3 if anything is. `install.sh` asks before it restarts."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradebot.settings")


def main() -> int:
    import django

    django.setup()
    from trading.models import Trade

    found = Trade.objects.filter(status=Trade.Status.OPEN).select_related("session__account")
    for trade in found:
        print(f"{trade.session.account.name}: {trade}")
    return 3 if found else 0


if __name__ == "__main__":
    sys.exit(main())
