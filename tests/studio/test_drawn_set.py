"""The drawn set as files."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from flixpose.errors import UsageError
from flixpose.garment.kinds import KINDS
from flixpose.studio.drawn_set import write_set
from flixpose.studio.garments import draw_sample

_SIZE = (96, 128)


def _bytes(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_set_left_half_way_ends_like_one_written_at_once(tmp_path: Path) -> None:
    write_set(tmp_path / "once", count=5, seed=3, size=_SIZE)
    write_set(tmp_path / "twice", count=2, seed=3, size=_SIZE)
    kept = (tmp_path / "twice/images/00/00000001.jpg").stat().st_mtime_ns
    write_set(tmp_path / "twice", count=5, seed=3, size=_SIZE)
    assert (tmp_path / "twice/images/00/00000001.jpg").stat().st_mtime_ns == kept
    assert _bytes(tmp_path / "once") == _bytes(tmp_path / "twice")


def test_coco_tells_what_was_drawn(tmp_path: Path) -> None:
    found = json.loads(write_set(tmp_path, count=4, seed=11, size=_SIZE).read_text(encoding="utf-8"))
    names = {c["id"]: c["name"] for c in found["categories"]}
    assert list(names.values()) == list(KINDS)
    for image, annotation in zip(found["images"], found["annotations"], strict=True):
        sample = draw_sample(11 + image["id"], _SIZE)
        assert names[annotation["category_id"]] == sample.kind
        mask = cv2.imread(str(tmp_path / image["mask"]), cv2.IMREAD_GRAYSCALE)
        assert np.array_equal(mask, sample.mask)
        points = np.array(annotation["keypoints"]).reshape(-1, 3)
        for name, point in zip(KINDS[sample.kind].names, points, strict=True):
            x, y, seen = sample.landmarks.get(name, (0.5, 0.5, 0))
            assert point == pytest.approx((x - 0.5, y - 0.5, seen), abs=0.006)
        x, y, w, h = annotation["bbox"]
        assert (mask[y : y + h, x : x + w] > 127).sum() == annotation["area"] == (mask > 127).sum()


def test_a_folder_of_another_set_is_left_alone(tmp_path: Path) -> None:
    write_set(tmp_path, count=1, seed=3, size=_SIZE)
    with pytest.raises(UsageError, match="another set"):
        write_set(tmp_path, count=1, seed=4, size=_SIZE)


def test_the_command_says_what_it_refuses(tmp_path: Path) -> None:
    arguments = ["--out", str(tmp_path), "--count", "0"]
    done = subprocess.run(
        [sys.executable, "-m", "flixpose.studio.drawn_set", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "--count" in done.stderr
    assert "Traceback" not in done.stderr
