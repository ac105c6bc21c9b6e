"""Quality figures on drapes of which the truth is known."""

from dataclasses import fields, replace
from functools import cache
from typing import Any

import cv2
import numpy as np
import pytest

from flixpose import resources
from flixpose.errors import ViewMismatch
from flixpose.fit.verdict import load_rules
from flixpose.pipeline import drape
from flixpose.stages.measure import Drawn, measure
from flixpose.structures.drape import Composite, Light, PartWarp
from flixpose.structures.image import Mask
from flixpose.structures.job import Quality, Tuck
from flixpose.structures.warp import ControlPoints, Warp
from tests.fit.figures import make_garment
from tests.stages.scene import scene, small_person, tools_for

RULES = load_rules(resources.CONFIGS / "quality.toml")
UNITS = {"%", "px", "% of torso", "× median", "× product", "ΔE2000", "°", ""}


@cache
def drawn(
    kind: str = "short_sleeve_top", arms: str = "spread", flat: bool = True, light: Light = "scene"
) -> Drawn:
    seen = scene(kind, arms, flat=flat, light=light)
    d = seen.drape
    found = (seen.person, seen.product, seen.pose, seen.garment, seen.plan, d.parts)
    planes = (d.picture, d.ground, d.garment_layer, d.visible, d.changed, d.painted, d.old_garment, d.shadow)
    return Drawn(*found, Composite(*planes, d.person_mask, d.guessed), d.light)


def measured(light: Light = "scene", **other: Any) -> Quality:
    planes = {field.name for field in fields(Composite)}
    seen = drawn(light=light)
    composite = replace(seen.drawn, **{name: value for name, value in other.items() if name in planes})
    rest = {name: value for name, value in other.items() if name not in planes}
    return measure(replace(seen, drawn=composite, **rest), RULES)


def test_a_measure_of_the_same_is_the_drapes_own() -> None:
    assert measured() == scene("short_sleeve_top", "spread").drape.quality


def test_every_rule_has_its_figure_and_every_figure_a_unit() -> None:
    figures = {figure.name: figure.unit for figure in measured().figures}
    assert {rule.figure for rule in RULES} <= {*figures, "delta_e_exact"}, "a rule that nothing can break"
    assert set(figures.values()) <= UNITS
    assert all(np.isfinite(figure.value) for figure in measured().figures)


@pytest.mark.parametrize("arms", ["spread", "akimbo"])
def test_good_warps_do_not_fold_and_meet_their_points(arms: str) -> None:
    quality = measure(drawn(arms=arms), RULES)
    assert quality["fold_ratio"] == 0.0
    assert quality["landmark_residual"] < 4.0
    assert quality["stretch_p5"] <= 1.0 <= quality["stretch_p95"]


def test_the_worst_parts_fold_is_told() -> None:
    first, *rest = drawn().parts
    quality = measured(parts=(first, *rest[:-1], replace(rest[-1], fold_ratio=0.03)))
    assert quality["fold_ratio"] == 0.03 and quality.verdict == "fail"


def test_residuals_are_a_mean_over_all_points() -> None:
    parts = tuple(replace(part, residual_px=np.full(len(part.controls), 13.0)) for part in drawn().parts)
    quality = measured(parts=parts)
    assert quality["landmark_residual_px"] == 13.0
    assert quality["landmark_residual"] == pytest.approx(100 * 13.0 / 145, abs=0.01)
    assert "landmarks_missed" in {reason.code for reason in quality.reasons}


def test_exact_colours_differ_by_nothing_and_tampering_shows() -> None:
    exact = measured(light="exact")
    assert exact["delta_e_mean"] == exact["delta_e_exact"] < 0.05
    assert measure(drawn(flat=False, light="exact"), RULES)["delta_e_mean"] < 0.5
    seen = drawn(light="exact").drawn
    for shift, least in (((40, 0, 0), 3.0), ((0, 0, -60), 5.0)):
        picture = seen.picture.copy()
        picture[seen.visible.alpha > 0] = np.clip(
            seen.picture[seen.visible.alpha > 0].astype(int) + shift, 0, 255
        )
        quality = measured(picture=picture)
        assert quality["delta_e_mean"] > least and quality["delta_e_p95"] >= quality["delta_e_mean"] * 0.9
        assert "colour_shift" in {reason.code for reason in quality.reasons}
        assert "colour_not_exact" in {r.code for r in measured(light="exact", picture=picture).reasons}


@pytest.mark.parametrize(("kind", "arms"), [("short_sleeve_top", "spread"), ("vest", "crossed")])
def test_the_scenes_light_stays_within_its_bound(kind: str, arms: str) -> None:
    quality = measure(drawn(kind, arms), RULES)
    assert quality["delta_e_mean"] <= 3.0
    with pytest.raises(StopIteration):
        quality["delta_e_exact"]


