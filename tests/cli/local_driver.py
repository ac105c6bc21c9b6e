"""`flixpose drape --manifest` with the quick stand-in for the pipeline, as a process that can be killed."""

import sys
from functools import partial
from pathlib import Path

from flixpose.cli.drape_manifest import drape_manifest
from flixpose.cli.main import EXIT_INTERRUPTED
from flixpose.local_batch import Runner
from flixpose.pipeline import Tools
from tests.workers.fakes import run


def stand_in(tools: Tools) -> Runner:
    return partial(run, blobs=tools.blobs)


def drape(manifest: Path, out: Path, *, workers: int = 1, as_json: bool = True) -> int:
    return drape_manifest(manifest, out, layers=False, workers=workers, as_json=as_json, make_run=stand_in)


if __name__ == "__main__":
    try:
        sys.exit(drape(Path(sys.argv[1]), Path(sys.argv[2]), workers=int(sys.argv[3])))
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
