"""One run of a .tflite file on a black picture: `python -m flixpose.pose.nets.litert_trial FILE H W`.

A process of its own, because a damaged file can bring LiteRT's native code down, and this process with it.
"""

import sys
from pathlib import Path

import numpy as np

from flixpose.pose.nets.litert import LiteRtNet


def main(file: str, height: str, width: str) -> None:
    """Ends with 0 where the model runs, with 3 where LiteRT refuses it."""
    try:
        LiteRtNet(Path(file).read_bytes(), threads=1)(np.zeros((int(height), int(width), 3), np.uint8))
    except (ValueError, RuntimeError) as failure:
        sys.stderr.write(f"{failure}\n")
        sys.exit(3)


if __name__ == "__main__":
    main(*sys.argv[1:])
