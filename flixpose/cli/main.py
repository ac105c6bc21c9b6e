"""`flixpose`: one verb a file; each is imported only when it is called, so that `--help` stays quick."""

import json
import os
import sys

import click

from flixpose import __version__
from flixpose.cli.lazy import LazyGroup
from flixpose.errors import FlixposeError

EXIT_FAILED, EXIT_USAGE, EXIT_SOME_FAILED, EXIT_INTERRUPTED = 1, 2, 3, 130

# verb → (module that holds a click command named `command`, one line of help)
VERBS: dict[str, tuple[str, str]] = {
    "drape": ("flixpose.cli.drape", "Drape one product on one person, or a whole manifest"),
    "pose": ("flixpose.cli.pose", "Find people's keypoints in photos"),
    "landmarks": ("flixpose.cli.landmarks", "Find garments' landmarks in product photos"),
    "submit": ("flixpose.cli.submit", "Submit a manifest to the service"),
    "status": ("flixpose.cli.status", "Show how far a batch is"),
    "retry": ("flixpose.cli.retry", "Queue a batch's failed, dead and cancelled items anew"),
    "requeue": ("flixpose.cli.requeue", "Queue dead items anew, of one batch or of all"),
    "cancel": ("flixpose.cli.cancel", "Cancel a batch's queued items"),
    "fetch": ("flixpose.cli.fetch", "Download a batch's pictures and reports"),
    "links": ("flixpose.cli.links", "Print short-lived URLs of a batch's pictures"),
    "audit": ("flixpose.cli.audit", "Look into the database: keypoints, landmarks, scores, quality"),
    "plates": ("flixpose.cli.plates", "Keep persons that are corrected once and used for many garments"),
    "models": ("flixpose.cli.models", "List, pull and verify model weights"),
    "train": ("flixpose.cli.train", "Train a net by a recipe"),
    "evaluate": ("flixpose.cli.evaluate", "Measure a part against truth"),
    "migrate": ("flixpose.cli.migrate", "Bring the database to the current schema"),
    "doctor": ("flixpose.cli.doctor", "Say what is installed, reachable and missing"),
    "up": ("flixpose.cli.up", "Run the whole service on this machine until Ctrl-C"),
    "demo": ("flixpose.cli.demo", "Run the whole service on this machine over the sample catalogue"),
}


@click.command(cls=LazyGroup, table=VERBS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="flixpose")
def cli() -> None:
    """Drape garments photographed on a mannequin onto photos of people.

    \b
    Example:
      flixpose drape shirt.jpg anna.jpg -o anna-in-shirt.jpg
    """


def main(arguments: list[str] | None = None) -> None:
    """Run a verb. Exit codes: 0 all done, 1 failed, 2 usage, 3 some items failed, 130 interrupted.

    A deliberate failure prints one line of JSON on standard error when `--json` is among the arguments,
    else its code, message and advice; never a traceback.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    # Before numpy is loaded: its products are small, and its library's threads spin after each.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        status = cli.main(args=arguments, prog_name="flixpose", standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(EXIT_INTERRUPTED)
    except click.ClickException as failure:
        failure.show()
        sys.exit(EXIT_USAGE)
    except FlixposeError as failure:
        report_failure(failure, as_json="--json" in arguments)
        sys.exit(EXIT_USAGE if failure.code in ("usage", "bad_manifest", "bad_settings") else EXIT_FAILED)
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
        sys.exit(EXIT_INTERRUPTED)
    sys.exit(status if isinstance(status, int) else 0)


def report_failure(failure: FlixposeError, *, as_json: bool) -> None:
    """One deliberate failure on standard error."""
    if as_json:
        click.echo(json.dumps({"error": failure.to_json()}), err=True)
    else:
        click.secho(f"error: {failure.code}: {failure.message}", fg="red", err=True)
        click.echo(f"  {failure.advice}", err=True)
