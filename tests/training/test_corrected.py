"""Photos with corrected landmarks in the garment net's training."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from flixpose.errors import MissingInput, UsageError
from flixpose.evaluation.people import read_coco
from flixpose.garment.kinds import KINDS
from flixpose.garment.shared_points import INDEX
from flixpose.imaging.encode import encode_png
from flixpose.studio.garments import draw_sample
from flixpose.training import loop
from flixpose.training.batches import Photos, mixed_batch
from flixpose.training.corrected import _agrees, read_garments, read_photos
from flixpose.training.garment import CHECKPOINT, fresh_state, learning_rate, train
from flixpose.training.losses import losses
from flixpose.training.publish import _data, read_trained
from flixpose.training.recipe import parse_recipe
from flixpose.training.samples import draw_many, studio
from tests.training.tiny import RECIPE

TINY = parse_recipe(RECIPE, "tiny")


@pytest.fixture(scope="module")
def annotations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three drawn garments as an export would have them, without masks and without their hems."""
    folder = tmp_path_factory.mktemp("set")
    (folder / "images").mkdir()
    images, told = [], []
    for seed in range(3):
        sample = draw_sample(seed, (120, 160))
        (folder / "images" / f"{seed}.png").write_bytes(encode_png(sample.image))
        images.append({"id": seed, "file_name": f"{seed}.png", "width": 120, "height": 160})
        flat: list[float] = []
        for name in KINDS[sample.kind].names:
            x, y, seen = (
                (0.5, 0.5, 0) if name.startswith("hem") else sample.landmarks.get(name, (0.5, 0.5, 0))
            )
            flat += [x - 0.5, y - 0.5, seen]
        kind = list(KINDS).index(sample.kind) + 1
        entry = {"id": seed, "image_id": seed, "category_id": kind, "keypoints": flat, "view": sample.view}
        told.append({**entry, "num_keypoints": 3, "bbox": [5, 5, 100, 150], "segmentation": []})
    kinds = [{"id": n, "name": k, "keypoints": list(s.names)} for n, (k, s) in enumerate(KINDS.items(), 1)]
    content = {"images": images, "annotations": told, "categories": kinds}
    (folder / "annotations.json").write_text(json.dumps(content))
    return folder / "annotations.json"


@pytest.fixture(scope="module")
def photos(annotations: Path) -> Photos:
    return read_photos(annotations, side=96, share=1.0)


def test_what_is_not_known_carries_no_loss(photos: Photos) -> None:
    batch = mixed_batch([], count=8, side=64, seed=(1, 2), photos=photos)
    torch.manual_seed(0)
    answers = fresh_state(TINY, torch.device("cpu")).net(batch.pictures)
    for told in (answers.visibility, answers.heat, answers.mask):
        told.retain_grad()
    torch.stack(list(losses(answers, batch).values())).sum().backward()
    visibility, heat, mask = (t.grad for t in (answers.visibility, answers.heat, answers.mask))
    assert visibility is not None and heat is not None and mask is not None
    unknown, unmasked = batch.visibility == -1, batch.masked == 0
    assert unknown.any() and not visibility[unknown].any() and not heat[unknown].any()
    assert visibility.any() and heat.any()
    assert unmasked.any() and not mask[unmasked].any()


def test_steps_on_corrected_photos_learn(photos: Photos) -> None:
    state = fresh_state(TINY, torch.device("cpu"))
    batch = mixed_batch([], count=4, side=64, seed=(1, 3), photos=photos)
    pace = loop.Pace(lambda step: learning_rate(TINY, step + 4), 2.0, 0.9, 50, 50)

    def told(net: torch.nn.Module) -> loop.Losses:
        parts = losses(net(batch.pictures), batch)
        return {"loss": torch.stack(list(parts.values())).sum()}

    seen = [loop.learn(state, told, pace)["loss"] for _ in range(8)]
    assert np.isfinite(seen).all() and seen[-1] < seen[0]


def test_the_share_is_kept_and_without_photos_nothing_changes(photos: Photos) -> None:
    window = [draw_many(studio(), range(4), 96)]
    quarter = Photos(photos.samples, photos.masked, 0.25, photos.digest)
    batch = mixed_batch(window, count=200, side=64, seed=(1, 4), photos=quarter)
    assert 0.15 < float((batch.masked == 0).float().mean()) < 0.35
    assert (mixed_batch(window, count=20, side=64, seed=(1, 4)).masked == 1).all()


def test_the_checkpoint_and_the_card_say_so(photos: Photos, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    train(TINY, tmp_path, until=2)
    assert "No photograph was trained on" in _data(read_trained(tmp_path))
    train(TINY, tmp_path, until=4, resume=True, photos=photos)
    train(TINY, tmp_path, until=5, resume=True)
    told = torch.load(tmp_path / CHECKPOINT, weights_only=True)["photos"]
    assert told == [(2, photos.digest, 3, 1.0, False), (4, "", 0, 0.0, False)]
    text = _data(read_trained(tmp_path))
    assert "from step 2 3 photos, 100%" in text and "from step 4 none" in text and "No photograph" not in text


def test_sides_are_the_wearers(annotations: Path, photos: Photos) -> None:
    for row, garment in enumerate(read_garments(annotations)):
        there = [n for n, place in garment.landmarks.items() if place[2] > 0 and "left" in n]
        name = there[0].replace("left", "right") if garment.view == "back" else there[0]
        assert photos.samples.points[row, INDEX[name], 2] == garment.landmarks[there[0]][2]


def test_true_masks_agree_with_their_landmarks_and_smaller_ones_do_not() -> None:
    samples = [draw_sample(seed, (240, 320)) for seed in range(20)]
    assert sum(_agrees(sample.mask, sample.landmarks) for sample in samples) >= 14  # hems may lie in folds
    half = [np.where(np.arange(320)[:, None] < 160, sample.mask, 0).astype(np.uint8) for sample in samples]
    assert not any(_agrees(mask, sample.landmarks) for mask, sample in zip(half, samples, strict=True))


def test_what_cannot_be_read_is_named(annotations: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingInput, match=r"0\.png"):
        read_garments(annotations, tmp_path)
    with pytest.raises(UsageError, match="nobody"):
        read_coco(annotations)
    bad = tmp_path / "bad.json"
    bad.write_text(annotations.read_text().replace("crotch", "tail"))
    with pytest.raises(UsageError, match=r"bad\.json"):
        read_garments(bad)
