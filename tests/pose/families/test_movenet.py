"""MoveNet from files that look like its own: taken over, run, and refused where they are hostile."""

import contextlib
import random
import struct
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from flixpose.adapters.checkpoints import import_checkpoint
from flixpose.adapters.weights import WeightsCache
from flixpose.errors import UsageError, WeightsDamaged, WeightsMissing
from flixpose.pose import load
from flixpose.pose.families import movenet
from flixpose.pose.nets import tflite
from flixpose.pose.nets.checkpoint import BadCheckpoint
from flixpose.structures.image import Image
from tests.pose.tflite_models import Builder, any_size
from tests.pose.tflite_models import movenet as model_of

DOT = np.array([250.5, 130.5])


def photo(dot: np.ndarray = DOT, size: tuple[int, int] = (400, 300)) -> Image:
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    x, y = dot.astype(int)
    pixels[y - 3 : y + 4, x - 3 : x + 4] = 255
    return Image(pixels, None, "", "a dot")


def imported(folder: Path, data: bytes, name: str = "movenet") -> tuple[WeightsCache, str]:
    (folder / "model.tflite").write_bytes(data)
    cache = WeightsCache(folder)
    _, info = import_checkpoint(name, folder / "model.tflite", cache.imports)
    return cache, info.name


@pytest.mark.parametrize(("side", "name"), [(192, "movenet-lightning"), (256, "movenet-thunder")])
def test_one_person_is_where_the_file_says(tmp_path, side, name):
    cache, found = imported(tmp_path, model_of(side, side))
    assert found == name
    estimator = load(name, cache, threads=1)
    assert estimator.model.licence == "Apache-2.0" and "model.tflite" in estimator.model.origin
    (first,), (second,) = estimator([photo(), photo(DOT + 40)])
    assert first.keypoints["nose"] == pytest.approx(DOT, abs=3.5)  # all of the dot is bright
    assert second.keypoints["left_ankle"] == pytest.approx(DOT + 40, abs=3.5)
    assert first.keypoints.score("nose") == pytest.approx(0.9) and first.score == pytest.approx(0.9)


def test_several_people_come_with_boxes(tmp_path):
    cache, name = imported(tmp_path, model_of(192, 256, several=True))
    ((pose,),) = load(name, cache, threads=1)([photo()])
    assert name == "movenet-multipose"
    assert pose.keypoints["nose"] == pytest.approx(DOT, abs=3.5)
    assert (pose.box.x0, pose.box.y0) == pytest.approx(tuple(DOT), abs=3.5)
    assert (pose.box.x1, pose.box.y1) == (400, 300) and pose.score == pytest.approx(0.8)


def test_the_multipose_model_sees_pictures_of_any_shape(tmp_path):
    cache, name = imported(tmp_path, any_size())
    grey = [Image(np.full((h, w, 3), 51, np.uint8), None, "", "grey") for w, h in ((400, 300), (300, 640))]
    first, second = (poses[0] for poses in load(name, cache, threads=1)(grey))
    assert first.score == pytest.approx(0.2, abs=1e-3)
    assert second.score == pytest.approx(0.2 * 120 / 128, abs=2e-3)  # 120 of the picture's 128 columns


def test_a_small_body_is_looked_at_again_in_a_square_around_it():
    names = {
        "left_shoulder": (90, 80),
        "right_shoulder": (110, 80),
        "left_hip": (95, 120),
        "right_hip": (105, 120),
    }
    xy, scores = np.zeros((17, 2)), np.zeros(17, np.float32)
    for name, place in names.items():
        row = movenet.COCO_17.index[name]
        xy[row], scores[row] = place, 0.9
    box = movenet.closer(movenet.Person(xy, scores, 0.9))
    assert (box.x0 + box.x1) / 2 == 100 and (box.y0 + box.y1) / 2 == 120 and box.width == 2 * 1.9 * 40
    scores[:] = 0
    assert movenet.closer(movenet.Person(xy, scores, 0.0)) is None


