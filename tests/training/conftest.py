"""What several tests of training start from."""

import json
import shutil
from pathlib import Path

import pytest

_SCENES = Path(__file__).parents[1] / "data/scenes"


@pytest.fixture(scope="session")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny scenes; what is kept of them has no ghost photo, so their product photo stands for it."""
    out = tmp_path_factory.mktemp("scenes")
    shutil.copytree(_SCENES, out, dirs_exist_ok=True)
    for told in out.glob("*/scene.json"):
        truth = json.loads(told.read_text())
        truth["landmarks"]["ghost"] = truth["landmarks"]["product"]
        told.write_text(json.dumps(truth))
        for name in ("", "_parts"):
            shutil.copy(told.parent / f"product{name}.png", told.parent / f"ghost{name}.png")
    return out
