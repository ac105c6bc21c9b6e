"""What each family's net sees, against its documentation: size, place, colours, what lies beyond the photo.

Sources, by family:
- simple_baseline, hrnet: experiments/coco/{resnet,hrnet}/*_256x192*.yaml of the authors' repository
  (IMAGE_SIZE, COLOR_RGB), ImageNet's mean and std, boxes enlarged by 1.25; maps begin on the first pixel.
- cpn: the paper's 256×192; the authors' pixel means, then divided by 255.
- vitpose: the authors' COCO configs: mmpose's ImageNet colours, UDP (outermost cells on outermost pixels).
- rtmpose, deeppose: mmpose's COCO configs: ImageNet colours, GetBBoxCenterScale's padding 1.25.
- fastpose, alphapose: the published training means of the paper's net (0.406, 0.457, 0.480), RGB.
- openpose: the paper's demonstration: height 368, x / 256 - 0.5 in BGR, grey beyond; parts 368 × 368.
- lightweight_openpose: its README and demonstration: height 256, (x - 128) / 256 in BGR, grey beyond.
- higherhrnet, dekr: the authors' COCO configs and OpenVINO's model card: shorter side 512, RGB, ImageNet.
- centernet: the paper and its dataset's constants: 512 × 512, letterbox, BGR.
- keypoint_rcnn: torchvision's reference: 800 to 1333, ImageNet, RGB, padded after normalising.
- kapao, yolo_pose: their documentation: letterbox on 114 of 255, RGB / 255, 1280 and 640.
- detrpose: configs/detrpose/include/dataset.py: stretched to 640 × 640, RGB / 255.
- rtmo: mmpose's configs: letterbox, 114, 0 to 255 in BGR, 640 and for the tiny one 416.
- posenet: the published JavaScript model: sides of 16 n + 1, -1 to 1, RGB.
- deepcut, poseted, alphapose's sstn sizes: nobody's weights but one's own; ImageNet, RGB.
"""

import importlib
from dataclasses import dataclass

import numpy as np
import pytest
from torch import nn

from flixpose.geometry.view import around
from flixpose.pose import FAMILIES, sizes
from flixpose.pose.families.parts import Options, Runner, TopDown
from flixpose.pose.families.parts_of_bodies import PartReader
from flixpose.structures.found import ModelInfo
from flixpose.structures.image import Box

INFO = ModelInfo("none", "1", "nothing", "none", "a test", "")
PHOTO = (1000, 500)

IMAGENET = ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
UNIT = ((0, 0, 0), (255, 255, 255))
HALF = ((128, 128, 128), (256, 256, 256))


@dataclass(frozen=True)
class Sees:
    """Attributes: picture: (width, height); for one-stage nets of a photo of 1000 × 500.
    corner: where the photo's upper left corner lies in it. size: how wide and high the photo is in it.
    """

    picture: tuple[int, int]
    colours: tuple[tuple[float, ...], tuple[float, ...]]
    bgr: bool = False
    corner: tuple[float, float] = (0, 0)
    size: tuple[float, float] = (0, 0)
    fill: int = 0


