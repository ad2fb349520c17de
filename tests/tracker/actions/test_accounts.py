from dataclasses import replace

import pytest
from sqlite_utils import Database

from tests.conftest import PASSPHRASE, Cast
from tracker.actions.add_person import AddressTaken, add_person
from tracker.actions.renew_passphrase import renew_passphrase
from tracker.actions.resume_session import resume_session
from tracker.actions.sign_in import sign_in
from tracker.people import Person, Role
from tracker.storage import people


def test_the_right_passphrase_signs_in_whatever_the_case_of_the_address(
    db: Database, cast: Cast
) -> None:
    signed_in = sign_in(db, f" {cast.alice.email.upper()} ", PASSPHRASE)
    assert signed_in is not None
    assert signed_in[0] == cast.alice


@pytest.mark.parametrize("email", ["alice@clinic.example", "nobody@clinic.example", "no address"])
def test_a_wrong_passphrase_or_address_signs_nobody_in(
    db: Database, cast: Cast, email: str
) -> None:
    assert sign_in(db, email, "not the right passphrase") is None


def test_the_passphrase_is_kept_as_argon2id(db: Database, cast: Cast) -> None:
    stored = people.credentials(db, cast.alice.id)
    assert stored is not None
    assert stored[0].startswith("$argon2id$")


def test_a_session_knows_whom_its_owner_cares_for(db: Database, cast: Cast) -> None:
    signed_in = sign_in(db, cast.dana.email, PASSPHRASE)
    assert signed_in is not None
    resumed = resume_session(db, cast.dana.id, signed_in[1])
    assert resumed is not None
    assert resumed[1].cares_for == {cast.alice.id}


def test_a_new_passphrase_ends_the_sessions_before_it(db: Database, cast: Cast) -> None:
    signed_in = sign_in(db, cast.dana.email, PASSPHRASE)
    assert signed_in is not None
    renew_passphrase(db, cast.dana.id, "another long passphrase")
    assert resume_session(db, cast.dana.id, signed_in[1]) is None
    assert sign_in(db, cast.dana.email, PASSPHRASE) is None
    assert sign_in(db, cast.dana.email, "another long passphrase") is not None


@pytest.mark.parametrize(
    ("change", "passphrase", "words"),
    [
        ({"email": "not an address"}, PASSPHRASE, "not an e-mail address"),
        ({"time_zone": "Mars/Olympus"}, PASSPHRASE, "IANA"),
        ({}, "short", "too short"),
    ],
)
def test_a_wrong_account_is_named_and_nothing_is_stored(
    db: Database, change: dict[str, str], passphrase: str, words: str
) -> None:
    person = Person("", Role.PATIENT, "Carol", "carol@clinic.example", "Europe/Berlin")
    with pytest.raises(ValueError, match=words):
        add_person(db, replace(person, **change), passphrase)  # type: ignore[arg-type]
    assert people.by_email(db, "carol@clinic.example") is None


def test_an_address_belongs_to_one_person(db: Database, cast: Cast) -> None:
    twin = Person("", Role.PATIENT, "Alice Two", "ALICE@clinic.example", "Europe/Berlin")
    with pytest.raises(AddressTaken, match="use another address"):
        add_person(db, twin, PASSPHRASE)
