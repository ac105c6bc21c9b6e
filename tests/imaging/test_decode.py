"""Golden pictures of every mode, depth, orientation and profile, made here; hostile files; mutations."""

import hashlib
import io
import struct
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image as Pil
from PIL import ImageFile
from skimage.color import lab2rgb

from flixpose.errors import (
    FlixposeError,
    ImageTooLarge,
    ImageTooSmall,
    MissingInput,
    UnreadableImage,
)
from flixpose.imaging.decode import DEFAULT_LIMITS, Limits, decode_image, read_image, sniff
from flixpose.imaging.icc import srgb_profile
from flixpose.imaging.profiles import is_srgb
from flixpose.structures.image import Image
from tests.imaging import pictures
from tests.imaging.pictures import ADOBE_RGB, deep_scene, rounded, saved, scene, tiff

SCENE = scene()
GREY = SCENE[..., 0].copy()
ALPHA = SCENE[..., 1].copy()
OPAQUE = np.full_like(ALPHA, 255)
INK = np.dstack([255 - SCENE, ALPHA])
INK_IN_SRGB = np.asarray(Pil.fromarray(INK, "CMYK").convert("RGB"))
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF")
LOSSLESS = {"PNG": {}, "TIFF": {}, "WEBP": {"lossless": True, "exact": True}}


