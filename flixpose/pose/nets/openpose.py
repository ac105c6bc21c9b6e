"""OpenPose (Cao et al. 2017): VGG's first layers, then six stages that look at each other's maps.

The names of the layers are those of the published Caffe models, each sub-net under a name of its own.
"""

from typing import NamedTuple

from torch import Tensor, cat, nn
from torch.nn import functional

SIZES = ("coco18", "body25", "hand", "face")

_VGG = (
    *(("conv1_1", 64), ("conv1_2", 64), ("pool1", 0), ("conv2_1", 128), ("conv2_2", 128), ("pool2", 0)),
    *(("conv3_1", 256), ("conv3_2", 256), ("conv3_3", 256), ("conv3_4", 256), ("pool3", 0)),
    *(("conv4_1", 512), ("conv4_2", 512)),
)
_STAGES = range(2, 7)
_FEATURES = 128


class Stage(NamedTuple):
    """Attributes: fields: (N, 38, H/8, W/8); heat: (N, 19, H/8, W/8), the last one background."""

    fields: Tensor
    heat: Tensor


class _Convolutions(nn.Module):
    """Named convolutions in a row, ReLU between them.

    Args:
        layers: name, channels, width; pooling where the width is 0. open_end: no ReLU after the last.
    """

    def __init__(self, cin: int, layers: list[tuple[str, int, int]], *, open_end: bool = True) -> None:
        super().__init__()
        self._steps = [(name, kernel) for name, _, kernel in layers]
        self._open = layers[-1][0] if open_end else ""
        for name, cout, kernel in layers:
            if kernel:
                self.add_module(name, nn.Conv2d(cin, cout, kernel, padding=kernel // 2))
                cin = cout

    def forward(self, x: Tensor) -> Tensor:
        for name, kernel in self._steps:
            x = self.get_submodule(name)(x) if kernel else functional.max_pool2d(x, 2)
            if kernel and name != self._open:
                x = functional.relu(x)
        return x


def _vgg(tail: list[tuple[str, int]], share: float = 1.0) -> _Convolutions:
    layers = [(name, int(channels * share), 3 if channels else 0) for name, channels in (*_VGG, *tail)]
    return _Convolutions(3, layers, open_end=False)


def _first_stage(branch: str, cout: int, share: float) -> _Convolutions:
    layers = [(f"conv5_{row}_CPM_{branch}", int(128 * share), 3) for row in (1, 2, 3)]
    ends = [(f"conv5_4_CPM_{branch}", int(512 * share), 1), (f"conv5_5_CPM_{branch}", cout, 1)]
    return _Convolutions(int(_FEATURES * share), [*layers, *ends])


def _later_stage(stage: int, suffix: str, cin: int, cout: int, share: float = 1.0) -> _Convolutions:
    wide = int(128 * share)
    layers = [(f"Mconv{row}_stage{stage}{suffix}", wide, 7) for row in range(1, 6)]
    ends = [(f"Mconv6_stage{stage}{suffix}", wide, 1), (f"Mconv7_stage{stage}{suffix}", cout, 1)]
    return _Convolutions(cin, [*layers, *ends])


class OpenPoseBody(nn.Module):
    """(N, 3, H, W) → the six stages' maps, the last one best. COCO's 18 keypoints.

    Args:
        final_relu: cut the last heat maps off at 0, as one widespread port does by mistake.
        share: of the published net's inner channels.
    """

    heat, fields = 19, 38

    def __init__(self, *, final_relu: bool = False, share: float = 1.0) -> None:
        super().__init__()
        self.final_relu = final_relu
        self.model0 = _vgg([("conv4_3_CPM", 256), ("conv4_4_CPM", _FEATURES)], share)
        wide = int(_FEATURES * share) + self.fields + self.heat
        for row, cout in ((1, self.fields), (2, self.heat)):
            self.add_module(f"model1_{row}", _first_stage(f"L{row}", cout, share))
            for stage in _STAGES:
                self.add_module(f"model{stage}_{row}", _later_stage(stage, f"_L{row}", wide, cout, share))

    def forward(self, x: Tensor) -> list[Stage]:
        features = self.model0(x)
        stages: list[Stage] = []
        for stage in range(1, 7):
            seen = cat([*stages[-1], features], dim=1) if stages else features
            stages.append(Stage(*(self.get_submodule(f"model{stage}_{row}")(seen) for row in (1, 2))))
        if self.final_relu:
            stages[-1] = stages[-1]._replace(heat=functional.relu(stages[-1].heat))
        return stages


class OpenPoseHand(nn.Module):
    """(N, 3, H, W) → the six stages' (N, heat, H/8, W/8) maps, the last one background (Simon et al. 2017).

    Args:
        heat: 22 for a hand; the face's net is the same with 71.
    """

    def __init__(self, *, heat: int = 22) -> None:
        super().__init__()
        self.heat = heat
        tail = [("conv4_3", 512), ("conv4_4", 512), ("conv5_1", 512), ("conv5_2", 512)]
        self.model1_0 = _vgg([*tail, ("conv5_3_CPM", _FEATURES)])
        self.model1_1 = _Convolutions(_FEATURES, [("conv6_1_CPM", 512, 1), ("conv6_2_CPM", self.heat, 1)])
        for stage in _STAGES:
            self.add_module(f"model{stage}", _later_stage(stage, "", _FEATURES + self.heat, self.heat))

    def forward(self, x: Tensor) -> list[Tensor]:
        features = self.model1_0(x)
        stages = [self.model1_1(features)]
        for stage in _STAGES:
            stages.append(self.get_submodule(f"model{stage}")(cat([stages[-1], features], dim=1)))
        return stages


def build(size: str) -> nn.Module:
    if size == "body25":
        from flixpose.pose.nets.openpose_body25 import OpenPoseBody25

        return OpenPoseBody25()
    return OpenPoseBody() if size == "coco18" else OpenPoseHand(heat=22 if size == "hand" else 71)
