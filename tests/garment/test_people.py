"""Signs of a person: a head, and skin that is no paint."""

import numpy as np

from flixpose.garment.background import rgb_to_lab
from flixpose.garment.outline import trace
from flixpose.garment.people import alive, skin, worn

SKIN = np.array([214, 168, 142], float)


def _worn(head: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A (60, 60, 3) head on a blue top: its region, and its L*a*b* colours."""
    picture = np.full((400, 300, 3), 255.0)
    picture[20:80, 120:180] = head
    picture[80:100, 138:162] = SKIN
    picture[100:360, 60:240] = (30, 60, 150)
    region = (picture != 255).any(axis=2)
    return region, rgb_to_lab(picture.clip(0, 255).astype(np.uint8))


def _face() -> np.ndarray:
    """Skin of changing tone, with eyes and a mouth."""
    rng = np.random.default_rng(3)
    tones = np.kron(rng.normal(0, 12, (12, 12, 3)), np.ones((5, 5, 1)))
    face = SKIN + tones
    face[20:25, 12:24] = face[20:25, 36:48] = (70, 45, 35)
    face[42:47, 20:40] = (170, 80, 80)
    return face


def test_a_face_is_a_persons_and_a_smooth_head_of_one_colour_a_mannequins():
    for head, person in ((_face(), True), (np.broadcast_to(SKIN, (60, 60, 3)), False)):
        region, lab = _worn(head)
        outline = trace(region)
        assert outline is not None and worn(region, lab, outline) is person


def test_the_wooden_cap_of_a_bust_is_no_head():
    region, lab = _worn(np.full((60, 60, 3), 255.0))
    cap = np.s_[68:80, 130:170]
    region[cap] = True
    lab[cap] = (60, 14, 26)
    lab[72:76, 130:170] = (45, 20, 34)
    lab[80:100] = (80, 1, 4)  # linen
    outline = trace(region)
    assert outline is not None and not worn(region, lab, outline)


def test_skin_is_alive_and_a_shaded_paint_is_not():
    light = np.linspace(0.7, 1.1, 80)[:, None, None]
    moulded = rgb_to_lab((SKIN * light * np.ones((80, 80, 1))).clip(0, 255).astype(np.uint8))
    assert skin(moulded).mean() > 0.9 and alive(moulded, skin(moulded)) == 0.0
    living = rgb_to_lab(np.tile(_face(), (2, 2, 1)).clip(0, 255).astype(np.uint8))
    assert alive(living, np.ones(living.shape[:2], bool)) == 1.0
    assert alive(living, np.zeros(living.shape[:2], bool)) == 1.0, "nothing is seen: no proof of a mannequin"
