"""A machine as the target: the real rsync, with an ssh that runs the far side here."""

import os
import shutil
import socket
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from trading.errors import ExportError
from trading.export.address import Remote
from trading.export.files import outgoing
from trading.export.rsync import RsyncTarget, failure, ssh_words
from trading.export.target import Outgoing, TryAgain

NAS = Remote(user="trader", host="nas", port=None, path="/srv/archive")
CONTENT = bytes(range(256)) * 500
FAKE_SSH = """#!/bin/sh
# Writes down how it was called, then runs on this machine what was meant for the other.
printf '%s\\n' "$@" >> "{log}"
env | cut -d= -f1 >> "{env}"
[ -f "{refusal}" ] && {{ cat "{refusal}" >&2; exit 255; }}
while [ "$1" != "nas" ] && [ "$#" -gt 0 ]; do shift; done
shift
exec sh -c "$*"
"""
needs_rsync = pytest.mark.skipif(shutil.which("rsync") is None, reason="needs rsync")


class Machine:
    """`root` is its folder; `called` how ssh was called last."""

    def __init__(self, folder: Path) -> None:
        self.root, self.log, self.env = folder / "far", folder / "called", folder / "env"
        self.refusal = folder / "refusal"
        self.root.mkdir()
        self.address = Remote(user="", host="nas", port=2222, path=str(self.root))

    def called(self) -> list[str]:
        return self.log.read_text().splitlines()


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(tmp_path)
    programs = tmp_path / "bin"
    programs.mkdir()
    ssh = programs / "ssh"
    ssh.write_text(FAKE_SSH.format(log=made.log, env=made.env, refusal=made.refusal))
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    return made


@pytest.fixture
def file(tmp_path: Path) -> Outgoing:
    source = tmp_path / "our own" / "ticks" / "MES" / "day.parquet"
    source.parent.mkdir(parents=True)
    source.write_bytes(CONTENT)
    return outgoing(tmp_path / "our own", source)


@needs_rsync
def test_a_file_arrives_and_is_compared_there(machine: Machine, file: Outgoing) -> None:
    target = RsyncTarget(machine.address)
    assert not target.holds(file)
    target.put(file)
    assert target.holds(file)
    arrived = machine.root / "ticks/MES/day.parquet"
    assert arrived.read_bytes() == CONTENT
    assert stat.S_IMODE(arrived.stat().st_mode) == 0o644


@needs_rsync
def test_a_changed_byte_is_found_although_size_and_time_are_the_same(
    machine: Machine, file: Outgoing
) -> None:
    target = RsyncTarget(machine.address)
    target.put(file)
    arrived = machine.root / file.path
    arrived.write_bytes(CONTENT[:-1] + b"x")
    times = file.source.stat()
    os.utime(arrived, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert not target.holds(file)
    target.put(file)
    assert target.holds(file)


@needs_rsync
def test_asking_changes_nothing(machine: Machine, file: Outgoing) -> None:
    RsyncTarget(machine.address).holds(file)
    assert list(machine.root.iterdir()) == []


@needs_rsync
def test_the_line_is_as_strict_as_it_can_be(
    machine: Machine, file: Outgoing, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, known = tmp_path / "key", tmp_path / "known"
    for path in (key, known):
        path.touch()
    settings.EXPORT_SSH_KEY, settings.EXPORT_SSH_KNOWN_HOSTS = str(key), str(known)
    monkeypatch.setenv("EXPORT_S3_SECRET", "not for the other side")
    RsyncTarget(machine.address).put(file)
    called = machine.called()
    for option in ("BatchMode=yes", "StrictHostKeyChecking=yes", "IdentitiesOnly=yes",
                   f"UserKnownHostsFile={known}"):  # fmt: skip
        assert called[called.index(option) - 1] == "-o"
    assert called[called.index("-i") + 1] == str(key)
    assert called[called.index("-p") + 1] == "2222"
    assert "EXPORT_S3_SECRET" not in machine.env.read_text()
    assert not any("no" in word.split("=")[1:] for word in called if word.startswith("Strict"))


@needs_rsync
@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("Host key verification failed.", "its key is not the known one"),
        ("trader@nas: Permission denied (publickey).", "set EXPORT_SSH_KEY"),
        ("ssh: Could not resolve hostname nas: Name or service not known", "correct the host"),
    ],
)
def test_what_ssh_refuses_for_good_names_the_remedy(
    machine: Machine, file: Outgoing, said: str, remedy: str
) -> None:
    machine.refusal.write_text(f"{said}\n")
    with pytest.raises(ExportError, match=remedy) as refused:
        RsyncTarget(machine.address).put(file)
    assert not isinstance(refused.value, TryAgain)
    assert said.split(":")[-1].strip()[:20] in str(refused.value)


