"""Signing in with a passkey whose device the test simulates."""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from flask import Flask
from sqlite_utils import Database
from webauthn.helpers import bytes_to_base64url, encode_cbor
from werkzeug.test import TestResponse

from tests.conftest import PASSPHRASE, TREATED_AT, Cast
from tests.web.browser import Browser
from tests.web.conftest import Clock
from tracker.domain.clinic.audit import Act, Search
from tracker.domain.mail.mails import Envelope, MailKind, compose
from tracker.domain.people.passkeys import CHALLENGE_GOOD_FOR, Passkey
from tracker.domain.people.sessions import PROOF_GOOD_FOR
from tracker.storage.clinic import audit_log
from tracker.storage.connection import writing
from tracker.storage.mail import mails
from tracker.storage.people import passkeys

HOST, ORIGIN = "127.0.0.1", "http://127.0.0.1:8000"
PRESENT_AND_VERIFIED = b"\x05"
KEY_ID = bytes_to_base64url(b"alice's phone")

Answer = Callable[[Mapping[str, Any]], dict[str, Any]]


@pytest.fixture
def device(db: Database, cast: Cast) -> Answer:
    """Alice's phone, whose passkeys do not count signatures, like passkeys kept in a cloud."""
    private = ec.generate_private_key(ec.SECP256R1())
    place = private.public_key().public_numbers()
    x, y = (number.to_bytes(32, "big") for number in (place.x, place.y))
    public = encode_cbor({1: 2, 3: -7, -1: 1, -2: x, -3: y})
    with writing(db):
        passkeys.insert(db, Passkey(KEY_ID, cast.alice.id, public, 0, TREATED_AT))

    def answer(options: Mapping[str, Any]) -> dict[str, Any]:
        asked = {"type": "webauthn.get", "challenge": options["challenge"], "origin": ORIGIN}
        client = json.dumps(asked).encode()
        seen = hashlib.sha256(HOST.encode()).digest() + PRESENT_AND_VERIFIED + bytes(4)
        signature = private.sign(seen + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        parts = {"clientDataJSON": client, "authenticatorData": seen, "signature": signature}
        response = {name: bytes_to_base64url(part) for name, part in parts.items()}
        return {"id": KEY_ID, "rawId": KEY_ID, "type": "public-key", "response": response}

    return answer


def ask(browser: Browser) -> dict[str, Any]:
    options = browser.send("/sign-in/passkey/options", {}).json
    assert isinstance(options, dict)
    return options


def enter(browser: Browser, answer: object) -> TestResponse:
    return browser.send("/sign-in/passkey", {"answer": json.dumps(answer), "next": ""})


def test_a_passkey_lets_its_holder_in(stranger: Browser, device: Answer) -> None:
    assert enter(stranger, device(ask(stranger))).status_code == 303
    assert "Alice" in stranger.read("/")


def test_an_answer_that_was_overheard_is_worth_nothing_later(
    stranger: Browser, device: Answer, clock: Clock
) -> None:
    answer = device(ask(stranger))
    clock.now += CHALLENGE_GOOD_FOR
    refused = enter(stranger, answer)
    assert refused.status_code == 401
    assert "That took too long" in refused.text
    clock.now += timedelta(minutes=1)
    ask(stranger)
    assert enter(stranger, answer).status_code == 401


def test_an_answer_that_was_overheard_is_worth_nothing_a_second_time(
    app: Flask, stranger: Browser, device: Answer
) -> None:
    answer = device(ask(stranger))
    asked = stranger.client.get_cookie("passkey_challenge")
    assert asked is not None
    assert enter(stranger, answer).status_code == 303
    thief = Browser(app)
    thief.client.set_cookie("passkey_challenge", asked.value)
    refused = enter(thief, answer)
    assert (refused.status_code, "was used already" in refused.text) == (401, True)


def test_an_answer_to_nothing_that_was_asked_is_refused(stranger: Browser, device: Answer) -> None:
    assert enter(stranger, device({"challenge": ""})).status_code == 401


@pytest.mark.parametrize(
    "answer",
    [
        {"id": "\ud800"},
        {"id": KEY_ID, "rawId": "é", "type": "public-key", "response": {}},
        {"id": KEY_ID, "rawId": "A", "type": "public-key", "response": {}},
        [],
        {"id": KEY_ID, "padding": "[" * 20_000},
    ],
)
def test_an_answer_that_is_none_is_refused_plainly(
    stranger: Browser, device: Answer, answer: object
) -> None:
    ask(stranger)
    assert enter(stranger, answer).status_code == 401
    good = device({"challenge": ""})
    ask(stranger)
    good["response"]["clientDataJSON"] = bytes_to_base64url(b"[" * 20_000)
    assert enter(stranger, good).status_code == 401


def test_whoever_finds_an_unlocked_phone_changes_no_passkey(
    alice: Browser, device: Answer, db: Database, cast: Cast, clock: Clock
) -> None:
    assert "First show that it is you" not in alice.read("/passkeys")
    clock.now += PROOF_GOOD_FOR
    for path in ("/passkeys", "/passkeys/options", "/passkeys/remove"):
        sent_away = alice.send(path, {"key": KEY_ID})
        assert sent_away.status_code == 303
        assert sent_away.headers["Location"].startswith("/prove")
    assert "First show that it is you" in alice.read("/passkeys")
    assert len(passkeys.of_person(db, cast.alice.id)) == 1
    assert mails.of_recipient(db, cast.alice.id) == []

    assert alice.sign_in(cast.alice, PASSPHRASE, target="/passkeys").status_code == 303
    alice.send("/passkeys/remove", {"key": KEY_ID})
    assert passkeys.of_person(db, cast.alice.id) == []


def test_a_passkey_that_was_shown_just_now_is_enough(
    alice: Browser, device: Answer, clock: Clock
) -> None:
    clock.now += PROOF_GOOD_FOR
    enter(alice, device(ask(alice)))
    assert "First show that it is you" not in alice.read("/passkeys")


def test_a_mail_tells_once_that_a_passkey_is_gone(
    alice: Browser, dana: Browser, device: Answer, db: Database, cast: Cast
) -> None:
    dana.send("/passkeys/remove", {"key": KEY_ID})  # it is not hers
    for _ in range(2):
        alice.send("/passkeys/remove", {"key": KEY_ID})
    assert mails.of_recipient(db, cast.dana.id) == []
    (mail,) = mails.of_recipient(db, cast.alice.id)
    assert mail.kind is MailKind.PASSKEY_REMOVED
    sent = compose(mail, Envelope("Afterglow <a@clinic.example>", ORIGIN, b"key")).get_content()
    assert f"{ORIGIN}/passkeys" in sent
    assert cast.alice.name not in sent


def test_what_happens_to_the_ways_in_is_on_record(
    cast: Cast, db: Database, alice: Browser, stranger: Browser, device: Answer
) -> None:
    enter(stranger, {"id": "unknown"})
    alice.send("/passkeys/remove", {"key": KEY_ID})
    alice.send("/sign-out", {})
    own = cast.alice.id
    seen = {(e.act, e.by, e.about, e.details) for e in audit_log.search(db, Search())}
    assert {
        (Act.SIGN_IN_FAILED, None, None, "with a passkey"),
        (Act.PASSKEY_REMOVED, own, own, ""),
        (Act.SIGNED_OUT, own, None, ""),
    } <= seen
