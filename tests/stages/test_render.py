"""What each marketplace gets: size, frame, background, file; on drawn people."""

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from flixpose.errors import BadSettings
from flixpose.imaging.decode import decode_image
from flixpose.imaging.encode import find_source_type
from flixpose.imaging.framing import subject_box
from flixpose.resources import CONFIGS
from flixpose.stages.render import Preset, Rendered, load_presets, render
from flixpose.structures.image import Box, Mask
from tests.imaging.pictures import COMPOSITE

PRESETS = load_presets(CONFIGS / "presets")
GREY = (180, 184, 190)
SKIN = (150, 60, 40)


def person(
    width: int = 1200, height: int = 1600, *, cut: bool = False, backdrop: tuple[int, int, int] = GREY
) -> tuple[NDArray[np.uint8], Mask]:
    """A figure of one colour before a plain backdrop, its outline soft; cut off below the hips or whole."""
    alpha = np.zeros((height * 4, width * 4), np.uint8)
    middle = width * 2
    cv2.circle(alpha, (middle, height), height * 2 // 5, 255, -1)
    foot = height * 4 if cut else height * 37 // 10
    cv2.rectangle(alpha, (middle - width // 2, height), (middle + width // 2, foot), 255, -1)
    alpha = cv2.resize(alpha, (width, height), interpolation=cv2.INTER_AREA)
    share = alpha[..., None] / 255
    light = ((np.array(SKIN) / 255) ** 2.2 * share + (np.array(backdrop) / 255) ** 2.2 * (1 - share)) ** (
        1 / 2.2
    )
    return np.rint(light * 255).astype(np.uint8), Mask(alpha)


def pixels(result: Rendered) -> NDArray[np.uint8]:
    image = decode_image(result.data, name="result")
    assert image.size == (result.width, result.height)
    return image.pixels


def is_person(picture: NDArray[np.uint8]) -> Mask:
    return Mask(np.where(np.abs(picture.astype(int) - SKIN).max(-1) < 40, 255, 0).astype(np.uint8))


def test_master_is_the_picture_bit_for_bit():
    picture, mask = person(301, 403)
    result = render(picture, PRESETS["master"], garment_box=None, person_mask=mask)
    assert (result.media_type, result.extension) == ("image/png", "png")
    assert np.array_equal(pixels(result), picture)
    assert (result.scale, result.shortfalls) == (1.0, ())


@pytest.mark.parametrize("name", PRESETS)
def test_the_same_picture_gives_the_same_bytes_with_profile_and_source_type(name):
    picture, mask = person()
    results = [render(picture.copy(), PRESETS[name], garment_box=None, person_mask=mask) for _ in range(2)]
    assert results[0].data == results[1].data
    assert find_source_type(results[0].data) == COMPOSITE
    opened = Image.open(io.BytesIO(results[0].data))
    assert opened.info["icc_profile"]
    assert opened.format == {"png": "PNG", "jpg": "JPEG"}[results[0].extension]


def test_an_inputs_source_type_is_kept():
    own = COMPOSITE.replace("composite", "trainedAlgorithmicMedia")
    picture, mask = person(600, 800)
    result = render(picture, PRESETS["google"], garment_box=None, person_mask=mask, source_type=own)
    assert find_source_type(result.data) == own


@pytest.mark.parametrize(
    ("name", "size", "limit_mb"), [("zalando", (1801, 2600), 20), ("myntra", (1200, 1600), 10)]
)
def test_the_size_and_the_frame(name, size, limit_mb):
    picture, mask = person()
    result = render(picture, PRESETS[name], garment_box=None, person_mask=mask)
    assert (result.width, result.height) == size
    assert len(result.data) < limit_mb * 1e6
    assert result.shortfalls == ()


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("shape", [(1200, 1600), (1600, 1200), (700, 1600)])
@pytest.mark.parametrize("cut", [False, True])
def test_the_person_is_whole_and_not_stretched(name, shape, cut):
    picture, mask = person(*shape, cut=cut)
    result = render(picture, PRESETS[name], garment_box=None, person_mask=mask)
    before, after = subject_box(mask), subject_box(is_person(pixels(result)))
    assert before is not None and after is not None
    assert after.width == pytest.approx(before.width * result.scale, abs=2.5)
    assert after.height == pytest.approx(before.height * result.scale, abs=2.5)
    assert after.x0 == pytest.approx((before.x0 - result.frame.x0) * result.scale, abs=2.5)
    assert after.y0 == pytest.approx((before.y0 - result.frame.y0) * result.scale, abs=2.5)
    if cut:
        assert after.y1 == result.height


def test_amazon_is_pure_white_and_full():
    picture, mask = person()
    result = render(picture, PRESETS["amazon"], garment_box=None, person_mask=mask)
    shown = pixels(result)
    figure = subject_box(is_person(shown))
    assert figure is not None
    assert max(figure.width / result.width, figure.height / result.height) >= 0.85
    assert max(result.width, result.height) >= 1600
    apart = cv2.dilate(is_person(shown).alpha, np.ones((41, 41))) == 0
    assert apart.mean() > 0.3 and (shown[apart] == 255).all()


def test_a_person_cut_off_at_both_ends_floats_nowhere():
    picture, mask = person(cut=True)
    result = render(
        picture[300:], PRESETS["amazon"], garment_box=None, person_mask=Mask(mask.alpha[300:].copy())
    )
    assert (result.frame.y0, result.frame.y1) == (0, 1300)
    assert result.width / result.height == pytest.approx(0.8, abs=0.002)


def test_no_rim_of_the_old_background_stays():
    """The soft outline of a figure cut out of grey must look as if photographed before white."""
    picture, mask = person()
    truth, _ = person(backdrop=(255, 255, 255))
    preset = Preset("x", "x", background=(255, 255, 255))
    shown = pixels(render(picture, preset, garment_box=None, person_mask=mask))
    soft = (mask.alpha > 0) & (mask.alpha < 255)
    assert soft.sum() > 500
    assert np.abs(shown[soft].astype(int) - truth[soft]).mean() < 3
    assert np.abs(picture[soft].astype(int) - truth[soft]).mean() > 20
    assert np.array_equal(shown[mask.alpha == 255], picture[mask.alpha == 255])


def test_a_head_does_not_hit_the_frame():
    picture, mask = person(700, 1600)
    frame = render(picture, Preset("x", "x", aspect=(1, 1)), garment_box=None, person_mask=mask).frame
    figure = subject_box(mask)
    assert figure is not None
    assert figure.y0 - frame.y0 > 0.03 * figure.height and frame.y1 - figure.y1 > 0.03 * figure.height


def test_what_a_small_picture_cannot_give_is_said():
    picture, mask = person(450, 600)
    result = render(picture, PRESETS["zalando"], garment_box=None, person_mask=mask)
    assert result.shortfalls == ("below_min_size",)
    assert result.scale == pytest.approx(2.0, abs=0.01)
    assert result.width / result.height == pytest.approx(1801 / 2600, rel=2e-3)


def test_without_a_mask_nothing_is_cut_off_and_the_background_stays():
    picture, _ = person(1600, 1200)
    result = render(picture, PRESETS["amazon"], garment_box=None, person_mask=None)
    assert result.shortfalls == ("background_kept",)
    assert result.frame.x0 <= 0 and result.frame.x1 >= 1600
    shown = pixels(result)
    assert np.abs(shown[5, 5].astype(int) - GREY).max() <= 2
    assert np.abs(shown[-5, -5].astype(int) - GREY).max() <= 2


def test_a_garment_wider_than_the_person_stays_whole():
    picture, mask = person(1600, 1200)
    wide = Box(100, 500, 1500, 900)
    frame = render(picture, PRESETS["myntra"], garment_box=wide, person_mask=mask).frame
    assert frame.x0 <= 100 and frame.x1 >= 1500


def test_the_background_goes_on_beyond_the_picture():
    """A vertical gradient, padded left and right: no seam, and nothing of the person in it."""
    picture, mask = person(700, 1600)
    ramp = np.linspace(120, 220, 1600)[:, None, None]
    backdrop = np.broadcast_to(ramp, picture.shape)
    share = mask.alpha[..., None] / 255
    picture = np.rint(picture * share + backdrop * (1 - share)).astype(np.uint8)
    wide = Preset("x", "x", aspect=(1, 1))
    result = render(picture, wide, garment_box=None, person_mask=mask)
    shown = pixels(result).astype(int)
    left, right = round(-result.frame.x0), round(result.frame.x1 - 700)
    assert left > 250 and right > 250
    here = np.rint(ramp)[round(result.frame.y0) : round(result.frame.y1)]
    assert np.abs(shown[:, :left] - here).max() <= 2
    assert np.abs(shown[:, -right:] - here).max() <= 2


def test_large_pictures_are_reduced_without_moire():
    """Stripes finer than the result can hold become their mean."""
    picture = np.zeros((6000, 4500, 3), np.uint8)
    picture[:, ::2] = 200
    result = render(picture, PRESETS["myntra"], garment_box=None, person_mask=None)
    assert (result.width, result.height) == (2250, 3000)
    assert np.abs(pixels(result)[100:-100, 100:-100].astype(int) - 100).max() <= 2


class TestPresetFiles:
    def write(self, folder: Path, text: str) -> Path:
        (folder / "own.toml").write_text(text)
        return folder

    def test_the_shipped_ones(self):
        assert sorted(PRESETS) == ["amazon", "google", "master", "myntra", "zalando"]
        assert all(preset.name == name and preset.summary for name, preset in PRESETS.items())
        assert PRESETS["zalando"].max_bytes == 20_000_000
        assert PRESETS["google"].max_bytes == 16_000_000

    def test_what_is_left_out_has_a_default(self, tmp_path: Path):
        preset = load_presets(self.write(tmp_path, 'summary = "s"\n[file]\nformat = "webp"\n'))["own"]
        assert preset == Preset("own", "s", format="webp")
        picture, mask = person(120, 160)
        assert render(picture, preset, garment_box=None, person_mask=mask).media_type == "image/webp"

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("summary = ", "not readable TOML"),
            ('summary = "s"', "file.format is missing"),
            (
                'summary = "s"\n[file]\nformat = "gif"',
                "file.format must be one of png, jpeg, webp, not 'gif'",
            ),
            ('summary = "s"\ncolour = 1\n[file]\nformat = "png"', "there is no key colour"),
            ('summary = "s"\n[file]\nformat = "png"\nfine = 1', "there is no key file.fine"),
            ('summary = "s"\n[file]\nformat = "jpeg"\nquality = 101', "whole number from 1 to 100"),
            ('summary = "s"\n[file]\nformat = "jpeg"\nquality = true', "whole number from 1 to 100"),
            ('summary = "s"\n[file]\nformat = "jpeg"\nfull_colour = 1', "true or false"),
            ('summary = "s"\n[file]\nformat = "jpeg"\nquality = 60', "min_quality is above"),
            ('summary = "s"\n[file]\nformat = "png"\nmax_mb = 5', "lossless"),
            ('summary = "s"\n[file]\nformat = "png"\nsource_type = "ai"', "digital source types"),
            ('summary = "s"\n[file]\nformat = "png"\n[frame]\naspect = [3]', "a list of 2 numbers"),
            ('summary = "s"\n[file]\nformat = "png"\n[frame]\nfill = 0.9', "needs a frame.aspect"),
            ('summary = "s"\n[file]\nformat = "png"\n[frame]\nmin_size=[9,9]\nmax_size=[8,9]', "larger than"),
        ],
    )
    def test_mistakes_are_named(self, tmp_path: Path, text, told):
        with pytest.raises(BadSettings, match=r"own\.toml") as failure:
            load_presets(self.write(tmp_path, text))
        assert told in failure.value.message

    def test_no_presets_at_all(self, tmp_path: Path):
        with pytest.raises(BadSettings, match="No presets"):
            load_presets(tmp_path)
