import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from flixpose.cli.main import main


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    return int(stop.value.code or 0)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A drawn T-shirt, blue before pale grey, its dark inside seen above the neckline: a front. 400 × 480."""
    half = [(0, 52), (40, 40), (95, 62), (165, 165), (118, 190), (88, 150), (90, 420), (0, 424)]
    outline = [(200 + u, v) for u, v in half] + [(200 - u, v) for u, v in reversed(half)]
    picture = np.full((480, 400, 3), 238, np.uint8)
    cv2.fillPoly(picture, [np.array(outline, np.int32)], (160, 90, 40), cv2.LINE_AA)
    cv2.ellipse(picture, (200, 47), (36, 34), 0, 4, 176, (70, 40, 20), -1, cv2.LINE_AA)
    path = tmp_path / "tee.png"
    cv2.imwrite(str(path), picture)
    return path


def test_json_holds_the_garment_in_the_houses_frame(photo, capsys):
    assert run("landmarks", photo, "--json", "-") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["file"], row["width"], row["height"]) == (str(photo), 400, 480)
    (found,) = row["instances"]
    assert set(found) == {"box", "score", "kind", "view", "landmarks"}
    assert (found["kind"], found["view"]) == ("short_sleeve_top", "front")
    assert found["box"] == pytest.approx([35, 40, 366, 425], abs=3)
    points = {point["name"]: (point["x"], point["y"]) for point in found["landmarks"]}
    assert points["hem_left"] == pytest.approx((290, 420), abs=6)
    assert points["cuff_right_outer"] == pytest.approx((35, 165), abs=6)


def test_masks_and_drawings_have_the_photos_size_and_name(photo, tmp_path):
    assert run("landmarks", photo, "--mask", tmp_path / "masks", "--overlay", tmp_path / "drawn") == 0
    mask = cv2.imread(str(tmp_path / "masks" / "tee.png"), cv2.IMREAD_UNCHANGED)
    assert mask.shape == (480, 400) and mask.dtype == np.uint8
    assert mask[300, 200] == 255 and mask[20, 20] == 0
    assert cv2.imread(str(tmp_path / "drawn" / "tee.png")).shape == (480, 400, 3)


def test_a_bad_file_and_an_empty_picture_do_not_stop_the_rest(photo, tmp_path, capsys):
    broken, empty = tmp_path / "broken.jpg", tmp_path / "empty.png"
    broken.write_bytes(b"\xff\xd8\xff no")
    cv2.imwrite(str(empty), np.full((300, 200, 3), 250, np.uint8))
    assert run("landmarks", broken, empty, photo, "--json", tmp_path / "all.json") == 3
    (row,) = json.loads((tmp_path / "all.json").read_text())
    assert row["file"] == str(photo)
    errors = capsys.readouterr().err
    assert "unreadable_image" in errors and "no_garment" in errors


def test_a_kind_that_is_told_is_kept(photo, capsys):
    assert run("landmarks", photo, "--kind", "short_sleeve_outwear", "--json", "-") == 0
    assert json.loads(capsys.readouterr().out)[0]["instances"][0]["kind"] == "short_sleeve_outwear"


def test_an_unknown_kind_is_a_usage_error(photo, capsys):
    assert run("landmarks", photo, "--kind", "poncho") == 2
    assert "sling_dress" in capsys.readouterr().err
