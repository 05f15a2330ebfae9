"""What the environment must say before Rithmic is asked anything."""

import pytest

from tradebot.environment import BadEnvironment, socket_address
from trading.brokers.adapter import BrokerError
from trading.brokers.rithmic import open_rithmic
from trading.brokers.rithmic.access import MOST_TEXT, Access
from trading.brokers.rithmic.configured import access
from trading.errors import OptionError

WHOLE = {
    "RITHMIC_USER": "me@example.com",
    "RITHMIC_PASSWORD": "hunter2-hunter2",
    "RITHMIC_SYSTEM": "Rithmic Test",
    "RITHMIC_URL": "wss://rithmic.example:443",
    "RITHMIC_ACCOUNT": "SIM-1",
}


@pytest.fixture
def whole(settings):
    for name, value in WHOLE.items():
        setattr(settings, name, value)
    return settings


@pytest.mark.parametrize("name", WHOLE)
def test_what_is_missing_is_named_in_one_line(whole, name):
    setattr(whole, name, "")
    with pytest.raises(OptionError, match=f"^{name} is not set; .*docs/rithmic.md$"):
        open_rithmic()


def test_everything_that_is_missing_is_named_at_once(settings):
    for name in WHOLE:
        setattr(settings, name, "")
    with pytest.raises(OptionError, match=f"^{', '.join(WHOLE)} are not set"):
        access()


def test_another_account_of_the_login_can_be_named(whole):
    whole.RITHMIC_ACCOUNT = ""
    assert open_rithmic(account="SIM-2").access.account == "SIM-2"


def test_neither_user_nor_password_is_shown(whole):
    found = access()
    assert "hunter2" not in repr(found)
    assert "me@example.com" not in repr(found)
    text = found.without_secrets("login\n me@example.com\t'hunter2-hunter2' refused")
    assert text == "login [hidden] '[hidden]' refused"


def test_what_the_library_says_is_cut_after_its_secrets_are_gone(whole):
    text = access().without_secrets("x" * (MOST_TEXT - 4) + "hunter2-hunter2")
    assert "hunt" not in text


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("ws://rithmic.example:443", "unencrypted"),
        ("http://rithmic.example", "is not a web socket's address"),
        ("wss://me:secret-word@rithmic.example", "must not name a user"),
        ("wss://", "is not a web socket's address"),
    ],
)
def test_an_address_that_cannot_be_meant_is_refused_without_showing_it(monkeypatch, url, problem):
    monkeypatch.setenv("RITHMIC_URL", url)
    with pytest.raises(BadEnvironment, match=f"^RITHMIC_URL.*{problem}") as caught:
        socket_address("RITHMIC_URL")
    assert "secret-word" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("", ""),
        ("rithmic.example:443", "wss://rithmic.example:443"),
        ("ws://127.0.0.1:5555", "ws://127.0.0.1:5555"),
        ("ws://[::1]:5555", "ws://[::1]:5555"),
    ],
)
def test_an_address_is_encrypted_except_within_this_machine(monkeypatch, given, meant):
    monkeypatch.setenv("RITHMIC_URL", given)
    assert socket_address("RITHMIC_URL") == meant


def test_the_adapter_refuses_what_settings_made_in_code_could_say():
    for url in ("ws://rithmic.example", "rithmic.example:443", "wss://a:b@rithmic.example"):
        with pytest.raises(BrokerError, match="RITHMIC_URL"):
            Access(user="u", password="p", system="s", url=url, account="a")


def test_a_certificate_authority_that_is_no_file_is_named(whole):
    whole.RITHMIC_CA_FILE = "/nowhere/ca.pem"
    with pytest.raises(BrokerError, match=r"RITHMIC_CA_FILE names /nowhere/ca\.pem"):
        access()


def test_the_margin_limits_are_40_and_400_unless_set(settings):
    assert (settings.MES_MARGIN_LIMIT, settings.ES_MARGIN_LIMIT) == (40, 400)
