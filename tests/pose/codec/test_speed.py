import pytest

from tests.pose.codec.measure import Race, milliseconds, races
from tests.pose.codec.measure_more import more_races


@pytest.mark.parametrize("race", races(), ids=lambda race: race.name)
def test_a_decoder_answers_as_its_reference_and_three_times_faster(race: Race):
    assert race.same(race.fast(), race.slow())
    assert milliseconds(race.slow, 1) >= 3 * milliseconds(race.fast, 5)


@pytest.mark.parametrize("race", more_races(), ids=lambda race: race.name)
def test_the_other_decoders_answer_as_their_references_and_no_slower(race: Race):
    assert race.same(race.fast(), race.slow())
    assert milliseconds(race.slow, 1) >= milliseconds(race.fast, 5)
