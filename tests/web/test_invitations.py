"""How a patient gets an account: a link, once."""

import re
import unicodedata
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlite_utils import Database

from tests.conftest import Cast
from tests.web.browser import Browser
from tests.web.conftest import Clock
from tracker.actions.people.accounts import set_passphrase
from tracker.domain.mail.mails import compose
from tracker.domain.people.invitations import GOOD_FOR
from tracker.domain.people.people import Person
from tracker.storage.columns import time_text
from tracker.storage.connection import writing
from tracker.storage.mail import mails
from tracker.storage.people import people
from tracker.world import World

NEW = {"name": "Chinwe", "email": "Chinwe@home.example"}
OWN = {"passphrase": "violet tram under seven", "time_zone": "Africa/Lagos"}


def link_for(dana: Browser, values: dict[str, str] = NEW) -> str:
    answer = dana.send("/invite", values)
    assert answer.status_code == 200
    found = re.search(r'value="http[^"]*(/welcome/[\w.-]+)"', answer.text)
    assert found is not None
    return found[1]


def test_a_patient_follows_the_link_and_is_in(dana: Browser, app: Flask, db: Database) -> None:
    path, phone = link_for(dana), Browser(app)
    assert "Welcome, Chinwe" in phone.read(path)
    assert phone.send(path, OWN).status_code == 303
    assert "Welcome" in phone.read("/")
    chinwe = people.by_email(db, "chinwe@home.example")
    assert chinwe is not None
    assert chinwe.time_zone == "Africa/Lagos"
    assert "Chinwe" in dana.read("/")


def test_the_code_to_scan_stands_beside_the_link(dana: Browser) -> None:
    page = dana.send("/invite", NEW).text
    assert "<svg" in page
    assert "style=" not in page


def test_the_link_goes_out_by_mail(dana: Browser, world: World, db: Database) -> None:
    path = link_for(dana)
    (mail,) = [compose(row, world.envelope) for row in mails.due(db, Clock().now)]
    assert mail["To"] == "chinwe@home.example"
    assert path in mail.get_content()


def test_a_forged_link_opens_nothing(dana: Browser, app: Flask) -> None:
    path = link_for(dana)
    assert Browser(app).get(path[:-1] + ("A" if path[-1] != "A" else "Q")).status_code == 410


def test_a_link_works_once(dana: Browser, app: Flask) -> None:
    path = link_for(dana)
    Browser(app).send(path, OWN)
    second = Browser(app)
    assert second.get(path).status_code == 410
    assert second.send(path, OWN | {"passphrase": "another one of my own"}).status_code == 410


def test_a_link_ends_after_its_time(dana: Browser, app: Flask, clock: Clock) -> None:
    path = link_for(dana)
    clock.now += GOOD_FOR - timedelta(seconds=1)
    assert Browser(app).get(path).status_code == 200
    clock.now += timedelta(seconds=1)
    answer = Browser(app).get(path)
    assert answer.status_code == 410
    assert "no longer works" in answer.text


def test_a_new_link_ends_the_old_one(dana: Browser, app: Flask) -> None:
    first, second = link_for(dana), link_for(dana)
    assert Browser(app).get(first).status_code == 410
    assert Browser(app).get(second).status_code == 200


def test_a_passphrase_given_otherwise_ends_the_link(
    dana: Browser, app: Flask, db: Database
) -> None:
    path = link_for(dana)
    chinwe = people.by_email(db, "chinwe@home.example")
    assert chinwe is not None
    set_passphrase(db, chinwe.id, "amber lift over nine")
    assert Browser(app).get(path).status_code == 410
    assert Browser(app).send(path, OWN).status_code == 410


def test_a_short_passphrase_is_refused_and_the_link_still_works(dana: Browser, app: Flask) -> None:
    path, phone = link_for(dana), Browser(app)
    answer = phone.send(path, OWN | {"passphrase": "short"})
    assert answer.status_code == 422
    assert "too short" in answer.text
    assert phone.send(path, OWN).status_code == 303


