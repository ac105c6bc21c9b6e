"""The worker: `python -m workers [--processes N]`."""

import os

import click

from flixpose.cli.main import EXIT_USAGE, report_failure
from flixpose.errors import FlixposeError
from flixpose.settings import load_settings


@click.command()
@click.option("--processes", "-n", type=click.IntRange(1, 64), default=1, show_default=True)
@click.option("--name", default="flixpose@%h", show_default=True, help="Celery's node name.")
@click.option("--memory-mb", type=click.FloatRange(min=1), help="A process with more is killed.")
@click.option("--metrics-port", type=click.IntRange(0, 65535), help="Serve Prometheus metrics there.")
@click.option("--metrics-address", default="127.0.0.1", show_default=True)
def main(
    processes: int, name: str, memory_mb: float | None, metrics_port: int | None, metrics_address: str
) -> None:
    """Work on the queue until SIGTERM or Ctrl-C. One process per GPU, or one per 2 to 4 cores.

    A process may have --memory-mb MiB of memory; without it an equal share of 85 % of the machine's.
    """
    # The nets' own threads share the cores; the spawned processes inherit this. Numpy's only spin.
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // processes)))
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        load_settings()
    except FlixposeError as failure:
        report_failure(failure, as_json=False)
        raise SystemExit(EXIT_USAGE) from failure
    from workers import guard, logs, metrics

    metrics.prepare()
    from workers.app import app

    logs.setup()
    guard.start(processes, memory_mb)
    if metrics_port is not None:
        metrics.serve_workers(metrics_port, metrics_address)
    options = ["--without-gossip", "--without-mingle", "--loglevel=INFO", "--pool=prefork"]
    app.worker_main(["--quiet", "worker", *options, f"--concurrency={processes}", f"--hostname={name}"])


if __name__ == "__main__":
    main()