def test_a_rim_of_the_old_background_is_told() -> None:
    seen = drawn(light="exact").drawn
    inward = cv2.distanceTransform((seen.layer[..., 3] > 127).astype(np.uint8), cv2.DIST_L2, 3)
    rimmed = seen.layer.copy()
    rimmed[(inward > 0) & (inward <= 1.5), :3] = 240
    assert measured(light="exact")["edge_halo"] < 1.0
    quality = measured(light="exact", layer=rimmed)
    assert quality["edge_halo"] > 6.0 and "edge_halo" in {reason.code for reason in quality.reasons}


def test_blur_is_told() -> None:
    seen = scene("short_sleeve_top", light="exact")
    noise = np.random.default_rng(2).integers(-40, 41, seen.product.pixels.shape[:2])[..., None]
    rough = np.clip(
        seen.product.pixels.astype(int) + cv2.GaussianBlur(noise.astype(np.float32), (0, 0), 1.2)[..., None],
        0,
        255,
    )
    product = replace(seen.product, pixels=rough.astype(np.uint8), sha256="ef" * 32)
    draped = drape(seen.person, product, tools_for((seen.pose,), seen.garment), light="exact")
    assert 0.7 < draped.quality["sharpness"] < 1.4
    blurred = cv2.GaussianBlur(draped.picture, (0, 0), 3)
    quality = measured(light="exact", product=product, picture=blurred)
    assert quality["sharpness"] < 0.5 and "blurred" in {reason.code for reason in quality.reasons}


@pytest.mark.parametrize("arms", ["spread", "crossed", "akimbo"])
def test_what_is_seen_and_what_is_hidden_add_up(arms: str) -> None:
    quality = measure(drawn("vest", arms), RULES)
    assert quality["coverage"] + quality["occluded"] == pytest.approx(100.0, abs=0.01)
    composite = drawn("vest", arms).drawn
    layer, visible = composite.layer[..., 3], composite.visible.alpha
    assert quality["coverage"] == pytest.approx(100 * visible.sum() / layer.sum(), abs=0.01)
    assert (quality["occluded"] > 5) == (arms != "spread")


def test_a_hidden_garment_fails() -> None:
    quality = measured(visible=Mask(np.zeros_like(drawn().drawn.visible.alpha)))
    assert quality["coverage"] == 0.0 and quality.verdict == "fail"
    assert {"garment_hidden", "low_coverage"} <= {reason.code for reason in quality.reasons}


def test_an_unchanged_picture_fails() -> None:
    quality = measured(
        picture=drawn().person.pixels, changed=Mask(np.zeros_like(drawn().drawn.changed.alpha))
    )
    assert quality["changed_area"] == 0.0 and quality.verdict == "fail"
    assert "unchanged_picture" in {reason.code for reason in quality.reasons}


def with_trunk_warp(warp: Warp) -> Quality:
    """The figures where the whole garment is one part, laid by this warp."""
    corners = np.array([[170.0, 180], [256, 180], [256, 280], [170, 280]])
    controls = ControlPoints("torso", ("a", "b", "c", "d"), corners, corners, np.ones(4))
    part = PartWarp(controls, warp, "affine", 0.0, np.zeros(4), 0.0, (1.0, 1.0))
    plan = drawn().plan
    whole = replace(plan.layout.parts[0], matte=Mask.full(*drawn().product.size))
    return measured(parts=(part,), plan=replace(plan, layout=replace(plan.layout, parts=(whole,))))


@pytest.mark.parametrize("scale", [0.6, 1.0, 1.9])
def test_a_pure_scaling_stretches_nothing(scale: float) -> None:
    turned = np.array([[np.cos(0.2), -np.sin(0.2)], [np.sin(0.2), np.cos(0.2)]]) * scale
    matrix = np.eye(3)
    matrix[:2, :2] = turned
    matrix[:2, 2] = np.array([200.0, 200.0]) - turned @ (213, 230)
    quality = with_trunk_warp(Warp(matrix))
    assert quality["stretch_p5"] == quality["stretch_p95"] == 1.0


