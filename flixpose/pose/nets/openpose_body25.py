"""OpenPose's later body net (Cao et al. 2019): 25 keypoints; fields first, then heat maps that look at them.

Each of its blocks is three convolutions of width 3 whose outcomes are all kept, with parametric ReLUs. The
names of the layers are those of the published Caffe model.
"""

from torch import Tensor, cat, nn
from torch.nn import functional

from flixpose.pose.nets.openpose import Stage

HEAT, FIELDS = 26, 52

_FEATURES = 128
_VGG = (
    *(("conv1_1", 64), ("conv1_2", 64), ("pool1", 0), ("conv2_1", 128), ("conv2_2", 128), ("pool2", 0)),
    *(("conv3_1", 256), ("conv3_2", 256), ("conv3_3", 256), ("conv3_4", 256), ("pool3", 0)),
    *(("conv4_1", 512), ("conv4_2", 512), ("conv4_3_CPM", 256), ("conv4_4_CPM", _FEATURES)),
)
_PARAMETRIC = {"conv4_2": "prelu4_2", "conv4_3_CPM": "prelu4_3_CPM", "conv4_4_CPM": "prelu4_4_CPM"}
_BLOCKS, _STEPS = range(1, 6), range(3)


class _Trunk(nn.Module):
    """VGG's first layers, the last three with parametric ReLUs: (N, 3, H, W) → (N, 128, H/8, W/8)."""

    def __init__(self, share: float) -> None:
        super().__init__()
        cin = 3
        for name, channels in _VGG:
            if channels:
                cout = int(channels * share)
                self.add_module(name, nn.Conv2d(cin, cout, 3, padding=1))
                if name in _PARAMETRIC:
                    self.add_module(_PARAMETRIC[name], nn.PReLU(cout))
                cin = cout

    def forward(self, x: Tensor) -> Tensor:
        for name, channels in _VGG:
            if not channels:
                x = functional.max_pool2d(x, 2)
                continue
            x = self.get_submodule(name)(x)
            x = self.get_submodule(_PARAMETRIC[name])(x) if name in _PARAMETRIC else functional.relu(x)
        return x


class _Stage(nn.Module):
    """Args: name: of the stage and the branch, such as "stage0_L2". wide, inner: channels of a convolution
    in a block, and of the layer before the last.
    """

    def __init__(self, name: str, cin: int, wide: int, inner: int, cout: int) -> None:
        super().__init__()
        self.stage = name
        for block in _BLOCKS:
            for step in _STEPS:
                self.add_module(f"Mconv{block}_{name}_{step}", nn.Conv2d(cin, wide, 3, padding=1))
                self.add_module(f"Mprelu{block}_{name}_{step}", nn.PReLU(wide))
                cin = wide
            cin = 3 * wide
        self.add_module(f"Mconv6_{name}", nn.Conv2d(cin, inner, 1))
        self.add_module(f"Mprelu6_{name}", nn.PReLU(inner))
        self.add_module(f"Mconv7_{name}", nn.Conv2d(inner, cout, 1))

    def forward(self, x: Tensor) -> Tensor:
        for block in _BLOCKS:
            kept = []
            for step in _STEPS:
                tail = f"{block}_{self.stage}_{step}"
                x = self.get_submodule(f"Mprelu{tail}")(self.get_submodule(f"Mconv{tail}")(x))
                kept.append(x)
            x = cat(kept, dim=1)
        x = self.get_submodule(f"Mprelu6_{self.stage}")(self.get_submodule(f"Mconv6_{self.stage}")(x))
        return self.get_submodule(f"Mconv7_{self.stage}")(x)


class OpenPoseBody25(nn.Module):
    """(N, 3, H, W) → the two stages of heat maps, each with the last fields. Args: share: of the channels."""

    heat, fields = HEAT, FIELDS

    def __init__(self, *, share: float = 1.0) -> None:
        super().__init__()

        def stage(name: str, cin: int, wide: int, inner: int, cout: int) -> _Stage:
            return _Stage(name, cin, int(wide * share), int(inner * share), cout)

        seen = int(_FEATURES * share)
        self.model0 = _Trunk(share)
        self.model0_2 = stage("stage0_L2", seen, 96, 256, FIELDS)
        for row in (1, 2, 3):
            self.add_module(f"model{row}_2", stage(f"stage{row}_L2", seen + FIELDS, 128, 512, FIELDS))
        self.model0_1 = stage("stage0_L1", seen + FIELDS, 96, 256, HEAT)
        self.model1_1 = stage("stage1_L1", seen + HEAT + FIELDS, 128, 512, HEAT)

    def forward(self, x: Tensor) -> list[Stage]:
        features = self.model0(x)
        fields = self.model0_2(features)
        for row in (1, 2, 3):
            fields = self.get_submodule(f"model{row}_2")(cat([features, fields], dim=1))
        first = self.model0_1(cat([features, fields], dim=1))
        last = self.model1_1(cat([features, first, fields], dim=1))
        return [Stage(fields, first), Stage(fields, last)]
