"""amends prefect, as far as it goes without a server; tests/acceptance shows the rest."""

import pytest
from tests.conftest import Desk, event


@pytest.mark.parametrize("words", [("prefect",), ("run",)])
def test_a_server_that_does_not_answer_is_one_sentence_with_the_remedy(words: tuple[str, ...], desk: Desk) -> None:
    files = [desk.events(event(1))] if words == ("run",) else []
    answer = desk.amends(*words, *files, PREFECT_API_URL="http://127.0.0.1:9/api")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("amends: no Prefect server answers at http://127.0.0.1:9/api (PREFECT_API_URL): ")
    assert "unset PREFECT_API_URL" in answer.err
    assert answer.err.count("\n") == 1


def test_what_was_accepted_before_prefect_failed_waits_for_the_next_run(desk: Desk) -> None:
    desk.amends("run", desk.events(event(1)), PREFECT_API_URL="http://127.0.0.1:9/api")
    with desk.store() as store:
        assert [effect.state.value for effect in store.effects()] == ["planned"] * 4
    assert desk.outbox == []
