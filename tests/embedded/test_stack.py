"""The embedded stack starts, serves, and leaves nothing behind, however its owner ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import boto3
import psutil
import psycopg
import pytest
import redis

from flixpose.embedded.process import EmbeddedFailed, start, wait_until
from flixpose.embedded.stack import running_stack

pytestmark = pytest.mark.services

OWNER = """
import sys, time
from pathlib import Path
from flixpose.embedded.stack import running_stack
with running_stack(Path(sys.argv[1])) as stack:
    stack.run_module("child", ["http.server", "0", "--bind", "127.0.0.1"], {})
    print("up", flush=True)
    time.sleep(60)
"""


def test_all_three_answer_and_what_runs_beside_them_is_led_to_them(tmp_path: Path) -> None:
    with running_stack(tmp_path / "my logs") as stack:
        variables = stack.environment({"AWS_PROFILE": "other", "NO_PROXY": "here"})
        assert "AWS_PROFILE" not in variables and variables["NO_PROXY"] == "here,127.0.0.1"
        assert redis.Redis.from_url(variables["FLIXPOSE_BROKER_URL"]).ping()
        with psycopg.connect(variables["FLIXPOSE_DATABASE_URL"].replace("+psycopg", "")) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        session = boto3.Session(variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"])
        s3 = session.client("s3", endpoint_url=variables["AWS_ENDPOINT_URL"], region_name="us-east-1")
        assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == [stack.s3.bucket]
    assert {log.name for log in (tmp_path / "my logs").iterdir()} == {"redis.log", "postgres.log", "s3.log"}


def test_two_stacks_run_side_by_side(tmp_path: Path) -> None:
    with running_stack(tmp_path / "a") as first, running_stack(tmp_path / "b") as second:
        redis.Redis.from_url(first.redis.url).set("whose", "first")
        assert redis.Redis.from_url(second.redis.url).get("whose") is None


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_stays_when_the_owner_is_ended(tmp_path: Path, number: signal.Signals) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", OWNER, tmp_path / "logs"]
    owner = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
    assert owner.stdout is not None and owner.stdout.readline() == b"up\n"
    family = psutil.Process(owner.pid).children(recursive=True)
    assert {"postgres", "redis-server"} <= {child.name() for child in family}
    owner.send_signal(number)
    owner.wait(20)
    owner.stdout.close()
    _, alive = psutil.wait_procs(family, timeout=20)
    assert not alive
    assert [path.name for path in tmp_path.iterdir()] == ["logs"]


def test_a_command_that_ends_at_its_start_is_named_with_its_log(tmp_path: Path) -> None:
    process = start(
        "broken", [sys.executable, "-c", "raise SystemExit('no good')"], log=tmp_path / "broken.log"
    )
    with pytest.raises(EmbeddedFailed, match=r"broken ended at its start; log: .*broken\.log: no good"):
        wait_until(lambda: False, process)


def test_a_command_that_ignores_its_stop_signal_is_killed(tmp_path: Path) -> None:
    ignore = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    code = f"{ignore}; print('up', flush=True); time.sleep(60)"
    process = start("stubborn", [sys.executable, "-c", code], log=tmp_path / "log", grace_s=0.2)
    wait_until(lambda: (tmp_path / "log").read_text() == "up\n", process)
    began = time.monotonic()
    assert process.stop() == 128 + signal.SIGKILL
    assert time.monotonic() - began < 5
    assert not psutil.pid_exists(process.pid)
