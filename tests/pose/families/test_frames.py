"""Nets that see dots: whatever the way into the net and back, a dot is found where it lies in the photo."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from flixpose.errors import UsageError
from flixpose.geometry.view import View, fit, shrink, stretch
from flixpose.pose.codec import body_parts
from flixpose.pose.families import (
    alphapose,
    centernet,
    deepcut,
    deeppose,
    dekr,
    higherhrnet,
    kapao,
    limbs,
    openpose_face,
    openpose_hand,
    parts_of_bodies,
)
from flixpose.pose.families.heatmaps import reader
from flixpose.pose.families.parts import UNIT, Colours, OneStage, Options, Runner, TopDown, options_of
from flixpose.pose.nets import centernet as centernet_nets
from flixpose.pose.nets import deepcut as deepcut_nets
from flixpose.pose.nets import deeppose as deeppose_nets
from flixpose.pose.nets import dekr as dekr_nets
from flixpose.pose.nets import higherhrnet as higherhrnet_nets
from flixpose.pose.nets import kapao as kapao_nets
from flixpose.pose.skeletons import COCO_17, HAND_21, mirror_rows
from flixpose.structures.found import ModelInfo, Pose
from flixpose.structures.image import Box, Image
from flixpose.structures.keypoints import Keypoints

INFO = ModelInfo("dots", "1", "find dots", "none", "a test", "")
DOTS = np.array([[210.0, 130.0], [160.0, 320.0]])  # in a photo of 400 × 480; the first is the nose
SIDE = 12


def photo(*dots: np.ndarray) -> Image:
    pixels = np.zeros((480, 400, 3), np.uint8)
    for channel, (x, y) in enumerate(dots):
        half = SIDE // 2
        pixels[int(y) - half : int(y) + half, int(x) - half : int(x) + half, channel] = 255
    return Image(pixels, None, "", "dots")


def smooth(x: Tensor, stride: int, *, ends_meet: bool = False) -> Tensor:
    """Heat maps of the first two channels, cells as the nets are trained: the first on the first pixel."""
    kernel = 4 * stride + 1
    soft = x[:, :2]
    for _ in range(2):
        soft = functional.avg_pool2d(soft, kernel, 1, kernel // 2)
    soft = brightest(soft)
    height, width = x.shape[2] // stride, x.shape[3] // stride
    if ends_meet:
        return functional.interpolate(soft, (height, width), mode="bilinear", align_corners=True)
    return soft[:, :, ::stride, ::stride]


def brightest(maps: Tensor) -> Tensor:
    return maps / maps.amax(dim=(2, 3), keepdim=True).clamp(min=1e-3)


class TwoDots(nn.Module):
    """The nose is the first channel's dot, the left eye the second's."""

    def __init__(self, *, ends_meet: bool) -> None:
        super().__init__()
        self.ends_meet = ends_meet

    def forward(self, x: Tensor) -> Tensor:
        maps = x.new_zeros(len(x), 17, x.shape[2] // 4, x.shape[3] // 4)
        maps[:, :2] = smooth(x, 4, ends_meet=self.ends_meet)
        return maps


class Nobody:
    models: tuple[ModelInfo, ...] = ()
    model = INFO

    def __call__(self, images):
        return [() for _ in images]


def top_down(decoding: str, *, flip: bool) -> TopDown:
    net = TwoDots(ends_meet=decoding == "udp")
    read = reader(COCO_17, decoding=decoding, flip=flip)
    return TopDown(Runner(net, INFO, threads=1), Nobody(), COCO_17, read, picture=(192, 256), colours=UNIT)


@pytest.mark.parametrize(("decoding", "within"), [("plain", 2.0), ("dark", 1.0), ("udp", 1.0)])
def test_top_down_families_find_the_dot(decoding, within):
    estimator = top_down(decoding, flip=False)
    boxes = [Box(100, 60, 300, 420), Box(120, 80, 260, 400)]
    (first, second), (third,) = estimator.in_boxes([photo(*DOTS), photo(*DOTS)], [boxes, boxes[:1]])
    for pose in (first, second, third):
        assert pose.keypoints["nose"] == pytest.approx(DOTS[0], abs=within)
        assert pose.keypoints["left_eye"] == pytest.approx(DOTS[1], abs=within)
        assert not pose.keypoints.has("left_hip")
    assert estimator([photo(*DOTS)]) == [()]


@pytest.mark.parametrize(("decoding", "within"), [("dark", 2.0), ("udp", 1.0)])
def test_the_flip_test_finds_a_dot_on_its_own_side(decoding, within):
    """The stub tells no left from right: the mirror image's left eye is the right eye here."""
    ((pose,),) = top_down(decoding, flip=True).in_boxes([photo(*DOTS)], [[Box(100, 60, 300, 420)]])
    assert pose.keypoints["nose"] == pytest.approx(DOTS[0], abs=within)
    both = [pose.keypoints[name] for name in ("left_eye", "right_eye")]
    assert both[0] == pytest.approx(DOTS[1], abs=within) and both[1] == pytest.approx(DOTS[1], abs=within)
    assert mirror_rows(COCO_17)[1] == 2


