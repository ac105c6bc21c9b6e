"""Between neck and shoulder: what lies on the body is the body's, what juts out of it is not."""

import numpy as np

from flixpose.fit.body import measure_body
from flixpose.fit.nook import Nooks
from flixpose.structures.image import Mask
from tests.fit.figures import make_pose, paint_person

WINDOW = np.s_[0:960, 0:640]


def test_a_shoulder_is_body_up_to_its_outline() -> None:
    _, pose, labels = paint_person("spread")
    assert pose.mask is not None
    nooks = Nooks.of(measure_body(pose), pose.mask)
    body, zone = nooks.put(nooks.body, WINDOW), nooks.put(nooks.zone, WINDOW)
    inside = (labels > 0) & zone
    assert inside.sum() > 2000 and (body[inside]).mean() > 0.97
    assert not body[(labels == 0) & zone].any()


def test_a_collar_that_stands_off_is_no_body() -> None:
    _, pose, _ = paint_person("spread")
    assert pose.mask is not None
    alpha = pose.mask.alpha.copy()
    alpha[206:221, 354:366] = 255  # a tip that juts out of the shoulder
    nooks = Nooks.of(measure_body(pose), Mask(alpha))
    assert not nooks.put(nooks.body, WINDOW)[207:219, 355:365].any()


def test_nooks_off_the_photo_span_nothing() -> None:
    body = measure_body(make_pose(at=(320.0, -400.0)))
    nooks = Nooks.of(body, Mask.full(640, 960))
    assert not nooks.zone.size and not nooks.put(nooks.zone, WINDOW).any()


def test_a_window_is_given_its_own_part() -> None:
    _, pose, _ = paint_person("spread")
    assert pose.mask is not None
    nooks = Nooks.of(measure_body(pose), pose.mask)
    whole = nooks.put(nooks.band, WINDOW)
    part = np.s_[200:260, 340:420]
    assert whole[part].any() and (nooks.put(nooks.band, part) == whole[part]).all()
