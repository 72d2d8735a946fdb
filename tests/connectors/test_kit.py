"""The recording connector, and what becomes of errors that are not outcomes."""

import pytest
from conformance import Conformance, HttpConformance
from deliveries import EFFECT, card

from amends_connectors.contract import Connector, Found, RateLimited, Receipt, Rejected, Uncertain, deliver
from amends_connectors.kit import RecordingConnector, Turn
from amends_connectors.slack import DECLARATION


def test_it_remembers_deliveries_and_succeeds():
    connector = RecordingConnector(DECLARATION)
    assert connector.look_up(card()) is Found.ABSENT
    assert connector.send(card()) == Receipt(f"recorded:{EFFECT}")
    assert list(connector.deliveries) == [card()]
    assert connector.look_up(card()) is Found.PRESENT


def test_it_raises_what_it_is_told_to_and_then_succeeds():
    connector = RecordingConnector(DECLARATION, [Turn(Rejected("no"))]).then(Uncertain("lost"), has_acted=True)
    with pytest.raises(Rejected):
        connector.send(card())
    assert connector.look_up(card()) is Found.ABSENT
    with pytest.raises(Uncertain):
        connector.send(card())
    assert connector.look_up(card()) is Found.PRESENT
    assert connector.send(card())
    assert len(connector.deliveries) == 3


def test_it_gives_the_receipt_it_is_told_to():
    receipt = Receipt("shadow", is_preview=True)
    assert RecordingConnector(DECLARATION).then(receipt).send(card()) is receipt


def test_it_keeps_only_as_much_as_it_should():
    connector = RecordingConnector(DECLARATION, keep=2)
    for _ in range(5):
        connector.send(card())
    assert len(connector.deliveries) == 2


def test_it_is_a_connector():
    connector: Connector = RecordingConnector(DECLARATION)
    connector.close()
    assert connector.declaration is DECLARATION
    assert connector.is_closed


@pytest.mark.parametrize("outcome", [Rejected("no"), Uncertain("lost"), RateLimited("slow", retry_after=None)])
def test_an_outcome_passes_through(outcome):
    with pytest.raises(type(outcome)) as raised:
        deliver(RecordingConnector(DECLARATION).then(outcome), card())
    assert raised.value is outcome


@pytest.mark.parametrize("error", [KeyError("ana.lopez@example.org"), RuntimeError("Ana"), MemoryError()])
def test_any_other_error_is_uncertain_and_its_text_stays_out_of_the_ledger(error):
    with pytest.raises(Uncertain) as raised:
        deliver(RecordingConnector(DECLARATION).then(error), card())
    assert str(raised.value) == f"the connector failed with {type(error).__name__}"


def test_an_interruption_is_not_an_outcome():
    class Stop(RecordingConnector):
        def send(self, delivery):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deliver(Stop(DECLARATION), card())


def test_the_conformance_suite_finds_a_connector_that_asks_twice():
    """The suite itself is tested: a connector with a hidden retry must not pass."""
    from urllib.request import urlopen

    class Twice(RecordingConnector):
        def __init__(self, url, _line):
            super().__init__(DECLARATION)
            self.url = url

        def send(self, delivery):
            for _ in range(2):
                try:
                    with urlopen(self.url, b"x", timeout=0.4):
                        return Receipt("sent")
                except OSError:
                    continue
            raise Uncertain("lost")

    class Suite(HttpConformance):
        build = Twice
        request = staticmethod(card)

    from sinks import drop_after_acting

    with pytest.raises(AssertionError):
        Suite().test_a_lost_answer_is_uncertain(drop_after_acting)


def test_every_network_connector_is_in_the_suite():
    import test_email_sendgrid
    import test_email_smtp
    import test_slack
    import test_webhook

    for module in (test_email_sendgrid, test_email_smtp, test_slack, test_webhook):
        assert issubclass(module.TestConformance, Conformance)