def test_a_size_that_is_named_must_be_the_files(tmp_path):
    with pytest.raises(BadCheckpoint, match="it is lightning, not thunder"):
        imported(tmp_path, model_of(192, 192), "movenet-thunder")
    with pytest.raises(BadCheckpoint, match="name its size"):
        imported(tmp_path, model_of(224, 224))
    cache, name = imported(tmp_path, model_of(224, 224), "movenet-thunder")
    assert load(name, cache, threads=1)([photo()])[0][0].keypoints["nose"] == pytest.approx(DOT, abs=3.5)
    with pytest.raises(WeightsMissing):
        load("movenet-multipose", cache)
    with pytest.raises(UsageError):
        movenet.nets.build("thunder")


def other_model(
    *, shape=(1, 1, 17, 3), given=(1, 192, 192, 3), custom: str | None = None, held=None
) -> bytes:
    build = Builder()
    start = build.tensor(given, schema.TensorType.UINT8)
    value = held if held is not None else np.zeros(51)
    constant = build.tensor(shape, schema.TensorType.FLOAT32, value)
    code = schema.BuiltinOperator.CUSTOM if custom else schema.BuiltinOperator.NEG
    return build.finished(start, build.apply(code, [constant], shape, custom=custom))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no TFLite model"),
        (b"\x1c\0\0\0TFL3", "cut off"),
        (b"\xff\xff\xff\x7fTFL3" + bytes(64), "cut off"),
        (other_model(custom="FlexOfSomebody"), "FlexOfSomebody is not one of LiteRT's own"),
        (other_model(shape=(1, 1 << 20, 1 << 20)), "shape"),
        (other_model(shape=(1, 1, 17, 5), held=np.zeros(3)), "holds 12 bytes"),
        (other_model(shape=(1, -4, 17, 3)), "shape"),
        (other_model(shape=(1, 2), held=np.zeros(2)), "its output is"),
        (other_model(given=(1, 192, 192)), "no picture"),
        (other_model(given=(1, 9, 9, 3)), "it sees pictures of 9"),
    ],
)
def test_what_is_no_movenet_is_refused(tmp_path, data, why):
    with pytest.raises(BadCheckpoint, match=why):
        imported(tmp_path, data)
    assert not list(tmp_path.glob("weights/**/*.safetensors"))


def test_a_cut_or_broken_file_is_told_and_never_crashes():
    whole = model_of(192, 192)
    for keep in (9, 40, len(whole) // 2, len(whole) - 200):
        with pytest.raises(tflite.BadModel):
            tflite.describe(whole[:keep])
    rng = random.Random(4)
    for _ in range(400):
        broken = bytearray(whole)
        for _ in range(3):
            struct.pack_into("<I", broken, rng.randrange(8, len(broken) - 4), rng.getrandbits(32))
        with contextlib.suppress(tflite.BadModel):
            tflite.describe(bytes(broken))


def test_a_file_that_brings_litert_down_is_refused(tmp_path):
    """What the structure cannot tell: an operation whose code asks for other inputs than it has."""
    whole = bytearray(model_of(192, 192))
    code = schema.Model.GetRootAs(whole, 0).OperatorCodes(0)._tab
    whole[code.Pos + code.Offset(4 + 2 * 3)] = schema.BuiltinOperator.CONV_2D
    whole[code.Pos + code.Offset(4)] = schema.BuiltinOperator.CONV_2D
    tflite.describe(bytes(whole))
    with pytest.raises(BadCheckpoint, match="cannot be run: LiteRT"):
        imported(tmp_path, bytes(whole))


def test_a_damaged_import_is_told(tmp_path):
    cache, name = imported(tmp_path, model_of(192, 192))
    path = cache.imports / f"{name}.safetensors"
    path.write_bytes(path.read_bytes()[:-900])
    with pytest.raises(WeightsDamaged):
        load(name, cache)
