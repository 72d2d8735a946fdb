"""Sets of small numbers: a Python integer with one bit each, or the numbers themselves where bits would be mostly 0."""

from collections.abc import Collection, Iterable
from typing import TypeAlias

Packed: TypeAlias = int | tuple[int, ...]
"""A set of positions: an integer, or a tuple if that takes less room."""

_SPARSE = 2048
_LONG, _PART = 16_384, 512
_FEW = 8


def bits_of(positions: Iterable[int], width: int) -> int:
    """The integer whose bits at these positions are set; all are below width."""
    buffer = bytearray((width >> 3) + 1)
    for position in positions:
        buffer[position >> 3] |= 1 << (position & 7)
    return int.from_bytes(buffer, "little")


def is_sparse(count: int, width: int) -> bool:
    """Whether positions take less room than bits, by so much that the time to make the bits is worth it."""
    return count * _SPARSE < width


def pack(positions: Collection[int], width: int) -> Packed:
    return tuple(positions) if is_sparse(len(positions), width) else bits_of(positions, width)


def turn(bits: int, positions: Collection[int], width: int) -> int:
    """The bits with those at these positions turned around."""
    if len(positions) > _FEW:
        return bits ^ bits_of(positions, width)
    for position in positions:
        bits ^= 1 << position
    return bits


def union(sets: Iterable[Packed], width: int) -> int:
    """The bits that are in at least one of the sets."""
    bits = 0
    sparse: list[int] = []
    for packed in sets:
        if isinstance(packed, int):
            bits |= packed
        else:
            sparse.extend(packed)
    return bits | bits_of(sparse, width) if sparse else bits


def positions_of(bits: int) -> list[int]:
    """The positions of the set bits, the highest first."""
    found: list[int] = []
    if bits.bit_length() > _LONG:  # to clear a bit copies the whole integer, so a long one is cut up
        length = (bits.bit_length() + 7) >> 3
        whole = bits.to_bytes(length, "little")
        for start in range((length - 1) // _PART * _PART, -1, -_PART):
            offset, part = start << 3, int.from_bytes(whole[start : start + _PART], "little")
            found += [offset + position for position in positions_of(part)]
        return found
    while bits:
        top = bits.bit_length() - 1
        found.append(top)
        bits ^= 1 << top
    return found
