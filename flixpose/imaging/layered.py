"""One layered file for a retoucher: a PSD with a pixel layer for every step, each under a mask of its own."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pil

from flixpose.structures.image import Mask


@dataclass(frozen=True, eq=False, slots=True)
class Layer:
    """Attributes:
    name: ASCII, as the layer list shows it.
    pixels: (H, W, 3) uint8 sRGB of the whole canvas.
    mask: (H, W) uint8, what of it is shown; None = all.
    """

    name: str
    pixels: NDArray[np.uint8]
    mask: NDArray[np.uint8] | None = None


def encode_psd(flat: NDArray[np.uint8], layers: Sequence[Layer]) -> bytes:
    """A PSD, 8 bits a channel, RLE.

    Args:
        flat: (H, W, 3) sRGB: what a viewer without layers shows.
        layers: the lowest first; a layer whose mask is empty is left out.
    """
    # Imported here: hardly any run writes one, and it takes its time.
    from psd_tools import PSDImage

    psd = PSDImage.frompil(Pil.fromarray(flat))
    for layer in layers:
        if layer.mask is None:
            psd.create_pixel_layer(Pil.fromarray(layer.pixels), name=layer.name)
            continue
        box = Mask(layer.mask).box
        if box is None:
            continue
        x, y = int(box.x0), int(box.y0)
        here = np.s_[y : int(box.y1), x : int(box.x1)]
        cut = np.dstack([layer.pixels[here], layer.mask[here]])
        psd.create_pixel_layer(Pil.fromarray(cut), name=layer.name, top=y, left=x)
    target = io.BytesIO()
    # Not `save`: that draws the flat picture anew from the layers, slowly, and not as it was drawn here.
    psd._record.write(target)
    return target.getvalue()


def shade_opacity(shadow: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Opacity of a black layer, mixed as editors mix (by sRGB values), for the share of light that is taken.

    Exact for light that follows a power of 2.2, within two levels of sRGB's.
    """
    left = 1 - np.arange(256) / 255
    return np.rint(255 * (1 - left ** (1 / 2.2))).astype(np.uint8)[shadow]
