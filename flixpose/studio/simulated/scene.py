"""What a scene shows, decided by its seed: garment, cloth, mannequin, person, poses and light."""

import colorsys
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from flixpose.studio.body import ON_HIP, Arm, Build, Stance
from flixpose.studio.hair import Cut
from flixpose.studio.head import Face
from flixpose.studio.people import Look
from flixpose.studio.simulated.pattern import LOWER, Pattern

Colour = tuple[float, float, float]
Print = Literal["plain", "stripes", "upright", "checks", "dots"]
Display = Literal["torso", "figure", "full", "legs"]

KINDS = (
    "short_sleeve_top",
    "long_sleeve_top",
    "vest",
    "short_sleeve_top",
    "short_sleeve_dress",
    "trousers",
    "long_sleeve_top",
    "skirt",
    "sling",
    "long_sleeve_outwear",
    "short_sleeve_top",
    "vest_dress",
    "shorts",
    "long_sleeve_dress",
    "short_sleeve_outwear",
    "sling_dress",
)
POSES = ("down", "bent", "hip", "walking", "crossed", "hips", "leaning")


@dataclass(frozen=True)
class Scene:
    """One garment, photographed on a mannequin and worn by a person.

    Attributes:
        cloth, second: colours of ground and print, linear RGB.
        scale: of the print, repeats per metre. trim: ribs at neck, waist and cuffs: "none", "rib" (darker) or
            "contrast". buttoned: a button band runs down the front.
        mannequin: its build; `dummy` its colour, `gloss` its shine. display: what it is: a "torso" on a pole,
            a headless "figure" with arms and legs, a "full" one with a blank head, or "legs".
        room: the product picture's height in heights of the garment. paper, wall: what is behind product and
            person.
        yaw: radians by which the person turns, its left side to the back if > 0. close: from the knees up.
        warmth: of the person's light, -1 (cool) to 1 (warm). side, product_side: where light comes from, -1
            to 1.
        back: mannequin and person are seen from behind. layered: the cloth does not pass through itself.
        signed: it shows what tells fronts from backs (see `signs`).
    """

    seed: int
    pattern: Pattern
    cloth: Colour
    second: Colour
    motif: Print
    scale: float
    roughness: float
    trim: Literal["none", "rib", "contrast"]
    buttoned: bool
    mannequin: Build
    dummy: Colour
    gloss: float
    display: Display
    room: float
    paper: Colour
    wall: Colour
    look: Look
    pose: str
    yaw: float
    close: bool
    warmth: float
    side: float
    product_side: float
    back: bool = False
    layered: bool = False
    signed: bool = False

    @property
    def view(self) -> Literal["front", "back"]:
        """Which side of the garment both photos show."""
        return "back" if self.back else "front"

    @property
    def open(self) -> bool:
        """Whether the garment is worn open."""
        return self.pattern.gap > 0

    @property
    def product_turn(self) -> float:
        """Radians by which the mannequin is turned before the camera (see `yaw`)."""
        return float(np.pi) if self.back else 0.0

    @property
    def turn(self) -> float:
        """Radians by which the person is turned before the camera."""
        return self.yaw + self.product_turn


@dataclass(frozen=True)
class Mix:
    """What shares of a set's scenes are seen from behind, and of its outwear is worn open."""

    backs: float
    opened: float


# Scenes before this one are as they were when a set had no others: seen from the front, outwear closed, cloth
# that may pass through itself, and nothing on it that tells a front from a back.
FIRST_MIXED = 48
USUAL = Mix(backs=1 / 6, opened=1 / 2)


