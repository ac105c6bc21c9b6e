"""configs/kubernetes and configs/grafana, as far as they can be checked without a cluster."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from sqlalchemy import text

from flixpose.adapters.database import Database
from flixpose.adapters.jobs import JobStore
from flixpose.cli.main import VERBS
from tests.adapters.samples import jobs
from workers import __main__ as worker
from workers import relay, stopping

_ROOT = Path(__file__).resolve().parents[1]
_KUBERNETES = _ROOT / "configs" / "kubernetes"


def manifests(name: str) -> dict[tuple[str, str], Any]:
    found = yaml.safe_load_all((_KUBERNETES / name).read_text())
    return {(one["kind"], one["metadata"]["name"]): one for one in found}


@pytest.fixture(scope="module")
def pods() -> dict[str, Any]:
    """Pod specs by name."""
    return {
        name: one["spec"]["template"]["spec"]
        for (kind, name), one in manifests("flixpose.yaml").items()
        if kind in ("Job", "Deployment")
    }


def test_every_container_runs_without_rights_and_within_bounds(pods: dict[str, Any]) -> None:
    assert pods.keys() == {"flixpose-migrate", "flixpose-relay", "flixpose-worker"}
    for pod in pods.values():
        assert pod["securityContext"]["runAsNonRoot"] and not pod["automountServiceAccountToken"]
        (container,) = pod["containers"]
        rights = container["securityContext"]
        assert rights["readOnlyRootFilesystem"] and rights["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["limits"]["memory"]
        assert {"secretRef": {"name": "flixpose"}} in container["envFrom"]


def test_the_worker_stops_by_itself_before_it_is_killed(pods: dict[str, Any]) -> None:
    assert pods["flixpose-worker"]["terminationGracePeriodSeconds"] > stopping.GRACE_S + 20
    arguments = pods["flixpose-worker"]["containers"][0]["args"]
    guard_mb = int(arguments[arguments.index("--memory-mb") + 1])
    limit = pods["flixpose-worker"]["containers"][0]["resources"]["limits"]["memory"]
    assert guard_mb < int(limit.removesuffix("Gi")) * 1024


def test_the_commands_exist(pods: dict[str, Any]) -> None:
    assert pods["flixpose-migrate"]["containers"][0]["args"][0] in VERBS
    for command, name in ((relay.main, "flixpose-relay"), (worker.main, "flixpose-worker")):
        options = [word for word in pods[name]["containers"][0]["args"] if word.startswith("--")]
        shown = CliRunner().invoke(command, ["--help"]).output
        assert options and all(option in shown for option in options)


def test_the_scaler_scales_the_worker_by_what_waits(tmp_path: Path) -> None:
    found = manifests("scaler.yaml")
    scaled = found["ScaledObject", "flixpose-worker"]["spec"]
    assert ("Deployment", scaled["scaleTargetRef"]["name"]) in manifests("flixpose.yaml")
    (trigger,) = scaled["triggers"]
    assert ("TriggerAuthentication", trigger["authenticationRef"]["name"]) in found
    database = Database(f"sqlite:///{tmp_path}/x.sqlite")
    database.migrate()
    store = JobStore(database)
    store.cancel(store.create_batch(jobs(3), key=None, manifest_sha256="").id)
    store.create_batch(jobs(5), key=None, manifest_sha256="")
    with database.transaction(write=False) as connection:
        assert connection.scalar(text(trigger["metadata"]["query"])) == 5


def test_the_dashboard_shows_only_numbers_that_there_are() -> None:
    board = json.loads((_ROOT / "configs" / "grafana" / "flixpose.json").read_text())
    asked = {
        re.sub(r"_(bucket|sum|count)$", "", name)
        for panel in board["panels"]
        for target in panel["targets"]
        for name in re.findall(r"flixpose_\w+", target["expr"])
    }
    told = set(re.findall(r'"(flixpose_\w+)"', (_ROOT / "workers" / "metrics.py").read_text()))
    assert asked == told
