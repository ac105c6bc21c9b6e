"""`flixpose up`: the whole service on this machine, with data that stays."""

import os
import shlex
import time
from pathlib import Path

import click

from flixpose.adapters.database import Database
from flixpose.adapters.weights import WeightsCache
from flixpose.cli.progress import progress
from flixpose.embedded.kept import KeptStack, kept_stack
from flixpose.embedded.process import EmbeddedFailed, Leashed, tail
from flixpose.settings import load_settings

_POLL_S = 0.5
_RUNNER = "FLIXPOSE_RUNNER"


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=Path("flixpose-data"), show_default=True)
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Worker processes.")
@click.option("--env", "env_file", type=click.Path(path_type=Path), help="Also write the settings there.")
def command(data: Path, workers: int, env_file: Path | None) -> None:
    """Run Redis, PostgreSQL, an S3 endpoint, a worker and the relay until Ctrl-C.

    Everything listens on loopback only. Data, logs and passwords are kept in the folder DATA: the next start
    goes on with them, at the same addresses. The settings for other shells are printed on standard output.

    \b
    Example:
      flixpose up --data /srv/flixpose --env flixpose.env &
      . ./flixpose.env && flixpose submit catalogue.csv --wait
    """
    if _RUNNER not in os.environ:
        _pull_weights()
    click.echo("starting Redis, PostgreSQL, S3, a worker and the relay", err=True)
    with kept_stack(data) as stack:
        settings = load_settings({**os.environ, **stack.addresses.variables})
        database = Database(settings.database_url)
        database.migrate()
        database.close()
        helpers = _start_helpers(stack, workers)
        _tell(stack, env_file)
        try:
            _stay(helpers)
        except KeyboardInterrupt:
            click.echo("stopping", err=True)


def _pull_weights() -> None:
    cache = WeightsCache(load_settings().home)
    entries = list(cache.entries())
    if any(entry.state != "ready" for entry in entries):
        with progress("weights", len(entries)) as advance:
            cache.pull(report=lambda done, note: advance(done=done, note=note))


def _start_helpers(stack: KeptStack, workers: int) -> list[Leashed]:
    worker = ["workers", "--processes", str(workers)]
    worker += ["--metrics-port", str(stack.addresses.worker_metrics_port)]
    relay = ["workers.relay", "--metrics-port", str(stack.addresses.relay_metrics_port)]
    relay += ["--alive-file", str(stack.folder / "relay.alive")]
    return [stack.run_module("worker", worker), stack.run_module("relay", relay)]


def _tell(stack: KeptStack, env_file: Path | None) -> None:
    lines = [f"export {name}={shlex.quote(value)}" for name, value in stack.addresses.variables.items()]
    click.echo("\n".join(lines))
    if env_file is not None:
        env_file.touch(mode=0o600)
        env_file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    ports = stack.addresses.worker_metrics_port, stack.addresses.relay_metrics_port
    click.echo(
        f"metrics: http://127.0.0.1:{ports[0]}/metrics and http://127.0.0.1:{ports[1]}/metrics", err=True
    )
    click.echo(f"data and logs: {stack.folder}; Ctrl-C stops everything", err=True)


def _stay(helpers: list[Leashed]) -> None:
    """Until Ctrl-C. Raises EmbeddedFailed when the worker or the relay ends."""
    while True:
        for helper in helpers:
            if not helper.running:
                raise EmbeddedFailed(f"The {helper.name} ended; log: {helper.log}: {tail(helper.log)}")
        time.sleep(_POLL_S)
