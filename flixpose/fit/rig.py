"""Rigs: for each kind, where on the body its landmarks go, as numbers read from `configs/rigs/*.toml`.

A place is given in the body's frame (`fit.body`): `across` in shoulder widths from the axis, outward
positive; `depth` in torso lengths. `keep_*` says how much of the garment's own proportion goes into it
(0 = the rig's place, 1 = the garment's own, scaled to the body), and the limits bound what comes out.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args

from flixpose.errors import BadSettings, UnknownKind
from flixpose.garment.kinds import KINDS

Tuck = Literal["auto", "in", "over"]
TUCKS: tuple[Tuck, ...] = get_args(Tuck)


_NUMBERS = ("ease", "slack", "widening", "torso_share", "girth", "narrowing", "upright")
_NAMES = {"place", "scale", "tuck", "straps", "limb", *_NUMBERS}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a pair of landmarks (or one on the axis) goes."""

    across: float
    depth: float
    keep_across: float = 0.0
    keep_depth: float = 0.0
    min_across: float = 0.0
    max_across: float = 2.0
    min_depth: float = -1.0
    max_depth: float = 6.0

    def blend(self, own_across: float, own_depth: float) -> tuple[float, float]:
        """(across, depth) from the rig's numbers and the garment's own."""
        across = (1 - self.keep_across) * self.across + self.keep_across * own_across
        depth = (1 - self.keep_depth) * self.depth + self.keep_depth * own_depth
        return (
            min(max(across, self.min_across), self.max_across),
            min(max(depth, self.min_depth), self.max_depth),
        )


@dataclass(frozen=True, slots=True)
class Limb:
    """How a sleeve or a trouser leg follows its limb.

    Attributes:
        slack: as the rig's, on either side of the limb.
        max_half_width: greatest half width, in shoulder widths.
        min_reach, max_reach: bounds of its length in lengths of the whole limb (joint to joint).
        half_width: of a sleeve, as all that follows: least half width, in shoulder widths, at the limb's
            first and last joint. A trouser leg is as wide as the leg.
        inward: share of the limb's half width that the cloth keeps on the inside, caught between arm and
            torso.
        free_from: lengths of the whole limb from the seam on which cloth comes to hang free of it.
        stand, hang: how far a sleeve's cuff stands off the outside of a hanging arm that is seen: shoulder
            widths, and a share of what it is wider than the arm; the sleeve falls straight from the shoulder
            to there. With 0 it hangs free by what it is wider.
    """

    slack: float
    max_half_width: float
    min_reach: float
    max_reach: float
    half_width: tuple[float, float] = (0.0, 0.0)
    inward: float = 1.0
    free_from: float = 1.0
    stand: float = 0.0
    hang: float = 0.0


@dataclass(frozen=True, slots=True)
class Rig:
    """One kind's numbers.

    Attributes:
        places: by landmark without side: "neck", "shoulder", "armpit", "waist", "hem", "crotch".
        scale: weight of each measure that tells how large the garment is on the body.
        ease: how far, in shoulder widths, the cloth stays outside the body's outline.
        slack: so much width, in shoulder widths, lies in folds on the body before cloth hangs free of it.
        widening: by which factor at most the trunk is widened to reach the body's outline.
        torso_share: how far the torso's length, in place of the shoulders' width, tells the body's size.
        straps: its shoulders are where straps end: anywhere on the slope towards the neck.
        girth: the waistband's width in widths of the body where its waist is seen; 0: the shoulders tell it.
        narrowing: how wide cloth that goes around the body is seen when worn, of its width when it lies flat.
        upright: share of a leaning body's way aside that cloth does not go with it: it hangs straight down.
        tuck: "auto": into lower clothes whose waistband is seen well above the hem; "in": into any waistband
            that is seen; "over": never.
        limb: None for garments without sleeves and legs.
        worn: the numbers for garments photographed on a mannequin that is seen, whose shape and lengths are
            those of a worn garment; None: these are they.
    """

    kind: str
    places: dict[str, Place]
    scale: dict[str, float]
    ease: float
    slack: float
    widening: float
    torso_share: float
    straps: bool
    girth: float
    narrowing: float
    upright: float
    tuck: Tuck
    limb: Limb | None
    worn: "Rig | None" = None

    @property
    def keeps_shape(self) -> bool:
        """Whether these are the numbers for a garment that is photographed worn, on a mannequin."""
        return self.worn is None