def scene(seed: int, number: int, mix: Mix | None = None) -> Scene:
    """The `number`-th scene of a set: kinds and poses take turns, all else is drawn by the seed.

    Args:
        mix: None = none from behind and none open up to FIRST_MIXED, from then on the usual shares.
    """
    plain = _front(seed, number)
    if mix is None and number < FIRST_MIXED:
        return plain
    mix = mix or USUAL
    # numbers of their own, so that all else stays as it would be
    rng = np.random.default_rng([seed, number, 1])
    back, opened, gap = rng.random() < mix.backs, rng.random() < mix.opened, _between(rng, 0.025, 0.06)
    plain = replace(plain, back=bool(back), layered=True, signed=True)
    if plain.pattern.kind.startswith("sling"):
        # before, a sling was cut alike in front and behind
        plain = replace(plain, pattern=replace(plain.pattern, neck_back=_between(rng, 0.05, 0.09)))
    if "outwear" not in plain.pattern.kind or not opened:
        return plain
    return replace(plain, buttoned=False, pattern=replace(plain.pattern, gap=gap))


def _front(seed: int, number: int) -> Scene:
    """A scene seen from the front, outwear closed."""
    rng = np.random.default_rng([seed, number])
    kind = KINDS[number % len(KINDS)]
    pose = POSES[(number + number // len(KINDS)) % len(POSES)]
    cloth, look = _colour(rng), _look(rng, pose)
    dummy, gloss = _dummy(rng)
    build = look.build
    return Scene(
        seed=seed * 100_003 + number,
        pattern=_pattern(kind, rng),
        cloth=cloth,
        second=_other(cloth, rng),
        motif=str(rng.choice(["plain", "plain", "stripes", "upright", "checks", "dots"])),  # type: ignore[arg-type]
        scale=float(rng.uniform(14, 34)),
        roughness=float(rng.uniform(0.6, 0.95)),
        trim=str(rng.choice(["none", "rib", "contrast"])),  # type: ignore[arg-type]
        buttoned="outwear" in kind or (kind.endswith("dress") and rng.random() < 0.25),
        # shops choose the mannequin, and customers the size, that suits
        mannequin=Build(
            form=float(np.clip(0.6 * build.form + rng.uniform(0.0, 0.35), 0, 1)),
            girth=1 + (build.girth - 1) * _between(rng, 0.6, 1.0),
            bust=0.2 if build.form > 0.5 else 0.5,
        ),
        dummy=dummy,
        gloss=gloss,
        display=_display(kind, rng),
        room=_between(rng, 1.2, 1.55),
        paper=_paper(rng),
        wall=_paper(rng),
        look=look,
        pose=pose,
        yaw=_yaw(rng),
        close=kind not in LOWER and not kind.endswith("dress") and rng.random() < 0.4,
        warmth=float(rng.uniform(-0.6, 1.0)),
        side=float(rng.uniform(-1, 1)),
        product_side=float(rng.uniform(-0.6, 0.6)),
    )


def _display(kind: str, rng: np.random.Generator) -> Display:
    choices: tuple[Display, ...] = ("legs", "legs", "full") if kind in LOWER else ("torso", "figure", "full")
    return choices[int(rng.integers(len(choices)))]


def _paper(rng: np.random.Generator) -> Colour:
    """Mostly white or light grey, at times a pastel."""
    if rng.random() < 0.7:
        grey = float(rng.choice([0.9, 0.8, 0.55]))
        return (grey, grey, grey)
    return colorsys.hsv_to_rgb(rng.random(), rng.uniform(0.08, 0.3), rng.uniform(0.5, 0.85))


def _yaw(rng: np.random.Generator) -> float:
    """Half the people face the camera, the others turn by up to 30 degrees."""
    most = 0.1 if rng.random() < 0.5 else np.radians(30)
    return float(rng.uniform(-most, most))


def _colour(rng: np.random.Generator) -> Colour:
    if rng.random() < 0.35:
        grey = float(rng.choice([0.02, 0.1, 0.35, 0.75]))
        return (grey, grey, grey * float(rng.uniform(0.9, 1.1)))
    return colorsys.hsv_to_rgb(rng.random(), rng.uniform(0.3, 0.9), rng.uniform(0.1, 0.8))


def _other(colour: Colour, rng: np.random.Generator) -> Colour:
    light = sum(colour) / 3
    mean = 0.75 if light < 0.3 else 0.04
    r, g, b = np.clip(mean * rng.uniform(0.6, 1.2, 3), 0, 0.85)
    return float(r), float(g), float(b)


def _dummy(rng: np.random.Generator) -> tuple[Colour, float]:
    """Colour and gloss: white, black, skin, grey, linen."""
    choices: tuple[tuple[Colour, float], ...] = (
        ((0.8, 0.8, 0.8), 0.1),
        ((0.8, 0.8, 0.8), 0.6),
        ((0.03, 0.03, 0.03), 0.3),
        ((0.02, 0.02, 0.02), 0.65),
        ((0.62, 0.42, 0.32), 0.2),
        ((0.28, 0.15, 0.10), 0.2),
        ((0.5, 0.48, 0.45), 0.0),
        ((0.62, 0.54, 0.42), 0.0),
    )
    return choices[int(rng.integers(len(choices)))]


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    return float(rng.uniform(low, high))


def _pattern(kind: str, rng: np.random.Generator) -> Pattern:
    if kind in LOWER:
        return _bottoms(kind, rng)
    sleeve = 0.0
    if kind.startswith("short_sleeve"):
        sleeve = _between(rng, 0.24, 0.42)
    elif kind.startswith("long_sleeve"):
        sleeve = _between(rng, 0.9, 1.0)
    dress = kind.endswith("dress")
    loose = _between(rng, 0.012, 0.045) + (0.012 if "outwear" in kind else 0.0)
    made = Pattern(
        kind,
        bottom=_between(rng, 0.42, 0.62) if dress else _between(rng, 0.80, 0.92),
        ease=loose,
        flare=_between(rng, 0.02, 0.12) if dress else _between(rng, 0.0, 0.03),
        straight=_between(rng, 0.2, 1.0),
        sleeve=sleeve,
        sleeve_ease=_between(rng, 0.012, 0.03),
        cuff=_between(rng, 0.07, 0.085) if sleeve < 0.5 else _between(rng, 0.040, 0.055),
        neck_width=_between(rng, 0.072, 0.095),
        neck_drop=_between(rng, 0.055, 0.13),
        neck_shape=float(rng.choice([2.0, 2.0, 1.25, 2.6])),
    )
    if kind.startswith("sling"):
        return replace(
            made,
            strap=_between(rng, 0.105, 0.118),
            neck_width=0.088,
            neck_drop=_between(rng, 0.12, 0.16),
            neck_back=0.13,
        )
    if kind.startswith("vest"):
        return replace(made, strap=_between(rng, 0.125, 0.165))
    return made


def _bottoms(kind: str, rng: np.random.Generator) -> Pattern:
    low = {"trousers": (0.10, 0.2), "shorts": (0.5, 0.66), "skirt": (0.35, 0.68)}[kind]
    return Pattern(
        kind,
        bottom=_between(rng, *low),
        top=_between(rng, 1.0, 1.05),
        ease=_between(rng, 0.012, 0.025),
        flare=_between(rng, 0.02, 0.14),
        straight=1.0,
        leg_ease=_between(rng, 0.008, 0.03),
    )


def _look(rng: np.random.Generator, pose: str) -> Look:
    form = float(rng.random() < 0.35)
    dark = float(rng.random())
    skin = tuple(
        float(c) for c in np.array([0.62, 0.36, 0.26]) * (1 - dark) + np.array([0.14, 0.06, 0.035]) * dark
    )
    cut = _cut(form, rng)
    return Look(
        Build(
            form,
            girth=_between(rng, 0.92, 1.28),
            bust=0.0 if form else _between(rng, 0.3, 0.9),
            muscle=_between(rng, 0.1, 0.4),
            hips=_between(rng, 0.96, 1.1),
        ),
        stance(pose, rng),
        Face(jaw=1.12 if form else 1.0, lips=_between(rng, 0.8, 1.1)),
        cut,
        skin=skin,  # type: ignore[arg-type]
        lips=tuple(c * 0.8 for c in skin),  # type: ignore[arg-type]
        melanin=_between(rng, 0.3, 0.97),
        redness=_between(rng, 0.2, 0.9),
        top_colour=(0.5, 0.47, 0.43) if rng.random() < 0.5 else (0.3, 0.31, 0.33),
        legs="shorts" if rng.random() < 0.3 else "leggings",
        seed=int(rng.integers(1 << 20)),
    )


def _cut(form: float, rng: np.random.Generator) -> Cut:
    if form > 0.5:
        if rng.random() < 0.3:
            return Cut("curly", _between(rng, 0.03, 0.06), lift=0.03, strands=9000)
        return Cut("crop", _between(rng, 0.012, 0.035), lift=0.01, strands=9000)
    style = str(rng.choice(["front", "front", "long", "bob", "bun", "curly"]))
    if style == "bun":
        return Cut("bun", 0.16, lift=0.01, strands=9000)
    if style == "curly":
        return Cut("curly", _between(rng, 0.06, 0.1), lift=0.05, strands=11000)
    length = _between(rng, 0.17, 0.22) if style == "bob" else _between(rng, 0.3, 0.46)
    front = _between(rng, 0.25, 0.5) if style == "front" else 0.0
    return Cut("long", length, lift=0.014, strands=10000, wave=_between(rng, 0.002, 0.012), front=front)


def stance(pose: str, rng: np.random.Generator) -> Stance:
    """A stance of one of POSES."""
    hanging = Arm(reach=(_between(rng, 0.2, 0.4), 0.09, -0.93))
    bent = Arm(reach=(0.22, 0.45, -0.55), elbow=(0.4, -1.0, -0.2), palm=(-0.6, 0.0, -0.8))
    across = Arm(reach=(-0.12, 0.42, -0.52), elbow=(0.9, -0.6, -0.3), palm=(0.1, -0.9, -0.2))
    swung = Arm(reach=(0.24, 0.36, -0.86), elbow=(0.15, -1.0, 0.0))
    back = Arm(reach=(0.26, -0.22, -0.90), elbow=(0.15, -1.0, 0.0))
    lean = _between(rng, 0.03, 0.045) * float(rng.choice([-1, 1]))
    sway = lean if pose == "leaning" else _between(rng, -0.02, 0.02)
    pairs = {"bent": (bent, hanging), "hip": (ON_HIP, hanging), "crossed": (across, hanging)}
    pairs |= {"hips": (ON_HIP, ON_HIP), "walking": (swung, back), "leaning": (ON_HIP, hanging)}
    first, last = pairs.get(pose, (hanging, hanging))
    # a stride brings the right foot forward, and with it the left arm
    if pose != "walking" and rng.random() < 0.5:
        first, last = last, first
    return Stance(left=first, right=last, sway=sway, step=0.16 if pose == "walking" else 0.0)


MANNEQUIN_STANCE = Stance(left=Arm(reach=(0.36, 0.06, -0.90)), right=Arm(reach=(0.36, 0.06, -0.90)))


def between_stances(a: Stance, b: Stance, share: float) -> Stance:
    """A stance on the way from `a` to `b`."""
    return Stance(
        left=_between_arms(a.left, b.left, share),
        right=_between_arms(a.right, b.right, share),
        sway=a.sway + (b.sway - a.sway) * share,
        apart=a.apart + (b.apart - a.apart) * share,
        step=a.step + (b.step - a.step) * share,
    )


def _between_arms(a: Arm, b: Arm, share: float) -> Arm:
    def mix(u: tuple[float, ...], v: tuple[float, ...]) -> tuple[float, float, float]:
        x, y, z = (p + (q - p) * share for p, q in zip(u, v, strict=True))
        return x, y, z

    ends = a if share < 0.5 else b
    # a bowed path: an arm that comes to the hip first swings out, as it would around one's clothes
    bow = 0.25 * np.sin(np.pi * share)
    reach = mix(a.reach, b.reach)
    return Arm(
        (reach[0] + bow, reach[1], reach[2]), mix(a.elbow, b.elbow), ends.fingers, ends.palm, ends.curl
    )


def between_builds(a: Build, b: Build, share: float) -> Build:
    """A body on the way from `a` to `b`."""

    def mix(name: str) -> float:
        first, last = getattr(a, name), getattr(b, name)
        return float(first + (last - first) * share)

    return Build(mix("form"), mix("girth"), mix("bust"), mix("muscle"), mix("hips"))
