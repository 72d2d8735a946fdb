"""How long an effect belongs to the one who took it."""

from datetime import timedelta

LEASE = timedelta(seconds=120)
"""Long enough for a send (30 s) and the margin after it, short enough that a dead worker is not missed."""

MARGIN = timedelta(seconds=15)
"""A send may begin only if the lease outlasts its deadline by this much."""
