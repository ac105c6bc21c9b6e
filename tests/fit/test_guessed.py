"""How much of what is painted is guesswork: what lies far from its surroundings, not every rim."""

import numpy as np

from tests.fit.test_remnants import covered, painted


def test_a_deep_neckline_is_guesswork_and_a_rim_is_none() -> None:
    deep, rim = painted(covered(neck=48)), painted(covered(hem=3))
    shares = [found.guessed / int(np.count_nonzero(found.mask.alpha)) for found in (deep, rim)]
    assert 0.2 < shares[0] < 0.9 and shares[1] == 0.0
