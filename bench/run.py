"""make bench: `python bench/run.py [NAME …] [--full]` runs benchmarks; each prints a page of Markdown to stdout.

A benchmark is a module beside this one with a function main(is_full). --full takes the sizes that need patience.
"""

import os
import sys
from importlib import import_module

ON_ONE_CORE = ("matching", "counting")  # figures of one run can be compared
BENCHMARKS = ("reviews", "authoring", "serve", "databases", "workers", "erasing", "stored", *ON_ONE_CORE)


def main(words: list[str]) -> None:
    names = [word for word in words if not word.startswith("-")] or BENCHMARKS
    if unknown := {*names} - {*BENCHMARKS}:
        sys.exit(f"There is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    for name in names:
        if name in ON_ONE_CORE and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        import_module(name).main("--full" in words)


if __name__ == "__main__":
    main(sys.argv[1:])
