import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from flixpose.errors import BadSettings, ImageTooLarge
from flixpose.imaging.decode import decode_image
from flixpose.imaging.encode import encode_jpeg, encode_png, encode_webp, find_source_type
from flixpose.imaging.icc import srgb_profile
from tests.imaging.pictures import COMPOSITE, scene

SCENE = scene(160, 120)
ALPHA = SCENE[..., 1].copy()
NOISE = np.random.default_rng(5).integers(0, 256, (400, 500, 3), dtype=np.uint8)
ENCODERS = {"JPEG": encode_jpeg, "PNG": encode_png, "WEBP": encode_webp}


def opened(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


@pytest.mark.parametrize("form", ENCODERS)
def test_the_profile_travels_and_is_srgb(form):
    picture = opened(ENCODERS[form](SCENE))
    assert picture.format == form
    assert picture.info["icc_profile"] == srgb_profile()
    found = ImageCms.ImageCmsProfile(io.BytesIO(picture.info["icc_profile"]))
    assert ImageCms.getProfileDescription(found).strip() == "sRGB"


def test_the_profile_describes_srgb_as_little_cms_has_it():
    every = np.stack(np.meshgrid(*[np.arange(0, 256, 5, dtype=np.uint8)] * 3, indexing="ij"), -1)
    picture = Image.fromarray(every.reshape(52 * 52, 52, 3))
    ours = ImageCms.ImageCmsProfile(io.BytesIO(srgb_profile()))
    theirs = ImageCms.createProfile("sRGB")
    shown = ImageCms.profileToProfile(picture, ours, theirs, outputMode="RGB")
    moved = np.abs(np.asarray(shown).astype(int) - np.asarray(picture))
    assert moved.max() <= 1 and moved.mean() < 0.02


@pytest.mark.parametrize("form", ENCODERS)
def test_the_same_picture_gives_the_same_bytes(form):
    assert ENCODERS[form](SCENE, source_type=COMPOSITE) == ENCODERS[form](SCENE.copy(), source_type=COMPOSITE)


@pytest.mark.parametrize("pixels", [SCENE, ALPHA, np.dstack([SCENE, ALPHA])], ids=["rgb", "grey", "rgba"])
@pytest.mark.parametrize("level", [0, 1, 6])
def test_png_is_lossless(pixels, level):
    assert np.array_equal(np.asarray(opened(encode_png(pixels, level=level))), pixels)


def test_jpeg_keeps_full_colour_resolution_where_asked():
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2], stripes[:, 1::2] = (220, 40, 40), (40, 40, 220)
    errors = {}
    for full in (True, False):
        back = decode_image(encode_jpeg(stripes, quality=95, full_colour=full), name="x").pixels
        errors[full] = np.abs(back.astype(int) - stripes).mean()
    assert errors[True] < 5 and errors[False] > 30
    assert opened(encode_jpeg(ALPHA)).mode == "L"


def test_webp_keeps_alpha():
    back = decode_image(encode_webp(np.dstack([SCENE, ALPHA])), name="x")
    assert back.alpha is not None and np.abs(back.alpha.astype(int) - ALPHA).max() <= 1


@pytest.mark.parametrize("encode", [encode_jpeg, encode_webp])
def test_the_quality_gives_way_to_the_size(encode):
    free = encode(NOISE, quality=95)
    cap = len(free) * 2 // 3
    capped = encode(NOISE, quality=95, max_bytes=cap)
    assert cap * 0.9 < len(capped) <= cap
    with pytest.raises(ImageTooLarge, match="quality of 90"):
        encode(NOISE, quality=95, max_bytes=cap, min_quality=90)


@pytest.mark.parametrize("form", ENCODERS)
def test_the_source_type_is_written_and_found_again(form):
    data = ENCODERS[form](SCENE, source_type=COMPOSITE)
    assert find_source_type(data) == COMPOSITE
    assert find_source_type(ENCODERS[form](SCENE)) is None
    assert "DigitalSourceType" in str(opened(data).info.get("xmp"))
    kept = COMPOSITE.replace("composite", "trainedAlgorithmicMedia")
    assert find_source_type(ENCODERS[form](SCENE, source_type=kept)) == kept


@pytest.mark.parametrize("wrong", ["composite", COMPOSITE + "<x/>", "http://example.org/composite"])
def test_a_source_type_outside_the_list(wrong):
    with pytest.raises(BadSettings):
        encode_png(SCENE, source_type=wrong)
