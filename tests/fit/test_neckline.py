"""Front edges of drawn necklines, round and pointed, of hoods and under labels; the cloth behind them."""

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from flixpose import resources
from flixpose.fit.body import measure_body
from flixpose.fit.measure import GarmentFrame, measure_garment
from flixpose.fit.neckline import behind_neckline, front_neckline
from flixpose.fit.rig import load_rigs
from flixpose.garment.kinds import KINDS
from flixpose.structures.found import Garment
from flixpose.structures.image import Box, Image, Mask
from flixpose.structures.keypoints import Keypoints
from tests.fit.figures import CLOTH, INSIDE, MODEL, fill, make_garment, make_pose

RIGS = load_rigs(resources.CONFIGS / "rigs")
LEFT, RIGHT, FRONT = (380.0, 90.0), (220.0, 90.0), (300.0, 190.0)


def course(shape: str) -> NDArray[np.float64]:
    """Wearer's left corner to right, through the front: half an ellipse, a V, or nearly a square."""
    angles = np.linspace(0.0, np.pi, 81)
    across, down = np.cos(angles), np.sin(angles)
    if shape == "v":
        across = np.linspace(1, -1, 81)
        down = 1 - np.abs(across)
    if shape == "shield":
        across = np.linspace(1, -1, 401)
        down = np.sqrt(1 - np.abs(across))
    if shape == "square":
        across, down = np.sign(across) * np.abs(across) ** 0.4, np.abs(down) ** 0.4
    return np.stack([300 + 80 * across, 90 + 100 * down], axis=1)


def dressed(
    shape: str, *, inside: Any = INSIDE, tilt: float = 0.0
) -> tuple[Image, Garment, NDArray[np.uint8]]:
    """A vest with such a neckline; with it the true opening, (H, W) uint8."""
    turn = cv2.getRotationMatrix2D((300.0, 330.0), tilt, 1.0)

    def place(xy: Any) -> NDArray[np.float64]:
        return np.asarray(xy, float).reshape(-1, 2) @ turn[:, :2].T + turn[:, 2]

    body = [RIGHT, (150, 105), (90, 270), (95, 620), (300, 625), (505, 620), (510, 270), (450, 105), LEFT]
    curve = course(shape)
    opening = fill((700, 600), place(np.vstack([curve, [(220, 90), (300, 112), (380, 90)]])))
    mask = np.maximum(fill((700, 600), place([*body, *curve])), opening)
    pixels = np.full((700, 600, 3), 245, np.uint8)
    pixels[mask > 127] = CLOTH
    pixels[opening > 127] = inside
    names = {"neck_left": LEFT, "neck_right": RIGHT, "neck_front": FRONT, "neck_back": (300, 112)}
    names |= {"shoulder_left": (450, 105), "shoulder_right": (150, 105), "armpit_left": (510, 270)}
    names |= {
        "armpit_right": (90, 270),
        "hem_left": (505, 620),
        "hem_right": (95, 620),
        "hem_center": (300, 625),
    }
    landmarks = Keypoints.from_points(KINDS["vest"], {n: (*place(xy)[0], 0.9) for n, xy in names.items()})
    box = Mask(mask).box or Box(0, 0, 600, 700)
    garment = Garment("vest", 1, "front", 1, box, Mask(mask), landmarks, 0.9, MODEL)
    return Image(pixels, None, "", "vest.png"), garment, opening


def frame_of(garment: Garment) -> GarmentFrame:
    return measure_garment(garment, measure_body(make_pose()), RIGS[garment.kind])


