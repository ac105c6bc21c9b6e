"""The families that train: how a net of each is built from a recipe's numbers, and what it learns from.

A literal table. `build` takes the recipe's `net`, so that a family can be as small as a test wants it.
"""

import importlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from flixpose.errors import UsageError
from flixpose.geometry.view import Size, fit
from flixpose.ports import PoseEstimator
from flixpose.pose import FAMILIES
from flixpose.pose.families.parts import OneStage, Options, Runner, TopDown
from flixpose.pose.nets import (
    centernet,
    cpn,
    csp,
    deepcut,
    deeppose,
    dekr,
    detrpose,
    detrpose_encoder,
    fastpose,
    hgnet,
    higherhrnet,
    hrnet,
    kapao,
    keypoint_rcnn,
    lightweight_openpose,
    openpose,
    posenet,
    poseted,
    realnvp,
    rmpe,
    rtmo,
    rtmpose,
    simple_baseline,
    vitpose,
    yolo_pose,
)
from flixpose.structures.found import ModelInfo, Pose
from flixpose.structures.image import Image
from flixpose.training.pose_losses import anchored, bottom_up, cells, single
from flixpose.training.pose_losses.single import Loss

Build = Callable[..., nn.Module]

_DOUBT = -4.6  # logit of a hundredth
_SMALL = 0.02  # of the usual first weights
_QUIET = 0.1  # of RTMO's: its attention squares what it adds up, and all bins are to be as likely at first


@dataclass(frozen=True, slots=True)
class Task:
    """Attributes:
    build: the recipe's `net` → a net. It gets `picture`, (height, width), where `wants_picture`.
    beside: modules that learn with the net and are not served with it, by the name that they have in it.
    last: layers that draw maps, or with how many of their first rows; maps are nearly empty, and so these
        weights begin small, as the originals' do.
    """

    build: Build
    loss: Loss
    wants_picture: bool = False
    beside: Callable[[], dict[str, nn.Module]] = dict
    last: Callable[[Any], Iterable[Any]] = lambda net: ()


def _scaled(build: Callable[..., nn.Module]) -> Build:
    """For nets whose size is a share of blocks and of channels."""
    return lambda deepen, widen, **rest: build(csp.Scale(deepen, widen), **rest)


def _branched(build: Callable[..., nn.Module]) -> Build:
    """For nets with exchange modules by stage; TOML's keys are text."""

    def built(width: int, modules: dict[str, int], **rest: Any) -> nn.Module:
        return build(width, modules={int(stage): count for stage, count in modules.items()}, **rest)

    return built


def _doubtful(layers: Iterable[nn.Module]) -> None:
    """Nobody is anywhere, the scores' last layers say at first: nearly always right."""
    for layer in layers:
        if isinstance(layer, nn.Conv2d) and layer.bias is not None:
            nn.init.constant_(layer.bias, _DOUBT)


def _yolo_pose(deepen: float, widen: float) -> nn.Module:
    net = yolo_pose.YoloPose(yolo_pose.Size(deepen, widen, 1024))
    _doubtful(branch[-1] for branch in net.model.get_submodule("22").cv3)  # type: ignore[union-attr]
    return net


def _rtmo(deepen: float, widen: float, pose: int, hidden: int) -> nn.Module:
    net = rtmo.RTMO(rtmo.Size(csp.Scale(deepen, widen), pose, 1, hidden))
    _doubtful(net.head.head_module.out_cls)
    with torch.no_grad():
        for weight in (net.head.dcc.pos_enc, net.head.dcc.x_fc.weight, net.head.dcc.y_fc.weight):
            weight.mul_(_QUIET)
    return net


def _centernet(**numbers: Any) -> nn.Module:
    net = centernet.CenterNetResNet(**numbers)
    _doubtful(net.get_submodule(f"{name}.2") for name in ("hm", "hm_hp"))
    return net


def _kapao(deepen: float, widen: float, anchors: float) -> nn.Module:
    """The published anchors are for pictures of 1280 pixels; `anchors` is a share of them."""
    net = kapao.Kapao(csp.Scale(deepen, widen))
    head = net.model.get_submodule("33")
    for name in ("anchors", "anchor_grid"):
        head.get_buffer(name).mul_(anchors)
    for layer in head.m:  # type: ignore[union-attr]
        with torch.no_grad():
            layer.bias.view(3, -1)[:, 4] = _DOUBT
    return net


