"""What runs tradebot on a server says the same everywhere, and is valid where that can be told."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.deploy.server import DEPLOY, REPOSITORY

COMPOSE: dict[str, Any] = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
MONITORING = ["prometheus", "grafana"]
RUNNING = [
    "postgres",
    "redis",
    "web",
    "pipeline",
    "worker",
    "beat",
    "watchdog",
    "backup",
    *MONITORING,
]
OURS = ["migrate", "web", "pipeline", "worker", "beat", "watchdog", "backup"]
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
FIGURES = {"PORT": "8000", "WORKER_CONCURRENCY": "2", "TRADE_OPTIONS": "OPTIONS"}


def filled(text: str) -> list[str]:
    """A command's words, with what a machine says about itself filled in."""
    for name, value in FIGURES.items():
        text = re.sub(rf"\$\{{{name}(:-[^}}]*)?\}}|\${name}\b", value, text)
    return shlex.split(text)


def procfile() -> dict[str, list[str]]:
    lines = (REPOSITORY / "Procfile").read_text().splitlines()
    return {name: filled(words) for name, words in (line.split(": ", 1) for line in lines)}


def composed(name: str) -> list[str]:
    command = SERVICES[name]["command"]
    return filled(command) if isinstance(command, str) else [str(word) for word in command]


def of_unit(name: str) -> list[str]:
    (path,) = (DEPLOY / "systemd").glob(f"tradebot-{name}*.service")
    (line,) = re.findall(r"^ExecStart=(.*)$", path.read_text(), re.MULTILINE)
    words = filled(line.replace(" --account %i", ""))
    return [words[0].rpartition("/")[2], *words[1:]]


@pytest.mark.parametrize("name", ["web", "pipeline", "worker", "beat", "watchdog"])
def test_each_process_is_the_same_wherever_it_runs(name: str):
    wanted = procfile()[name]

    assert of_unit(name) == wanted
    assert [word.replace("0.0.0.0", "127.0.0.1") for word in composed(name)] == wanted


def test_the_image_runs_the_pages_unless_told_otherwise():
    (line,) = re.findall(r"^CMD (.*)$", (REPOSITORY / "Dockerfile").read_text(), re.MULTILINE)

    assert json.loads(line) == composed("web")


# docker-compose.yml


def test_compose_keeps_the_specification():
    """Its schema is github.com/compose-spec's, Apache 2.0."""
    schema = json.loads((Path(__file__).parent / "compose-spec.json").read_text())
    validator = jsonschema.validators.validator_for(schema)(schema)

    assert [error.message for error in validator.iter_errors(COMPOSE)] == []


@pytest.mark.parametrize("name", RUNNING)
def test_who_stays_has_limits_and_says_whether_it_lives(name: str):
    service = SERVICES[name]

    assert service["healthcheck"]["test"]
    assert service["mem_limit"]
    assert service["stop_grace_period"]
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", SERVICES)
def test_nobody_has_more_rights_than_he_needs(name: str):
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["logging"]["options"]["max-size"]
    assert name in OURS or service["user"] not in ("root", "0")
    assert not service.get("privileged")


def test_every_port_is_this_machines_alone():
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]

    assert len(ports) == 4
    assert all(port.startswith("127.0.0.1:") for port in ports)


@pytest.mark.parametrize("name", OURS)
def test_every_variable_of_the_env_file_reaches_every_process(name: str):
    assert SERVICES[name]["env_file"] == [{"path": ".env", "required": False}]
    # What this machine's places are is no business of a container's.
    assert {"DATA_DIR", "BACKUP_DIR", "DATABASE_URL", "REDIS_URL"} <= SERVICES[name][
        "environment"
    ].keys()


def test_no_secret_is_written_down():
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|AUTH", name):
                assert re.fullmatch(r"\$\{[A-Z_]+:[?-][^}]*\}", value), name


def test_whatever_is_mounted_is_declared():
    mounted = {
        re.sub(r"\$\{\w+:-(\w+)\}", r"\1", volume).partition(":")[0]
        for service in SERVICES.values()
        for volume in service["volumes"]
        if not volume.startswith("./")
    }

    assert mounted == COMPOSE["volumes"].keys()


@pytest.mark.parametrize("name", SERVICES)
def test_who_is_waited_for_is_there_and_can_say_it(name: str):
    for other, how in SERVICES[name].get("depends_on", {}).items():
        if how["condition"] == "service_healthy":
            assert SERVICES[other]["healthcheck"]
        else:
            assert SERVICES[other]["restart"] == "no"


def test_monitoring_is_asked_for_and_asks_what_there_is():
    asked = yaml.safe_load(COMPOSE["configs"]["prometheus"]["content"])
    jobs = {job["job_name"]: job["static_configs"][0]["targets"] for job in asked["scrape_configs"]}
    rules = (DEPLOY / "prometheus" / "prometheus.yml").read_text()

    assert all(SERVICES[name]["profiles"] == ["monitoring"] for name in MONITORING)
    assert {target.partition(":")[0] for targets in jobs.values() for target in targets} <= set(
        OURS
    )
    assert all(f"job_name: {name}" in rules for name in jobs)
    for volume in (each for name in MONITORING for each in SERVICES[name]["volumes"]):
        place = volume.partition(":")[0]
        assert not place.startswith("./") or (REPOSITORY / place).exists()