@needs_rsync
def test_a_line_that_breaks_is_worth_another_try(machine: Machine, file: Outgoing) -> None:
    machine.refusal.write_text("ssh: connect to host nas port 22: Connection refused\n")
    target = RsyncTarget(machine.address)
    with pytest.raises(TryAgain, match=r"rsync ended with \d+: ssh: connect to host nas"):
        target.put(file)
    machine.refusal.unlink()
    target.put(file)
    assert target.holds(file)


@needs_rsync
def test_a_folder_that_cannot_be_made_there_is_said(machine: Machine, file: Outgoing) -> None:
    missing = Remote("", "nas", None, f"{machine.root}/not/there")
    with pytest.raises(ExportError, match="make the folder there, or correct EXPORT_TARGET"):
        RsyncTarget(missing).put(file)


def test_a_full_disk_there_is_not_tried_again() -> None:
    said = 'rsync: [receiver] write failed on "/srv/x": No space left on device (28)\n'
    error = failure(NAS, 11, said)
    assert str(error).endswith("No space left on device (28); make room there")
    assert not isinstance(error, TryAgain)


def test_without_rsync_it_is_said(file: Outgoing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(os, "defpath", "/nowhere")
    with pytest.raises(ExportError, match="rsync is not installed"):
        RsyncTarget(NAS).put(file)


def test_nothing_goes_through_a_shell_here(file: Outgoing, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def run(words: list[str], **how: Any) -> subprocess.CompletedProcess[str]:
        asked.append((words, how))
        return subprocess.CompletedProcess(words, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    RsyncTarget(NAS).put(file)
    [(words, how)] = asked
    assert "shell" not in how
    assert words[-3:] == ["--", f"{file.root}/./ticks/MES/day.parquet", "trader@nas:/srv/archive/"]
    assert "--secluded-args" in words


@pytest.mark.parametrize(
    ("name", "said"),
    [("missing", "which is not a file"), ("a key with blanks", "without blanks or quotes")],
)
def test_a_key_that_cannot_be_used_is_said(
    settings: Any, tmp_path: Path, name: str, said: str
) -> None:
    if name != "missing":
        (tmp_path / name).touch()
    settings.EXPORT_SSH_KEY = str(tmp_path / name)
    with pytest.raises(ExportError, match=f"EXPORT_SSH_KEY names .*{said}"):
        ssh_words(NAS)


# With the real ssh, where a server can be run


SSHD = shutil.which("sshd") or next(
    (path for path in ("/usr/sbin/sshd", "/usr/local/sbin/sshd") if Path(path).exists()), None
)


@pytest.mark.skipif(SSHD is None or not shutil.which("rsync"), reason="needs sshd and rsync")
def test_the_real_ssh_takes_it_and_refuses_an_unknown_machine(
    tmp_path: Path, file: Outgoing, settings: Any
) -> None:
    import getpass

    for name in ("host", "client"):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)]
        subprocess.run(words, check=True)
    (tmp_path / "authorized").write_text((tmp_path / "client.pub").read_text())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = tmp_path / "sshd_config"
    config.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {tmp_path}/host\n"
        f"AuthorizedKeysFile {tmp_path}/authorized\nPidFile none\nStrictModes no\nUsePAM no\n"
    )
    if os.geteuid() == 0:  # Debian's asks for it, and its service would have made it
        Path("/run/sshd").mkdir(exist_ok=True)
    server = subprocess.Popen([str(SSHD), "-D", "-e", "-f", str(config)])
    try:
        settings.EXPORT_SSH_KEY = str(tmp_path / "client")
        settings.EXPORT_SSH_KNOWN_HOSTS = str(tmp_path / "known")
        host_key = (tmp_path / "host.pub").read_text()
        (tmp_path / "known").write_text(f"[127.0.0.1]:{port} {host_key}")
        (tmp_path / "far").mkdir()
        target = RsyncTarget(Remote(getpass.getuser(), "127.0.0.1", port, str(tmp_path / "far")))
        for _ in range(100):  # until it listens
            try:
                target.put(file)
                break
            except TryAgain:
                continue
        assert target.holds(file)
        (tmp_path / "known").write_text("")
        with pytest.raises(ExportError, match="its key is not the known one"):
            target.holds(file)
    finally:
        server.terminate()
        server.wait()
