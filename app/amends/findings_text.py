"""Findings as a person reads them: the sentence, the line of the file, a caret, the remedy."""

import json
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from amends_engine.findings import CODES, Finding, Place, Severity

_RED, _YELLOW, _BOLD, _PLAIN = "\x1b[31m", "\x1b[33m", "\x1b[1m", "\x1b[0m"


def as_text(findings: Iterable[Finding], files: Mapping[str, bytes], *, is_coloured: bool = False) -> str:
    return "\n".join(_block(finding, files, is_coloured) for finding in findings)


def _block(finding: Finding, files: Mapping[str, bytes], is_coloured: bool) -> str:
    colour = _RED if finding.is_error else _YELLOW
    kind = f"{colour}{finding.severity.value}{_PLAIN}" if is_coloured else finding.severity.value
    place = f"{_BOLD}{finding.place}{_PLAIN}" if is_coloured else str(finding.place)
    lines = [f"{place}: {kind}: {finding.message} [{finding.code}]"]
    lines.extend(_excerpt(finding, files))
    if finding.remedy:
        lines.append(f"    → {finding.remedy}")
    return "\n".join(lines)


def _excerpt(finding: Finding, files: Mapping[str, bytes]) -> list[str]:
    text = files.get(finding.place.file, b"").decode("utf-8", "replace").split("\n")
    if not 0 < finding.place.line <= len(text) or not text[finding.place.line - 1].strip():
        return []
    line = text[finding.place.line - 1].rstrip("\r").replace("\t", " ")
    start = max(0, finding.place.column - 1 - 80)  # a caret far to the right would be out of sight
    return [f"    {line[start : start + 110]}", f"    {' ' * (finding.place.column - 1 - start)}^"]


def as_json(findings: Iterable[Finding]) -> str:
    return json.dumps(
        {
            "findings": [
                {
                    "code": finding.code,
                    "severity": finding.severity.value,
                    "message": finding.message,
                    "remedy": finding.remedy,
                    "documentation": _documentation(finding.code),
                    "file": finding.place.file,
                    "line": finding.place.line,
                    "column": finding.place.column,
                }
                for finding in findings
            ]
        },
        ensure_ascii=False,
        indent=2,
    )


def _documentation(code: str) -> str:
    """Where the heading of the code stands, in the folder of the documents."""
    return f"docs/findings.md#{code}"


def as_github(findings: Iterable[Finding]) -> str:
    """Workflow commands that GitHub shows beside the changed line."""
    return "\n".join(
        f"::{finding.severity.value} {_github_place(finding.place)},title={finding.code}::"
        f"{_github_text(f'{finding.message}. {finding.remedy}'.strip())}"
        for finding in findings
    )


def _github_place(place: Place) -> str:
    file = _github_text(place.file).replace(":", "%3A").replace(",", "%2C")
    return f"file={file},line={place.line},col={place.column}"


def _github_text(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


_SARIF_LEVEL = {Severity.ERROR: "error", Severity.WARNING: "warning"}


def as_sarif(findings: Iterable[Finding]) -> str:
    """SARIF 2.1.0, for code scanning pages."""
    rules = [
        {
            "id": code.name,
            "shortDescription": {"text": code.means},
            "help": {"text": f"{code.means}. See {_documentation(code.name)}"},
        }
        for code in CODES.values()
    ]
    driver = {"name": "amends", "rules": rules}
    run = {"tool": {"driver": driver}, "results": [_sarif_result(finding) for finding in findings]}
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=2)


def _sarif_result(finding: Finding) -> dict[str, object]:
    place = finding.place
    region = {"startLine": place.line, "startColumn": place.column}
    location = {"physicalLocation": {"artifactLocation": {"uri": quote(place.file)}, "region": region}}
    text = f"{finding.message}. {finding.remedy}".strip()
    level = _SARIF_LEVEL[finding.severity]
    return {"ruleId": finding.code, "level": level, "message": {"text": text}, "locations": [location]}
