"""Settings: read strictly, and secrets that stay secret."""

import copy
import pickle

import pytest

from amends_connectors.settings import (
    BadSetting,
    Secret,
    SendGridSettings,
    SlackSettings,
    SmtpSettings,
    WebhookSettings,
    read_mail_from,
    read_secret,
)

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CRM = {"AMENDS_WEBHOOK_CRM_URL": "https://crm.example/hook", "AMENDS_WEBHOOK_CRM_SECRET": KEY}


def test_a_secret_shows_itself_only_when_asked():
    secret = Secret("hunter2")
    assert (str(secret), repr(secret), f"{secret}", f"{[secret]}") == ("<secret>", "<secret>", "<secret>", "[<secret>]")
    assert secret.reveal() == "hunter2"


@pytest.mark.parametrize("way_out", [pickle.dumps, copy.deepcopy, copy.copy])
def test_a_secret_is_not_pickled(way_out):
    with pytest.raises(TypeError, match="not pickled"):
        way_out(Secret("hunter2"))


@pytest.mark.parametrize("settings", [SlackSettings, SendGridSettings, SmtpSettings])
def test_without_credentials_there_are_no_settings(settings):
    assert settings.read({}) is None
    assert settings.read({"SLACK_BOT_TOKEN": " ", "SENDGRID_API_KEY": "", "SMTP_URL": ""}) is None


def test_slack_has_a_token_and_an_address():
    settings = SlackSettings.read({"SLACK_BOT_TOKEN": "xoxb-1\n", "SLACK_BASE_URL": "http://127.0.0.1:9/api/"})
    assert settings.token.reveal() == "xoxb-1"
    assert settings.base_url == "http://127.0.0.1:9/api/"
    assert SlackSettings.read({"SLACK_BOT_TOKEN": "x"}).base_url == "https://slack.com/api/"


def test_sendgrid_has_a_key_an_address_and_a_sandbox():
    settings = SendGridSettings.read({"SENDGRID_API_KEY": "SG.1", "SENDGRID_SANDBOX": "yes"})
    assert (settings.base_url, settings.is_sandbox) == ("https://api.sendgrid.com", True)
    assert SendGridSettings.read({"SENDGRID_API_KEY": "x", "SENDGRID_BASE_URL": "http://h/"}).base_url == "http://h"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example", ("mail.example", 587, False, "", None)),
        ("smtp://mail.example:25/", ("mail.example", 25, False, "", None)),
        ("smtps://mail.example", ("mail.example", 465, True, "", None)),
        ("smtp://ana%40x:p%40s%3As@mail.example:2525", ("mail.example", 2525, False, "ana@x", "p@s:s")),
        ("smtp://[::1]:25", ("::1", 25, False, "", None)),
    ],
)
def test_smtp_is_read_from_one_address(url, expected):
    it = SmtpSettings.read({"SMTP_URL": url})
    assert (it.host, it.port, it.is_tls, it.user, it.password and it.password.reveal()) == expected


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"SMTP_URL": "http://h"}, "begins with neither smtp:// nor smtps://"),
        ({"SMTP_URL": "mail.example:25"}, "cannot be read"),
        ({"SMTP_URL": "smtp://h:port"}, "cannot be read"),
        ({"SMTP_URL": "smtp://h:99999"}, "cannot be read"),
        ({"SMTP_URL": "smtp://user@h"}, "a user name or a password, but not both"),
        ({"SMTP_URL": "smtp://h/path"}, "goes on after the port"),
        ({"SMTP_URL": "smtp://h?x=1"}, "goes on after the port"),
        ({"SMTP_URL": "smtp://[::1"}, "cannot be read"),
        ({"SMTP_URL": "smtp://u:s3cret@"}, "cannot be read"),
    ],
)
def test_a_mail_server_that_cannot_be_read_is_one_sentence_without_the_password(environ, words):
    with pytest.raises(BadSetting, match="SMTP_URL") as raised:
        SmtpSettings.read(environ)
    assert words in str(raised.value)
    assert "write for example smtp://" in str(raised.value)
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    "url", ["slack.com/api", "ftp://slack.com", "https://", "https://u:p@h/", "https://h/#x", "https://a b/"]
)
def test_an_address_that_is_none_is_one_sentence(url):
    with pytest.raises(BadSetting, match=r"SLACK_BASE_URL .*; write for example https://"):
        SlackSettings.read({"SLACK_BOT_TOKEN": "x", "SLACK_BASE_URL": url})


def test_a_switch_is_yes_or_no():
    with pytest.raises(BadSetting, match="SENDGRID_SANDBOX is 'maybe'; write yes or no"):
        SendGridSettings.read({"SENDGRID_API_KEY": "x", "SENDGRID_SANDBOX": "maybe"})