def _detrpose(width: int, depth: int, queries: int, backbone: float) -> nn.Module:
    """Args: backbone: share of B0's channels."""
    neck = detrpose_encoder.Neck(width, 2 * width, max(width // 4, 8), 1)
    shape = hgnet.narrowed(hgnet.B0, backbone)
    net = detrpose.DETRPose(detrpose.Size(shape, neck, depth=depth, inner=2 * width, queries=queries))
    hgnet.thaw(net.backbone)
    net.begin(_DOUBT)
    return net


def _loud(build: Callable[..., nn.Module]) -> Build:
    """For nets without normalisation: first weights that keep the signal's size (He et al. 2015)."""

    def built(**numbers: Any) -> nn.Module:
        net = build(**numbers)
        _louder(net)
        return net

    return built


def _louder(net: nn.Module) -> None:
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def _ends(net: openpose.OpenPoseBody) -> list[nn.Module]:
    """The last layer of each of OpenPose's stages."""
    return [list(part.children())[-1] for name, part in net.named_children() if name != "model0"]


def _map_rows(net: higherhrnet.HigherHRNet) -> list[Any]:
    """HigherHRNet's heat maps, without the tags that the first of the layers gives too."""
    return [(net.final_layers[0], net.final_layers[1].out_channels), net.final_layers[1]]


def _cascaded_ends(net: cpn.CascadedPyramid) -> list[nn.Module]:
    """The normalisations that draw CPN's maps."""
    coarse: list[Any] = list(net.global_net.predict)
    return [*(part[-1] for part in coarse), net.refine_net.final_predict[-1]]


TASKS: dict[str, Task] = {
    "simple_baseline": Task(
        simple_baseline.SimpleBaseline, single.heat_maps(), last=lambda net: [net.final_layer]
    ),
    "hrnet": Task(_branched(hrnet.HRNet), single.heat_maps(), last=lambda net: [net.final_layer]),
    "fastpose": Task(fastpose.FastPose, single.heat_maps(), last=lambda net: [net.conv_out]),
    "vitpose": Task(
        lambda wide, depth, heads, picture: vitpose.ViTPose(
            vitpose.Size(wide, depth, heads), picture=picture
        ),
        single.heat_maps(ends_meet=True),
        wants_picture=True,
    ),
    "cpn": Task(
        lambda picture, **rest: cpn.CascadedPyramid(size=(picture[0] // 4, picture[1] // 4), **rest),
        single.cascaded,
        wants_picture=True,
        last=_cascaded_ends,
    ),
    "rtmpose": Task(
        _scaled(rtmpose.RTMPose), single.two_axes, wants_picture=True, last=lambda net: [net.head.gau.o]
    ),
    "deeppose": Task(deeppose.DeepPose, single.regressed, beside=lambda: {"flow": realnvp.RealNvp()}),
    "poseted": Task(poseted.PoseTED, single.queried),
    "alphapose": Task(rmpe.SymmetricPose, single.symmetric, last=lambda net: [net.pose.conv_out]),
    "openpose": Task(_loud(openpose.OpenPoseBody), bottom_up.fields, last=_ends),
    "lightweight_openpose": Task(lightweight_openpose.LightweightOpenPose, bottom_up.fields),
    "deepcut": Task(deepcut.DeepCut, bottom_up.parts),
    "higherhrnet": Task(_branched(higherhrnet.HigherHRNet), bottom_up.tags, last=_map_rows),
    "dekr": Task(_branched(dekr.DEKR), bottom_up.offsets, last=lambda net: [net.head_heatmap[-1]]),
    "centernet": Task(_centernet, bottom_up.centres),
    "posenet": Task(
        _loud(posenet.PoseNet),
        bottom_up.displacements,
        last=lambda net: [net.heatmap, net.offset, net.displacement_fwd, net.displacement_bwd],
    ),
    "yolo_pose": Task(_yolo_pose, cells.yolo),
    "rtmo": Task(_rtmo, cells.rtmo, last=lambda net: [net.head.dcc.gau.o]),
    "kapao": Task(_kapao, anchored.kapao),
    "keypoint_rcnn": Task(keypoint_rcnn.KeypointRcnn, anchored.rcnn),
    "detrpose": Task(_detrpose, cells.queries),
}


def begin_small(family: str, net: nn.Module) -> None:
    """Maps that are nearly empty, before anything is learned."""
    for told in task_of(family).last(net):
        layer, rows = told if isinstance(told, tuple) else (told, None)
        with torch.no_grad():
            layer.weight[:rows] *= _SMALL
            if layer.bias is not None:
                layer.bias[:rows] = 0


def task_of(family: str) -> Task:
    """Raises UsageError for a family that does not train."""
    if family not in TASKS:
        raise UsageError(
            f"no training is known for {family!r}; there is for {', '.join(TASKS)}.", subject=family
        )
    return TASKS[family]


def build(family: str, numbers: dict[str, Any], picture: Size) -> nn.Module:
    """A net by a recipe's numbers: {"size": "w32"} for a published size, else the parts' own."""
    if set(numbers) == {"size"}:
        nets = importlib.import_module(FAMILIES[family].module).nets
        net: nn.Module = nets.build(numbers["size"])
        return net
    task = task_of(family)
    extra = {"picture": (picture[1], picture[0])} if task.wants_picture else {}
    try:
        return task.build(**numbers, **extra)
    except TypeError as failure:
        raise UsageError(f"a {family} has no such numbers: {failure}.", subject=family) from failure


class _Nobody:
    """A finder that finds nobody: boxes are told."""

    model = ModelInfo("given", "1", "boxes", "none", "told", "")
    models: tuple[ModelInfo, ...] = ()

    def __call__(self, images: Sequence[Image]) -> list[tuple[Pose, ...]]:
        return [() for _ in images]


NOBODY = _Nobody()


def estimator_of(
    family: str,
    net: nn.Module,
    info: ModelInfo,
    *,
    picture: Size | None = None,
    finder: PoseEstimator | None = None,
    options: Options | None = None,
    threads: int = 1,
) -> TopDown | OneStage:
    """The family's estimator around a net.

    Args:
        picture: (width, height) that the net sees; the family's own unless given.
    """
    module, runner = importlib.import_module(FAMILIES[family].module), Runner(net, info, threads)
    options = options or Options()
    if FAMILIES[family].is_top_down:
        reader: TopDown = module.estimator(runner, finder or NOBODY, options)
        return replace(reader, picture=picture) if picture else reader
    whole: OneStage = module.estimator(runner, options)
    return replace(whole, view=lambda photo: fit(photo, picture)) if picture else whole
