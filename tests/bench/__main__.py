"""`python -m tests.bench [--only NAME] [--quick]`: all benchmarks as a table and as out/bench/bench.json."""

import argparse
import dataclasses
import importlib
import json
import os
import sys
import time
from pathlib import Path

from tests.bench.rows import Row

OUT = Path("out/bench")


def main() -> int:
    """Every `bench_<room>.py` beside this file that `--only` names part of; 0 unless one of them broke."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", default="", help="run only benchmarks whose room contains this")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, smaller pictures")
    parser.add_argument(
        "--full",
        action="store_true",
        help="the service's load with a million queued items and a batch of 100,000",
    )
    arguments = parser.parse_args()
    if arguments.full:
        os.environ["FLIXPOSE_BENCH_FULL"] = "1"
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line and the workers have it
    OUT.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    broken = []
    for path in sorted(Path(__file__).parent.glob("bench_*.py")):
        room = path.stem.removeprefix("bench_")
        if arguments.only not in room:
            continue
        print(f"{room} …", file=sys.stderr, flush=True)
        start = time.perf_counter()
        try:
            rows += importlib.import_module(f"tests.bench.{path.stem}").rows(arguments.quick)
        except Exception as error:  # one broken bench must not hide the others' figures
            broken.append(room)
            print(f"{room}: {type(error).__name__}: {error}", file=sys.stderr)
        print(f"{room}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    (OUT / "bench.json").write_text(json.dumps([dataclasses.asdict(row) for row in rows], indent=1) + "\n")
    print(table(rows))
    return 1 if broken else 0


def table(rows: list[Row]) -> str:
    """The rows as aligned text."""
    cells = [("name", "value", "unit", "goal", "holds")]
    cells += [(r.name, f"{r.value:g}", r.unit, r.goal, "yes" if r.holds else "NO") for r in rows]
    widths = [max(len(line[k]) for line in cells) for k in range(5)]
    lines = ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) for line in cells]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


if __name__ == "__main__":
    raise SystemExit(main())
