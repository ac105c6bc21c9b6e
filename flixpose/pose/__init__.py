"""Eyes for people."""

import importlib
from dataclasses import dataclass

from flixpose.errors import UsageError
from flixpose.ports import PoseEstimator, Weights


@dataclass(frozen=True, slots=True)
class Family:
    """One approach.

    Attributes:
        is_top_down: another estimator finds the people for it. is_augmented: it can look at mirror images and
            other sizes of the whole picture.
        has_flip: it looks at people's mirror images by itself, if wanted; top-down families that are no files
            and those that are augmented do, too.
        has_maps: it reads heat maps, in one of several ways.
        is_file: its net is a LiteRT file, which is run as it is: neither built, trained nor exported here.
    """

    module: str
    is_top_down: bool = False
    is_augmented: bool = False
    has_flip: bool = False
    has_maps: bool = False
    is_file: bool = False


FAMILIES: dict[str, Family] = {
    "blazepose": Family("flixpose.pose.families.blazepose", has_flip=True, is_file=True),
    "simple_baseline": Family("flixpose.pose.families.simple_baseline", is_top_down=True, has_maps=True),
    "hrnet": Family("flixpose.pose.families.hrnet", is_top_down=True, has_maps=True),
    "cpn": Family("flixpose.pose.families.cpn", is_top_down=True, has_maps=True),
    "vitpose": Family("flixpose.pose.families.vitpose", is_top_down=True, has_maps=True),
    "rtmpose": Family("flixpose.pose.families.rtmpose", is_top_down=True),
    "deeppose": Family("flixpose.pose.families.deeppose", is_top_down=True),
    "fastpose": Family("flixpose.pose.families.fastpose", is_top_down=True, has_maps=True),
    "alphapose": Family("flixpose.pose.families.alphapose", is_top_down=True, has_maps=True),
    "poseted": Family("flixpose.pose.families.poseted", is_top_down=True),
    "openpose": Family("flixpose.pose.families.openpose"),
    "openpose_hand": Family("flixpose.pose.families.openpose_hand", is_top_down=True),
    "openpose_face": Family("flixpose.pose.families.openpose_face", is_top_down=True),
    "lightweight_openpose": Family("flixpose.pose.families.lightweight_openpose"),
    "deepcut": Family("flixpose.pose.families.deepcut"),
    "higherhrnet": Family("flixpose.pose.families.higherhrnet"),
    "dekr": Family("flixpose.pose.families.dekr"),
    "centernet": Family("flixpose.pose.families.centernet"),
    "keypoint_rcnn": Family("flixpose.pose.families.keypoint_rcnn"),
    "kapao": Family("flixpose.pose.families.kapao", is_augmented=True),
    "yolo_pose": Family("flixpose.pose.families.yolo_pose"),
    "detrpose": Family("flixpose.pose.families.detrpose"),
    "rtmo": Family("flixpose.pose.families.rtmo"),
    "posenet": Family("flixpose.pose.families.posenet"),
    "movenet": Family("flixpose.pose.families.movenet", is_file=True),
    "hands": Family("flixpose.pose.families.hands", is_top_down=True, is_file=True),
    "face": Family("flixpose.pose.families.face", is_top_down=True, is_file=True),
}

DEFAULT = "blazepose"


def load(
    name: str,
    weights: Weights,
    *,
    threads: int = 2,
    finder: PoseEstimator | None = None,
    flip: bool = False,
    decoding: str | None = None,
    scales: tuple[float, ...] = (1.0,),
) -> PoseEstimator:
    """The estimator of that name, ready to use.

    Args:
        name: a family, or a family and a size such as "hrnet-w48".
        threads: CPU threads of one net call.
        finder: who finds the people for a top-down family; BlazePose unless given.
        flip: look at the mirror image too (top-down families, KAPAO, BlazePose).
        decoding: of heat maps: "plain", "dark" or "udp"; the family's own unless given (families with heat
            maps of one person).
        scales: sizes of the picture to look at (KAPAO).

    Raises:
        UsageError: no estimator has that name, or it has no such option.
        WeightsMissing, WeightsDamaged: its model files are not there, or not what was published.
    """
    family, size = resolve(name)
    _refuse_options(family, flip=flip, decoding=decoding is not None, scales=scales != (1.0,))
    if family == DEFAULT:
        from flixpose.pose.families.blazepose import BlazePose

        return BlazePose(weights, threads=threads, flip=flip)
    from flixpose.pose.families.parts import options_of

    options = options_of(flip=flip, decoding=decoding, scales=scales)
    module = importlib.import_module(FAMILIES[family].module)
    if FAMILIES[family].is_top_down:
        finder = finder or load(DEFAULT, weights, threads=threads)
        estimator: PoseEstimator = module.load(weights, finder, size, options, threads)
    else:
        estimator = module.load(weights, size, options, threads)
    return estimator


def _refuse_options(family: str, *, flip: bool, decoding: bool, scales: bool) -> None:
    """An option without effect is a mistake."""
    known = FAMILIES[family]
    for name, given, works in (
        ("flip", flip, (known.is_top_down and not known.is_file) or known.is_augmented or known.has_flip),
        ("decoding", decoding, known.has_maps),
        ("scales", scales, known.is_augmented),
    ):
        if given and not works:
            raise UsageError(f"{family} has no option {name!r}.", subject=name)


def sizes(family: str) -> tuple[str, ...]:
    """The sizes of a family whose weights are imported."""
    return tuple(importlib.import_module(FAMILIES[family].module).SIZES)


def resolve(name: str) -> tuple[str, str]:
    """Family and size of a name. Raises UsageError for what there is not."""
    family, _, size = name.partition("-")
    if family not in FAMILIES:
        raise UsageError(
            f"no pose estimator is called {name!r}; there are {', '.join(FAMILIES)}.", subject=name
        )
    if name == DEFAULT:
        return family, ""
    module = importlib.import_module(FAMILIES[family].module)
    known = getattr(module, "SIZES", ())
    size = size or module.DEFAULT
    if size not in known:
        raise UsageError(f"{family} has no size {size!r}; it has {', '.join(known) or 'none'}.", subject=name)
    return family, size
