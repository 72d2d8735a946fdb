"""What ends a command early: one sentence for the person, and the exit code.

AmendsError
├── UsageError       wrong use or configuration: exit 2
└── FindingsError    a workspace with errors: exit 1, the findings are printed
"""

from collections.abc import Mapping

from amends_engine.findings import Finding


class AmendsError(Exception):
    """Ends a command with one sentence on stderr."""

    exit_code = 1


class UsageError(AmendsError):
    exit_code = 2


class FindingsError(AmendsError):
    def __init__(self, findings: list[Finding], files: Mapping[str, bytes]) -> None:
        super().__init__(f"the workspace has {len(findings)} findings")
        self.findings = findings
        self.files = files
