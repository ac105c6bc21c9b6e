"""The net's square and back: crops, masks and heat maps, to a fraction of a pixel."""

import numpy as np
import pytest
import torch

from flixpose.garment.net import STRIDE, GarmentNet, Shape, folded
from flixpose.garment.net_codec import Square, cut, decode, mass_at, paste_back, second_spot, square_around
from flixpose.garment.shared_points import MIRROR, POINTS
from flixpose.structures.image import Box


def _bump(x: float, y: float, cells: int = 28, spread: float = 1.0) -> torch.Tensor:
    """Logits of a bump at a place in pixels of the square."""
    at = (torch.arange(cells) + 0.5) * STRIDE
    away = (at[None, :] - x) ** 2 + (at[:, None] - y) ** 2
    return -away / (2 * (spread * STRIDE) ** 2)


def test_heat_maps_are_read_between_their_cells():
    places = [(40.0, 57.3), (61.2, 30.9), (12.0, 100.0)]
    heat = torch.stack([_bump(x, y) for x, y in places])[None]
    found, mass = decode(heat)
    assert np.abs(found[0].numpy() - np.array(places)).max() < 0.25
    assert (mass > 0.45).all() and (mass < 1).all()


def test_a_map_of_two_minds_is_less_sure_and_names_one_place():
    two = torch.logsumexp(torch.stack([_bump(30, 30), _bump(90, 80) - 0.3]), dim=0)
    found, mass = decode(two[None, None])
    assert found[0, 0].numpy() == pytest.approx((30, 30), abs=0.3)
    assert mass[0, 0] < 0.45


def test_the_second_spot_of_a_map_is_no_part_of_the_first():
    two = torch.logsumexp(torch.stack([_bump(30, 30), _bump(90, 80) - 0.3]), dim=0)
    plane = two.flatten().softmax(dim=0).view(two.shape).numpy()
    place, mass = second_spot(plane, np.array([30.0, 30.0]))
    assert place == pytest.approx((90, 80), abs=0.3)
    assert mass == pytest.approx(mass_at(plane, np.array([90.0, 80.0])), abs=0.03) and 0.1 < mass < 0.45
    assert mass_at(plane, np.array([30.0, 90.0])) < 0.001
    assert mass < mass_at(plane, np.array([30.0, 30.0]))


def test_a_square_leads_back_to_the_photo_even_beyond_its_edge():
    pixels = np.full((90, 150, 3), 200, np.uint8)
    pixels[40:44, 100:104] = 0
    square = square_around(Box(20, 10, 140, 80), side=224, fill=0.86)
    picture = cut(pixels, square)
    assert picture.shape == (224, 224, 3) and (picture[0] == 200).all()
    rows, columns = np.nonzero(picture[..., 0] < 100)
    centre = np.array([[columns.mean() + 0.5, rows.mean() + 0.5]])
    assert square.to_photo(centre)[0] == pytest.approx((102, 42), abs=0.3)
    assert square.to_square(square.to_photo(centre)) == pytest.approx(centre, abs=1e-3)


@pytest.mark.parametrize("size", [(1334, 1001), (700, 933), (401, 299)])
def test_photos_of_any_size_are_cut_to_the_means_of_their_pixels(size: tuple[int, int]):
    """Large ones, which are halved first, like small ones: a round spot's middle stays within 0.2 pixels."""
    height, width = size
    y, x = np.mgrid[:height, :width] + 0.5
    at = np.array([0.31 * width, 0.77 * height])
    far = np.hypot(x - at[0], y - at[1]) / (0.05 * height)
    pixels = np.repeat((200 - 180 * np.exp(-(far**2)))[..., None], 3, axis=2).astype(np.uint8)
    square = square_around(Box(0, 0, width, height), side=224, fill=1.0)
    dark = np.maximum(190.0 - cut(pixels, square)[..., 0], 0.0)
    rows, columns = np.mgrid[:224, :224] + 0.5
    centre = np.array([[(dark * columns).sum(), (dark * rows).sum()]]) / dark.sum()
    assert square.to_photo(centre)[0] == pytest.approx(at, abs=0.2 * square.scale)
    assert dark.max() == pytest.approx(170, abs=4)


def test_a_mask_over_the_square_lands_where_it_was():
    square = Square(10.0, 20.0, 2.0, 64)
    plane = np.zeros((32, 32), np.float32)
    plane[8:16, 4:12] = 1
    pasted = paste_back(plane, square, (160, 180)) > 0.5
    rows, columns = np.nonzero(pasted)
    assert (columns.min(), columns.max() + 1) == pytest.approx((10 + 16, 10 + 48), abs=2)
    assert (rows.min(), rows.max() + 1) == pytest.approx((20 + 32, 20 + 64), abs=2)


def test_the_net_says_something_of_every_part():
    net = GarmentNet(Shape((8, 8, 8, 8, 8), (1, 1, 1, 1), 8)).eval()
    with torch.inference_mode():
        answers = net(torch.rand(2, 3, 64, 64))
    assert answers.heat.shape == (2, len(POINTS), 16, 16) and answers.mask.shape == (2, 32, 32)
    assert answers.kind.shape == (2, 13) and answers.visibility.shape == (2, len(POINTS), 3)
    with torch.inference_mode():
        same = folded(net)(torch.zeros(1, 3, 64, 64)).heat
        assert torch.allclose(same, net(torch.zeros(1, 3, 64, 64)).heat, atol=1e-4)
    assert [MIRROR[row] for row in MIRROR] == list(range(len(POINTS)))
