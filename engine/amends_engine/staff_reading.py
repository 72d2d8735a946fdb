"""`roles:` and `teams:` in workspace.yaml become the staff."""

from collections.abc import Collection, Mapping

from amends_engine.calendars import Calendar
from amends_engine.documents import Node
from amends_engine.findings import Finding
from amends_engine.shapes import MEMBER, ROLE, TEAM, check_shape
from amends_engine.spelling import closest
from amends_engine.staff import Member, Staff, Team


def read_staff(root: Node, calendars: Mapping[str, Calendar], findings: list[Finding]) -> Staff:
    """root: of workspace.yaml."""
    roles = {name: node.fields["means"].text for name, node in _members(root, "roles", ROLE, "the role", findings)}
    teams = {
        name: _read_team(name, node, roles, calendars, findings)
        for name, node in _members(root, "teams", TEAM, "the team", findings)
    }
    return Staff(roles, teams)


def _members(
    root: Node, key: str, shape: Mapping[str, object], what: str, findings: list[Finding]
) -> list[tuple[str, Node]]:
    node = root.get(key)
    given = node.fields.items() if node else ()
    return [(name, spec) for name, spec in given if check_shape(spec, shape, f"{what} {name}", findings)]


def _read_team(
    name: str, node: Node, roles: Collection[str], calendars: Mapping[str, Calendar], findings: list[Finding]
) -> Team:
    lead, people = node.fields["lead"], node.fields["people"]
    if lead.text not in roles:
        _report_unknown("unknown-role", f"The lead {lead.text}", lead, roles, findings)
    read = (_read_member(who, spec, calendars, findings) for who, spec in people.fields.items())
    return Team(name, lead.text, tuple(member for member in read if member))


def _read_member(name: str, node: Node, calendars: Mapping[str, Calendar], findings: list[Finding]) -> Member | None:
    if not check_shape(node, MEMBER, f"the entry of {name}", findings):
        return None
    hours = node.get("hours")
    if hours and hours.text not in calendars:
        _report_unknown("unknown-calendar", f"The calendar {hours.text}", hours, calendars, findings)
        return None
    return Member(name, hours.text if hours else "")


def _report_unknown(code: str, what: str, node: Node, known: Collection[str], findings: list[Finding]) -> None:
    near = closest(node.text, known)
    listed = ", ".join(sorted(known))
    remedy = f"did you mean {near}?" if near else (f"known here: {listed}" if listed else "none is declared yet")
    findings.append(Finding(code, f"{what} is not known", node.place, remedy))
