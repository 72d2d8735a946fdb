"""make bench: `python bench/run.py [NAME …] [--full]` runs benchmarks; each prints a page of Markdown to stdout.

A benchmark is a module beside this one with a function main(is_full). --full takes the sizes that need patience.
"""

import sys
from importlib import import_module

BENCHMARKS = ("reviews", "matching")


def main(words: list[str]) -> None:
    names = [word for word in words if not word.startswith("-")] or BENCHMARKS
    if unknown := {*names} - {*BENCHMARKS}:
        sys.exit(f"There is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    for name in names:
        import_module(name).main("--full" in words)


if __name__ == "__main__":
    main(sys.argv[1:])
