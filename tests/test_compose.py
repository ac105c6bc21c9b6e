"""docker-compose.yml and the Dockerfile, as far as they can be checked without a Docker engine."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from flixpose.cli.main import VERBS
from flixpose.settings import load_settings
from workers import __main__ as worker
from workers import relay, stopping

_ROOT = Path(__file__).resolve().parents[1]
_ONE_SHOT = {"migrate", "cli"}
_SECRETS = {"POSTGRES_PASSWORD": "p-w", "S3_ACCESS_KEY": "key", "S3_SECRET_KEY": "secret"}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    text = (_ROOT / "docker-compose.yml").read_text()
    filled = re.sub(r"\$\{(\w+):\?[^}]*\}", lambda found: _SECRETS[found[1]], text)
    return dict(yaml.safe_load(filled)["services"])


def test_every_service_is_healthy_or_one_shot_and_comes_back(services: dict[str, Any]) -> None:
    assert services.keys() == {
        *("postgres", "redis", "store", "migrate", "relay", "worker", "worker-gpu", "cli")
    }
    for name, service in services.items():
        assert ("healthcheck" in service) == (name not in _ONE_SHOT), name
        assert (service.get("restart") == "unless-stopped") == (name not in _ONE_SHOT), name
        assert "ports" not in service, name


def test_whoever_depends_on_a_service_waits_for_its_health_or_its_end(services: dict[str, Any]) -> None:
    for service in services.values():
        for other, how in service.get("depends_on", {}).items():
            ends = other in _ONE_SHOT
            assert how["condition"] == ("service_completed_successfully" if ends else "service_healthy")


def test_our_services_run_without_rights(services: dict[str, Any]) -> None:
    for name in ("migrate", "relay", "worker", "worker-gpu", "cli"):
        assert services[name]["read_only"] and services[name]["cap_drop"] == ["ALL"]
    users = re.findall(r"^USER (\S+)", (_ROOT / "Dockerfile").read_text(), re.M)
    assert users and users[-1] not in ("root", "0")


def test_the_worker_has_longer_to_stop_than_it_takes(services: dict[str, Any]) -> None:
    assert int(services["worker"]["stop_grace_period"].removesuffix("s")) > stopping.GRACE_S + 10


def test_the_gpu_worker_is_asked_for_and_has_one_process_for_its_device(services: dict[str, Any]) -> None:
    gpu = services["worker-gpu"]
    assert gpu["profiles"] == ["gpu"] and "--processes" in gpu["command"] and "1" in gpu["command"]
    (device,) = gpu["deploy"]["resources"]["reservations"]["devices"]
    assert device == {"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}
    assert {**gpu, "profiles": 0, "deploy": 0} == {**services["worker"], "profiles": 0, "deploy": 0}


def test_the_queue_evicts_nothing_and_keeps_a_log(services: dict[str, Any]) -> None:
    command = services["redis"]["command"]
    options = dict(zip(command[1::2], command[2::2], strict=True))
    assert options["--maxmemory-policy"] == "noeviction" and options["--appendonly"] == "yes"


def test_the_settings_are_valid_and_lead_to_the_services(services: dict[str, Any]) -> None:
    settings = load_settings({**services["worker"]["environment"], "HOME": "/tmp"})
    assert settings.database_url == "postgresql+psycopg://flixpose:p-w@postgres/flixpose"
    assert settings.store_url == f"s3://{services['store']['environment']['S3_BUCKET']}"


def test_the_commands_exist(services: dict[str, Any]) -> None:
    assert services["migrate"]["command"][0] in VERBS
    runner = CliRunner()
    for command, name in ((relay.main, "relay"), (worker.main, "worker")):
        options = [word for word in services[name]["command"] if word.startswith("--")]
        shown = runner.invoke(command, ["--help"]).output
        assert options and all(option in shown for option in options)


def test_what_the_image_copies_is_not_ignored() -> None:
    ignored = (_ROOT / ".dockerignore").read_text()
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (_ROOT / "Dockerfile").read_text(), re.M)
    for name in " ".join(copied).split():
        assert f"!{name}\n" in ignored, name
        assert (_ROOT / name).exists(), name
