"""Places where a process can be made to die, to prove that nothing is lost or repeated wherever it does.

Inert unless the environment variable AMENDS_CRASH_POINT names one; then the process kills itself there, as kill -9
would, with nothing flushed and nothing tidied. `make torture` and tests/flows/test_crash_points.py go through all.
"""

import os
import signal
from enum import StrEnum

VARIABLE = "AMENDS_CRASH_POINT"


class CrashPoint(StrEnum):
    """Each member is the argument of a reach() somewhere."""

    ACCEPTED = "accepted"  # events are committed, nobody was told
    PLANNING = "planning"  # decisions and effects are written and not committed
    PLANNED = "planned"  # and committed
    CLAIMED = "claimed"  # effects are this worker's
    BEGUN = "begun"  # attempts are committed, nothing is on the wire
    SENT = "sent"  # the provider has answered, nothing is recorded
    RECORDED = "recorded"  # outcomes are committed
    RECONCILING = "reconciling"  # an unknown effect is claimed, nobody was asked
    LOOKED_UP = "looked_up"  # the provider was asked, nothing is recorded
    BUDGET_TAKEN = "budget_taken"  # vouchers are taken from their budget, nothing is committed
    PERFORMING = "performing"  # rows of our own tables are written and not committed
    PERFORMED = "performed"  # and committed
    SWEEPING = "sweeping"  # ended leases are written and not committed
    SWEPT = "swept"  # and committed
    ERASING = "erasing"  # a person is erased and nothing is committed
    ERASED = "erased"  # and committed; previews and bytes in the database's files are still there


def reach(point: CrashPoint) -> None:
    if os.environ.get(VARIABLE) == point:
        os.kill(os.getpid(), signal.SIGKILL)
