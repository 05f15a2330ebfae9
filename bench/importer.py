"""A process that imports files into a tick store: `python -m bench.importer`.

Each line on stdin is a file and the store's folder; the answer is a line with the ticks that were
stored and the most memory that the process ever used (bytes).
"""

import json
import sys
from pathlib import Path

from bench.imports import import_file
from bench.worker import peak_memory


def main() -> None:
    """Answer until stdin ends."""
    for line in sys.stdin:
        path, root = map(Path, json.loads(line))
        print(json.dumps({"ticks": import_file(path, root), "peak": peak_memory()}), flush=True)


if __name__ == "__main__":
    main()
