import pytest

from tests.pose.codec.measure import Race, milliseconds, races


@pytest.mark.parametrize("race", races(), ids=lambda race: race.name)
def test_a_decoder_answers_as_its_reference_and_three_times_faster(race: Race):
    assert race.same(race.fast(), race.slow())
    assert milliseconds(race.slow, 1) >= 3 * milliseconds(race.fast, 5)
