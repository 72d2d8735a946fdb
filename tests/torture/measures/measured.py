"""What a measurement says."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    """figure: for people; is_met: whether that is the goal."""

    figure: str
    is_met: bool
