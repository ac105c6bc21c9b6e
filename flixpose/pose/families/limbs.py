"""What the two families that join limbs share."""

import cv2
import numpy as np

from flixpose.geometry.view import View
from flixpose.pose.codec import paf
from flixpose.pose.families.parts import Person


def enlarged(maps: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(C, H, W) maps at (width, height), cubic."""
    return np.stack([cv2.resize(layer, size, interpolation=cv2.INTER_CUBIC) for layer in maps])


def person_of(found: paf.Candidates, rows: np.ndarray, view: View, pixels_per_cell: float) -> Person:
    """One person from its candidates; its score is the mean of the keypoints that it has."""
    there = rows >= 0
    xy = np.zeros((len(rows), 2))
    scores = np.zeros(len(rows), np.float32)
    xy[there] = (found.xy[rows[there]] + 0.5) * pixels_per_cell
    scores[there] = found.scores[rows[there]]
    return Person(view.to_photo(xy), scores, float(scores[there].mean()))
