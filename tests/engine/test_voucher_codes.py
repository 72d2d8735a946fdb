"""Voucher codes: random, readable, and able to tell a slip of the pen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends_engine.voucher_codes import ALPHABET, is_voucher_code, voucher_code

RANDOM = st.binary(min_size=16, max_size=16)


@given(RANDOM)
def test_a_code_has_three_groups_of_letters_nobody_confuses(random):
    code = voucher_code(random)
    groups = code.split("-")
    assert [len(group) for group in groups] == [4, 4, 4]
    assert not set("".join(groups)) & set("AEIOU01L2Z5S8B")
    assert is_voucher_code(code)


@given(RANDOM)
def test_the_same_random_bytes_give_the_same_code(random):
    assert voucher_code(random) == voucher_code(random)


@given(RANDOM)
def test_a_code_may_be_typed_in_any_case_and_spacing(random):
    code = voucher_code(random)
    assert is_voucher_code(code.lower())
    assert is_voucher_code(code.replace("-", " "))
    assert is_voucher_code(code.replace("-", ""))


@given(RANDOM, st.integers(0, 11), st.integers(1, len(ALPHABET) - 1))
def test_one_wrong_letter_is_always_noticed(random, place, shift):
    letters = list(voucher_code(random).replace("-", ""))
    letters[place] = ALPHABET[(ALPHABET.index(letters[place]) + shift) % len(ALPHABET)]
    assert not is_voucher_code("".join(letters))


@pytest.mark.parametrize("text", ["", "-", "K7QF", "K7QF-3M9T-XW4", "A" * 12, "K7QF-3M9T-XW4CC", "🎁" * 12])
def test_what_is_not_a_code_is_not_taken_for_one(text):
    assert not is_voucher_code(text)


def test_different_random_bytes_give_different_codes():
    codes = {voucher_code(number.to_bytes(16, "big")) for number in range(10_000)}
    assert len(codes) == 10_000


@pytest.mark.parametrize("length", [0, 15, 17])
def test_too_little_randomness_is_refused(length):
    with pytest.raises(ValueError, match="16 random bytes"):
        voucher_code(bytes(length))
