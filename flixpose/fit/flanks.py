"""How broad the clothes below an old hem are: under it they go on upwards, and not to its sides."""

import numpy as np

from flixpose.fit.patching import Plane

_BAND = 0.12  # shoulder widths of their topmost rows that tell how broad they are
_ABOVE = 0.25  # shoulder widths above it that they go on so
_FULL = 0.3  # of their broadest row: rows with less tell nothing


def flanks(stays: Plane, unit: float) -> tuple[Plane, Plane]:
    """(h, w) what lies beside the clothes that stay on, and above them, as broad as they are at their top.

    Further down they are seen and need no telling, far above they are narrower. Nothing, where none are seen.

    Args:
        stays: (h, w) where the clothes that stay on are seen.
        unit: a shoulder width in pixels.
    """
    beside, above = np.zeros(stays.shape, bool), np.zeros(stays.shape, bool)
    breadths = stays.sum(axis=1)
    rows = np.flatnonzero(breadths > _FULL * breadths.max(initial=0))
    if not len(rows):
        return beside, above
    top, foot = max(0, rows[0] - round(_ABOVE * unit)), rows[0] + max(1, round(_BAND * unit))
    columns = np.flatnonzero(stays[rows[0] : foot].any(axis=0))
    above[top:foot, columns[0] : columns[-1] + 1] = True
    beside[top:foot] = ~above[top:foot]
    return beside, above
