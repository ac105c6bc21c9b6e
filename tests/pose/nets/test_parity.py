"""Every net equal to the original's, with weights that follow from the names of its state."""

import importlib
import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from flixpose.pose import FAMILIES, sizes
from flixpose.pose.nets import (
    centernet,
    cpn,
    dekr,
    detrpose,
    fastpose,
    higherhrnet,
    hrnet,
    kapao,
    keypoint_rcnn,
    lightweight_openpose,
    openpose,
    posenet,
    rtmo,
    rtmpose,
    simple_baseline,
    vitpose,
    yolo_pose,
)
from tests.pose.parity import TOLERANCE, fixture, gaps, network_input, state

Outputs = dict[str, Tensor]


def heatmaps(net: nn.Module, x: Tensor, _numbers: dict[str, Any]) -> Outputs:
    return {"heatmaps": net(x)}


def of_cpn(net: nn.Module, x: Tensor, _numbers: dict[str, Any]) -> Outputs:
    out = net(x)
    return {f"global{level}": maps for level, maps in enumerate(out.coarse)} | {"refine": out.refined}


def of_vitpose(net: nn.Module, x: Tensor, _numbers: dict[str, Any]) -> Outputs:
    features = net.backbone(x)
    return {"backbone_features": features, "heatmaps": net.keypoint_head(features)}


def of_higherhrnet(net: nn.Module, x: Tensor, _numbers: dict[str, Any]) -> Outputs:
    return dict(zip(("scale_quarter_heat17_tag17", "scale_half_heat17"), net(x), strict=True))


def of_posenet(net: nn.Module, x: Tensor, _numbers: dict[str, Any]) -> Outputs:
    names = ("heatmaps_sigmoid", "offsets", "displacement_fwd", "displacement_bwd")
    return dict(zip(names, net(x), strict=True))


def of_lightweight(net: nn.Module, x: Tensor, _numbers: dict[str, Any]) -> Outputs:
    stages = net(x)
    return {f"stage{row}_heatmaps": stage.heat for row, stage in enumerate(stages)} | {
        f"stage{row}_paf": stage.fields for row, stage in enumerate(stages)
    }


def of_openpose(net: nn.Module, x: Tensor, _numbers: dict[str, Any]) -> Outputs:
    outputs = {"model0": net.model0(x)}
    for row, stage in enumerate(net(x), 1):
        outputs |= {f"model{row}_1": stage.fields, f"model{row}_2": stage.heat}
    return outputs | {
        "model6_2_without_final_relu": outputs["model6_2"],
        "model6_2": torch.relu(outputs["model6_2"]),
    }


def of_hand(net: nn.Module, x: Tensor, _numbers: dict[str, Any]) -> Outputs:
    names = ("model1_1", "model2", "model3", "model4", "model5", "model6")
    return {"model1_0": net.model1_0(x)} | dict(zip(names, net(x), strict=True))


def of_dekr(net: nn.Module, x: Tensor, _numbers: dict[str, Any]) -> Outputs:
    return dict(zip(("heatmap", "offset"), net(x), strict=True))


def of_rtmpose(net: nn.Module, x: Tensor, _numbers: dict[str, Any]) -> Outputs:
    return dict(zip(("simcc_x", "simcc_y"), net(x), strict=True))


def of_centernet(net: nn.Module, x: Tensor, _numbers: dict[str, Any]) -> Outputs:
    return {f"stack{row}.{name}": m for row, maps in enumerate(net(x)) for name, m in maps.items()}


def of_kapao(net: nn.Module, x: Tensor, _numbers: dict[str, Any]) -> Outputs:
    out = net(x)
    return {f"raw_level{row}": raw for row, raw in enumerate(out.raw)} | {"decoded": out.decoded}


def of_yolo(net: nn.Module, x: Tensor, _numbers: dict[str, Any]) -> Outputs:
    out = net(x)
    return {f"feats{row}": feature for row, feature in enumerate(out.features)} | {
        "boxes": out.boxes,
        "scores": out.scores,
        "kpts": out.keypoints,
        "decoded": net.decoded(out),
    }


