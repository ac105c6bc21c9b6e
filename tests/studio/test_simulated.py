"""Sewing and falling, without Blender; a whole scene where it is installed."""

import io
import json
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pil
from PIL.PngImagePlugin import PngInfo

from flixpose.studio.blender import bare_png
from flixpose.studio.body import Arm, Build, Stance, figure
from flixpose.studio.people import _filled_behind
from flixpose.studio.simulated.carry import carrier
from flixpose.studio.simulated.cloth import fall, nearest, threads
from flixpose.studio.simulated.landmarks import Seen, marks
from flixpose.studio.simulated.layers import Layers
from flixpose.studio.simulated.passes import Label, garment_mask, read_labels
from flixpose.studio.simulated.pattern import Pattern
from flixpose.studio.simulated.refine import loop, normals, rim
from flixpose.studio.simulated.scene import FIRST_MIXED, KINDS, POSES, Mix, between_stances, scene
from flixpose.studio.simulated.sewing import FITTING, clip, sew
from flixpose.studio.simulated.shoot import turned
from flixpose.studio.simulated.wearing import Sheet, body_labels, keypoints, tuck_under
from flixpose.studio.solid import ellipsoid, mesh, sample

TEE = Pattern("short_sleeve_top", bottom=0.86, sleeve=0.3, cuff=0.075)
JACKET = Pattern("long_sleeve_outwear", bottom=0.82, sleeve=0.95, cuff=0.045, gap=0.04)


def test_clip_cuts_a_square_cleanly() -> None:
    square = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], float)
    faces = np.array([[0, 1, 2], [0, 2, 3]])
    points, left = clip(square, faces, square[:, 0] - 0.25)
    corners = points[left]
    area = (
        np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1).sum()
        / 2
    )
    assert area == pytest.approx(0.25)
    assert points[:, 0].max() == pytest.approx(0.25)


