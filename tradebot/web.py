"""Serves the pages in a process of their own: `python -m tradebot.web --host HOST --port PORT`.

uvicorn, as the trading process has it within (trading/pipeline/server.py); its command line can set
only a part of that.
"""

import argparse
import os

import uvicorn

from trading.pipeline.server import OPTIONS


def main() -> None:
    parser = argparse.ArgumentParser(prog="tradebot.web", description="Serve the pages.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    given = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradebot.settings")
    uvicorn.run("tradebot.asgi:application", host=given.host, port=given.port, **OPTIONS)


if __name__ == "__main__":
    main()