class Twice(Nobody):
    """Whoever is there is found twice."""

    def __call__(self, images):
        body = Keypoints(COCO_17, np.zeros((17, 2), np.float32), np.ones(17, np.float32))
        boxes = (Box(100, 60, 300, 420), Box(104, 64, 304, 424))
        return [tuple(Pose(body, box, 1.0, INFO) for box in boxes) for _ in images]


class EverywhereDots(nn.Module):
    """Every keypoint is the first channel's dot."""

    def forward(self, x: Tensor) -> Tensor:
        return smooth(x, 4)[:, :1].repeat(1, 17, 1, 1)


def test_alphapose_finds_each_person_once_and_reads_every_given_box():
    estimator = alphapose.estimator(Runner(EverywhereDots(), INFO, threads=1), Twice(), Options())
    estimator = dataclasses.replace(estimator, colours=UNIT)
    ((pose,),) = estimator([photo(*DOTS)])
    assert pose.keypoints["left_hip"] == pytest.approx(DOTS[0], abs=2)
    found = Twice()([photo(*DOTS)])
    assert len(estimator.in_boxes([photo(*DOTS)], [[p.box for p in found[0]]])[0]) == 2
    assert alphapose.distinct([]) == []


class RegressedDots(nn.Module):
    """Every keypoint is the first channel's dot, its own first pixel at 0."""

    def forward(self, x: Tensor) -> deeppose_nets.Output:
        shares = []
        for axis, side in ((2, x.shape[3]), (1, x.shape[2])):
            weights = x[:, 0].sum(dim=3 - axis)
            shares.append((weights * torch.arange(side)).sum(dim=1) / weights.sum(dim=1) / side)
        xy = torch.stack(shares, dim=1)[:, None].expand(-1, 17, -1)
        return deeppose_nets.Output(xy, torch.full_like(xy, 0.1))


@pytest.mark.parametrize("flip", [False, True])
def test_regressed_coordinates_are_pixels_of_the_photo(flip):
    runner = Runner(RegressedDots(), INFO, threads=1)
    estimator = deeppose.estimator(runner, Nobody(), Options(flip))
    estimator = dataclasses.replace(estimator, colours=UNIT)
    ((pose,),) = estimator.in_boxes([photo(*DOTS)], [[Box(100, 60, 300, 420)]])
    assert pose.keypoints["left_hip"] == pytest.approx(DOTS[0], abs=0.1)
    assert pose.keypoints.score("left_hip") == pytest.approx(0.9)


