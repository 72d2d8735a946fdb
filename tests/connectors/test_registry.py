"""The registry: cheap to ask, strict about other people's connectors, and never without a way out."""

import subprocess
import sys
from dataclasses import replace
from importlib.metadata import EntryPoint

import pytest

from amends_connectors import registry
from amends_connectors.contract import Channel, DuplicateClass
from amends_connectors.email_sendgrid import SendGridConnector
from amends_connectors.email_smtp import SmtpConnector
from amends_connectors.mail import BY_SMTP, STEP
from amends_connectors.preview import PreviewConnector
from amends_connectors.settings import BadSetting
from amends_connectors.slack_client import SlackConnector
from amends_connectors.webhook_client import WebhookConnector
from amends_engine.steps import OptionType, channel_of

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_asking_what_a_rule_can_do_imports_no_sdk():
    code = (
        "import sys; from amends_connectors.registry import kinds; assert kinds();"
        "heavy = {'slack_sdk', 'sendgrid', 'python_http_client', 'httpx', 'sqlmodel', 'standardwebhooks', 'ssl'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[]\n"


def test_whatever_shares_a_provider_is_carried_by_one_channel():
    ways = {name: channel.connect for name, channel in registry.channels().items() if channel.connect}
    first = {connect: name for name, connect in reversed(ways.items())}
    assert {name: channel_of(name) for name in ways} == {name: first[connect] for name, connect in ways.items()}


def test_the_steps_are_those_of_the_language():
    assert list(registry.kinds()) == [
        "email",
        "slack",
        "voucher",
        "case",
        "task",
        "webhook",
        "set",
        "emit",
        "brief",
        "survey",
        "problem",
        "hold",
    ]
    assert {
        f"{name}.{option.name}": (option.type.value, option.is_required)
        for name, kind in registry.kinds().items()
        for option in kind.options
    } == {
        "email.template": ("template", True),
        "email.purpose": ("choice", False),
        "slack.to": ("text", True),
        "slack.card": ("card", True),
        "slack.thread": ("choice", False),
        "slack.include": ("words", False),
        "voucher.value": ("money", True),
        "voucher.from": ("budget", True),
        "voucher.valid": ("duration", False),
        "voucher.ask": ("ask", False),
        "case.open": ("word", False),
        "case.one_per": ("fields", False),
        "case.priority": ("choice", False),
        "case.due": ("duration", False),
        "case.close": ("word", False),
        "case.reopen_for": ("assignee", False),
        "task.title": ("text", True),
        "task.to": ("assignee", True),
        "task.due": ("duration", False),
        "task.if_late": ("if_late", False),
        "webhook.to": ("word", True),
        "webhook.body": ("texts", False),
        "set.field": ("attribute", True),
        "set.to": ("value", True),
        "emit.event": ("event", True),
        "emit.fields": ("values", False),
        "brief.to": ("post", True),
        "brief.card": ("card", True),
        "brief.show": ("moment", False),
        "brief.buttons": ("words", False),
        "survey.template": ("template", True),
        "survey.at": ("moment", False),
        "problem.open": ("word", False),
        "problem.close": ("word", False),
        "problem.per": ("field", False),
        "problem.root_cause_due": ("duration", False),
        "hold.messages": ("choice", True),
        "hold.to": ("choice", True),
        "hold.for": ("duration", True),
    }


def test_every_step_says_what_it_means_and_shows_an_example():
    for name, kind in registry.kinds().items():
        assert kind.name == name
        assert kind.means
        assert kind.example.startswith(f"{name}: {{")
        assert all(option.means for option in kind.options)
        assert all(option.choices for option in kind.options if option.type is OptionType.CHOICE)
        assert kind.target == "customer" or kind.option(kind.target).is_required


def test_only_the_stores_own_steps_have_no_connector():
    own = {name for name, it in registry.declarations().items() if it.duplicates is DuplicateClass.OWN_TABLE}
    assert own == {name for name, channel in registry.channels().items() if channel.connect is None}
    assert own == {"voucher", "case", "task", "set", "emit", "brief", "problem", "hold"}


def test_a_send_ends_well_before_its_lease():
    for declaration in registry.declarations().values():
        assert declaration.connect_timeout < declaration.send_timeout
        assert declaration.send_timeout.total_seconds() <= 60


@pytest.mark.parametrize("kind", ["email", "slack", "webhook"])
def test_without_credentials_everything_goes_to_the_preview(kind, tmp_path, clock):
    assert isinstance(registry.build(kind, {}, tmp_path, clock), PreviewConnector)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "environ", "expected"),
    [
        ("slack", {"SLACK_BOT_TOKEN": "xoxb-1"}, SlackConnector),
        ("email", {"SENDGRID_API_KEY": "SG.1"}, SendGridConnector),
        ("email", {"SMTP_URL": "smtp://localhost"}, SmtpConnector),
        ("email", {"SENDGRID_API_KEY": "SG.1", "SMTP_URL": "smtp://localhost"}, SendGridConnector),
        ("webhook", {"AMENDS_WEBHOOK_A_URL": "https://h/", "AMENDS_WEBHOOK_A_SECRET": KEY}, WebhookConnector),
    ],
)
def test_with_credentials_the_real_connector_is_built(kind, environ, expected, tmp_path, clock):
    connector = registry.build(kind, environ, tmp_path, clock)
    assert isinstance(connector, expected)
    assert connector.declaration.step is registry.kinds()[kind]
    connector.close()


def test_a_bad_setting_of_the_transport_that_is_not_used_is_still_told(tmp_path, clock):
    with pytest.raises(BadSetting, match="SMTP_URL"):
        registry.build("email", {"SENDGRID_API_KEY": "SG.1", "SMTP_URL": "nonsense"}, tmp_path, clock)


def test_the_stores_own_steps_are_not_built(tmp_path, clock):
    with pytest.raises(ValueError, match="performed by the store"):
        registry.build("voucher", {}, tmp_path, clock)


@pytest.fixture
def others(monkeypatch):
    """Entry points of other distributions: names and objects, in a module of this test."""
    module = type(sys)("amends_test_plugin")
    monkeypatch.setitem(sys.modules, "amends_test_plugin", module)
    registry.channels.cache_clear()

    def install(name, channel):
        module.CHANNEL = channel
        entry = EntryPoint(name, "amends_test_plugin:CHANNEL", registry.GROUP)
        monkeypatch.setattr(registry, "entry_points", lambda group: [entry])

    yield install
    registry.channels.cache_clear()


def pager(name="pager"):
    return Channel(replace(BY_SMTP, step=replace(STEP, name=name)))


def test_another_distribution_adds_a_step_by_an_entry_point(others):
    others("pager", pager())
    assert list(registry.kinds())[-1] == "pager"


@pytest.mark.parametrize(
    ("name", "channel", "words"),
    [
        ("slack", "anything", "has the name of one of ours"),
        ("pager", "not a channel", "is not a Channel"),
        ("pager", pager("another"), "is not a Channel whose step has this name"),
    ],
)
def test_another_distributions_mistake_is_one_sentence_that_names_it(others, name, channel, words):
    others(name, channel)
    with pytest.raises(registry.BadConnector, match=words) as raised:
        registry.kinds()
    assert name in str(raised.value)


def test_an_entry_point_that_cannot_be_imported_is_one_sentence(others, monkeypatch):
    others("pager", pager())
    entry = EntryPoint("pager", "amends_no_such_module:CHANNEL", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [entry])
    with pytest.raises(registry.BadConnector, match="cannot be loaded"):
        registry.kinds()
