"""Locks on the chest that have no colour of the hair on the head: which colours among the clothes are theirs.

The ends of long hair are often dyed, or bleached by the sun. They are told by what they hang from: a colour
that the clothes further down do not have, that is seen only together with the hair above it, and as rough.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.mixture import Mixture

Plane = NDArray[np.float32]
Flags = NDArray[np.bool_]

_UNLIKE = 4.0  # standard deviations off all of the clothes' colours further down
_HELD = 2.5  # standard deviations about a colour that are its own
_HANGING = 0.8  # of a colour's places, that touch the hair or one another from there on
_TIP, _ON_TIP = (
    0.5,
    0.1,
)  # shoulder widths off the axis; of a colour's places that lie so far out on each side
_CLOTH = 0.08  # of the clothes' places: less is a shade or the ends of locks
_FEW = 25  # pixels
_ROUGH = -0.5  # median of what smoothness tells: less is no hair
_HUE = 0.94  # cosine of the angle between the hues of a lock and of the hair
_GREY = 5.0  # chroma up to which a colour has no hue


def hanging_colours(
    lab: Plane, where: Flags, hair: Flags, smooth: Plane, high: Mixture, low: Mixture, known: Mixture
) -> NDArray[np.intp]:
    """Numbers of the Gaussians of `high` that are locks.

    Args:
        where: (h, w) where locks may be seen. hair: (h, w) what was found so far.
        smooth: (h, w) of `too_smooth`.
        high, low: the clothes where locks hang, and further down. known: of the hair.
    """
    nearest, close = _assigned(lab, high)
    strange = low.deviations(high.means) > _UNLIKE
    found = []
    for number in np.flatnonzero(strange & _same_hue(high.means, known.means)):
        own = (nearest == number) & close & where
        if own.sum() >= _FEW and float(np.median(smooth[own])) > _ROUGH and _share_on(own, hair) > _HANGING:
            found.append(number)
    return np.array(found, np.intp)


def wide_colours(lab: Plane, where: Flags, across: Plane, high: Mixture) -> NDArray[np.intp]:
    """Numbers of the Gaussians of the clothes that are seen at both shoulders' tips.

    Args:
        across: (h, w) shoulder widths off the torso's axis, signed.
    """
    nearest, close = _assigned(lab, high)
    found = []
    for number in np.flatnonzero(high.shares > _CLOTH):
        off = across[(nearest == number) & close & where]
        ends = [float((sign * off > _TIP).mean()) if len(off) else 0.0 for sign in (1, -1)]
        if min(ends) > _ON_TIP:
            found.append(number)
    return np.array(found, np.intp)


def _assigned(lab: Plane, mixture: Mixture) -> tuple[NDArray[np.intp], Flags]:
    """(h, w) the nearest Gaussian's number, and whether it is near."""
    away = np.stack([mixture.of(np.array([k])).deviations(lab) for k in range(len(mixture.shares))])
    return away.argmin(axis=0), away.min(axis=0) < _HELD


def _same_hue(colours: Plane, known: Plane) -> Flags:
    """(N,) whether colours are more yellow or red, or less, but of the hue of one of those known."""
    chroma = np.linalg.norm(colours[:, 1:], axis=1), np.linalg.norm(known[:, 1:], axis=1)
    cosine = colours[:, 1:] @ known[:, 1:].T / np.maximum(chroma[0][:, None] * chroma[1], 1e-6)
    cosine[:, chroma[1] < _GREY] = -1.0
    return (cosine.max(axis=1) > _HUE) & (chroma[0] > _GREY)


def _share_on(own: Flags, hair: Flags) -> float:
    """Of a colour's places, how many hang together with the hair."""
    both = cv2.morphologyEx((own | hair).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    _, labels = cv2.connectedComponents(both)
    touching = np.unique(labels[hair & (labels > 0)])
    return float(np.isin(labels[own], touching).mean())