class PartDots(deepcut_nets.DeepCut):
    """Nose, eye and ear: the first dot, the second, and the middle between them."""

    def __init__(self) -> None:
        nn.Module.__init__(self)
        self.pair_weight = nn.Parameter(torch.full((17, 17, 4), -1.0), requires_grad=False)
        self.pair_bias = nn.Parameter(torch.full((17, 17), 2.0), requires_grad=False)

    def forward(self, x: Tensor) -> body_parts.Maps:
        people = torch.zeros(len(x), 1, 17, 3)
        for channel in (0, 1):
            weights = x[:, channel] / x[:, channel].sum(dim=(1, 2), keepdim=True)
            across = (weights.sum(dim=1) * (torch.arange(x.shape[3]) + 0.5)).sum(dim=1)
            down = (weights.sum(dim=2) * (torch.arange(x.shape[2]) + 0.5)).sum(dim=1)
            people[:, 0, channel] = torch.stack([across / 8, down / 8, torch.ones(len(x))], dim=1)
        people[:, 0, 3] = people[:, 0, :2].mean(dim=1)
        size = (x.shape[3] // 8, x.shape[2] // 8)
        wanted = [body_parts.encode(each.numpy(), size) for each in people]
        scores, moves, steps = (
            torch.cat([getattr(each, name) for each in wanted]) for name in ("scores", "moves", "steps")
        )
        return body_parts.Maps(scores * 6 - 4, moves, steps)


def test_body_parts_are_joined_where_they_lie_in_the_photo():
    estimator = deepcut.estimator(Runner(PartDots(), INFO, threads=1), Options())
    estimator = dataclasses.replace(estimator, colours=UNIT)
    for (pose,), eye in zip(estimator([photo(*DOTS), photo(DOTS[0], DOTS[1] + 8)]), (0, 8), strict=True):
        assert pose.keypoints["nose"] == pytest.approx(DOTS[0], abs=0.5)
        assert pose.keypoints["left_eye"] == pytest.approx(DOTS[1] + eye, abs=0.5)
        assert len(pose.keypoints.present) == 3


class TagDots(nn.Module):
    def forward(self, x: Tensor) -> higherhrnet_nets.Output:
        half = x.new_zeros(len(x), 17, x.shape[2] // 2, x.shape[3] // 2)
        # A cell stands for the pixels under it, as a target of whole cells does.
        soft = functional.avg_pool2d(functional.avg_pool2d(x[:, :2], 17, 1, 8), 2)
        half[:, :2] = brightest(soft)
        quarter = x.new_zeros(len(x), 34, x.shape[2] // 4, x.shape[3] // 4)
        quarter[:, :17] = functional.avg_pool2d(half, 2)
        return higherhrnet_nets.Output(quarter, half)


class OffsetDots(nn.Module):
    """The centre is the nose; the left eye lies below it, everything else on it."""

    def forward(self, x: Tensor) -> dekr_nets.Output:
        maps = smooth(x, 4)
        heat = maps[:, :1].repeat(1, 18, 1, 1)
        heat[:, 1] = maps[:, 1]
        best = [[divmod(int(m.argmax()), m.shape[1]) for m in each] for each in maps]
        offsets = x.new_zeros(len(x), 34, *maps.shape[2:])
        for row, ((nose_y, nose_x), (eye_y, eye_x)) in enumerate(best):
            offsets[row, 2], offsets[row, 3] = nose_x - eye_x, nose_y - eye_y
        return dekr_nets.Output(heat, offsets)


class CentreDots(nn.Module):
    def forward(self, x: Tensor) -> list[dict[str, Tensor]]:
        maps = smooth(x, 4)
        flat = {name: x.new_zeros(len(x), n, *maps.shape[2:]) for name, n in centernet_nets.HEADS.items()}
        flat["hm"] = maps[:, :1] * 20 - 10
        flat["hm_hp"] = flat["hm_hp"] - 10
        flat["hm_hp"][:, :2] = maps * 20 - 10
        flat["wh"] += 80
        return [flat]


def small(size: tuple[int, int]) -> View:
    return shrink(size, shorter=320, longer=640, multiple=64)


ONE_STAGE = {
    "higherhrnet": (
        TagDots(),
        higherhrnet._read,
        small,
        3,
    ),
    "dekr": (OffsetDots(), dekr._read, small, 4),
    "centernet": (CentreDots(), centernet._read, lambda p: fit(p, (512, 512)), 4),
    "centernet stretched": (CentreDots(), centernet._read, lambda p: stretch(p, (512, 384)), 5),
}


@pytest.mark.parametrize("name", ONE_STAGE)
def test_one_stage_families_find_the_dots(name):
    net, read, view, within = ONE_STAGE[name]
    estimator = OneStage(Runner(net, INFO, threads=1), COCO_17, view, read)
    first, second = estimator([photo(*DOTS), photo(*DOTS[:1], DOTS[1] + 8)])
    for poses, eye in ((first, DOTS[1]), (second, DOTS[1] + 8)):
        assert poses[0].keypoints["nose"] == pytest.approx(DOTS[0], abs=within)
        if name != "centernet" and name != "centernet stretched":
            assert poses[0].keypoints["left_eye"] == pytest.approx(eye, abs=within)


class HandDots(nn.Module):
    """Every keypoint is the red dot."""

    def forward(self, x: Tensor) -> list[Tensor]:
        return [brightest(functional.avg_pool2d(x[:, 2:3], 8)).repeat(1, 22, 1, 1)]


class OneBody(Nobody):
    def __call__(self, images):
        places = {"right_shoulder": (100, 100, 1), "right_elbow": (100, 200, 1), "right_wrist": (150, 250, 1)}
        body = Keypoints.from_points(COCO_17, places)
        return [(Pose(body, Box(50, 50, 300, 400), 1.0, INFO),) for _ in images]


def test_hands_lie_beyond_their_wrists_and_are_read_there():
    hand = np.array([180.0, 280.0])
    reader_of_hands = TopDown(
        Runner(HandDots(), INFO, threads=1),
        OneBody(),
        HAND_21,
        parts_of_bodies.read_last,
        picture=(368, 368),
        colours=Colours(bgr=True),
        padding=1.0,
    )
    reader = parts_of_bodies.PartReader(reader_of_hands, openpose_hand.hand_boxes)
    ((pose,),) = reader([photo(hand)])
    assert pose.keypoints["wrist"] == pytest.approx(hand, abs=3) and len(pose.keypoints.present) == 21
    assert (pose.box.width, pose.box.height) == pytest.approx((135, 135))


def test_a_face_lies_around_what_is_seen_of_it():
    places = {"nose": (100, 100, 1), "left_ear": (130, 95, 1), "right_ear": (70, 95, 1)}
    (box,) = openpose_face.face_boxes(Keypoints.from_points(COCO_17, places))
    assert (box.width, box.height) == pytest.approx((108, 108)) and box.x0 == pytest.approx(46)
    assert openpose_face.face_boxes(Keypoints.from_points(COCO_17, {"nose": (100, 100, 1)})) == []


class ObjectDots(nn.Module):
    """The first channel's dot is a person and its left wrist, the second channel's its right wrist."""

    def forward(self, x: Tensor) -> kapao_nets.Output:
        rows = x.new_zeros(len(x), 1, 57)
        spots = []
        for channel in (0, 1):
            weights = x[:, channel] / x[:, channel].sum(dim=(1, 2), keepdim=True)
            across = (weights.sum(dim=1) * (torch.arange(x.shape[3]) + 0.5)).sum(dim=1)
            down = (weights.sum(dim=2) * (torch.arange(x.shape[2]) + 0.5)).sum(dim=1)
            spots.append(torch.stack([across, down], dim=1))
        rows[:, 0, :2] = spots[0]
        rows[:, 0, 2:6] = torch.tensor([64.0, 96.0, 1.0, 0.9]) * torch.tensor([x.shape[3] / 448] * 2 + [1, 1])
        for part, spot in ((9, spots[0]), (10, spots[1])):
            rows[:, 0, 23 + 2 * part : 25 + 2 * part] = spot
        return kapao_nets.Output([], rows)


def test_other_sizes_and_the_mirror_image_tell_of_the_same_places():
    x = UNIT.tensor([fit((400, 480), (448, 512)).cut(photo(*DOTS).pixels)])
    wanted = fit((400, 480), (448, 512)).to_picture(DOTS)
    seen = [row for scale in (0.75, 1.0, 1.25) for row in kapao.looks(ObjectDots(), x, scale, Options(True))]
    assert len(seen) == 6
    for rows in seen:
        assert rows[0, 0, :2].numpy() == pytest.approx(wanted[0], abs=1)
        assert rows[0, 0, 2].item() == pytest.approx(64, rel=0.1)
    for rows in seen[::2]:
        assert rows[0, 0, 23 + 20 : 25 + 20].numpy() == pytest.approx(wanted[1], abs=1)
    for rows in seen[1::2]:  # in the mirror image the stub's right wrist is the left one
        assert rows[0, 0, 23 + 18 : 25 + 18].numpy() == pytest.approx(wanted[1], abs=1)


def test_candidates_of_limbs_lie_in_the_middle_of_their_cells():
    view = fit((400, 480), (400, 480))
    found = limbs.paf.Candidates(np.zeros(1, int), np.array([[10.0, 20.0]]), np.ones(1, np.float32))
    person = limbs.person_of(found, np.array([0, -1]), view, 2.0)
    assert person.xy[0].tolist() == [21, 41] and person.scores.tolist() == [1, 0]


def test_an_unknown_decoding_is_a_usage_error():
    assert options_of(flip=True, decoding="udp") == Options(True, "udp")
    with pytest.raises(UsageError, match="plain, dark, udp"):
        options_of(flip=False, decoding="fast")
    assert torch.get_num_threads() > 0