def furthest(curve: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    """How far the curve strays from a dense polyline, at most; pixels."""
    return float(np.linalg.norm(curve[:, None] - truth[None], axis=2).min(axis=1).max())


@pytest.mark.parametrize("tilt", [0.0, 9.0])
@pytest.mark.parametrize("shape", ["round", "v"])
def test_the_edge_in_the_photo_tells_the_shape(shape: str, tilt: float) -> None:
    product, garment, _ = dressed(shape, tilt=tilt)
    curve = front_neckline(garment, product)
    assert curve is not None and curve.shape == (41, 2)
    assert curve[0] == pytest.approx(garment.landmarks["neck_left"], abs=1e-3)
    assert curve[-1] == pytest.approx(garment.landmarks["neck_right"], abs=1e-3)
    turn = cv2.getRotationMatrix2D((300.0, 330.0), tilt, 1.0)
    own, *others = (
        course(s) @ turn[:, :2].T + turn[:, 2]
        for s in sorted(("round", "v", "square"), key=lambda s: s != shape)
    )
    errors = [furthest(curve, dense) for dense in (own, *others)]
    assert errors[0] < min(errors[1:]), "another shape lies nearer"
    assert errors[0] < 12.0  # of a neckline 160 wide and 100 deep


@pytest.mark.parametrize("inside", [INSIDE, tuple(max(0, c - 10) for c in CLOTH)])
def test_a_point_below_steep_sides_is_followed(inside: tuple[int, int, int]) -> None:
    """V-necks of knitted bands: no power of the way from the middle has both."""
    product, garment, _ = dressed("shield", inside=inside)
    curve = front_neckline(garment, product)
    assert curve is not None
    assert furthest(curve, course("shield")) < 3.0


def test_black_on_black_tells_the_shape_too() -> None:
    """Ten grey levels between the inside and the front."""
    product, garment, _ = dressed("v", inside=tuple(max(0, c - 10) for c in CLOTH))
    curve = front_neckline(garment, product)
    assert curve is not None
    assert furthest(curve, course("v")) < furthest(curve, course("round"))


@pytest.mark.parametrize("tilt", [0.0, 9.0])
@pytest.mark.parametrize("shape", ["round", "v"])
def test_what_lies_behind_is_the_opening_and_nothing_of_the_front(shape: str, tilt: float) -> None:
    product, garment, opening = dressed(shape, tilt=tilt)
    curve = front_neckline(garment, product)
    assert curve is not None
    behind = np.minimum(behind_neckline(garment, curve, frame_of(garment)).alpha, garment.mask.alpha) > 127
    inside, front = opening > 127, (garment.mask.alpha > 127) & (opening <= 127)
    assert (behind & inside).sum() > 0.88 * inside.sum()
    assert (behind & front).sum() < 0.08 * inside.sum()
    # No pixel further below than the front's lowest point, nor outside the neck's corners.
    rows, columns = np.nonzero(behind)
    offset = np.stack([columns + 0.5, rows + 0.5], axis=1) - garment.landmarks["neck_front"]
    frame = frame_of(garment)
    assert (offset @ frame.down).max() < 2.0
    assert np.abs(offset @ frame.left).max() < 82.0


def test_a_garment_seen_from_behind_keeps_its_sides() -> None:
    product, garment = make_garment("short_sleeve_top", view="back")
    curve = front_neckline(garment, product)
    assert curve is not None
    assert curve[0] == pytest.approx(garment.landmarks["neck_left"], abs=1e-3)
    assert curve[0][0] < curve[-1][0]


@pytest.mark.parametrize("kind", ["skirt", "trousers"])
def test_garments_without_a_neck_have_no_neckline(kind: str) -> None:
    product, garment = make_garment(kind)
    assert front_neckline(garment, product) is None


def test_a_front_edge_hardly_seen_is_not_where_the_label_is() -> None:
    """The inside is nearly the front's cloth, and the landmark lies on a broad label that stands out."""
    inside = tuple(max(0, c - 4) for c in CLOTH)
    product, garment, _ = dressed("v", inside=inside)
    product.pixels[122:142, 265:335] = 245
    xy, scores = garment.landmarks.xy.copy(), garment.landmarks.scores.copy()
    front = garment.landmarks.skeleton.index["neck_front"]
    xy[front], scores[front] = (300.0, 138.0), 0.8
    misled = replace(garment, landmarks=replace(garment.landmarks, xy=xy, scores=scores))
    curve = front_neckline(misled, product)
    assert curve is not None
    assert furthest(curve, course("v")) < 12.0


@pytest.mark.parametrize("label", [(265, 112, 335, 140), (255, 110, 345, 132)])
def test_a_label_taken_for_the_front_edge_does_not_hide_it(label: tuple[int, int, int, int]) -> None:
    """The landmark lies on a label's lower edge; the neckline is an edge all along, the label is not."""
    product, garment, opening = dressed("round")
    x0, y0, x1, y1 = label
    product.pixels[y0:y1, x0:x1] = 245
    xy = garment.landmarks.xy.copy()
    xy[garment.landmarks.skeleton.index["neck_front"]] = 300.0, float(y1)
    scores = garment.landmarks.scores.copy()
    scores[garment.landmarks.skeleton.index["neck_front"]] = 0.6
    misled = replace(garment, landmarks=replace(garment.landmarks, xy=xy, scores=scores))
    curve = front_neckline(misled, product)
    assert curve is not None
    assert furthest(curve, course("round")) < 8.0
    behind = np.minimum(behind_neckline(misled, curve, frame_of(misled)).alpha, garment.mask.alpha) > 127
    assert (behind & (opening > 127)).sum() > 0.93 * (opening > 127).sum()


@pytest.mark.parametrize("inside", [(40, 41, 46), (48, 48, 52)])
def test_an_uneven_v_far_below_a_label_is_found(inside: tuple[int, int, int]) -> None:
    """Dark on dark under a dark band of the back: no curve of the family is near, its drawn one is plain."""
    corners = [(380, 90), (378, 112), (374, 128), (345, 180), (306, 229), (262, 190), (224, 143), (220, 90)]
    product, garment, _ = dressed("round")
    opening = fill((700, 600), np.array([*corners, (300, 112)], float))
    cloth = np.maximum(garment.mask.alpha, opening)
    product.pixels[cloth > 127] = 26
    product.pixels[140:][opening[140:] > 127] = inside
    product.pixels[:] = np.where(cloth[..., None] > 127, cv2.GaussianBlur(product.pixels, (0, 0), 1.5), 245)
    product.pixels[112:124, 270:330] = 240
    xy, scores = garment.landmarks.xy.copy(), garment.landmarks.scores.copy()
    front = garment.landmarks.skeleton.index["neck_front"]
    xy[front], scores[front] = (300.0, 124.0), 0.6
    landmarks = replace(garment.landmarks, xy=xy, scores=scores)
    curve = front_neckline(replace(garment, mask=Mask(cloth), landmarks=landmarks), product)
    assert curve is not None
    steps = np.linspace(0, len(corners) - 1, 400)
    truth = [np.interp(steps, np.arange(len(corners)), along) for along in np.array(corners).T]
    assert furthest(curve, np.stack(truth, axis=1)) < 8.0


def test_a_top_without_a_back_collar_keeps_its_own_edge() -> None:
    """Nothing of the front's soft upper edge is laid behind the neck."""
    product, garment, opening = dressed("round")
    alpha = np.where(opening > 0, 0, garment.mask.alpha).astype(np.uint8)
    product.pixels[opening > 0] = 245
    bare = replace(garment, mask=Mask(alpha))
    curve = front_neckline(bare, product)
    assert curve is not None
    assert curve[:, 1].max() == pytest.approx(FRONT[1], abs=1.0)
    assert not behind_neckline(bare, curve, frame_of(bare)).alpha.any()


def test_a_print_below_the_armpits_is_no_neckline() -> None:
    """A wide neck, hardly seen, above a print whose lower edge sags from corner to corner."""
    product, garment, _ = dressed("round", inside=CLOTH)
    wide = {name: (*map(float, garment.landmarks[name]), 0.9) for name in garment.landmarks.present}
    wide |= {"neck_left": (445.0, 92.0, 0.9), "neck_right": (155.0, 92.0, 0.9)}
    wide["neck_front"] = (300.0, 150.0, 0.15)
    garment = replace(garment, landmarks=Keypoints.from_points(garment.landmarks.skeleton, wide))
    angles = np.linspace(0, np.pi, 81)
    drawn = product.pixels.copy()
    drawn[
        fill((700, 600), np.stack([300 + 145 * np.cos(angles), 92 + 320 * np.sin(angles)], axis=1)) > 127
    ] = INSIDE
    curve = front_neckline(garment, replace(product, pixels=drawn))
    assert curve is not None and curve[:, 1].max() < 380


def hooded() -> tuple[Image, Garment, NDArray[np.uint8]]:
    """A top with an open hood; with it the hood's inside, which its two front edges bound."""
    product, garment, _ = dressed("round", inside=CLOTH)
    room = 100
    pixels = cv2.copyMakeBorder(product.pixels, room, 0, 0, 0, cv2.BORDER_CONSTANT, value=(245,) * 3)
    alpha = cv2.copyMakeBorder(garment.mask.alpha, room, 0, 0, 0, cv2.BORDER_CONSTANT, value=0)
    hood = np.array([[210, 195], [235, 130], [250, 110], [350, 110], [365, 130], [390, 195]], float)
    inside = np.array([[252, 140], [265, 122], [335, 122], [348, 140], [300, 215]], float)
    shape = fill(alpha.shape, hood)
    alpha = np.maximum(alpha, shape)
    pixels[shape > 127] = CLOTH
    pixels[fill(alpha.shape, inside) > 127] = INSIDE
    xy = garment.landmarks.xy + np.array([0, room], np.float32)
    xy[garment.landmarks.skeleton.index["neck_front"]] = 300.0, 215.0
    box = Mask(alpha).box
    assert box is not None
    landmarks = replace(garment.landmarks, xy=xy)
    return (
        replace(product, pixels=pixels),
        replace(garment, mask=Mask(alpha), box=box, landmarks=landmarks),
        alpha,
    )


def test_a_hood_parts_between_its_front_edges() -> None:
    product, garment, alpha = hooded()
    curve = front_neckline(garment, product)
    assert curve is not None
    rim = np.vstack([np.linspace(a, b, 60) for a, b in (((348, 140), (300, 215)), ((300, 215), (252, 140)))])
    assert furthest(curve, rim) < 14.0  # of an opening 96 wide and 75 deep
    assert curve[0][1] < 185 and curve[-1][1] < 185, "its ends lie on the hood, above the neck's corners"
    behind = np.minimum(behind_neckline(garment, curve, frame_of(garment)).alpha, alpha) > 127
    assert behind[115:120, 260:340].all(), "the hood's back lies behind the head"
    assert not behind[180:260, 200:255].any() and not behind[180:260, 345:400].any(), "its fronts do not"
    ends = ((curve[0], 1), (curve[-1], -1))
    beside = [(round(float(end[1])) - 5, round(float(end[0])) + 12 * aside) for end, aside in ends]
    assert all(alpha[place] > 127 for place in beside)
    assert not any(behind[place] for place in beside), "nor what lies beside and just above their ends"


def test_a_hood_may_cross_off_its_middle() -> None:
    product, garment, alpha = hooded()
    pixels = product.pixels.copy()
    pixels[alpha > 127] = CLOTH
    aside = np.array([[252, 140], [265, 122], [335, 122], [348, 140], [313, 245]], float)
    pixels[fill(alpha.shape, aside) > 127] = INSIDE
    xy = garment.landmarks.xy.copy()
    xy[garment.landmarks.skeleton.index["neck_front"]] = 306.0, 243.0
    garment = replace(garment, landmarks=replace(garment.landmarks, xy=xy))
    curve = front_neckline(garment, replace(product, pixels=pixels, sha256="aside"))
    assert curve is not None
    assert curve[int(curve[:, 1].argmax()), 0] == pytest.approx(313, abs=5)


@pytest.mark.parametrize(
    "places",
    [
        {"neck_left": (300.0, 90.0), "neck_right": (300.0, 90.0)},
        {"neck_left": (-900.0, -400.0), "neck_right": (-990.0, -400.0), "neck_front": (-945.0, -350.0)},
        {"neck_front": (300.0, 10.0)},
    ],
)
def test_landmarks_that_a_hand_set_wrong_give_no_traceback(places: dict[str, tuple[float, float]]) -> None:
    product, garment, _ = dressed("round")
    xy = garment.landmarks.xy.copy()
    for name, place in places.items():
        xy[garment.landmarks.skeleton.index[name]] = place
    wrong = replace(garment, landmarks=replace(garment.landmarks, xy=xy))
    curve = front_neckline(wrong, product)
    assert curve is not None and np.isfinite(curve).all()
    assert behind_neckline(wrong, curve, frame_of(garment)).alpha.shape == garment.mask.alpha.shape