def load_rigs(folder: Path) -> dict[str, Rig]:
    """Kind → rig from all TOML files of a folder.

    A file's `[base.*]` tables hold for each of its kinds; `[kind.NAME.*]` tables override single numbers, and
    `[worn.*]` and `[kind.NAME.worn.*]` both of them where the garment is photographed on a mannequin.

    Raises:
        BadSettings: a file cannot be read, or a number or name in it is wrong; names the file and the table.
    """
    rigs: dict[str, Rig] = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
            _check_names("the file", data, {"base", "worn", "kind"})
            for kind, own in data["kind"].items():
                rigs[kind] = _with_worn(kind, data, own)
        except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as problem:
            raise BadSettings(f"{path.name}: {problem!r}.", subject=str(path)) from problem
    if not rigs:
        raise BadSettings(f"No rigs in {folder}.", subject=str(folder))
    return rigs


def rig_for(rigs: Mapping[str, Rig], kind: str) -> Rig:
    """The kind's rig. Raises UnknownKind."""
    if kind not in rigs:
        raise UnknownKind(f"There is no rig for {kind!r}.", subject=kind)
    return rigs[kind]


def _with_worn(kind: str, data: dict[str, Any], own: dict[str, Any]) -> Rig:
    usual = _merged(data["base"], {key: value for key, value in own.items() if key != "worn"})
    worn = _merged(_merged(usual, data.get("worn", {})), own.get("worn", {}))
    worn["limb"] = worn["limb"] if usual["limb"] else False
    return replace(_rig(kind, usual), worn=_rig(kind, worn))


def _rig(kind: str, data: dict[str, Any]) -> Rig:
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is not a garment kind")
    _check_names(kind, data, _NAMES)
    _check_names("scale", data["scale"], {*data["place"], "length"})
    return Rig(
        kind=kind,
        places={name: _place(name, numbers) for name, numbers in data["place"].items()},
        scale={name: float(weight) for name, weight in data["scale"].items()},
        ease=float(data["ease"]),
        slack=float(data["slack"]),
        widening=float(data["widening"]),
        torso_share=float(data["torso_share"]),
        straps=bool(data.get("straps", False)),
        girth=float(data.get("girth", 0.0)),
        narrowing=float(data.get("narrowing", 1.0)),
        upright=float(data.get("upright", 0.0)),
        tuck=_tuck(data["tuck"]),
        limb=_limb(data["limb"]) if data.get("limb") else None,
    )


def _tuck(word: Any) -> Tuck:
    for known in TUCKS:
        if word == known:
            return known
    raise ValueError(f"tuck: {word!r} is none of {', '.join(TUCKS)}")


def _limb(numbers: dict[str, Any]) -> Limb:
    _check_names("limb", numbers, {field.name for field in fields(Limb)})
    first, last = numbers.get("half_width", (0.0, 0.0))
    rest = {key: float(value) for key, value in numbers.items() if key != "half_width"}
    return Limb(half_width=(float(first), float(last)), **rest)


def _place(name: str, numbers: dict[str, Any]) -> Place:
    _check_names(name, numbers, {field.name for field in fields(Place)})
    return Place(**{key: float(value) for key, value in numbers.items()})


def _check_names(table: str, numbers: dict[str, Any], known: set[str]) -> None:
    """A misspelt number would leave the usual one in force without a word."""
    if unknown := set(numbers) - known:
        raise ValueError(f"{table}: unknown {sorted(unknown)}; known are {sorted(known)}")


def _merged(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """`base` with the leaves of `own` laid over it."""
    merged = dict(base)
    for key, value in own.items():
        merged[key] = _merged(merged.get(key) or {}, value) if isinstance(value, dict) else value
    return merged
