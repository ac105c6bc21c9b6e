"""Straps keep their breadth; what reaches from the neck to the shoulder's tip goes where rigs put it."""

import numpy as np
import pytest

from flixpose.fit.body import measure_body
from flixpose.fit.measure import measure_garment
from tests.fit.figures import make_garment, paint_person
from tests.fit.test_layout import RIGS, lay, own, target


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_strap_is_as_broad_as_on_the_garment(side: str) -> None:
    _, pose, _ = paint_person()
    product, garment = make_garment("sling")
    trunk = lay(product, garment, pose).parts[0].controls
    body = measure_body(pose)
    frame = measure_garment(garment, body, RIGS["sling"], pose.mask)
    ends = f"neck_{side}", f"shoulder_{side}"
    breadth = float(np.linalg.norm(garment.landmarks[ends[0]] - garment.landmarks[ends[1]])) * frame.scale
    placed = [target(trunk, name) for name in ends]
    assert float(np.linalg.norm(placed[1] - placed[0])) == pytest.approx(breadth, abs=2.0)
    across = [abs(own(body, place)[0]) for place in placed]
    assert 0.25 < across[0] < across[1] < 0.56, "between neck and shoulder's tip"


def test_a_shoulder_is_no_strap() -> None:
    _, pose, _ = paint_person()
    trunk = lay(*make_garment("short_sleeve_top"), pose).parts[0].controls
    body = measure_body(pose)
    across = [own(body, target(trunk, name))[0] for name in ("neck_left", "shoulder_left")]
    assert across[1] - across[0] > 0.25
