"""make bench: `python bench/run.py [NAME …] [--full]` runs benchmarks; each prints a page of Markdown to stdout.

A benchmark is a module beside this one with a function main(is_full).
"""

import os
from argparse import ArgumentParser
from importlib import import_module

ON_ONE_CORE = ("matching", "counting")  # figures of one run can be compared
BENCHMARKS = ("reviews", "authoring", "serve", "databases", "workers", "erasing", "stored", *ON_ONE_CORE)


def main() -> None:
    parser = ArgumentParser(description="Runs benchmarks; each prints a page of Markdown.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"all where none is named: {', '.join(BENCHMARKS)}")
    parser.add_argument("--full", action="store_true", help="with the sizes that need patience")
    wanted = parser.parse_args()
    if unknown := {*wanted.names} - {*BENCHMARKS}:
        parser.error(f"There is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    for name in wanted.names or BENCHMARKS:
        if name in ON_ONE_CORE and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        import_module(name).main(wanted.full)


if __name__ == "__main__":
    main()