def decode(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Image:
    return decode_image(data, name="photo.xyz", limits=limits)


def furthest(got: NDArray, expected: NDArray) -> int:
    assert got.shape == expected.shape
    return int(np.abs(got.astype(int) - expected.astype(int)).max())


def three(plane: NDArray) -> NDArray:
    return np.repeat(plane[..., None], 3, axis=2)


def black_and_white() -> Pil.Image:
    return Pil.fromarray(np.where(GREY > 128, 255, 0).astype(np.uint8)).convert("1")


class TestPlainPictures:
    @pytest.mark.parametrize("subsampling", [0, 1, 2])
    @pytest.mark.parametrize("progressive", [False, True])
    def test_a_jpeg_has_the_very_values_of_opencv_and_pillow(self, subsampling, progressive):
        data = saved(SCENE, "JPEG", quality=90, subsampling=subsampling, progressive=progressive)
        bare = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
        assert furthest(decode(data).pixels, bare) == 0

    def test_a_jpeg_of_rgb_components_is_not_taken_for_ycbcr(self):
        assert furthest(decode(saved(SCENE, "JPEG", keep_rgb=True, quality=98)).pixels, SCENE) <= 2

    @pytest.mark.parametrize("form", LOSSLESS)
    def test_rgb_is_exact(self, form):
        image = decode(saved(SCENE, form, **LOSSLESS[form]))
        assert furthest(image.pixels, SCENE) == 0
        assert image.alpha is None

    @pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF"])
    def test_grey_and_one_bit(self, form):
        assert furthest(decode(saved(GREY, form)).pixels, three(GREY)) <= 1
        expected = three(np.where(GREY > 128, 255, 0))
        assert furthest(decode(saved(black_and_white(), form)).pixels, expected) == 0

    @pytest.mark.parametrize("form", LOSSLESS)
    @pytest.mark.parametrize("colour", [SCENE, GREY], ids=["rgb", "grey"])
    def test_alpha_is_straight(self, form, colour):
        image = decode(saved(np.dstack([colour, ALPHA]), form, **LOSSLESS[form]))
        assert furthest(image.pixels, colour if colour.ndim == 3 else three(colour)) == 0
        assert image.alpha is not None and furthest(image.alpha, ALPHA) == 0

    @pytest.mark.parametrize("everywhere", [0, 255])
    def test_an_alpha_that_says_nothing_is_dropped(self, everywhere):
        image = decode(saved(np.dstack([SCENE, np.full_like(ALPHA, everywhere)]), "PNG"))
        assert image.alpha is None
        assert furthest(image.pixels, SCENE) == 0

    def test_what_comes_back_is_ready_to_use(self):
        for form in FORMATS:
            data = saved(SCENE, form)
            image = decode(data)
            assert image.size == (96, 72)
            assert image.sha256 == hashlib.sha256(data).hexdigest()
            assert image.pixels.dtype == np.uint8
            assert image.pixels.flags.c_contiguous and image.pixels.flags.writeable


class TestPalettes:
    @pytest.mark.parametrize("form", ["PNG", "TIFF"])
    def test_a_palette(self, form):
        picture = Pil.fromarray(SCENE).quantize(64)
        assert furthest(decode(saved(picture, form)).pixels, np.asarray(picture.convert("RGB"))) == 0

    @pytest.mark.parametrize("clear", [7, bytes(range(64))], ids=["one entry", "each entry"])
    def test_a_palette_with_transparency(self, clear):
        picture = Pil.fromarray(SCENE).quantize(64)
        entry = np.asarray(picture)
        image = decode(saved(picture, "PNG", transparency=clear))
        expected = np.where(entry == 7, 0, 255) if clear == 7 else entry
        assert image.alpha is not None and furthest(image.alpha, expected) == 0
        assert furthest(image.pixels, np.asarray(Pil.fromarray(SCENE).quantize(64).convert("RGB"))) == 0

    @pytest.mark.parametrize("depth", [1, 2, 4])
    def test_a_transparent_grey_of_few_bits(self, depth):
        half = 96 * depth // 16
        rows = (b"\0" + b"\xff" * half + bytes(half)) * 72
        key = pictures.chunk(b"tRNS", struct.pack(">H", 2**depth - 1))
        image = decode(pictures.png(96, 72, depth, 0, rows, key))
        assert image.alpha is not None
        assert (image.alpha[:, :48] == 0).all() and (image.alpha[:, 48:] == 255).all()

    def test_one_transparent_colour(self):
        image = decode(saved(SCENE, "PNG", transparency=tuple(int(v) for v in SCENE[3, 4])))
        assert image.alpha is not None
        assert image.alpha[3, 4] == 0 and (image.alpha == 0).mean() < 0.01


class TestSixteenBits:
    """Rounded to 8 bits, not cut off: Pillow alone would be one off in half of the values."""

    @pytest.mark.parametrize("channels", [1, 2, 3, 4])
    def test_png(self, channels):
        deep = deep_scene(channels)
        image = decode(pictures.deep_png(deep))
        eight = rounded(deep)
        expected = eight[..., :3] if channels > 2 else three(eight if channels == 1 else eight[..., 0])
        assert furthest(image.pixels, expected) == 0
        if channels in (2, 4):
            assert image.alpha is not None and furthest(image.alpha, eight[..., -1]) == 0

    @pytest.mark.parametrize("channels", [1, 3])
    def test_png_with_one_transparent_colour(self, channels):
        deep = deep_scene(channels)
        key = np.atleast_1d(deep[5, 6])
        data = pictures.deep_png(deep, pictures.chunk(b"tRNS", key.astype(">u2").tobytes()))
        image = decode(data)
        assert (
            image.alpha is not None
            and (image.alpha == 0).sum() == (deep == deep[5, 6]).reshape(72, 96, -1).all(-1).sum()
        )

    @pytest.mark.parametrize("compression", [None, "deflate"])
    @pytest.mark.parametrize("order", "<>")
    def test_tiff(self, order, compression):
        options = {"byteorder": order, "compression": compression}
        grey, colour, clear = deep_scene(1), deep_scene(3), deep_scene(4)
        assert (
            furthest(decode(tiff(grey, photometric="minisblack", **options)).pixels, three(rounded(grey)))
            == 0
        )
        assert furthest(decode(tiff(colour, photometric="rgb", **options)).pixels, rounded(colour)) == 0
        image = decode(tiff(clear, photometric="rgb", extrasamples=["unassalpha"], **options))
        assert furthest(image.pixels, rounded(clear)[..., :3]) == 0
        assert image.alpha is not None and furthest(image.alpha, rounded(clear)[..., 3]) == 0

    def test_a_fourth_channel_of_no_meaning_is_no_alpha(self):
        image = decode(tiff(deep_scene(4), photometric="rgb", extrasamples=["unspecified"]))
        assert image.alpha is None

    def test_planes_apart_are_refused_rather_than_read_wrongly(self):
        planes = np.ascontiguousarray(deep_scene(3).transpose(2, 0, 1))
        with pytest.raises(UnreadableImage, match="separate colour planes"):
            decode(tiff(planes, photometric="rgb", planarconfig="separate"))


class TestTiff:
    def test_white_may_be_zero(self):
        assert furthest(decode(tiff(GREY, photometric="miniswhite")).pixels, three(255 - GREY)) == 0
        deep = deep_scene(1)
        inverted = three(255 - rounded(deep))
        assert furthest(decode(tiff(deep, photometric="miniswhite")).pixels, inverted) == 0

    @pytest.mark.parametrize("deep", [False, True], ids=["8 bit", "16 bit"])
    def test_premultiplied_colour_is_made_straight(self, deep):
        colour, alpha = SCENE.astype(np.float64) / 255, np.clip(ALPHA, 60, 250).astype(np.float64) / 255
        top, kind = (65535, np.uint16) if deep else (255, np.uint8)
        pixels = np.dstack([np.rint(colour * alpha[..., None] * top), np.rint(alpha * top)]).astype(kind)
        image = decode(tiff(pixels, photometric="rgb", extrasamples=["assocalpha"]))
        assert furthest(image.pixels, SCENE) <= (0 if deep else 3)
        assert image.alpha is not None and furthest(image.alpha, np.rint(alpha * 255)) == 0

    def test_premultiplied_grey(self):
        alpha = np.clip(ALPHA, 60, 250)
        pixels = np.dstack([np.rint(GREY * (alpha / 255.0)).astype(np.uint8), alpha])
        data = tiff(pixels, photometric="minisblack", planarconfig="contig", extrasamples=["assocalpha"])
        assert furthest(decode(data).pixels, three(GREY)) <= 3

    @pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"])
    def test_compressions(self, compression):
        slack = 4 if compression == "jpeg" else 0
        assert furthest(decode(saved(SCENE, "TIFF", compression=compression)).pixels, SCENE) <= slack

    def test_tiles_and_separate_planes(self):
        assert furthest(decode(tiff(SCENE, photometric="rgb", tile=(32, 32))).pixels, SCENE) == 0
        planes = np.ascontiguousarray(SCENE.transpose(2, 0, 1))
        data = tiff(planes, photometric="rgb", planarconfig="separate")
        assert furthest(decode(data).pixels, SCENE) == 0

    @pytest.mark.parametrize("kind", [np.float32, np.int32, np.uint32])
    def test_other_sample_types_are_refused(self, kind):
        with pytest.raises(UnreadableImage):
            decode(tiff(GREY.astype(kind)))

    def test_a_thumbnail_page_is_skipped_and_a_second_picture_refused(self):
        first = Pil.fromarray(SCENE)
        with pytest.raises(UnreadableImage, match="several pictures"):
            decode(saved(first, "TIFF", save_all=True, append_images=[first]))
        small = tiff_with_thumbnail()
        assert furthest(decode(small).pixels, SCENE) == 0


def tiff_with_thumbnail() -> bytes:
    """A page and its smaller copy, marked as such (NewSubfileType 1)."""
    out = io.BytesIO()
    with tifffile.TiffWriter(out) as writer:
        writer.write(SCENE, photometric="rgb")
        writer.write(np.ascontiguousarray(SCENE[::2, ::2]), photometric="rgb", subfiletype=1)
    return out.getvalue()


class TestOrientation:
    @pytest.mark.parametrize("orientation", range(1, 9))
    @pytest.mark.parametrize("form", FORMATS)
    def test_all_eight_are_turned_upright(self, form, orientation):
        data = saved(
            pictures.stored(SCENE, orientation),
            form,
            exif=pictures.exif(orientation),
            **({"quality": 98} if form == "JPEG" else LOSSLESS[form]),
        )
        assert furthest(decode(data).pixels, SCENE) <= (6 if form == "JPEG" else 0)

    @pytest.mark.parametrize("orientation", range(1, 9))
    @pytest.mark.parametrize("channels", [1, 3])
    def test_all_eight_at_sixteen_bits(self, channels, orientation):
        deep = deep_scene(channels)
        pixels = pictures.stored(deep, orientation)
        expected = rounded(deep) if channels == 3 else three(rounded(deep))
        as_png = pictures.deep_png(pixels, pictures.chunk(b"eXIf", pictures.exif(orientation)[6:]))
        photometric = "rgb" if channels == 3 else "minisblack"
        as_tiff = tiff(pixels, photometric=photometric, extratags=[(274, "H", 1, orientation, True)])
        assert furthest(decode(as_png).pixels, expected) == 0
        assert furthest(decode(as_tiff).pixels, expected) == 0

    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_alpha_turns_along(self, orientation):
        pixels = pictures.stored(np.dstack([SCENE, ALPHA]), orientation)
        image = decode(saved(pixels, "PNG", exif=pictures.exif(orientation)))
        assert image.alpha is not None and furthest(image.alpha, ALPHA) == 0

    def test_damaged_exif_turns_nothing(self):
        broken = b"Exif\0\0II*\0\xff\xff\xff\xff"
        assert furthest(decode(saved(SCENE, "PNG", exif=broken)).pixels, SCENE) == 0
        assert furthest(decode(saved(SCENE, "PNG", exif=pictures.exif(9))).pixels, SCENE) == 0


def adobe_rgb_in_srgb(pixels: NDArray) -> NDArray:
    """Adobe RGB (1998) → sRGB by the matrices of the two standards, clipped to the gamut."""
    to_xyz = np.array([[0.57667, 0.18556, 0.18823], [0.29734, 0.62736, 0.07529], [0.02703, 0.07069, 0.99134]])
    to_rgb = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
    light = np.clip((pixels / 255.0) ** (563 / 256) @ to_xyz.T @ to_rgb.T, 0, 1)
    curved = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(curved * 255)


class TestProfiles:
    @pytest.mark.parametrize("form", FORMATS)
    def test_adobe_rgb_becomes_srgb(self, form):
        muted = (SCENE * 0.3 + 110).astype(np.uint8)
        options = {"quality": 100, "subsampling": 0} if form == "JPEG" else LOSSLESS[form]
        got = decode(saved(muted, form, icc_profile=ADOBE_RGB, **options)).pixels
        assert furthest(got, adobe_rgb_in_srgb(muted)) <= (6 if form == "JPEG" else 2)
        assert furthest(got, muted) > 8

    def test_sixteen_bits_and_alpha_are_managed_too(self):
        deep = (SCENE.astype(np.uint16) // 2 + 60) * 257
        data = saved(np.dstack([SCENE // 2 + 60, ALPHA]), "PNG", icc_profile=ADOBE_RGB)
        image = decode(data)
        as_tiff = tiff(deep, photometric="rgb", iccprofile=ADOBE_RGB)
        assert furthest(image.pixels, decode(as_tiff).pixels) == 0
        assert image.alpha is not None and furthest(image.alpha, ALPHA) == 0

    def test_srgb_under_another_name_changes_nothing(self):
        assert is_srgb(srgb_profile()) and not is_srgb(ADOBE_RGB)
        assert furthest(decode(saved(SCENE, "PNG", icc_profile=srgb_profile())).pixels, SCENE) == 0

    @pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF"])
    def test_a_grey_profile(self, form):
        got = decode(saved(GREY, form, icc_profile=pictures.grey_profile(1.8), quality=100)).pixels
        light = (GREY / 255.0) ** 1.8
        expected = np.rint(
            255 * np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
        )
        assert furthest(got, three(expected)) <= 2

    def test_a_cmyk_profile_rules_over_the_plain_formula(self):
        paper_and_cyan = np.zeros((64, 64, 4), np.uint8)
        paper_and_cyan[:, 32:, 0] = 255
        data = saved(Pil.fromarray(paper_and_cyan, "CMYK"), "TIFF", icc_profile=pictures.cmyk_profile())
        got = decode(data).pixels
        assert furthest(got[0, 0], np.array([255, 255, 255])) <= 1
        cyan = lab2rgb(np.array([[[62.0, -37.0, -50.0]]]))[0, 0] * 255
        # Black point compensation stretches the press's dark end; the light end stays within a few levels.
        assert furthest(got[0, 40, 1:], np.rint(cyan[1:])) <= 8
        assert furthest(got[0, 40], np.array([0, 255, 255])) > 40

    @pytest.mark.parametrize(
        "profile", [b"junk" * 100, ADOBE_RGB[:300], b"\0" * 200], ids=["junk", "cut", "zero"]
    )
    @pytest.mark.parametrize("form", FORMATS)
    def test_a_broken_profile_is_ignored(self, form, profile):
        assert (
            furthest(
                decode(saved(SCENE, form, icc_profile=profile)).pixels, decode(saved(SCENE, form)).pixels
            )
            == 0
        )

    def test_a_profile_for_another_kind_of_picture_is_ignored(self):
        for profile in (pictures.grey_profile(1.8), pictures.cmyk_profile()):
            assert furthest(decode(saved(SCENE, "PNG", icc_profile=profile)).pixels, SCENE) == 0


class TestCmyk:
    def test_jpeg_as_adobe_writes_it(self):
        data = saved(Pil.fromarray(INK, "CMYK"), "JPEG", quality=100)
        assert furthest(decode(data).pixels, INK_IN_SRGB) <= 2

    def test_ycck_jpeg(self):
        assert furthest(decode(pictures.ycck_jpeg(INK)).pixels, INK_IN_SRGB) <= 4

    def test_tiff(self):
        assert furthest(decode(tiff(INK, photometric="separated")).pixels, INK_IN_SRGB) == 0


class TestRefusals:
    @pytest.mark.parametrize(
        "data", [b"", b"GIF89a" + bytes(50), b"not a picture", b"\xff\xd8", b"RIFF1234WEBP"]
    )
    def test_what_is_no_picture(self, data):
        with pytest.raises(UnreadableImage, match=r"photo\.xyz"):
            decode(data)

    @pytest.mark.parametrize("form", ["GIF", "BMP", "PPM"])
    def test_other_formats_whatever_the_name_says(self, form):
        with pytest.raises(UnreadableImage, match=r"shirt\.jpg is not a JPEG, PNG, WebP or TIFF"):
            decode_image(saved(SCENE, form), name="shirt.jpg")

    def test_the_name_is_not_trusted(self):
        assert decode_image(saved(SCENE, "PNG"), name="shirt.jpg").size == (96, 72)
        assert [sniff(saved(SCENE, form)) for form in FORMATS] == ["jpeg", "png", "webp", "tiff"]

    @pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9, 0.97])
    @pytest.mark.parametrize("form", [*FORMATS, "progressive JPEG"])
    def test_cut_off(self, form, share):
        options = {"progressive": True} if "progressive" in form else {}
        data = saved(scene(300, 200), form.split()[-1], **options)
        with pytest.raises(UnreadableImage):
            decode(data[: int(len(data) * share)])

    @pytest.mark.parametrize("channels", [1, 3, 4])
    def test_cut_off_at_sixteen_bits(self, channels):
        deep = deep_scene(channels)
        photometric = "minisblack" if channels == 1 else "rgb"
        for data in (
            pictures.deep_png(deep),
            tiff(deep, photometric=photometric),
            tiff(deep, photometric=photometric, compression="deflate"),
        ):
            with pytest.raises(UnreadableImage):
                decode(data[: len(data) * 4 // 5])

    def test_a_thumbnails_end_is_not_the_pictures(self):
        data = saved(scene(300, 200), "JPEG", exif=b"Exif\0\0" + saved(SCENE, "JPEG"))
        assert decode(data).size == (300, 200)
        with pytest.raises(UnreadableImage):
            decode(data[:-100])

    @pytest.mark.parametrize("form", ["PNG", "WEBP"])
    def test_animated(self, form):
        frames = Pil.fromarray(SCENE), Pil.fromarray(255 - SCENE)
        with pytest.raises(UnreadableImage, match="animated"):
            decode(saved(frames[0], form, save_all=True, append_images=frames[1:]))

    def test_absurd_headers_are_refused_before_any_pixel_is_decoded(self):
        huge = pictures.png(60_000, 60_000, 8, 2, b"")
        with pytest.raises(ImageTooLarge, match="60000×60000"):
            decode(huge)
        with pytest.raises(ImageTooLarge):
            decode(pictures.png(31_000, 100, 8, 2, b""))
        canvas = b"VP8X" + struct.pack("<I", 10) + bytes(4) + b"\xff\x3f\x00" * 2
        with pytest.raises(ImageTooLarge, match="16384×16384"):
            decode(b"RIFF" + struct.pack("<I", 4 + len(canvas)) + b"WEBP" + canvas)
        with pytest.raises(ImageTooLarge):
            decode(with_jpeg_size(saved(SCENE, "JPEG"), 65_000, 65_000))
        with pytest.raises(ImageTooLarge):
            decode(with_tiff_tag(tiff(SCENE, photometric="rgb"), 256, 1_000_000))

    def test_no_size_at_all(self):
        for data in (pictures.png(0, 100, 8, 2, b""), with_jpeg_size(saved(SCENE, "JPEG"), 0, 100)):
            with pytest.raises(UnreadableImage):
                decode(data)

    def test_too_small(self):
        with pytest.raises(ImageTooSmall, match="63×200") as failure:
            decode(saved(scene(63, 200), "PNG"))
        assert "64 pixels" in failure.value.advice

    def test_limits_are_the_callers(self):
        data = saved(scene(200, 100), "PNG")
        with pytest.raises(ImageTooLarge, match="200×100"):
            decode(data, Limits(max_megapixels=0.019))
        with pytest.raises(ImageTooLarge, match="MB"):
            decode(data, Limits(max_file_mb=len(data) / 1e6 - 1e-5))
        assert decode(data, Limits(max_megapixels=0.02, max_file_mb=len(data) / 1e6)).size == (200, 100)

    def test_a_jpeg_of_endless_scans(self):
        data = saved(SCENE, "JPEG", progressive=True)
        comment = b"\xff\xfe" + struct.pack(">H", 402) + b"\xff\xda" * 200
        with pytest.raises(UnreadableImage, match="scans"):
            decode(data[:2] + comment + data[2:])

    def test_a_chunk_longer_than_the_file_costs_no_memory(self):
        """OpenCV alone would allocate 4 GB for this."""
        data = pictures.deep_png(deep_scene(3))
        at = data.index(b"IDAT") - 4
        start = time.perf_counter()
        with pytest.raises(UnreadableImage):
            decode(data[:at] + b"\xff\x00" + data[at + 2 :])
        assert time.perf_counter() - start < 1
        assert decode(data + b"trailing").size == (96, 72)

    def test_pillows_globals_are_left_alone(self):
        before = Pil.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
        for form in FORMATS:
            decode(saved(SCENE, form))
        assert before == (Pil.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)


def with_jpeg_size(data: bytes, width: int, height: int) -> bytes:
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


def with_tiff_tag(data: bytes, tag: int, value: int) -> bytes:
    at = data.index(struct.pack("<HHI", tag, 4, 1)) + 8
    return data[:at] + struct.pack("<I", value) + data[at + 4 :]


class TestFiles:
    def test_read(self, tmp_path: Path):
        path = tmp_path / "photo.bin"
        path.write_bytes(saved(SCENE, "PNG"))
        image = read_image(path)
        assert furthest(image.pixels, SCENE) == 0
        assert image.name == str(path)

    def test_missing_or_a_folder(self, tmp_path: Path):
        for path in (tmp_path / "none.jpg", tmp_path):
            with pytest.raises(MissingInput) as failure:
                read_image(path)
            assert failure.value.subject == str(path)

    def test_too_large_a_file_is_not_read(self, tmp_path: Path):
        path = tmp_path / "big.jpg"
        with path.open("wb") as out:
            out.truncate(1 << 40)
        with pytest.raises(ImageTooLarge, match=r"big\.jpg"):
            read_image(path)


SAMPLES = {
    "jpeg": saved(SCENE, "JPEG", exif=pictures.exif(6), icc_profile=ADOBE_RGB),
    "progressive": saved(SCENE, "JPEG", progressive=True),
    "cmyk": saved(Pil.fromarray(INK, "CMYK"), "JPEG"),
    "png": saved(np.dstack([SCENE, ALPHA]), "PNG", exif=pictures.exif(3), icc_profile=ADOBE_RGB),
    "palette": saved(Pil.fromarray(SCENE).quantize(32), "PNG", transparency=bytes(range(32))),
    "deep png": pictures.deep_png(deep_scene(3)),
    "webp": saved(SCENE, "WEBP", exif=pictures.exif(5)),
    "lossless": saved(np.dstack([SCENE, ALPHA]), "WEBP", lossless=True),
    "tiff": tiff(SCENE, photometric="rgb", compression="deflate"),
    "deep tiff": tiff(deep_scene(4), photometric="rgb", extrasamples=["assocalpha"]),
    "jpeg tiff": saved(SCENE, "TIFF", compression="jpeg"),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("sample", SAMPLES)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=8),
    head=st.booleans(),
)
def test_no_mutation_raises_anything_but_our_own_failures(sample, changes, head):
    """Half of the examples change the first 200 bytes, where the structure is."""
    data = bytearray(SAMPLES[sample])
    span = min(200, len(data)) if head else len(data)
    for place, value in changes:
        data[min(int(place * span), span - 1)] = value
    try:
        image = decode(bytes(data))
    except FlixposeError as failure:
        assert "photo.xyz" in failure.message
    else:
        assert image.pixels.dtype == np.uint8 and image.pixels.ndim == 3


def test_real_photos_decode_as_opencv_does(shared: Path):
    for path in sorted((shared / "photos" / "persons").iterdir()):
        bare = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
        assert furthest(read_image(path).pixels, bare) == 0
