"""Administrators invite people of the clinic and change their positions."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlite_utils import Database

from tests.conftest import PASSPHRASE, Cast
from tests.web.browser import Browser
from tracker.domain.mail.mails import MailKind, compose
from tracker.domain.people.people import Duty, Person, Role
from tracker.domain.people.staff import position_of
from tracker.storage.mail import mails
from tracker.storage.own_data import consents
from tracker.storage.people import people
from tracker.world import World

BrowserOf = Callable[[Person], Browser]
NEW = {"name": "Gil", "email": "gil@clinic.example", "role": "assistant", "administration": "yes"}
OWN = {"passphrase": "violet tram under seven", "time_zone": "Europe/Berlin"}


@pytest.fixture
def admin(olga: Person, browser_of: BrowserOf) -> Browser:
    return browser_of(olga)


@pytest.fixture
def invite(admin: Browser, db: Database, world: World) -> Callable[..., str]:
    """Invite someone, and return the path of the link in the mail, which no page shows."""

    def invite(**changed: str) -> str:
        answer = admin.send("/clinic/people/invite", NEW | changed, follow=True)
        assert (answer.status_code, "/welcome/" in answer.text) == (200, False)
        invited = people.by_email(db, NEW["email"])
        assert invited is not None
        written = invitation_mails(db, world, invited)
        (link,) = set(written) - seen
        seen.add(link)
        return link

    seen: set[str] = set()
    return invite


def invitation_mails(db: Database, world: World, to: Person) -> list[str]:
    sent = [m for m in mails.of_recipient(db, to.id) if m.kind is MailKind.INVITATION]
    texts = (compose(mail, world.envelope).get_content() for mail in sent)
    return [re.findall(r"/welcome/\S+", text)[0] for text in texts]


def test_a_colleague_follows_the_link_and_chooses_a_passphrase(
    admin: Browser, app: Flask, db: Database, invite: Callable[..., str]
) -> None:
    path = invite()
    assert "Invited, has not signed in yet" in admin.read("/clinic/people")
    theirs = Browser(app)
    page = theirs.read(path)
    assert "Your clinic invites you to work with Afterglow" in page
    assert "measured" not in page
    assert theirs.send(path, OWN).status_code == 303
    assert "Alerts" in theirs.read("/")
    gil = people.by_email(db, "gil@clinic.example")
    assert gil is not None
    assert (gil.role, gil.duties) == (Role.ASSISTANT, frozenset(Duty))
    assert consents.of_patient(db, gil.id) == []
    assert Browser(app).get(path).status_code == 410


def test_a_new_link_ends_the_old_one_and_changes_no_position(
    app: Flask, db: Database, invite: Callable[..., str]
) -> None:
    first = invite()
    second = invite(role="practitioner")
    assert Browser(app).get(first).status_code == 410
    assert Browser(app).get(second).status_code == 200
    gil = people.by_email(db, "gil@clinic.example")
    assert gil is not None
    assert gil.role is Role.ASSISTANT
    told = {
        row["details"] for row in db.query("SELECT * FROM audit_log WHERE about_id = ?", [gil.id])
    }
    assert told == {str(position_of(gil))}


def test_an_address_in_use_and_wrong_input_are_named_and_nothing_is_lost(
    admin: Browser, cast: Cast
) -> None:
    for person in (cast.alice, cast.dana):
        answer = admin.send("/clinic/people/invite", NEW | {"email": person.email})
        assert answer.status_code == 409
        assert "Someone signs in as" in answer.text
    answer = admin.send("/clinic/people/invite", NEW | {"email": "gil", "role": "surgeon"})
    assert answer.status_code == 422
    assert "Choose what the person is" in answer.text
    assert 'value="Gil"' in answer.text


def test_suspending_asks_who_takes_over_without_naming_patients_to_the_office(
    admin: Browser, cast: Cast, db: Database
) -> None:
    path = f"/clinic/people/{cast.dana.id}"
    form = {"role": "practitioner", "status": "suspended", "was": str(position_of(cast.dana))}
    asked = admin.send(path, form)
    assert asked.status_code == 409
    assert "One patient has no other practitioner." in asked.text
    assert "Alice" not in asked.text
    assert admin.send(path, form | {"hand_over_to": cast.eli.id}).status_code == 303
    assert "Suspended" in admin.read("/clinic/people")
    assert [p.id for p in people.practitioners_of(db, cast.alice.id)] == [cast.eli.id]


def test_a_refusal_says_what_to_do(admin: Browser, olga: Person, cast: Cast) -> None:
    form = {"role": "practitioner", "status": "active", "was": str(position_of(olga))}
    own = admin.send(f"/clinic/people/{olga.id}", form)
    assert own.status_code == 409
    assert "Ask another administrator" in own.text
    outdated = admin.send(f"/clinic/people/{cast.eli.id}", form)
    assert outdated.status_code == 409
    assert "Someone else has changed this meanwhile" in outdated.text


def test_a_practitioner_hands_a_patient_over(
    dana: Browser, cast: Cast, browser_of: BrowserOf
) -> None:
    path = f"/patients/{cast.alice.id}/care-team"
    alone = dana.send(path, {"person": cast.dana.id, "leave": "yes"})
    assert alone.status_code == 409
    assert "Add another practitioner first" in alone.text
    assert dana.send(path, {"person": cast.eli.id, "turn": "1"}).status_code == 303
    assert "Dr Eli" in dana.read(path)
    assert dana.send(path, {"person": cast.dana.id, "leave": "yes"}).status_code == 303
    assert dana.get(path).status_code == 404
    assert "Alice" in browser_of(cast.eli).read("/")


@pytest.mark.parametrize("form", [{"person": "nobody", "turn": "1"}, {"person": "eli"}])
def test_an_unfinished_choice_is_named(dana: Browser, cast: Cast, form: dict[str, str]) -> None:
    values = {name: cast.eli.id if value == "eli" else value for name, value in form.items()}
    answer = dana.send(f"/patients/{cast.alice.id}/care-team", values)
    assert answer.status_code == 422
    assert "Choose" in answer.text


def test_everybody_of_the_clinic_sees_who_works_here(
    cast: Cast, fay: Person, browser_of: BrowserOf
) -> None:
    page = browser_of(fay).read("/clinic/people")
    assert "Dr Dana" in page
    assert "Invite someone" not in page
    assert PASSPHRASE not in page
