"""A bucket of S3, or of a store that speaks its language.

A file is one request with its SHA-256, which the store compares before it keeps anything. What is
there is asked for its checksum; a store that keeps none is read again.
"""

import base64
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.conf import settings

from trading.errors import ExportError
from trading.export.address import Bucket
from trading.export.target import Outgoing, TryAgain

LARGEST: Final = 5 * 1024**3
"""What one request may hold."""
PIECE: Final = 1 << 20
ABSENT: Final = ("404", "NoSuchKey", "NotFound")
AGAIN: Final = frozenset(("BadDigest", "RequestTimeout", "SlowDown", "XAmzContentSHA256Mismatch"))
REMEDIES: Final = {
    "403": "let the key read and write this bucket",
    "AccessDenied": "let the key read and write this bucket",
    "InvalidAccessKeyId": "correct EXPORT_S3_KEY_ID",
    "SignatureDoesNotMatch": "correct EXPORT_S3_SECRET",
    "NoSuchBucket": "make the bucket, or correct EXPORT_TARGET",
    "PermanentRedirect": "correct EXPORT_S3_REGION",
    "AuthorizationHeaderMalformed": "correct EXPORT_S3_REGION",
}


class BucketTarget:
    """With the keys of the environment: EXPORT_S3_KEY_ID and EXPORT_S3_SECRET, or boto3's own."""

    def __init__(self, address: Bucket) -> None:
        self.address = address
        with self._said():
            self.client = client()

    def holds(self, file: Outgoing) -> bool:
        key = self._key(file)
        with self._said():
            head = self._head(key)
            if head is None or head["ContentLength"] != file.size:
                return False
            if "ChecksumSHA256" in head:
                return bool(head["ChecksumSHA256"] == based(file.sha256))
            return self._read(key) == file.sha256

    def put(self, file: Outgoing) -> None:
        if file.size > LARGEST:
            raise ExportError(f"{file.path}: has {file.size:,} bytes; S3 takes 5 GB at a time")
        with self._said(), file.source.open("rb") as body:
            self.client.put_object(
                Bucket=self.address.name,
                Key=self._key(file),
                Body=body,
                ContentLength=file.size,
                ChecksumSHA256=based(file.sha256),
            )

    def _key(self, file: Outgoing) -> str:
        return self.address.prefix + file.path

    def _head(self, key: str) -> Any:
        from botocore.exceptions import ClientError

        try:
            return self.client.head_object(
                Bucket=self.address.name, Key=key, ChecksumMode="ENABLED"
            )
        except ClientError as error:
            if code_of(error.response) in ABSENT:
                return None
            raise

    def _read(self, key: str) -> str:
        body = self.client.get_object(Bucket=self.address.name, Key=key)["Body"]
        digest = hashlib.sha256()
        for piece in body.iter_chunks(PIECE):
            digest.update(piece)
        return digest.hexdigest()

    @contextmanager
    def _said(self) -> Iterator[None]:
        """What the store or the way there refuses, in a line."""
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
        from botocore.exceptions import ConnectionError as NoConnection

        try:
            yield
        except ClientError as error:
            raise self._refused(error.response) from None
        except (HTTPClientError, NoConnection) as error:
            raise TryAgain(f"{self.address}: {type(error).__name__}: no answer") from None
        except (BotoCoreError, ValueError) as error:
            raise ExportError(
                f"{self.address}: {type(error).__name__}; correct EXPORT_S3_*"
            ) from None

    def _refused(self, response: Any) -> ExportError:
        code = code_of(response)
        status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        text = f"{self.address}: refused with {status} {code}"
        if status >= 500 or status in (408, 429) or code in AGAIN:
            return TryAgain(text)
        remedy = REMEDIES.get(code)
        return ExportError(f"{text}; {remedy}" if remedy else text)


def client() -> Any:
    """One attempt a request: trying again is ours."""
    from boto3.session import Session
    from botocore.config import Config

    own = settings.EXPORT_S3_ENDPOINT
    return Session().client(
        "s3",
        endpoint_url=own or None,
        region_name=settings.EXPORT_S3_REGION or "us-east-1",
        aws_access_key_id=settings.EXPORT_S3_KEY_ID or None,
        aws_secret_access_key=settings.EXPORT_S3_SECRET or None,
        config=Config(
            retries={"total_max_attempts": 1},
            connect_timeout=15,
            read_timeout=120,
            s3={"addressing_style": "path" if own else "auto"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


def based(sha256: str) -> str:
    """As S3 writes a checksum."""
    return base64.b64encode(bytes.fromhex(sha256)).decode()


def code_of(response: Any) -> str:
    return str(response.get("Error", {}).get("Code", ""))