def of_keypoint_rcnn(net: nn.Module, x: Tensor, numbers: dict[str, Any]) -> Outputs:
    pyramid = net.pyramid(x)
    objectness, deltas = net.proposals(pyramid)
    anchors = keypoint_rcnn.anchors([tuple(level.shape[2:]) for level in pyramid])
    boxes = [torch.tensor(numbers["boxes"])]
    logits, moves = net.boxes(pyramid, boxes)
    return (
        dict(zip(("fpn.0", "fpn.1", "fpn.2", "fpn.3", "fpn.pool"), pyramid, strict=True))
        | {f"rpn.objectness{row}": level for row, level in enumerate(objectness)}
        | {f"rpn.deltas{row}": level for row, level in enumerate(deltas)}
        | {"rpn.anchors": torch.cat(anchors), "box_logits": logits, "box_deltas": moves}
        | {"box_pooled": keypoint_rcnn.pooled(pyramid, boxes, 7)}
        | {"kp_pooled": keypoint_rcnn.pooled(pyramid, boxes, 14)}
        | {"kp_heatmaps": net.keypoints(pyramid, boxes)}
    )


def of_rtmo(net: nn.Module, x: Tensor, numbers: dict[str, Any]) -> Outputs:
    out = net(x)
    outputs = {}
    for name, levels in zip(("cls", "bbox", "kpt_vis", "pose_feat"), out, strict=True):
        outputs |= {f"{name}_stride{stride}": level for stride, level in zip((16, 32), levels, strict=True)}
    chosen = numbers["dcc_flat_positions"]
    features = torch.cat([level.flatten(2) for level in out.features], dim=2)[0, :, chosen].T
    centres = [rtmo.centres(256 // stride, 256 // stride, stride, x).flatten(0, 1) for stride in rtmo.STRIDES]
    priors = torch.cat(centres)[chosen]
    placed = net.place(features, torch.tensor(numbers["dcc_box_cxcywh"]), priors)
    return outputs | {"dcc_keypoints": placed, "dcc_priors": priors[None]}


def of_detrpose(net: nn.Module, x: Tensor, _numbers: dict[str, Any]) -> Outputs:
    features = net.backbone(x)
    levels = net.encoder(features)
    out = net.transformer(levels)
    return (
        {f"backbone.{row}": level for row, level in enumerate(features)}
        | {f"encoder.{row}": level for row, level in enumerate(levels)}
        | {"pred_logits": out.logits, "pred_keypoints": out.xy.flatten(2)}
    )


# fixture → (how to build the net, how to call it)
NETS: dict[str, tuple[Callable[[], nn.Module], Callable[..., Outputs]]] = {
    "simplebaseline_r50_256x192": (lambda: simple_baseline.build("r50"), heatmaps),
    "hrnet_w32_256x192": (lambda: hrnet.build("w32"), heatmaps),
    "cpn_r50_256x192": (lambda: cpn.build("r50"), of_cpn),
    "fastpose_r50_256x192": (lambda: fastpose.build("r50"), heatmaps),
    "vitpose_b_256x192": (lambda: vitpose.build("b"), of_vitpose),
    "higherhrnet_w32_256": (lambda: higherhrnet.build("w32"), of_higherhrnet),
    "posenet_mobilenetv1_101_257": (lambda: posenet.build("101"), of_posenet),
    "lightweight_openpose_256": (lambda: lightweight_openpose.build("mobilenet"), of_lightweight),
    "openpose_coco18_184": (lambda: openpose.build("coco18"), of_openpose),
    "openpose_hand_184": (lambda: openpose.build("hand"), of_hand),
    "dekr_w32_256": (lambda: dekr.build("w32"), of_dekr),
    "rtmpose_m_256x192": (lambda: rtmpose.build("m"), of_rtmpose),
    "kapao_s_256": (lambda: kapao.build("s"), of_kapao),
    "yolov8n_pose_320": (lambda: yolo_pose.build("n"), of_yolo),
    "keypointrcnn_r50_fpn_256": (lambda: keypoint_rcnn.build("r50_fpn"), of_keypoint_rcnn),
    "rtmo_s_256": (lambda: rtmo.build("s"), of_rtmo),
    "detrpose_s_640": (lambda: detrpose.build("s"), of_detrpose),
    "centernet_hourglass104_256": (lambda: centernet.build("hourglass104"), of_centernet),
}


# Million parameters that the papers and model tables tell of the other sizes, rounded as there.
SIZES = {
    # Its Caffe model has 104,715,850 bytes: four for each number, and some for the names.
    "openpose body25": (lambda: openpose.build("body25"), 26.17),
    "kapao m": (lambda: kapao.build("m"), 35.8),
    "kapao l": (lambda: kapao.build("l"), 77.0),
    "vitpose s": (lambda: vitpose.build("s"), 24.3),
    "vitpose l": (lambda: vitpose.build("l"), 308.5),
    "yolov8 n": (lambda: yolo_pose.build("n"), 3.3),
    "yolov8 s": (lambda: yolo_pose.build("s"), 11.6),
    "yolov8 m": (lambda: yolo_pose.build("m"), 26.4),
    "yolov8 l": (lambda: yolo_pose.build("l"), 44.4),
    "yolov8 x": (lambda: yolo_pose.build("x"), 69.4),
    "hrnet w32": (lambda: hrnet.build("w32"), 28.5),
    "hrnet w48": (lambda: hrnet.build("w48"), 63.6),
    "higherhrnet w48": (lambda: higherhrnet.build("w48"), 63.8),
    "dekr w48": (lambda: dekr.build("w48"), 65.7),
    "simple baseline r101": (lambda: simple_baseline.build("r101"), 53.0),
    "simple baseline r152": (lambda: simple_baseline.build("r152"), 68.6),
    "rtmpose t": (lambda: rtmpose.build("t"), 3.34),
    "rtmpose s": (lambda: rtmpose.build("s"), 5.47),
    "rtmpose l": (lambda: rtmpose.build("l"), 27.66),
    "rtmo s": (lambda: rtmo.build("s"), 9.9),
    "rtmo m": (lambda: rtmo.build("m"), 22.6),
    "rtmo l": (lambda: rtmo.build("l"), 44.8),
    "detrpose n": (lambda: detrpose.build("n"), 4.1),
    "detrpose s": (lambda: detrpose.build("s"), 11.5),
    "detrpose m": (lambda: detrpose.build("m"), 20.8),
    "detrpose l": (lambda: detrpose.build("l"), 32.8),
    "detrpose x": (lambda: detrpose.build("x"), 73.3),
}


def counted(net: nn.Module) -> int:
    """As its authors count: RTMO's with what is stored beside parameters; DETRPose's with double convolutions
    joined and without the quality heads that training alone needs.
    """
    entries = dict(net.state_dict() if isinstance(net, rtmo.RTMO) else net.named_parameters())
    if isinstance(net, detrpose.DETRPose):
        last = f"lqe_embed.{len(net.transformer.lqe_embed) - 1}."
        unused = re.compile(rf"bottlenecks\.\d+\.conv2\.|(?!.*{re.escape(last)}).*lqe_embed")
        entries = {name: entry for name, entry in entries.items() if not unused.search(name)}
    return sum(entry.numel() for entry in entries.values())


@pytest.mark.parametrize("name", SIZES)
def test_the_other_sizes_have_as_many_parameters_as_published(name: str) -> None:
    build, millions = SIZES[name]
    with torch.device("meta"):
        count = counted(build())
    assert count / 1e6 == pytest.approx(millions, abs=0.1)


@pytest.mark.parametrize("family", [name for name in FAMILIES if not FAMILIES[name].is_file])
def test_every_size_of_every_family_can_be_built(family: str) -> None:
    nets = importlib.import_module(FAMILIES[family].module).nets
    for size in sizes(family):
        with torch.device("meta"):
            assert any(parameter.numel() for parameter in nets.build(size).parameters())


@pytest.mark.parametrize("name", NETS)
def test_a_net_is_the_originals(name: str, record_property: Callable[[str, object], None]) -> None:
    build, call = NETS[name]
    numbers = fixture(name)
    with torch.device("cpu" if numbers["kept_buffers"] else "meta"):  # no time for first weights
        net = build().eval()
    assert sum(p.numel() for p in net.parameters()) == numbers["params"]
    names = {entry for entry, _ in numbers["state"]}
    assert set(net.state_dict()) == names
    missing, unexpected = net.load_state_dict(state(numbers), strict=False, assign=True)
    assert set(missing) == set(numbers["kept_buffers"]) and not unexpected
    with torch.inference_mode():
        outputs = call(net, network_input(numbers["input_shape"]), numbers)
    for gap in gaps(numbers, outputs):
        record_property(gap.output, f"{gap.error:.3g} / {gap.floor:.3g}")
        assert gap.ratio <= TOLERANCE, gap
