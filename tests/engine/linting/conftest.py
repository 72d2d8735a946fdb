"""The small company of tests/engine, read with all lints."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from tests.engine.conftest import FILES, KINDS

from amends_engine.findings import Finding
from amends_engine.linting import lint
from amends_engine.steps import StepKind
from amends_engine.workspace import read_workspace

_GIVES = ("voucher.code", "voucher.value", "voucher.valid_until")
LINT_KINDS: Mapping[str, StepKind] = {**KINDS, "voucher": replace(KINDS["voucher"], gives=_GIVES)}

Check = Callable[..., list[Finding]]


def check(rules: str | bytes, more: Mapping[str, str | None] | None = None) -> list[Finding]:
    """Every finding in the company with this rule file; more: other files by name, None takes one away."""
    texts = {**FILES, **(more or {})}
    raw = {name: text.encode() for name, text in texts.items() if text is not None}
    raw["rules.yaml"] = rules if isinstance(rules, bytes) else rules.encode()
    return read_workspace(raw, LINT_KINDS, lint)[1]


@pytest.fixture(name="check")
def check_fixture() -> Check:
    return check
