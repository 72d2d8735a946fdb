"""Codes of vouchers: readable, and able to tell a slip of the pen."""

# without vowels no code is a word; without 0 O 1 I L 5 S 2 Z 8 B it can be read out on the telephone
ALPHABET = "3467CDFGHJKMNPQRTVWXY9"
RANDOM_BYTES = 16
_DRAWN = 11
_IN_A_GROUP = 4


def voucher_code(random: bytes) -> str:
    """A code such as K7QF-3M9T-XW4C from 16 random bytes: eleven letters drawn, and one that checks them."""
    if len(random) != RANDOM_BYTES:
        raise ValueError(f"a voucher code takes {RANDOM_BYTES} random bytes, not {len(random)}")
    number = int.from_bytes(random, "big")
    drawn = []
    for _ in range(_DRAWN):
        number, letter = divmod(number, len(ALPHABET))
        drawn.append(ALPHABET[letter])
    letters = "".join(drawn) + _check_letter("".join(drawn))
    return "-".join(letters[start : start + _IN_A_GROUP] for start in range(0, len(letters), _IN_A_GROUP))


def is_voucher_code(text: str) -> bool:
    """Whether a code was typed without a slip, in any case and with or without the dashes."""
    letters = text.upper().replace("-", "").replace(" ", "")
    is_whole = len(letters) == _DRAWN + 1 and all(letter in ALPHABET for letter in letters)
    return is_whole and _check_letter(letters[:-1]) == letters[-1]


def _check_letter(drawn: str) -> str:
    """Luhn's check over this alphabet: it finds every wrong letter and nearly every swap of neighbours."""
    total = 0
    for place, letter in enumerate(reversed(drawn)):
        weighed = ALPHABET.index(letter) * (2 if place % 2 == 0 else 1)
        total += sum(divmod(weighed, len(ALPHABET)))
    return ALPHABET[-total % len(ALPHABET)]