def test_cloth_comes_to_rest_on_a_ball_and_keeps_its_length() -> None:
    side = np.linspace(-0.2, 0.2, 17)
    x, y = np.meshgrid(side, side)
    points = np.stack([x.ravel(), y.ravel(), np.full(x.size, 0.26)], axis=1)
    i, j = np.meshgrid(np.arange(16), np.arange(16))
    a = (j * 17 + i).ravel()
    faces = np.concatenate([np.stack([a, a + 1, a + 18], 1), np.stack([a, a + 18, a + 17], 1)])
    ball = (ellipsoid((0, 0, 0), (0.2, 0.2, 0.2)),)
    web = threads(points, faces)
    rested = fall(points, web, lambda _: ball, frames=0, settle=40)
    assert nearest(ball, rested)[0].min() > 0.004
    assert rested[0, 2] < 0.15 < rested[len(rested) // 2, 2]
    edges = np.concatenate([g for g, gives in zip(web.groups, web.compliance, strict=True) if gives == 0])
    now = np.linalg.norm(rested[edges[:, 0]] - rested[edges[:, 1]], axis=1)
    sewn = np.linalg.norm(points[edges[:, 0]] - points[edges[:, 1]], axis=1)
    assert np.percentile(now / sewn, 95) < 1.15


def test_no_thread_of_a_group_shares_a_point() -> None:
    sewn = sew(TEE, Build())
    for group in threads(sewn.points, sewn.faces).groups:
        assert len(np.unique(group)) == group.size


def test_a_tee_has_its_landmarks_where_a_tailor_would_mark_them() -> None:
    sewn = sew(TEE, Build())
    at = {name: sewn.points[index] for name, index in sewn.landmarks.items()}
    assert at["neck_front"][1] < 0 < at["neck_back"][1]
    assert abs(at["neck_back"][0]) < 0.005  # not where the neckline begins to rise
    assert at["hem_left"][0] > 0.12 and at["hem_right"][0] < -0.12
    assert at["hem_left"][2] == pytest.approx(TEE.bottom, abs=0.005)
    assert at["cuff_left_outer"][2] > at["cuff_left_inner"][2] > at["hem_left"][2]
    assert at["neck_left"][0] < at["shoulder_left"][0] < at["cuff_left_outer"][0]
    assert at["armpit_left"][2] < at["shoulder_left"][2] - 0.08
    assert at["armpit_left"][2] > at["hem_left"][2] + 0.25
    assert set(np.unique(sewn.part)) == {0, 1, 2}


@pytest.mark.parametrize("kind", sorted(set(KINDS)))
def test_every_kind_is_one_piece_around_the_body(kind: str) -> None:
    planned = scene(3, KINDS.index(kind))
    sewn = sew(planned.pattern, planned.mannequin)
    body = figure(planned.mannequin, FITTING)
    away, _ = nearest(body.torso, sewn.points[:: max(1, len(sewn.points) // 500)])
    assert away.min() > -0.012
    assert len(sewn.points) > 1500


def test_scenes_are_decided_by_seed_and_number() -> None:
    assert scene(1, 4) == scene(1, 4)
    assert scene(1, 4) != scene(2, 4)
    planned = [scene(1, n) for n in range(40)]
    assert {s.pose for s in planned} == set(POSES)
    assert {s.display for s in planned} == {"torso", "figure", "full", "legs"}
    assert {s.look.cut.style for s in planned} == {"crop", "long", "bun", "curly"}
    assert any(s.look.cut.front > 0 for s in planned)
    assert 15 < np.degrees(max(abs(s.yaw) for s in planned)) <= 30


def test_backs_and_open_outwear_come_after_the_first_scenes_and_change_nothing_else() -> None:
    first = [scene(1, n) for n in range(FIRST_MIXED)]
    assert not any(s.back or s.open or s.layered for s in first)
    later = [scene(1, n) for n in range(FIRST_MIXED, FIRST_MIXED + 240)]
    assert all(s.layered for s in later)
    assert 25 < sum(s.back for s in later) < 55
    coats = [s for s in later if "outwear" in s.pattern.kind]
    assert 8 < sum(s.open for s in coats) < 22 and sum(s.open for s in later) == sum(s.open for s in coats)
    assert not any(s.open and s.buttoned for s in coats)
    behind = scene(1, 9, Mix(backs=1, opened=0))
    assert behind.view == "back" and behind.turn == pytest.approx(behind.yaw + np.pi)
    assert replace(behind, back=False, layered=False, signed=False) == first[9]
    coat = scene(1, 9, Mix(backs=0, opened=1))
    assert coat.open and replace(coat.pattern, gap=0.0) == first[9].pattern and coat.look == first[9].look


def test_open_fronts_hang_apart_and_are_marked_between() -> None:
    sewn = sew(JACKET, Build())
    x, y, _ = sewn.points.T
    assert np.abs(x[y < 0]).min() > 0.03
    assert np.abs(x[y > 0.05]).min() < 0.01
    assert {"front", "hem", "neck"} <= set(sewn.rims)
    for name, height in (("neck_front", 1.36), ("hem_center", JACKET.bottom)):
        a, b = sewn.points[list(sewn.gaps[name])]
        assert a[0] > 0.03 and b[0] < -0.03
        assert a[2] == pytest.approx(height, abs=0.05) and b[2] == pytest.approx(a[2], abs=0.02)
    everywhere = np.zeros(len(sewn.points), bool)
    places = sewn.points[:, [0, 2]] * (200, -200) + (150, 320)
    seen = Seen(places, ~everywhere, ~everywhere, np.full((300, 300), 255, np.uint8))
    found = marks(seen, sewn.landmarks, sewn.rims, sewn.shoulders, long=False, gaps=sewn.gaps)
    assert found["hem_center"][0] == pytest.approx(150, abs=2) and found["hem_center"][2] == 1
    assert found["neck_front"][2] == 1 and found["neck_back"][2] == 2


def _from_behind(pattern: Pattern) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Landmarks of a garment as sewn, seen from the front and from behind."""
    sewn = sew(pattern, Build())
    every = np.ones(len(sewn.points), bool)
    found = []
    for back in (False, True):
        x, _, z = turned(sewn.points, np.pi if back else 0.0).T
        places = np.column_stack([150 + 200 * x, 320 - 200 * z])
        parts = np.full((300, 300), 255, np.uint8)
        column, row = places.astype(int).T
        parts[row, column] = sewn.part
        seen = Seen(places, every, every, parts)
        long = pattern.kind.endswith("dress")
        found.append(marks(seen, sewn.landmarks, sewn.rims, sewn.shoulders, long=long, back=back))
    return found[0], found[1]


@pytest.mark.parametrize(
    "pattern", [TEE, Pattern("trousers", bottom=0.15, top=1.02), Pattern("skirt", bottom=0.5, top=1.02)]
)
def test_names_are_the_wearers_from_behind_too(pattern: Pattern) -> None:
    front, back = _from_behind(pattern)
    assert set(front) == set(back)
    for name, (x, y, _) in front.items():
        # a figure is its own mirror image, nearly: what is left of its middle lies on the other side now
        if not name.startswith(("neck_front", "neck_back", "hem_center")):
            assert back[name][0] == pytest.approx(300 - x, abs=4), name
            assert back[name][1] == pytest.approx(y, abs=6), name
    assert all(front[n][0] > 155 and back[n][0] < 145 for n in front if "left" in n)
    assert all(front[n][0] < 145 and back[n][0] > 155 for n in front if "right" in n)


def test_the_middle_of_a_back_views_hem_is_the_backs() -> None:
    sewn = sew(TEE, Build())
    every = np.ones(len(sewn.points), bool)
    x, y, z = sewn.points.T
    places = np.column_stack([150 - 200 * x, 320 - 200 * z])
    # what lies behind is not seen
    seen = Seen(places, y > 0, y > 0, np.full((300, 300), 255, np.uint8))
    found = marks(seen, sewn.landmarks, sewn.rims, sewn.shoulders, long=False, back=True)
    assert (found["hem_center"][2], found["neck_back"][2], found["neck_front"][2]) == (2, 2, 1)
    assert "hem_center_behind" not in found
    front = Seen(places * (-1, 1) + (300, 0), every, every, seen.parts)
    assert set(marks(front, sewn.landmarks, sewn.rims, sewn.shoulders, long=False)) == set(found)


def test_hair_behind_the_neck_falls_over_the_cloths_edge() -> None:
    cloth = np.zeros((3, 40, 40), bool)
    # a back 20 cells behind the middle, which ends at a height of 15 cells
    cloth[1, 25, :15] = True
    filled = _filled_behind(cloth, 5)
    assert filled[1, 5:26, :15].all() and not filled[1, 26:].any() and not filled[1, :5].any()
    assert not filled[0].any() and not filled[2].any()
    # above the edge a slope: higher up it reaches less far
    assert filled[1, :, 20].sum() == pytest.approx(filled[1, :, 14].sum() - 6 * 0.6, abs=1)


def test_no_face_is_seen_from_behind() -> None:
    def project(points):  # type: ignore[no-untyped-def]
        return np.column_stack([50 + 20 * points[:, 0], 50 - 20 * points[:, 2]])

    labels = np.full((100, 100), Label.HEAD, np.uint8)
    faced = keypoints(figure(Build(), Stance()), project, labels)
    behind = keypoints(figure(Build(), Stance()), project, labels, back=True)
    assert faced["nose"][2] == faced["left_ear"][2] == behind["left_ear"][2] == 2
    assert [behind[name][2] for name in ("nose", "left_eye", "right_eye")] == [1, 1, 1]


def _cloth_over_a_rail() -> tuple[np.ndarray, np.ndarray]:
    """A strip of cloth laid over a rail at its middle: the outer sides of its halves face one another."""
    along, across = np.meshgrid(np.arange(-30, 31) * 0.012, np.arange(12) * 0.012, indexing="ij")
    points = np.stack([along.ravel(), across.ravel(), np.zeros(along.size)], axis=1)
    i, j = np.meshgrid(np.arange(60), np.arange(11), indexing="ij")
    a = (i * 12 + j).ravel()
    faces = np.concatenate([np.stack([a, a + 13, a + 12], 1), np.stack([a, a + 1, a + 13], 1)])
    return points, faces


@pytest.mark.parametrize("layered", [False, True])
def test_cloth_that_is_pressed_together_does_not_pass_through_itself(layered: bool) -> None:
    flat, faces = _cloth_over_a_rail()
    along, across, _ = flat.T
    # the halves hang, 2 cm apart, and are moving through one another
    folded = np.stack([np.sign(along) * np.minimum(np.abs(along), 0.01), across, -np.abs(along)], axis=1)
    halves = np.where(along > 0.01, 1, np.where(along < -0.01, 2, 0)).astype(np.uint8)
    layers = Layers(flat, faces, halves) if layered else None

    def crossed(points, before, after):  # type: ignore[no-untyped-def]
        inward = np.where(np.abs(along) > 0.1, -0.0016 * np.sign(along), 0.0)
        return points + np.column_stack([inward, np.zeros_like(inward), np.zeros_like(inward)])

    web = threads(flat, faces)
    rested = fall(folded, web, lambda _: (), frames=8, settle=0, carry=crossed, layers=layers)
    low = np.abs(along) > 0.15
    gap = rested[low & (along > 0), 0].mean() - rested[low & (along < 0), 0].mean()
    assert (gap > 0.004) if layered else (gap < 0.0)


def test_finer_meshes_keep_flat_cloth_flat_and_its_border_straight() -> None:
    x, y = np.meshgrid(np.arange(5.0), np.arange(5.0))
    points = np.stack([x.ravel(), y.ravel(), np.zeros(25)], axis=1)
    a = (np.arange(4)[:, None] * 5 + np.arange(4)).ravel()
    faces = np.concatenate([np.stack([a, a + 1, a + 6], 1), np.stack([a, a + 6, a + 5], 1)])
    matrix, finer = loop(faces, len(points))
    fine = matrix @ points
    assert len(finer) == 4 * len(faces)
    assert np.allclose(np.asarray(matrix.sum(axis=1)).ravel(), 1)
    assert np.allclose(fine[:, 2], 0) and np.allclose(normals(fine, finer)[:, 2], 1)
    along = fine[rim(finer)]
    corner = np.minimum(np.abs(along[:, 0] - 2), np.abs(along[:, 1] - 2)) > 1
    at_border = np.isclose(np.abs(along[:, :2] - 2).max(axis=1), 2)
    assert np.all(at_border | corner)


def test_meshes_are_seen_from_outside() -> None:
    points, faces = mesh(sample([ellipsoid((0, 0, 0), (0.1, 0.1, 0.1))], (-0.2,) * 3, (0.2,) * 3, 0.02))
    assert np.einsum("ij,ij->i", normals(points, faces), points).min() >= 0
    assert np.einsum("ij,ij->i", normals(points, faces), points).mean() > 0.09


def test_sleeves_go_with_an_arm_that_bends() -> None:
    sewn = sew(Pattern("long_sleeve_top", bottom=0.86, sleeve=0.95, cuff=0.045), Build())
    bent = Stance(left=Arm(reach=(0.22, 0.45, -0.55), elbow=(0.4, -1.0, -0.2)), right=FITTING.right)

    def pose(t: float):  # type: ignore[no-untyped-def]
        return figure(Build(), between_stances(FITTING, bent, t))

    carry, points = carrier(sewn, pose(0.0), pose), sewn.points
    for step in range(10):
        points = carry(points, step / 10, (step + 1) / 10)
    cuff, wrist = points[sewn.rims["cuff_left"]].mean(axis=0), pose(1.0).joints["left_wrist"]
    assert np.linalg.norm(cuff - wrist) < 0.06
    still = sewn.points[:, 0] < 0
    assert np.abs(points - sewn.points)[still].max() < 0.01


def test_skin_above_cloth_is_pushed_beneath_it_and_hands_are_not() -> None:
    side = np.linspace(-0.1, 0.1, 21)
    x, z = np.meshgrid(side, side + 1.1)
    cloth = np.stack([x.ravel(), np.full(x.size, -0.12), z.ravel()], axis=1)
    front = np.array([0.0, -1.0, 0.0])
    sheet = Sheet(cloth, np.tile(front, (len(cloth), 1)), np.zeros(len(cloth), np.uint8), np.zeros(441, bool))
    points = np.array([[0, -0.13, 1.1], [0.02, -0.13, 1.1], [0.04, -0.08, 1.1]])
    labels = np.array([Label.TRUNK, Label.LEFT_HAND, Label.TRUNK], np.uint8)
    moved = tuck_under(points, np.tile(front, (3, 1)), labels, figure(Build(), Stance()), sheet)
    assert moved[0, 1] == pytest.approx(-0.115)
    assert np.array_equal(moved[1:], points[1:])


def test_skin_knows_which_part_of_the_body_it_is() -> None:
    body = figure(Build(), Stance())
    at = np.array([[0, -0.1, 1.1], [0, -0.05, 1.46], body.joints["left_elbow"], body.joints["right_knee"]])
    found = body_labels(body, (ellipsoid((0, 0, 1.6), (0.07, 0.09, 0.1)),), at)
    assert found.tolist() == [Label.TRUNK, Label.NECK, Label.LEFT_ARM, Label.LEGS]


def test_armpits_are_marked_where_the_picture_forks() -> None:
    parts = np.full((100, 100), 255, np.uint8)
    parts[10:90, 30:70] = 0
    parts[10:60, 70:90] = 1
    parts[10:60, 10:30] = 2
    # from row 40 on the left sleeve and the side part; the right one never does
    parts[40:60, 70:76] = 255
    places = {
        "neck_left": (60, 8),
        "neck_right": (40, 8),
        "shoulder_left": (80, 10),
        "shoulder_right": (20, 10),
    }
    places |= {"armpit_left": (71, 38), "armpit_right": (29, 38)}
    places |= {"cuff_left_inner": (76, 60), "cuff_left_outer": (90, 60)}
    places |= {"cuff_right_inner": (30, 60), "cuff_right_outer": (10, 60)}
    anchored = {name: n for n, name in enumerate(places)}
    every = np.ones(len(places), bool)
    seen = Seen(np.array(list(places.values()), float), every, every, parts)
    found = marks(seen, anchored, {}, {}, long=False)
    assert found["armpit_left"] == [73.0, 40.5, 2.0]
    assert found["armpit_right"][:2] == [30.0, 60.0]


def test_pictures_are_kept_without_notes_of_their_making() -> None:
    note = PngInfo()
    note.add_text("Date", "2026/11/21 01:49:20")
    pixels = np.arange(300).astype(np.uint8).reshape(10, 10, 3)
    files = [io.BytesIO(), io.BytesIO()]
    Pil.fromarray(pixels).save(files[0], "png", pnginfo=note)
    Pil.fromarray(pixels).save(files[1], "png")
    assert b"Date" in files[0].getvalue()
    assert bare_png(files[0].getvalue()) == files[1].getvalue()


@pytest.mark.skipif(find_spec("bpy") is None, reason="needs the extra `studio` (Blender)")
def test_a_scene_comes_with_its_truth(tmp_path: Path) -> None:
    from flixpose.studio.simulated.dressing import dress
    from flixpose.studio.simulated.shoot import shoot

    planned = scene(1, 0)
    truth = shoot(planned, dress(planned, quick=True), tmp_path, height=96, samples=1, cores=1)
    labels = read_labels(tmp_path / "worn_labels.png")
    shown = set(np.unique(labels))
    assert {Label.GARMENT, Label.HAIR, Label.HEAD, Label.LEFT_HAND, Label.BASE_BOTTOM} <= shown
    cloth = garment_mask(tmp_path / "worn_parts.png") > 127
    assert (cloth & (labels == Label.GARMENT)).sum() > 0.9 * cloth.sum()
    x, y, seen = truth["landmarks"]["product"]["hem_center"]
    assert seen == 2 and garment_mask(tmp_path / "product_parts.png")[int(y) - 2, int(x)] > 127
    assert set(truth["keypoints"]) >= {"nose", "left_ear", "right_ankle"}
    with np.load(tmp_path / "correspondence.npz") as known:
        assert len(known["product_xy"]) > 200
    assert json.dumps(truth)


@pytest.mark.skipif(find_spec("bpy") is None, reason="needs the extra `studio` (Blender)")
@pytest.mark.parametrize("mix", [Mix(backs=0, opened=1), Mix(backs=1, opened=0)])
def test_fronts_hang_apart_over_the_base_layer_and_backs_are_seen_from_behind(
    mix: Mix, tmp_path: Path
) -> None:
    from flixpose.studio.simulated.dressing import dress
    from flixpose.studio.simulated.shoot import shoot

    planned = scene(1, 9, mix)
    truth = shoot(planned, dress(planned, quick=True), tmp_path, height=96, samples=1, cores=1)
    shown = set(np.unique(read_labels(tmp_path / "worn_labels.png")))
    marks, keypoints = truth["landmarks"]["worn"], truth["keypoints"]
    assert (truth["view"], truth["open"]) == (planned.view, planned.open)
    assert (Label.BASE_TOP in shown) == planned.open
    for told, left, right in (
        (marks, "hem_left", "hem_right"),
        (marks, "neck_left", "neck_right"),
        (keypoints, "left_shoulder", "right_shoulder"),
    ):
        assert (told[left][0] < told[right][0]) == planned.back
    assert (keypoints["nose"][2] == 2) != planned.back
    assert marks["hem_center"][2] == (1 if planned.open else 2)