def test_a_secret_may_stand_in_a_file(tmp_path):
    file = tmp_path / "token"
    file.write_text("xoxb-2\n")
    assert read_secret({"SLACK_BOT_TOKEN_FILE": str(file)}, "SLACK_BOT_TOKEN").reveal() == "xoxb-2"


def test_a_secret_that_stands_in_two_places_is_refused(tmp_path):
    with pytest.raises(BadSetting, match="both set; keep one"):
        read_secret({"T": "x", "T_FILE": str(tmp_path)}, "T")


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe"])
def test_a_secrets_file_that_cannot_be_read_is_one_sentence(tmp_path, content):
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BadSetting, match="T_FILE names"):
        read_secret({"T_FILE": str(file)}, "T")


def test_a_secret_of_several_lines_is_refused_without_showing_it():
    with pytest.raises(BadSetting, match="T holds a line break") as raised:
        read_secret({"T": "hunter2\nhunter3"}, "T")
    assert "hunter" not in str(raised.value)


def test_an_endpoint_is_found_by_the_name_rules_use():
    endpoint = WebhookSettings.read(CRM).endpoint("crm")
    assert (endpoint.url, endpoint.secret.reveal(), endpoint.is_private_allowed) == (
        "https://crm.example/hook",
        KEY,
        False,
    )
    assert WebhookSettings.read(CRM).endpoint("erp") is None


def test_dashes_of_a_name_are_underscores_in_settings():
    environ = {"AMENDS_WEBHOOK_CRM_EU_URL": "https://h/", "AMENDS_WEBHOOK_CRM_EU_SECRET": KEY}
    assert WebhookSettings.read(environ).endpoint("crm-eu").name == "CRM_EU"


def test_an_endpoint_may_stand_in_files(tmp_path):
    (tmp_path / "url").write_text("https://h/")
    (tmp_path / "key").write_text(KEY)
    environ = {
        f"AMENDS_WEBHOOK_CRM_{it.upper()}_FILE": str(tmp_path / file)
        for it, file in (("url", "url"), ("secret", "key"))
    }
    assert WebhookSettings.read(environ).endpoint("crm").url == "https://h/"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"AMENDS_WEBHOOK_CRM_SECRET": ""}, "_URL is set without AMENDS_WEBHOOK_CRM_SECRET"),
        ({"AMENDS_WEBHOOK_CRM_URL": ""}, "_SECRET is set without AMENDS_WEBHOOK_CRM_URL"),
        ({"AMENDS_WEBHOOK_CRM_SECRET": "whsec_short"}, "not a signing key"),
        ({"AMENDS_WEBHOOK_CRM_SECRET": "not base64 at all!"}, "not a signing key"),
        ({"AMENDS_WEBHOOK_CRM_URL": "http://crm.example"}, "not encrypted"),
        ({"AMENDS_WEBHOOK_CRM_URL": "crm.example"}, "cannot be read"),
        ({"AMENDS_WEBHOOK_CRM_ALLOW_PRIVATE": "ja"}, "write yes or no"),
    ],
)
def test_an_endpoint_that_is_half_set_is_one_sentence_without_its_secret(changes, words):
    with pytest.raises(BadSetting, match="AMENDS_WEBHOOK_CRM") as raised:
        WebhookSettings.read(CRM | changes)
    assert words in str(raised.value)
    assert KEY not in str(raised.value)


def test_a_private_endpoint_may_be_unencrypted():
    environ = CRM | {"AMENDS_WEBHOOK_CRM_URL": "http://10.0.0.8/", "AMENDS_WEBHOOK_CRM_ALLOW_PRIVATE": "yes"}
    assert WebhookSettings.read(environ).endpoint("crm").is_private_allowed


@pytest.mark.parametrize(
    "key", [KEY, KEY.removeprefix("whsec_"), "whsec_" + "YWJj" * 8, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAA"]
)
def test_a_key_is_taken_as_the_signing_library_takes_it(key):
    from standardwebhooks import Webhook

    assert WebhookSettings.read(CRM | {"AMENDS_WEBHOOK_CRM_SECRET": key}).endpoint("crm")
    Webhook(key)


def test_the_sender_of_mail_is_checked():
    assert read_mail_from({}) is None
    assert read_mail_from({"AMENDS_MAIL_FROM": "Air <a@b.example>"}) == "Air <a@b.example>"
    with pytest.raises(BadSetting, match="AMENDS_MAIL_FROM is 'Air'; write for example"):
        read_mail_from({"AMENDS_MAIL_FROM": "Air"})
