"""Simulated scenes: how long a garment takes to be dressed, and how near drapes lie on three that are kept.

The benchmark of 48 scenes is made by `python -m flixpose.studio.scenes --out DIR` and measured by
`flixpose evaluate drape --scenes DIR`.
"""

import time
from pathlib import Path

from flixpose import bootstrap
from flixpose.errors import WeightsMissing
from flixpose.evaluation.scenes import drape_scene, find_scenes, summary
from flixpose.settings import load_settings
from flixpose.studio.simulated.dressing import dress
from flixpose.studio.simulated.scene import scene
from tests.bench.rows import Row

_SCENES = Path(__file__).parents[1] / "data/scenes"
_ERROR, _IOU, _DRESS_S = 2.0, 0.85, 10.0


def rows(quick: bool) -> list[Row]:
    """No drapes without the weights."""
    start = time.process_time()
    dress(scene(1, 0), quick=quick)
    took = time.process_time() - start
    how = "a tee sewn and dressed twice" + (" (few frames)" if quick else "")
    found = [Row(how, round(took, 2), "CPU s", f"≤ {_DRESS_S:.0f}", took <= _DRESS_S)]
    try:
        tools = bootstrap.build(load_settings(), store_url="file:///nowhere")
        means = summary([drape_scene(folder, tools)[0] for folder in find_scenes(_SCENES)])["all"]
    except WeightsMissing:
        return found
    error, iou = means["error_mean"], means["iou"]
    goal = f"≤ {_ERROR:.0f}"
    return [
        *found,
        Row(
            "drapes on three simulated scenes: mean error",
            round(error, 2),
            "% of height",
            goal,
            error <= _ERROR,
        ),
        Row("drapes on three simulated scenes: IoU", round(iou, 3), "", f"≥ {_IOU}", iou >= _IOU),
    ]
