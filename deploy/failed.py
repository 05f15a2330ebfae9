"""Tells the trader by Discord that a unit of systemd has failed: failed.py UNIT.

The standard library alone, and neither database nor Redis: they may be what failed. Where no
webhook is configured it says so in the journal, and that is all.
"""

import json
import os
import socket
import sys
import urllib.error
import urllib.request


def main(unit: str) -> int:
    where = socket.gethostname()
    text = f"**{unit}** on {where} failed and is not started again: journalctl -u {unit}"
    print(text)
    address = os.environ.get("DISCORD_WEBHOOK_URL", "").strip()
    if not address.startswith(("https://", "http://127.0.0.1:")):
        print("DISCORD_WEBHOOK_URL is not set; nobody else is told")
        return 0
    said = {"content": text, "allowed_mentions": {"parse": []}}
    request = urllib.request.Request(  # noqa: S310 (its scheme was looked at)
        address,
        json.dumps(said).encode(),
        {"Content-Type": "application/json", "User-Agent": "tradebot"},
    )
    try:
        urllib.request.urlopen(request, timeout=20).close()  # noqa: S310
    except (urllib.error.URLError, OSError) as error:
        # Never the address: whoever has it may write there.
        print(f"Discord did not take it: {getattr(error, 'reason', type(error).__name__)}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "a unit"))
