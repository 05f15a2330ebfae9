"""A bucket as the target: the real client against a store that checks what S3 checks."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers import s3
from trading.errors import ExportError
from trading.export.address import Bucket
from trading.export.files import outgoing
from trading.export.s3 import BucketTarget
from trading.export.target import Outgoing, TryAgain

CONTENT = bytes(range(256)) * 500


@pytest.fixture
def store(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[s3.S3Server]:
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    with s3.serving() as found:
        settings.EXPORT_S3_ENDPOINT = found.url
        settings.EXPORT_S3_KEY_ID, settings.EXPORT_S3_SECRET = s3.KEY_ID, s3.SECRET
        yield found


@pytest.fixture
def file(tmp_path: Path) -> Outgoing:
    source = tmp_path / "ticks" / "MES" / "day.parquet"
    source.parent.mkdir(parents=True)
    source.write_bytes(CONTENT)
    return outgoing(tmp_path, source)


def target(prefix: str = "mes/") -> BucketTarget:
    return BucketTarget(Bucket(s3.BUCKET, prefix))


def test_a_file_arrives_with_its_checksum(store: s3.S3Server, file: Outgoing) -> None:
    bucket = target()
    assert not bucket.holds(file)
    bucket.put(file)
    assert bucket.holds(file)
    assert store.objects == {"mes/ticks/MES/day.parquet": CONTENT}
    assert store.did("GET") == []


def test_a_store_without_checksums_is_read_again(store: s3.S3Server, file: Outgoing) -> None:
    store.checksums = False
    bucket = target("")
    bucket.put(file)
    assert bucket.holds(file)
    assert store.did("GET") == ["ticks/MES/day.parquet"]
    store.objects["ticks/MES/day.parquet"] = CONTENT[::-1]
    assert not bucket.holds(file)


def test_a_file_of_another_size_is_not_even_read(store: s3.S3Server, file: Outgoing) -> None:
    store.checksums = False
    store.objects["mes/ticks/MES/day.parquet"] = CONTENT + b"more"
    assert not target().holds(file)
    assert store.did("GET") == []


def test_what_the_store_garbled_is_not_held(store: s3.S3Server, file: Outgoing) -> None:
    store.misbehave.append("garble")
    bucket = target()
    bucket.put(file)
    assert not bucket.holds(file)


def test_a_body_that_is_not_what_was_promised_is_refused(
    store: s3.S3Server, file: Outgoing
) -> None:
    file.source.write_bytes(CONTENT[::-1])  # after its checksum was taken
    with pytest.raises(TryAgain, match="400 BadDigest"):
        target().put(file)
    assert store.objects == {}


@pytest.mark.parametrize("trouble", ["SlowDown", "InternalError", "drop", "lose"])
def test_a_trouble_that_passes_is_worth_another_try(
    store: s3.S3Server, file: Outgoing, trouble: str
) -> None:
    store.misbehave.append(trouble)
    bucket = target()
    with pytest.raises(TryAgain):
        bucket.put(file)
    assert not bucket.holds(file)
    bucket.put(file)
    assert bucket.holds(file)


def test_a_store_that_is_away_is_worth_another_try(settings: Any, file: Outgoing) -> None:
    settings.EXPORT_S3_ENDPOINT = "http://127.0.0.1:9"
    settings.EXPORT_S3_KEY_ID, settings.EXPORT_S3_SECRET = s3.KEY_ID, s3.SECRET
    with pytest.raises(TryAgain, match="s3://archive/mes/: EndpointConnectionError: no answer"):
        target().holds(file)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"EXPORT_S3_KEY_ID": "another"}, "correct EXPORT_S3_KEY_ID"),
        ({"EXPORT_S3_SECRET": "an0ther"}, "correct EXPORT_S3_SECRET"),
    ],
)
def test_wrong_keys_are_said_without_them(
    store: s3.S3Server, file: Outgoing, settings: Any, change: dict[str, str], said: str
) -> None:
    for name, value in change.items():
        setattr(settings, name, value)
    with pytest.raises(ExportError, match=said) as refused:
        target().put(file)
    assert not isinstance(refused.value, TryAgain)
    for secret in (s3.SECRET, s3.KEY_ID, "an0ther"):
        assert secret not in str(refused.value)


def test_a_bucket_that_is_not_there_is_said(store: s3.S3Server, file: Outgoing) -> None:
    with pytest.raises(ExportError, match="make the bucket, or correct EXPORT_TARGET"):
        BucketTarget(Bucket("another", "")).put(file)


def test_a_key_that_may_not_is_said(store: s3.S3Server, file: Outgoing) -> None:
    store.misbehave.append("AccessDenied")
    with pytest.raises(ExportError, match="let the key read and write this bucket"):
        target().put(file)


def test_an_endpoint_that_is_none_is_said(settings: Any) -> None:
    settings.EXPORT_S3_ENDPOINT = "s3.example.com"
    with pytest.raises(ExportError, match=r"correct EXPORT_S3_\*"):
        target()
