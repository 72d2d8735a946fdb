"""What stands before what: steps of branches, and decisions before a wait."""

from datetime import UTC, datetime

from tests.engine.conftest import Read

from amends_engine.chains import led_to, orders
from amends_engine.plans import JOIN, Mode, Timer

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
RULE = """
version: 1
rules:
  - id: side-by-side
    why: Because
    owner: cx
    when: {event: feedback.received}
    then:
      - task: {title: First, to: cx}
      - parallel:
          customer:
            - voucher: {value: 25 EUR, from: recovery}
            - email: {template: apology}
          staff:
            - slack: {to: "#cx", card: alert}
            - choose:
                - if:
                    - customer.tier: gold
                  then:
                    - task: {title: Gold, to: cx}
            - wait: {for: 1h}
      - webhook: {to: crm}
"""


def test_branches_do_not_stand_after_each_other_and_what_follows_stands_after_all(read: Read) -> None:
    workspace, findings = read(RULE)
    assert workspace, findings
    order = orders(workspace.rules[0].steps)
    [wait] = [before for name, before in order.items() if "wait" in name]
    assert (order["voucher"], order["email"]) == ((1,), (1, 2))
    assert (order["slack"], order["task.2"], wait) == ((1,), (1, 4), (1, 4, 5))
    assert order["webhook"] == (1, 2, 3, 4, 5)


def test_without_branches_everything_stands_in_one_row(read: Read) -> None:
    workspace, findings = read(RULE[: RULE.index("      - parallel:")])
    assert workspace, findings
    assert orders(workspace.rules[0].steps) == {}


def timer(path: str, generation: int, decision: str, watch: str = "") -> Timer:
    return Timer(path, "r", "v", Mode.LIVE, "e1", "c1", generation, path, NOW, NOW, watch, decision_id=decision)


def test_what_follows_a_join_follows_the_branches_too() -> None:
    one, two = timer("then[1].parallel.a[0].wait", 1001, "d0"), timer("then[1].parallel.b[0].wait", 2001, "d0")
    join, last = timer("then[1].parallel", 1, "d0", JOIN), timer("then[2].wait", 2, "d1")
    waits, made = [one, two, join, last], {0: "d0", 1001: "a1", 2001: "b1", 1: "d1"}
    assert led_to(one, waits, made) == ("d0",)
    assert led_to(join, waits, made) == ("d0", "a1", "b1")
    assert led_to(last, waits, made) == ("d0", "a1", "b1", "d1")
