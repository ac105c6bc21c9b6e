"""The gallery's parts on made pictures, and a short gallery of real photos where there are any."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from flixpose.bootstrap import build
from flixpose.errors import NoGarment
from flixpose.evaluation import gallery
from flixpose.evaluation.sheets import Tile, contact_sheet
from flixpose.imaging.decode import decode_image, read_image
from flixpose.pipeline import Tools
from flixpose.settings import load_settings
from flixpose.structures.image import Image


def plain(blue: int) -> np.ndarray:
    """(200, 120, 3) of a colour that no text has."""
    return np.full((200, 120, 3), (250, 0, blue), np.uint8)


class TestSheets:
    def test_pictures_keep_their_shape_and_their_order(self):
        tiles = [Tile(plain(v), (str(v),)) for v in (10, 60, 110)]
        sheet = contact_sheet("three", tiles, columns=2, cell=(100, 100))
        for level, row, column in ((10, 0, 0), (60, 0, 1), (110, 1, 0)):
            y, x = np.nonzero((sheet == (250, 0, level)).all(-1))
            assert (np.ptp(x) + 1, np.ptp(y) + 1) == (60, 100)
            assert (x.min() // 110, y.min() > 140) == (column, bool(row))

    def test_long_captions_stay_in_their_column(self):
        long = [Tile(None, ("w" * 400,)), Tile(None, ("",))]
        sheet = contact_sheet("", long, columns=2, cell=(150, 50))
        assert (sheet[:, 163:] == sheet[0, 0]).all()
        assert (sheet[:, :160] != sheet[0, 0]).any()

    def test_an_error_has_a_red_frame(self):
        sheet = contact_sheet("", [Tile(plain(200), ("x", "no_person"), "error")], columns=1, cell=(60, 100))
        assert ((sheet[..., 0] > 150) & (sheet[..., 1] < 60)).sum() > 300


def test_iou():
    one, other = np.zeros((2, 10, 10), bool)
    one[:, :6], other[:, 4:] = True, True
    assert gallery.iou(one, other) == pytest.approx(0.2)
    assert gallery.iou(one, one) == gallery.iou(one & ~one, one & ~one) == 1.0


class Broken:
    """A reader that fails as it is told."""

    def __init__(self, failure: Exception) -> None:
        self.failure = failure

    def __call__(self, image: Image, **told: Any) -> Any:
        raise self.failure


@pytest.mark.parametrize(
    ("failure", "code"), [(NoGarment("g.jpg shows nothing."), "no_garment"), (ZeroDivisionError(), "crash")]
)
def test_a_failure_is_a_row_and_not_the_end(shared: Path, failure: Exception, code: str):
    tools: Tools = replace(build(load_settings()), garments=Broken(failure))
    person = read_image(next((shared / "pairs" / "person").iterdir()))
    row, draped = gallery.drape_row("garments", person, person, tools, None)
    assert draped is None and row.error is not None
    assert (row.error["code"], row.outcome, row.tone) == (code, code, "error")
    assert ("traceback" in row.error) == (code == "crash")


def test_without_photos_the_gallery_says_what_it_needs():
    result = CliRunner().invoke(gallery.command, ["--shared", "/nowhere"], env={"FLIXPOSE_SHARED": ""})
    assert result.exit_code == 2
    assert "FLIXPOSE_SHARED" in result.output


def test_legs_are_seen_in_full_figures_alone(shared: Path):
    tools = build(load_settings())
    persons = shared / "photos" / "persons"
    assert gallery.shows_legs(read_image(persons / "levihsu_model_8.png"), tools)
    assert not gallery.shows_legs(read_image(persons / "magento_ws09-blue_main.jpg"), tools)


def test_a_short_gallery_of_pairs(shared: Path, tmp_path: Path):
    arguments = ["--shared", str(shared), "--out", str(tmp_path), "--only", "pairs", "--limit", "2"]
    result = CliRunner().invoke(gallery.command, arguments)
    assert result.exit_code == 0, result.output
    written = json.loads((tmp_path / "gallery.json").read_text())
    assert len(written["rows"]) == 2
    sheet = decode_image((tmp_path / "sheets" / "pairs-01.jpg").read_bytes(), name="sheet")
    assert sheet.width > 600
    for row in written["rows"]:
        assert row["error"] or (tmp_path / row["picture"]).is_file()
        assert row["error"] or 0.2 < row["iou"] <= 1