def test_nobody_can_be_invited_into_an_account_that_exists(dana: Browser, cast: Cast) -> None:
    for person in (cast.alice, cast.bob, cast.eli):
        answer = dana.send("/invite", {"name": "X", "email": person.email})
        assert answer.status_code == 409
        assert "Someone signs in as" in answer.text


def test_what_is_wrong_with_an_invitation_is_named(dana: Browser) -> None:
    assert "write a name" in dana.send("/invite", NEW | {"name": "  "}).text.lower()
    answer = dana.send("/invite", NEW | {"email": "nobody"})
    assert answer.status_code == 422
    assert "is not an e-mail address" in answer.text


def test_the_birth_date_is_kept_with_the_invitation(dana: Browser, db: Database) -> None:
    link_for(dana, NEW | {"birth_date": "1985-04-23"})
    chinwe = people.by_email(db, "chinwe@home.example")
    assert chinwe is not None
    assert chinwe.birth_date == date(1985, 4, 23)
    link_for(dana, NEW)  # a new link does not forget it
    assert people.get(db, chinwe.id) == chinwe


@pytest.mark.parametrize("text", ["23.4.1985", "0085-04-23", "2985-04-23"])
def test_a_birth_date_that_cannot_be_is_refused(dana: Browser, db: Database, text: str) -> None:
    answer = dana.send("/invite", NEW | {"birth_date": text})
    assert answer.status_code == 422
    assert "the date of birth" in answer.text
    assert people.by_email(db, "chinwe@home.example") is None


def identity_form(browser: Browser, patient: Person, **typed: str) -> dict[str, str]:
    """The form as it is filled in, with what was typed over it."""
    page = browser.read(f"/patients/{patient.id}/identity")
    field = r'name="(shown|name|birth_date|record_number)"[^>]* value="([^"]*)"'
    return {**dict(re.findall(field, page)), **typed}


def test_a_form_that_was_open_for_long_takes_no_birth_date_away(
    dana: Browser, db: Database, cast: Cast
) -> None:
    path = f"/patients/{cast.alice.id}/identity"
    old = identity_form(dana, cast.alice, name="Alice B.")
    new = identity_form(dana, cast.alice, birth_date="1985-04-23")
    assert dana.send(path, new).status_code == 303
    refused = dana.send(path, old)
    assert refused.status_code == 409
    assert "On record now: name Alice, date of birth 1985-04-23" in refused.text
    assert 'value="Alice B."' in refused.text
    assert dana.send(path, new).status_code == 303, "sent twice"
    alice = people.get(db, cast.alice.id)
    assert alice is not None
    assert (alice.name, alice.birth_date) == ("Alice", date(1985, 4, 23))


@pytest.mark.parametrize(
    ("known", "number"),
    [("A-4711", "a-4711"), ("É1", "é1"), ("é1", "E\u0301\uff11"), ("ß1", "SS1")],
)
def test_a_record_number_belongs_to_one_patient(
    dana: Browser, db: Database, cast: Cast, known: str, number: str
) -> None:
    link_for(dana, NEW | {"record_number": known})
    form = identity_form(dana, cast.alice, birth_date="1985-04-23", record_number=number)
    number = unicodedata.normalize("NFC", number)
    for path, sent in (
        ("/invite", {"name": "Other", "email": "other@home.example", "record_number": number}),
        (f"/patients/{cast.alice.id}/identity", form),
    ):
        answer = dana.send(path, sent)
        assert answer.status_code == 422
        assert f"Another patient has the record number {number}" in answer.text
        assert f'value="{number}"' in answer.text  # nothing typed is lost
    assert people.by_email(db, "other@home.example") is None
    alice = people.get(db, cast.alice.id)
    assert alice is not None
    assert (alice.birth_date, alice.record_number) == (None, "")


def test_a_corrected_identity_is_kept_and_on_record_without_what_it_says(
    dana: Browser, db: Database, cast: Cast
) -> None:
    path = f"/patients/{cast.alice.id}/identity"
    form = {"birth_date": "1985-04-23", "record_number": "A-4711"}
    for typed in (form, form, form | {"birth_date": ""}):
        assert dana.send(path, identity_form(dana, cast.alice, **typed)).status_code == 303
    alice = people.get(db, cast.alice.id)
    assert alice is not None
    assert (alice.birth_date, alice.record_number) == (None, "A-4711")
    told = [row["details"] for row in db.query("SELECT details FROM audit_log ORDER BY id")]
    assert told[-2:] == ["corrected: birth date, record number", "corrected: birth date"]