def test_an_uneven_warp_is_told() -> None:
    """A perspective draws cloth larger along y, by the power 3/2 of its denominator."""
    matrix = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.004, 1.0]])
    back = np.array([[1.0, 0.0, 213.0], [0.0, 1.0, 230.0], [0.0, 0.0, 1.0]])
    quality = with_trunk_warp(Warp(back @ matrix @ np.linalg.inv(back)))
    inside = cv2.erode((drawn().drawn.visible.alpha == 255).astype(np.uint8), np.ones((5, 5), np.uint8))[
        180:281, 170:257
    ]
    rows = np.nonzero(inside)[0] + 180.5
    local = (1 + 0.004 * (rows - 230)) ** 1.5
    low, high = np.percentile(local / np.median(local), (5, 95))
    assert (quality["stretch_p5"], quality["stretch_p95"]) == pytest.approx((low, high), abs=0.02)
    assert low < 0.8 and high > 1.2


def test_the_old_garment_beside_the_new_one_is_told() -> None:
    legs_show, covered = measure(drawn("short_sleeve_dress"), RULES), measure(drawn("long_sleeve_top"), RULES)
    assert legs_show["old_garment_visible"] > 4.0, "the trousers below a dress"
    assert "old_garment_visible" in {reason.code for reason in legs_show.reasons}
    assert covered["old_garment_visible"] < 1.0


def test_a_chest_that_was_painted_is_told() -> None:
    bared = measure(drawn("sling"), RULES)
    assert bared["old_garment_visible"] < 1.0 and bared["guessed"] > 6.0
    assert {reason.code for reason in bared.reasons} == {"much_painted"}
    trousers_show = measure(drawn("short_sleeve_dress"), RULES)
    assert trousers_show["old_garment_visible"] > 10.0, "a dress replaces trousers, too"


def test_scores_are_taken_over() -> None:
    seen = scene("vest")
    weak = replace(seen.pose, score=0.31)
    draped = drape(seen.person, seen.product, tools_for((weak,), replace(seen.garment, score=0.22)))
    assert draped.quality["person_score"] == 0.31 and draped.quality["garment_score"] == 0.22
    codes = {reason.code for reason in draped.quality.reasons}
    assert {"low_person_score", "low_garment_score"} <= codes and draped.quality.verdict == "review"


@pytest.mark.parametrize("kind", ["vest", "trousers"])
def test_a_front_on_somebodys_back_is_refused(kind: str) -> None:
    person, pose, _ = small_person("spread", view="back")
    product, garment = make_garment(kind, unit=170.0)
    with pytest.raises(ViewMismatch, match="shows the front"):
        drape(person, product, tools_for((pose,), garment))


@pytest.mark.parametrize(
    ("tuck", "kind"), [("in", "short_sleeve_top"), ("out", "short_sleeve_top"), ("in", "trousers")]
)
def test_a_tuck_that_was_asked_for_and_cannot_be_made_out_is_told(tuck: Tuck, kind: str) -> None:
    """The drawn shirt hangs over the trousers: there is no waistband to be seen."""
    seen = scene(kind)
    draped = drape(seen.person, seen.product, tools_for((seen.pose,), seen.garment), tuck=tuck)
    asked_of_a_top = tuck == "in" and kind == "short_sleeve_top"
    unclear = asked_of_a_top and not draped.quality["tucked"]
    assert draped.quality["tuck_missed"] == float(unclear)
    assert ("tuck_unclear" in {reason.code for reason in draped.quality.reasons}) == unclear
    if tuck == "out":
        assert draped.quality["tucked"] == 0.0
    assert measured(tuck="in", plan=replace(drawn().plan, tuck=None))["tuck_missed"] == 1.0


def test_what_was_painted_by_guesswork_is_doubted_not_every_rim() -> None:
    everything = Mask.full(*drawn().person.size)
    seen = drawn().drawn.visible.area
    rims, guess = measured(painted=everything, guessed=0.0), measured(guessed=0.07 * seen)
    assert rims["painted"] > 50 and "much_painted" not in {reason.code for reason in rims.reasons}
    assert guess["guessed"] == pytest.approx(7.0, abs=0.1)
    assert "much_painted" in {reason.code for reason in guess.reasons}


@pytest.mark.parametrize(("tuck", "doubted"), [("auto", True), ("out", False)])
def test_a_top_far_over_the_trousers_is_doubted_unless_it_was_asked_for(tuck: Tuck, doubted: bool) -> None:
    """The drawn person's trousers painted as high as their waistband may be seen."""
    seen = drawn()
    lower = seen.plan.occluders.worn_lower.alpha.copy()
    high = seen.plan.body.place(0.0, 0.75)[1]
    lower[int(high) :] = np.maximum(lower, seen.drawn.visible.alpha)[int(high) :]
    plan = replace(seen.plan, tuck=None, occluders=replace(seen.plan.occluders, worn_lower=Mask(lower)))
    quality = measured(plan=plan, tuck=tuck)
    assert (quality["over_lower"] > 11) is doubted
    assert ("tuck_unclear" in {reason.code for reason in quality.reasons}) is doubted
