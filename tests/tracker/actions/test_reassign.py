"""Positions change, and no one is left without an administrator or a practitioner."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlite_utils import Database

from tests.conftest import PASSPHRASE, Cast
from tracker.actions.people.accounts import add_person
from tracker.actions.people.care_team import Arranged, NobodyLeft, arrange_care
from tracker.actions.people.joining import StaffInvited, accept_invitation, invite_staff
from tracker.actions.people.signing_in import resume_session, sign_in
from tracker.actions.people.staff import hand_over_patients, reassign
from tracker.domain.mail.mails import MailKind
from tracker.domain.people.people import Duty, Person, Role
from tracker.domain.people.signed_links import LinkPurpose, signed
from tracker.domain.people.staff import (
    NEW_FOR,
    LeftAlone,
    Position,
    Reassigned,
    Reassignment,
    Refusal,
    Status,
    position_of,
)
from tracker.storage.mail import mails
from tracker.storage.people import people

NOW = datetime(2026, 3, 5, 9, 0, tzinfo=UTC)
KEY = b"0" * 32
ADMINISTERS = frozenset({Duty.ADMINISTRATION})
SUSPENDED = Position(Role.PRACTITIONER, frozenset(), Status.SUSPENDED)


@pytest.fixture
def olga(db: Database, cast: Cast) -> Person:
    person = Person("", Role.OFFICE, "Olga", "olga@clinic.example", "UTC", duties=ADMINISTERS)
    return add_person(db, person, PASSPHRASE)


def wanted(person: Person, to: Position, hand_over_to: str | None = None) -> Reassignment:
    return Reassignment(person.id, str(position_of(person)), to, hand_over_to)


def test_a_practitioner_with_patients_is_suspended_only_when_somebody_takes_over(
    db: Database, cast: Cast, olga: Person
) -> None:
    signed_in = sign_in(db, cast.dana.email, PASSPHRASE, NOW)
    assert isinstance(signed_in, tuple)
    answer = reassign(db, wanted(cast.dana, SUSPENDED), olga.id, NOW)
    assert answer == LeftAlone((cast.alice,))
    assert resume_session(db, signed_in[1], NOW) is not None
    done = reassign(db, wanted(cast.dana, SUSPENDED, cast.eli.id), olga.id, NOW)
    assert done == Reassigned(handed_over=1)
    assert resume_session(db, signed_in[1], NOW) is None
    assert sign_in(db, cast.dana.email, PASSPHRASE, NOW) is None
    assert people.practitioners_of(db, cast.alice.id) == [cast.eli]


def test_who_comes_back_is_in_the_care_teams_as_before(
    db: Database, cast: Cast, olga: Person
) -> None:
    reassign(db, wanted(cast.dana, SUSPENDED, cast.eli.id), olga.id, NOW)
    resting = people.get(db, cast.dana.id)
    assert resting is not None
    active = Position(Role.PRACTITIONER, frozenset())
    assert reassign(db, wanted(resting, active), olga.id, NOW) == Reassigned(0)
    assert sign_in(db, cast.dana.email, PASSPHRASE, NOW) is not None
    assert {p.id for p in people.practitioners_of(db, cast.alice.id)} == {
        cast.dana.id,
        cast.eli.id,
    }


@pytest.mark.parametrize("successor", ["dana", "alice", "olga", "nobody"])
def test_only_another_practitioner_at_work_can_take_over(
    db: Database, cast: Cast, olga: Person, successor: str
) -> None:
    ids = {"dana": cast.dana.id, "alice": cast.alice.id, "olga": olga.id, "nobody": "nobody"}
    answer = reassign(db, wanted(cast.dana, SUSPENDED, ids[successor]), olga.id, NOW)
    assert answer is Refusal.NO_SUCCESSOR
    assert people.get(db, cast.dana.id) == cast.dana


def test_who_moves_to_the_office_leaves_every_care_team(
    db: Database, cast: Cast, olga: Person
) -> None:
    office = Position(Role.OFFICE, frozenset())
    assert isinstance(reassign(db, wanted(cast.dana, office), olga.id, NOW), LeftAlone)
    reassign(db, wanted(cast.dana, office, cast.eli.id), olga.id, NOW)
    assert people.patients_of(db, cast.dana.id) == []


def test_the_last_administrator_stays_one(db: Database, cast: Cast, olga: Person) -> None:
    less = Position(Role.OFFICE, frozenset())
    # by a person whose own duty was taken away at the same moment
    assert reassign(db, wanted(olga, less), cast.dana.id, NOW) is Refusal.LAST_ADMINISTRATOR
    more = Position(Role.PRACTITIONER, ADMINISTERS)
    assert reassign(db, wanted(cast.dana, more), olga.id, NOW) == Reassigned(0)
    assert reassign(db, wanted(olga, less), cast.dana.id, NOW) == Reassigned(0)


def test_nobody_changes_their_own_position(db: Database, cast: Cast, olga: Person) -> None:
    treats = Position(Role.PRACTITIONER, ADMINISTERS)
    assert reassign(db, wanted(olga, treats), olga.id, NOW) is Refusal.ONESELF


def test_two_administrators_do_not_overwrite_each_other(
    db: Database, cast: Cast, olga: Person
) -> None:
    first = wanted(cast.eli, Position(Role.ASSISTANT, frozenset()))
    second = wanted(cast.eli, Position(Role.PRACTITIONER, ADMINISTERS))
    assert reassign(db, first, olga.id, NOW) == Reassigned(0)
    assert reassign(db, second, olga.id, NOW) is Refusal.OUTDATED


def test_a_patient_has_no_position(db: Database, cast: Cast, olga: Person) -> None:
    to = Position(Role.ASSISTANT, frozenset())
    assert reassign(db, Reassignment(cast.alice.id, "", to), olga.id, NOW) is None


def test_a_hand_over_is_no_secret(db: Database, cast: Cast, olga: Person) -> None:
    ada = add_person(db, replace(olga, name="Ada", email="ada@clinic.example"), PASSPHRASE)
    reassign(db, wanted(cast.dana, SUSPENDED, cast.eli.id), olga.id, NOW)
    told = {
        person.name: [mail.kind for mail in mails.of_recipient(db, person.id)]
        for person in (cast.alice, cast.bob, cast.dana, cast.eli, ada, olga)
    }
    assert told == {
        "Alice": [MailKind.CARE_MOVED],
        "Bob": [],
        "Dr Dana": [MailKind.PATIENTS_MOVED],
        "Dr Eli": [MailKind.PATIENTS_MOVED],
        "Ada": [MailKind.PATIENTS_MOVED],
        "Olga": [],
    }


def test_a_new_person_takes_over_no_patients_for_two_weeks(
    db: Database, cast: Cast, olga: Person
) -> None:
    treats = Position(Role.PRACTITIONER, frozenset())
    invited = invite_staff(db, olga, "Puppet", "puppet@home.example", treats, NOW)
    assert isinstance(invited, StaffInvited)
    to_puppet = wanted(cast.dana, SUSPENDED, invited.person.id)
    later = NOW + NEW_FOR + timedelta(seconds=1)
    assert reassign(db, to_puppet, olga.id, later) is Refusal.NO_SUCCESSOR  # never signed in
    token, came = signed(LinkPurpose.INVITATION, invited.invitation.id, KEY), NOW + timedelta(13)
    assert accept_invitation(db, token, KEY, PASSPHRASE, None, came) is not None
    assert reassign(db, to_puppet, olga.id, later) is Refusal.SUCCESSOR_IS_NEW
    after = came + NEW_FOR + timedelta(seconds=1)
    assert reassign(db, to_puppet, olga.id, after) == Reassigned(1)


def test_a_new_position_counts_as_new(db: Database, cast: Cast, olga: Person) -> None:
    assists = Position(Role.ASSISTANT, frozenset())
    assert reassign(db, wanted(cast.eli, assists), olga.id, NOW) == Reassigned(0)
    eli = people.get(db, cast.eli.id)
    assert eli is not None
    treats = Position(Role.PRACTITIONER, frozenset())
    later = NOW + timedelta(days=40)
    assert reassign(db, wanted(eli, treats), olga.id, later) == Reassigned(0)
    answer = reassign(db, wanted(cast.dana, SUSPENDED, cast.eli.id), olga.id, later)
    assert answer is Refusal.SUCCESSOR_IS_NEW
    kinds = [mail.kind for mail in mails.of_recipient(db, cast.dana.id)]
    assert kinds == [MailKind.STAFF_CHANGED] * 2


def test_an_administrator_who_treats_takes_no_patients_over_alone(db: Database, cast: Cast) -> None:
    ada = Person("", Role.PRACTITIONER, "Ada", "ada@clinic.example", "UTC", duties=ADMINISTERS)
    ada = add_person(db, ada, PASSPHRASE)
    answer = reassign(db, wanted(cast.dana, SUSPENDED, ada.id), ada.id, NOW)
    assert answer is Refusal.SUCCESSOR_IS_ONESELF


def test_where_no_second_person_is_the_machine_hands_over_on_record(
    db: Database, cast: Cast, olga: Person
) -> None:
    assert hand_over_patients(db, cast.dana.email, cast.eli.email, NOW) == 1
    assert {p.id for p in people.practitioners_of(db, cast.alice.id)} == {
        cast.dana.id,
        cast.eli.id,
    }
    (row,) = db.query("SELECT act, by_id, about_id FROM audit_log")
    assert row == {"act": "patient_handed_over", "by_id": None, "about_id": cast.alice.id}
    assert [m.kind for m in mails.of_recipient(db, olga.id)] == [MailKind.PATIENTS_MOVED]
    with pytest.raises(ValueError, match="no practitioner signs in as olga"):
        hand_over_patients(db, cast.dana.email, olga.email, NOW)


def test_what_was_done_is_on_record_with_who_and_whom(
    db: Database, cast: Cast, olga: Person
) -> None:
    reassign(db, wanted(cast.dana, SUSPENDED, cast.eli.id), olga.id, NOW)
    rows = list(db.query("SELECT act, by_id, about_id, details FROM audit_log ORDER BY id"))
    assert [(row["act"], row["about_id"]) for row in rows] == [
        ("patient_handed_over", cast.alice.id),
        ("suspended", cast.dana.id),
    ]
    assert {row["by_id"] for row in rows} == {olga.id}
    assert rows[0]["details"] == "from Dr Dana to Dr Eli"


def test_the_last_practitioner_cannot_leave_a_care_team(db: Database, cast: Cast) -> None:
    alice, dana, eli = cast.alice.id, cast.dana, cast.eli
    assert arrange_care(db, alice, dana, None, dana.id, NOW) == NobodyLeft()
    assert arrange_care(db, alice, eli, 2, dana.id, NOW) == Arranged()
    assert people.care_team_of(db, alice) == [(dana, 1), (eli, 2)]
    assert arrange_care(db, alice, dana, None, dana.id, NOW) == Arranged()
    assert people.care_team_of(db, alice) == [(eli, 2)]


def test_only_people_who_care_for_patients_join(db: Database, cast: Cast, olga: Person) -> None:
    for person, turn in ((olga, 1), (cast.bob, 1), (cast.eli, 0), (cast.eli, 99)):
        with pytest.raises(ValueError, match="choose a person who works here"):
            arrange_care(db, cast.alice.id, person, turn, cast.dana.id, NOW)