@pytest.mark.parametrize(
    ("field", "text"), [("name", "?"), ("birth_date", "1.2.03"), ("record_number", "9" * 41)]
)
def test_a_wrong_identity_is_refused_with_words(
    dana: Browser, cast: Cast, field: str, text: str
) -> None:
    form = identity_form(dana, cast.alice, **{field: text})
    answer = dana.send(f"/patients/{cast.alice.id}/identity", form)
    assert answer.status_code == 422
    assert f'value="{text}"' in answer.text


def test_the_treatment_can_be_planned_at_once(dana: Browser, db: Database) -> None:
    page = dana.send("/invite", NEW).text
    chinwe = people.by_email(db, "chinwe@home.example")
    assert chinwe is not None
    assert f"/patients/{chinwe.id}/treatments/new?planned=yes" in page
    assert "No treatment" in dana.read(f"/patients/{chinwe.id}")
    assert "Enter a treatment" in dana.read(f"/patients/{chinwe.id}/treatments/new?planned=yes")


def test_who_was_invited_is_listed_until_the_patient_comes_in(
    dana: Browser, app: Flask, db: Database, clock: Clock
) -> None:
    assert "not here yet" not in dana.read("/") + dana.read("/invite")
    link_for(dana, NEW | {"record_number": "A-4711"})
    assert "1 invited, not here yet" in dana.read("/")
    assert "the link works until" in dana.read("/invite")
    chinwe = people.by_email(db, "chinwe@home.example")
    assert chinwe is not None
    again = dana.read(f"/invite?again={chinwe.id}")
    for value in ("Chinwe", "chinwe@home.example", "A-4711"):
        assert f'value="{value}"' in again
    with writing(db):
        db.execute("UPDATE invitations SET created_at = ?", [time_text(clock.now - GOOD_FOR)])
    assert "the link has expired" in dana.read("/invite")
    path = link_for(dana)
    assert "the link works until" in dana.read("/invite")
    assert Browser(app).send(path, OWN).status_code == 303
    assert "not here yet" not in dana.read("/")


def test_a_strange_time_zone_is_refused(dana: Browser, app: Flask) -> None:
    answer = Browser(app).send(link_for(dana), OWN | {"time_zone": "Mars/Base"})
    assert answer.status_code == 422


def test_an_assistant_invites_for_a_practitioner(
    fay: Person, cast: Cast, db: Database, browser_of: Callable[[Person], Browser]
) -> None:
    browser = browser_of(fay)
    assert "Treated by" in browser.read("/invite")
    link_for(browser, NEW | {"practitioner": cast.eli.id})
    chinwe = people.by_email(db, "chinwe@home.example")
    assert chinwe is not None
    assert {person.id for person, _ in people.care_team_of(db, chinwe.id)} == {cast.eli.id, fay.id}
    assert [person.id for person in people.practitioners_of(db, chinwe.id)] == [cast.eli.id]


def test_an_assistant_alone_cannot_take_on_a_patient(
    fay: Person, cast: Cast, db: Database, browser_of: Callable[[Person], Browser]
) -> None:
    for nobody in ({}, {"practitioner": fay.id}, {"practitioner": cast.bob.id}):
        answer = browser_of(fay).send("/invite", NEW | nobody)
        assert answer.status_code == 422
        assert "Choose the practitioner who will treat" in answer.text
        assert 'value="Chinwe"' in answer.text
    assert people.by_email(db, "chinwe@home.example") is None


def test_the_page_shows_the_address_that_the_mail_will_carry(dana: Browser, db: Database) -> None:
    page = dana.send("/invite", NEW | {"email": "nina@straße.example"}).text
    assert "nina@straße.example (in the mail: nina@xn--strae-oqa.example)" in page
    refused = dana.send("/invite", NEW | {"email": "nina@ｂücher.example"})
    assert refused.status_code == 422
    assert "would go to nina@bücher.example; write it like that if it is right" in refused.text
