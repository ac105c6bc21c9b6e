"""A person image on which old clothes were painted over."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from flixpose.fit.patching import Plane, Window
from flixpose.structures.image import Mask


@dataclass(frozen=True, eq=False)
class Painted:
    """A person image with the small remnants gone.

    Attributes:
        picture: (H, W, 3) uint8.
        mask: where it was painted, 255 or 0; bit-identical to the photo elsewhere.
        background: where background was painted: no longer the person's.
        left: soft mask of the old clothes that still show.
        arms: (H, W) soft mask of painted arms that lie before the garment.
        guesses: what was painted far from its surroundings, or became the person where background was shut
            in; rims, arms, what lies under lace, skin near skin that is seen, and lower clothes near an old
            hem are none. None: nothing.
        owned: whether the arrays are its own, to be written to.
    """

    picture: NDArray[np.uint8]
    mask: Mask
    background: Plane
    left: Mask
    arms: NDArray[np.uint8]
    guesses: Plane | None = None
    owned: bool = False

    @property
    def guessed(self) -> float:
        """Pixels that are guesswork."""
        return 0.0 if self.guesses is None else float(np.count_nonzero(self.guesses))

    def own(self) -> "Painted":
        """The same in arrays of its own; itself where it has them."""
        if self.owned:
            return self
        return replace(
            self,
            picture=self.picture.copy(),
            mask=Mask(self.mask.alpha.copy()),
            background=self.background.copy(),
            left=Mask(self.left.alpha.copy()),
            guesses=None if self.guesses is None else self.guesses.copy(),
            owned=True,
        )

    def kept(self) -> "Painted":
        """The same, which stays as it is whatever is made of it: for what may be tried in vain."""
        return replace(self, owned=False)

    def changed(
        self,
        window: Window,
        pixels: NDArray[np.uint8],
        gone: Plane,
        background: Plane | None = None,
        guesses: Plane | None = None,
    ) -> "Painted":
        """With a window's pixels in place of these, and old clothes gone from it.

        This one is no longer of use then: what it owns is written to.

        Args:
            gone, background, guesses: (h, w); where background was painted, and what is guesswork.
        """
        found = self.own()
        picture, mask = found.picture[window], found.mask.alpha[window]
        off = cv2.split(cv2.absdiff(pixels, picture))
        mask[cv2.max(cv2.max(off[0], off[1]), off[2]) > 0] = 255
        picture[:] = pixels
        found.left.alpha[window][gone] = 0
        if background is not None:
            found.background[window] |= background
        return found if guesses is None else found.guessing(window, guesses)

    def guessing(self, window: Window, guesses: Plane) -> "Painted":
        """With what of a window is guesswork; this one is no longer of use then."""
        found = self.own()
        if not guesses.any():
            return found
        known = np.zeros(found.background.shape, bool) if found.guesses is None else found.guesses
        known[window] |= guesses
        return replace(found, guesses=known)
