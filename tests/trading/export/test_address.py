"""What EXPORT_TARGET may say."""

from pathlib import Path

import pytest

from trading.errors import ExportError
from trading.export.address import Bucket, Folder, Remote, configured, parsed


@pytest.mark.parametrize(
    ("said", "meant", "shown"),
    [
        ("/mnt/archive", Folder(Path("/mnt/archive")), "/mnt/archive"),
        ("file:///mnt/my%20archive", Folder(Path("/mnt/my archive")), "/mnt/my archive"),
        ("ssh://nas/srv/a/", Remote("", "nas", None, "/srv/a"), "ssh://nas/srv/a"),
        (
            "ssh://trader@nas.local:2222/srv/a", Remote("trader", "nas.local", 2222, "/srv/a"),
            "ssh://trader@nas.local:2222/srv/a",
        ),
        ("s3://archive", Bucket("archive", ""), "s3://archive/"),
        ("s3://archive/trading/mes/", Bucket("archive", "trading/mes/"), "s3://archive/trading/mes/"),
    ],
)  # fmt: skip
def test_a_target_is_a_folder_a_machine_or_a_bucket(said: str, meant: object, shown: str) -> None:
    found = parsed(said)
    assert found == meant
    assert str(found) == shown


@pytest.mark.parametrize(
    "said",
    [
        "archive", "ftp://nas/srv", "file://nas/srv", "/", "/a/../b", "ssh://nas", "ssh://nas/",
        "ssh:///srv", "ssh://-oProxyCommand=x/srv", "ssh://a b@nas/srv", "ssh://nas/srv/$(reboot)",
        "ssh://nas/srv/../etc", "ssh://nas:port/srv", "s3://", "s3://A_B/x", "s3://archive/a?b",
        "s3://archive/../x", "s3://key@archive/x", "ssh://-l@nas/srv",
    ],
)  # fmt: skip
def test_what_cannot_be_meant_names_the_variable_and_the_remedy(said: str) -> None:
    with pytest.raises(ExportError, match=r"^EXPORT_TARGET .*set it to .* or unset it$"):
        parsed(said)


def test_a_password_is_refused_and_not_repeated() -> None:
    with pytest.raises(ExportError) as refused:
        parsed("ssh://trader:hunter2@nas/srv")
    assert "hunter2" not in str(refused.value)


def test_nothing_configured_is_no_address(settings) -> None:
    settings.EXPORT_TARGET = ""
    assert configured() is None
