"""The layers that can be kept beside a result, as encoded files."""

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flixpose.geometry.warp import invert_points, warp_to_json
from flixpose.imaging.encode import encode_png
from flixpose.imaging.overlay import draw_keypoints, draw_mesh
from flixpose.structures.drape import Drape, PartWarp

_MESH_CELLS = 12


def layer_files(drape: Drape) -> dict[str, bytes]:
    """File name → bytes: garment.png (RGBA), visible_mask.png, person_mask.png, overlay.png, warp.json.

    All pictures have the person image's size; masks are 8-bit, 255 = wholly.
    """
    return {
        "garment.png": encode_png(drape.garment_layer),
        "visible_mask.png": encode_png(drape.visible.alpha),
        "person_mask.png": encode_png(drape.person_mask.alpha),
        "overlay.png": encode_png(overlay(drape)),
        "warp.json": json.dumps(warps_json(drape), indent=1).encode(),
    }


def overlay(drape: Drape) -> NDArray[np.uint8]:
    """(H, W, 3): the result with the warp's mesh, the person's keypoints and the draped landmarks."""
    canvas = drape.picture
    for part in drape.parts:
        canvas = draw_mesh(canvas, _mesh(part))
    return draw_keypoints(canvas, drape.pose.keypoints)


def warps_json(drape: Drape) -> dict[str, Any]:
    """`warp.json`: per part, the warp that maps points of the person image to the product image exactly.

    `flixpose.geometry.warp.warp_from_json` reads a part back without loss.
    """
    return {
        "frame": "pixels (x, y), centre of the first pixel at (0.5, 0.5); person image to product image",
        "person": _size(drape.person.width, drape.person.height, drape.person.sha256),
        "product": _size(drape.product.width, drape.product.height, drape.product.sha256),
        "parts": {part.name: warp_to_json(part.warp) for part in drape.parts},
    }


def _size(width: int, height: int, sha256: str) -> dict[str, Any]:
    return {"width": width, "height": height, "sha256": sha256}


def _mesh(part: PartWarp) -> NDArray[np.float64]:
    """A lattice over the part's landmarks in the product image, as it lies on the person; (R, C, 2)."""
    low, high = part.controls.garment_xy.min(axis=0), part.controls.garment_xy.max(axis=0)
    cell = max(float((high - low).max()) / _MESH_CELLS, 1e-6)
    columns = np.linspace(low[0], high[0], max(2, round((high[0] - low[0]) / cell) + 1))
    rows = np.linspace(low[1], high[1], max(2, round((high[1] - low[1]) / cell) + 1))
    lattice = np.stack(np.meshgrid(columns, rows), axis=-1)
    return invert_points(part.warp, lattice.reshape(-1, 2)).reshape(lattice.shape)
