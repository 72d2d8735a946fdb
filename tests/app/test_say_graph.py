"""amends say and amends graph: rules in sentences and as pictures."""

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from tests.conftest import Desk


def test_a_rule_is_said_in_sentences(desk: Desk) -> None:
    answer = desk.amends("say", "detractor-reply")
    assert (answer.code, answer.err) == (0, "")
    assert (
        answer.out
        == """\
detractor-reply

Why: Nobody who tells us what went wrong is left without an answer.
It runs in shadow: what it would do is recorded, and nobody is reached.
“cx-ops” answers for it.

It looks at every “feedback received” event: Somebody answered a survey or wrote a review.
It acts if “detractor” (Gave us 0 to 6 on the recommend question) applies.
If the answer depends on a missing value, it does not act.

Then it sends the customer the message “apology-general” by e-mail.

The words used here:
- “detractor” (kept by “cx-team”) applies if the feedback's NPS is at most 6.
"""
    )


def test_without_a_rule_all_of_them_are_said_in_one_document(desk: Desk) -> None:
    answer = desk.amends("say")
    assert answer.out.startswith("# How Northwind Air makes amends: 2 rules\n\n## premium-detractor\n\nWhy: ")
    assert answer.out.count("\n## ") == 3
    assert answer.out.count("“detractor” (kept by") == 1


def test_a_workspace_without_definitions_and_rules_is_said_too(desk: Desk) -> None:
    desk.write("rules.yaml", "version: 1\n")
    (desk.workspace / "definitions.yaml").unlink()
    assert desk.amends("say").out == "# How Northwind Air makes amends: 0 rules\n"


@pytest.mark.parametrize("command", ["say", "graph"])
def test_an_unknown_rule_gets_the_one_that_was_meant(command: str, desk: Desk) -> None:
    answer = desk.amends(command, "premium-detracter")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == "amends: there is no rule premium-detracter; did you mean premium-detractor?\n"


def test_a_name_that_is_like_none_gets_the_names_there_are(desk: Desk) -> None:
    answer = desk.amends("say", "zzz")
    assert answer.err == "amends: there is no rule zzz; this workspace has premium-detractor, detractor-reply\n"
    assert answer.code == 2


def test_a_workspace_with_errors_is_not_said(desk: Desk) -> None:
    desk.change("rules.yaml", "is: premium_customer", "is: premum_customer")
    answer = desk.amends("say")
    assert (answer.code, answer.out) == (1, "")
    assert "did you mean premium_customer?" in answer.err


def test_a_picture_is_an_svg_unless_told_otherwise(desk: Desk) -> None:
    answer = desk.amends("graph", "premium-detractor")
    assert (answer.code, answer.err) == (0, "")
    assert ET.fromstring(answer.out).tag.endswith("svg")
    assert desk.amends("graph", "premium-detractor", "--format", "svg").out == answer.out


def test_a_picture_can_be_mermaid_text(desk: Desk) -> None:
    answer = desk.amends("graph", "detractor-reply", "--format", "mermaid")
    assert answer.out.split("\n")[1] == "flowchart TD"
    assert '(["Done"])' in answer.out


def test_a_picture_can_go_to_a_file(desk: Desk) -> None:
    shown = desk.amends("graph", "premium-detractor")
    answer = desk.amends("graph", "premium-detractor", "--out", desk.here / "rule.svg")
    assert (answer.code, answer.out, answer.err) == (0, "", "")
    assert (desk.here / "rule.svg").read_text(encoding="utf-8") == shown.out


def test_a_file_that_cannot_be_written_is_one_sentence(desk: Desk) -> None:
    answer = desk.amends("graph", "premium-detractor", "--out", desk.workspace)
    assert answer.code == 2
    assert answer.err.startswith(f"amends: {desk.workspace} cannot be written: ")
    assert answer.err.count("\n") == 1


def test_the_texts_of_a_rule_are_never_markup(desk: Desk) -> None:
    desk.change(
        "rules.yaml", "why: A premium customer", 'why: "</svg><script>alert(1)</script> A premium customer"\n    # '
    )
    assert "<script>" not in desk.amends("graph", "premium-detractor").out
    assert "<script>" not in desk.amends("graph", "premium-detractor", "--format", "mermaid").out


SCRIPT = """\
import json, sys, typer
from amends.cli import graph, say
app = typer.Typer()
say.register(app)
graph.register(app)
try:
    app()
except SystemExit:
    print(json.dumps(sorted({"prefect", "sqlmodel", "sqlalchemy", "httpx"} & set(sys.modules))), file=sys.stderr)
"""


@pytest.mark.parametrize("command", ["say", "graph"])
def test_neither_prefect_nor_a_database_is_imported(command: str, desk: Desk) -> None:
    words = [sys.executable, "-c", SCRIPT, command, "premium-detractor"]
    environment = {**os.environ, **desk.settings}
    done = subprocess.run(words, capture_output=True, text=True, env=environment, cwd=Path(desk.here), check=True)
    assert json.loads(done.stderr) == []
    assert "premium-detractor" in done.stdout
