"""Sets of small numbers as integers."""

from hypothesis import given
from hypothesis import strategies as st

from amends_engine.matching.bits import bits_of, pack, positions_of, turn, union

sets = st.sets(st.integers(0, 40_000), max_size=40)
WIDTH = 40_001


@given(sets)
def test_bits_and_positions_are_two_ways_to_write_a_set(positions: set[int]) -> None:
    assert bits_of(positions, WIDTH) == sum(1 << position for position in positions)
    assert sorted(positions_of(bits_of(positions, WIDTH))) == sorted(positions)


@given(st.lists(sets, max_size=4))
def test_a_union_does_not_mind_how_its_parts_are_packed(parts: list[set[int]]) -> None:
    packed = [pack(part, WIDTH) for part in parts]
    assert {type(each) for each in packed} <= {int, tuple}
    assert union(packed, WIDTH) == bits_of(set[int]().union(*parts), WIDTH)


@given(sets, sets)
def test_turning_bits_around_is_a_symmetric_difference(bits: set[int], turned: set[int]) -> None:
    assert turn(bits_of(bits, WIDTH), turned, WIDTH) == bits_of(bits ^ turned, WIDTH)
