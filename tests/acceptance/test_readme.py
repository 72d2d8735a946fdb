"""The README's way to a first rule, walked step by step with the texts that stand in it."""

import re
import textwrap
from pathlib import Path

import pytest
from tests.conftest import Desk

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def blocks(file: str, language: str) -> list[str]:
    """The fenced texts of one language, without their indent."""
    found = BLOCK.findall((ROOT / file).read_text(encoding="utf-8"))
    return [textwrap.dedent(text) for _, kind, text in found if kind == language]


@pytest.fixture
def company(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A workspace made by `amends init`, with the rule of the README and its test in a new file."""
    made = Desk(desk.here / "my-company", desk.home, desk.here)
    assert desk.amends("init", "my-company").code == 0
    rule, test = (text for text in blocks("README.md", "yaml") if text.startswith(("version:", "tests:")))
    made.write("recovery.yaml", f"{rule}\n{test}")
    [line] = [text for text in blocks("README.md", "") if text.startswith('{"id"')]
    (desk.here / "event.jsonl").write_text(line, encoding="utf-8")
    return made


def test_the_rule_and_its_test_are_right(company: Desk) -> None:
    assert company.amends("check").code == 0
    answer = company.amends("test")
    assert (answer.code, answer.out.endswith(" 0 failed\n")) == (0, True)


def test_the_event_shows_what_would_happen_and_why(company: Desk) -> None:
    why = company.amends("why", "event.jsonl")
    dry = company.amends("run", "event.jsonl", "--dry-run", "--json")
    assert "premium-detractor: acted\n" in why.out
    assert dry.json()["decisions"]["by_rule"] == {"premium-detractor": 1}
    assert dry.counts["effects"] == {"planned": 3, "waiting": 3}


@pytest.mark.usefixtures("without_prefect")
def test_the_run_makes_the_apology_the_voucher_and_the_alert_once(company: Desk) -> None:
    first, again = (company.amends("run", "event.jsonl", "--json") for _ in range(2))
    assert first.counts["effects"] == {"planned": 3, "succeeded": 1, "previewed": 2}
    assert again.counts["effects"] == {}
    assert {name.partition("/")[0] for name in company.outbox} == {"email", "slack"}