# Dockerfile


def instructions() -> list[str]:
    text = (REPOSITORY / "Dockerfile").read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_the_image_is_built_in_two_stages_and_the_last_has_no_tools():
    stages = " \n".join(instructions()).split("FROM ")[1:]
    build, final = stages

    assert "--require-hashes" in build
    assert re.search(r"uv==\d", build)
    for tool in ("pip ", "uv ", "gcc", "build-essential", "COPY . ."):
        assert tool not in final
    assert re.search(r"^USER \d+:\d+", final, re.MULTILINE)
    assert "HEALTHCHECK" in final
    assert "org.opencontainers.image.version" in final


def test_what_is_copied_into_the_image_holds_no_secret():
    ignored = (REPOSITORY / ".dockerignore").read_text().split()

    assert {".env", ".env.*", "data", ".git", "tests"} <= set(ignored)
    assert "deploy" not in ignored


def test_hadolint_has_nothing_to_say():
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, REPOSITORY / "Dockerfile"], capture_output=True, text=True)

    assert done.returncode == 0, done.stdout


# systemd


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A machine's folders, with our units and what they start."""
    if not shutil.which("systemd-analyze") or not Path("/usr/lib/systemd/system").is_dir():
        pytest.skip("systemd is not installed")
    folder = tmp_path_factory.mktemp("root")
    shutil.copytree(DEPLOY / "systemd", folder / "etc/systemd/system")
    shutil.copytree("/usr/lib/systemd/system", folder / "usr/lib/systemd/system", symlinks=True)
    for program in ("uvicorn", "celery", "python"):
        path = folder / "opt/tradebot/current/.venv/bin" / program
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    (folder / "usr/bin").mkdir(parents=True)
    shutil.copy("/bin/true", folder / "usr/bin/python3")
    return folder


def analyze(root: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["systemd-analyze", f"--root={root}", *words], capture_output=True, text=True
    )


def instance(path: Path) -> str:
    return path.name.replace("@.", "@paper-MES.")


def test_systemd_takes_every_unit(root: Path):
    names = [instance(path) for path in UNITS]
    done = analyze(root, "verify", "--man=no", *names, "tradebot-backup.timer", "tradebot.target")

    about_ours = [line for line in done.stderr.splitlines() if "tradebot" in line]
    assert about_ours == []
    assert done.returncode == 0


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_units_are_hardened(root: Path, path: Path):
    """2.0 of 10, where 9.6 is what a service has without anything."""
    threshold = "40" if path.stem.startswith("tradebotfailed") else "20"
    done = analyze(root, "security", "--offline=true", f"--threshold={threshold}", instance(path))

    assert done.returncode == 0, done.stdout[-300:]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_who_fails_for_good_is_told_of(path: Path):
    text = path.read_text()

    assert path.stem.startswith("tradebotfailed") or "OnFailure=tradebotfailed@%n.service" in text
    assert "Restart=always" not in text or "StartLimitBurst=" in text


# Shell


def test_shellcheck_has_nothing_to_say():
    shellcheck = Path(sys.executable).with_name("shellcheck")
    if not shellcheck.exists():
        pytest.skip("shellcheck is not installed")
    scripts = [DEPLOY / "install.sh", DEPLOY / "tradebotctl"]
    done = subprocess.run([shellcheck, *scripts], capture_output=True, text=True)

    assert done.stdout == ""
    assert all(os.access(script, os.X_OK) for script in scripts)


# healthy.py


def healthy(*words: str, **variables: str) -> int:
    return subprocess.run(
        [sys.executable, DEPLOY / "healthy.py", *words],
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
    ).returncode


@pytest.mark.parametrize(
    ("words", "file"),
    [
        (["pipeline"], "heartbeat.json"),
        (["pipeline", "paper-MES"], "heartbeat-paper-MES.json"),
        (["watchdog"], "watchdog.json"),
        (["worker", "host"], "alive/worker-host"),
        (["beat", "host"], "alive/beat-host"),
        (["backup", "host"], "alive/backup-host"),
    ],
)
def test_who_was_heard_lately_is_healthy(tmp_path: Path, words: list[str], file: str):
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    assert healthy(*words, DATA_DIR=str(tmp_path)) == 1

    path.touch()
    assert healthy(*words, DATA_DIR=str(tmp_path)) == 0

    long_ago = time.time() - 300
    os.utime(path, (long_ago, long_ago))
    assert healthy(*words, DATA_DIR=str(tmp_path)) == 1


def test_a_page_that_does_not_answer_is_not_healthy():
    assert healthy("web", "1") == 1
    assert healthy("elsewhere") == 2
