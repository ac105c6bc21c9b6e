"""The layers that can be kept beside a result, as encoded files."""

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flixpose.fit.order import layer_of
from flixpose.geometry.warp import invert_points, warp_to_json
from flixpose.imaging.encode import encode_png
from flixpose.imaging.layered import Layer, encode_psd, shade_opacity
from flixpose.imaging.overlay import draw_keypoints, draw_mesh
from flixpose.structures.drape import Drape, PartWarp
from flixpose.structures.keypoints import Keypoints

_MESH_CELLS = 12


def layer_files(drape: Drape) -> dict[str, bytes]:
    """File name → bytes of all that is kept beside a result.

    garment.png (RGBA, whole, as lit; one more for every garment beside it), shadow.png, the masks of what is
    seen of the garment, of the person, of what was painted over and of the old clothes that still show,
    layers.psd, overlay.png, warp.json. All pictures have the person image's size; masks are 8-bit, 255 =
    wholly; the shadow's 255 = all light taken.
    """
    masks = {
        "shadow": drape.shadow,
        "visible_mask": drape.visible,
        "person_mask": drape.person_mask,
        "painted_mask": drape.painted,
        "old_garment_mask": drape.old_garment,
    }
    return {
        **{f"{_numbered('garment', n)}.png": encode_png(d.garment_layer) for n, d in enumerate(_all(drape))},
        **{f"{name}.png": encode_png(mask.alpha) for name, mask in masks.items()},
        "layers.psd": layered_file(drape),
        "overlay.png": encode_png(overlay(drape)),
        "warp.json": json.dumps(warps_json(drape), indent=1).encode(),
    }


def layered_file(drape: Drape) -> bytes:
    """`layers.psd`: person, what was painted over, shadow, and each garment under its own mask, upwards.

    A garment's layer holds all its cloth; its mask shows what is seen. Editors mix sRGB values where the
    picture was mixed in light: at soft edges the two differ by a few levels.
    """
    garments = sorted(_all(drape), key=lambda one: layer_of(one.garment.kind))
    black = np.zeros_like(drape.picture)
    layers = [
        Layer("person", drape.person.pixels),
        Layer("painted", drape.ground, drape.painted.alpha),
        Layer("shadow", black, shade_opacity(drape.shadow.alpha)),
        *(Layer(one.garment.kind, one.garment_layer[..., :3], one.visible.alpha) for one in garments),
    ]
    return encode_psd(drape.picture, layers)


def overlay(drape: Drape) -> NDArray[np.uint8]:
    """(H, W, 3): the result with the warp's mesh, the person's keypoints and the draped landmarks."""
    canvas = drape.picture
    for part in drape.parts:
        canvas = draw_mesh(canvas, _mesh(part))
    return draw_keypoints(draw_keypoints(canvas, drape.pose.keypoints), _draped_landmarks(drape))


def _all(drape: Drape) -> tuple[Drape, ...]:
    return (drape, *drape.beside)


def _numbered(name: str, number: int) -> str:
    return name if number == 0 else f"{name}_{number + 1}"


def _draped_landmarks(drape: Drape) -> Keypoints:
    """The garment's landmarks where the warps put them; those of no part are absent."""
    landmarks = drape.garment.landmarks
    points: dict[str, tuple[float, float, float]] = {}
    for part in drape.parts:
        names = [name for name in part.controls.names if name in landmarks.skeleton.index]
        found = [name for name in names if landmarks.has(name)]
        if found:
            places = invert_points(part.warp, np.array([landmarks[name] for name in found], np.float64))
            points |= {name: (float(x), float(y), 1.0) for name, (x, y) in zip(found, places, strict=True)}
    return Keypoints.from_points(landmarks.skeleton, points)


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