PERSON = (192, 256)
TABLE = {
    "simple_baseline": Sees(PERSON, IMAGENET, bgr=True),
    "hrnet": Sees(PERSON, IMAGENET),
    "cpn": Sees(PERSON, ((122.7717, 115.9465, 102.9801), (255, 255, 255))),
    "vitpose": Sees(PERSON, IMAGENET),
    "rtmpose": Sees(PERSON, IMAGENET),
    "deeppose": Sees(PERSON, IMAGENET),
    "poseted": Sees(PERSON, IMAGENET),
    "fastpose": Sees(PERSON, ((103.53, 116.535, 122.4), (255, 255, 255))),
    "alphapose": Sees(PERSON, ((103.53, 116.535, 122.4), (255, 255, 255))),
    "openpose_hand": Sees((368, 368), HALF, bgr=True),
    "openpose_face": Sees((368, 368), HALF, bgr=True),
    "openpose": Sees((656, 328), HALF, bgr=True, size=(656, 328), fill=128),
    "lightweight_openpose": Sees((512, 256), HALF, bgr=True, size=(512, 256), fill=128),
    "deepcut": Sees((800, 416), IMAGENET, size=(800, 400)),
    "higherhrnet": Sees((1024, 512), IMAGENET, size=(1024, 512)),
    "dekr": Sees((1024, 512), IMAGENET, size=(1024, 512)),
    "centernet": Sees(
        (512, 512),
        ((104.04, 113.985, 119.85), (73.695, 69.87, 70.89)),
        bgr=True,
        corner=(0, 128),
        size=(512, 256),
    ),
    "keypoint_rcnn": Sees((1344, 672), IMAGENET, size=(1333, 666.5), fill=116),
    "kapao": Sees((1280, 1280), UNIT, corner=(0, 320), size=(1280, 640), fill=114),
    "yolo_pose": Sees((640, 640), UNIT, corner=(0, 160), size=(640, 320), fill=114),
    "detrpose": Sees((640, 640), UNIT, size=(640, 640)),
    "rtmo": Sees((640, 640), ((0, 0, 0), (1, 1, 1)), bgr=True, corner=(0, 160), size=(640, 320), fill=114),
    "rtmo-t": Sees((416, 416), ((0, 0, 0), (1, 1, 1)), bgr=True, corner=(0, 104), size=(416, 208), fill=114),
    "posenet": Sees((513, 257), ((127.5,) * 3, (127.5,) * 3), size=(513, 257)),
}


class Nobody:
    models: tuple[ModelInfo, ...] = ()
    model = INFO


@pytest.fixture(autouse=True)
def no_weights(monkeypatch):
    """The estimators are real, their nets are none."""
    monkeypatch.setattr(Runner, "load", classmethod(lambda cls, *_: cls(nn.Identity(), INFO)))


def estimator_of(name: str):
    family, _, size = name.partition("-")
    module = importlib.import_module(FAMILIES[family].module)
    before = (None, Nobody()) if FAMILIES[family].is_top_down else (None,)
    estimator = module.load(*before, size or module.DEFAULT, Options(), 1)
    return estimator.reader if isinstance(estimator, PartReader) else estimator


def test_the_table_has_every_family_whose_net_is_built_here():
    assert {name.partition("-")[0] for name in TABLE} == {n for n in FAMILIES if not FAMILIES[n].is_file}
    assert "t" in sizes("rtmo")


@pytest.mark.parametrize("name", TABLE)
def test_a_net_sees_what_its_documentation_says(name):
    wanted, estimator = TABLE[name], estimator_of(name)
    colours = estimator.colours
    assert (colours.mean, colours.std) == wanted.colours and colours.bgr is wanted.bgr
    if isinstance(estimator, TopDown):
        assert estimator.picture == wanted.picture
        assert estimator.padding == (1.0 if name.startswith("openpose_") else 1.25)
        return
    view = estimator.view(PHOTO)
    assert view.picture == wanted.picture and estimator.fill == wanted.fill
    corners = view.to_picture(np.array([[0.0, 0], PHOTO]))
    assert corners[0] == pytest.approx(wanted.corner)
    assert corners[1] - corners[0] == pytest.approx(wanted.size)


def test_a_box_is_widened_to_the_pictures_shape_about_its_middle():
    """A high box: 1.25 times its height is the picture's height; pixels' centres stay centres."""
    view = around(Box(100, 50, 200, 450), PHOTO, PERSON)
    assert view.scale == pytest.approx((256 / 500,) * 2)
    assert view.to_picture(np.array([150, 250])) == pytest.approx([96, 128])


def test_the_means_are_taken_off_the_channels_in_the_nets_own_order():
    pixels = np.array([[[10, 20, 30]]], np.uint8)
    for name in ("hrnet", "simple_baseline"):
        colours = estimator_of(name).colours
        order = pixels[0, 0, ::-1] if colours.bgr else pixels[0, 0]
        seen = colours.tensor([pixels])[0, :, 0, 0]
        assert seen.tolist() == pytest.approx(
            [(v - m) / s for v, m, s in zip(order, colours.mean, colours.std, strict=True)], rel=1e-5
        )
