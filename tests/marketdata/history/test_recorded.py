"""Real trades through the stand-in: what is stored is what the same file gives when it is read."""

from datetime import date

import numpy as np
import pytest

from marketdata.feeds.files import open_file
from marketdata.history.download import download, plan
from marketdata.history.records import Read, records
from marketdata.store import TickStore

pytestmark = pytest.mark.data

NAME = "es/futures_trades_2024-07-01T23-58_2024-07-02T00-02.dbn.zst"


def test_recorded_trades_are_stored_as_the_file_has_them(server, api, recorded_data, tmp_path):
    path = recorded_data / NAME
    found = np.concatenate(list(records(path, "ESU4", Read())))
    server.add("ESU4", 118, found)
    store, day = TickStore(tmp_path / "ticks"), date(2024, 7, 2)
    server.front("ES.v.0", [(date(2024, 6, 17), date(2024, 9, 16), "ESU4")])
    planned = plan(api, store, "ES", day, day, folder=tmp_path)
    assert planned.cost.records == len(found) == 120
    download(api, store, planned, folder=tmp_path)
    expected = list(open_file(path).blocks())
    kept = list(store.read("ES", day).columns())
    for ours, theirs in zip(zip(*kept, strict=True), zip(*expected, strict=True), strict=True):
        assert np.concatenate(ours).tolist() == np.concatenate(theirs).tolist()
    received = [block.ts_recv for block in store.read("ES", day).blocks()]
    assert np.concatenate(received).tolist() == found["ts_recv"].tolist()
