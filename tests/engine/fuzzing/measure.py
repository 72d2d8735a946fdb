"""Reads nasty workspaces in this process and prints what each cost: python measure.py NAME…"""

import json
import resource
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from nasty import FIELDS, WORKSPACE, rule, workspace_of

from amends_connectors.registry import kinds
from amends_engine.linting import lint
from amends_engine.workspace import read_workspace

WARM = "\n".join(f"      - feedback.comment: {{{operator}: x}}" for operator in ("mentions", "matches", "speaks_of"))
SECONDS, BYTES = 30, 3 * 2**30


def main(names: list[str]) -> None:
    known = kinds()
    read_workspace({"workspace.yaml": WORKSPACE, "fields.yaml": FIELDS, **rule(WARM)}, known, lint)
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name in names:
        files, began = workspace_of(name), used()
        resource.setrlimit(resource.RLIMIT_CPU, (int(began) + SECONDS, resource.RLIM_INFINITY))
        _, findings = read_workspace(files, known, lint)
        cost = {
            "name": name,
            "seconds": round(used() - began, 3),
            "megabytes": round((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - resident) / 1024, 1),
            "findings": sorted({finding.code for finding in findings}),
        }
        sys.stdout.write(f"{json.dumps(cost)}\n")


def used() -> float:
    """Seconds of CPU of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main(sys.argv[1:])
