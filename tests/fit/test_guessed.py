"""How much of what is painted is guesswork: what lies far from its surroundings, not every rim."""

import numpy as np

from tests.fit.test_remnants import covered, painted


def test_a_broad_strip_is_guesswork_and_a_rim_is_none() -> None:
    broad, rim = painted(covered(neck=16)), painted(covered(hem=3))
    shares = [found.guessed / int(np.count_nonzero(found.mask.alpha)) for found in (broad, rim)]
    assert 0.6 < shares[0] < 1.0 and shares[1] < 0.2
