"""From logits to [0, 1]."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

_LIMIT = 60.0  # beyond it float32 overflows; the answer is 0 or 1 to the last bit there anyway


def sigmoid(logits: NDArray[Any]) -> NDArray[np.float32]:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -_LIMIT, _LIMIT))), dtype=np.float32)
