"""Every net equal to the original's, with weights that follow from the names of its state."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from flixpose.pose.nets import (
    centernet,
    cpn,
    dekr,
    fastpose,
    higherhrnet,
    hrnet,
    kapao,
    lightweight_openpose,
    openpose,
    posenet,
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
    "centernet_hourglass104_256": (lambda: centernet.build("hourglass104"), of_centernet),
}


@pytest.mark.parametrize("name", NETS)
def test_a_net_is_the_originals(name: str, record_property: Callable[[str, object], None]) -> None:
    build, call = NETS[name]
    numbers = fixture(name)
    with torch.device("meta"):
        shape_only = build()
    assert sum(p.numel() for p in shape_only.parameters()) == numbers["params"]
    net = build().eval()
    names = {entry for entry, _ in numbers["state"]}
    assert set(net.state_dict()) == names
    missing, unexpected = net.load_state_dict(state(numbers), strict=False, assign=True)
    assert set(missing) == set(numbers["kept_buffers"]) and not unexpected
    with torch.inference_mode():
        outputs = call(net, network_input(numbers["input_shape"]), numbers)
    for gap in gaps(numbers, outputs):
        record_property(gap.output, f"{gap.error:.3g} / {gap.floor:.3g}")
        assert gap.ratio <= TOLERANCE, gap
