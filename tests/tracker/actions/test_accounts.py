from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlite_utils import Database

from tests.conftest import PASSPHRASE, SHIPPED_HASHER, Cast
from tracker.actions.people.accounts import AddressTaken, add_person, set_passphrase
from tracker.actions.people.second_step import give_code
from tracker.actions.people.signing_in import end_session, resume_session, sign_in, use_session
from tracker.domain.people.people import Person, Role
from tracker.domain.people.second_step import Authenticator, HalfSignedIn, new_recovery_codes
from tracker.domain.people.sessions import LIFETIMES, UNUSED
from tracker.domain.people.share_codes import as_entered
from tracker.storage.connection import writing
from tracker.storage.people import people, second_steps
from tracker.wires.passphrases import hash_code, matching

NOW = datetime(2026, 3, 5, 9, tzinfo=UTC)


def test_the_right_passphrase_signs_in_whatever_the_case_of_the_address(
    db: Database, cast: Cast
) -> None:
    signed_in = sign_in(db, f" {cast.alice.email.upper()} ", PASSPHRASE, NOW)
    assert isinstance(signed_in, tuple)
    assert signed_in[0] == cast.alice


@pytest.mark.parametrize("email", ["alice@clinic.example", "nobody@clinic.example", "no address"])
def test_a_wrong_passphrase_or_address_signs_nobody_in(
    db: Database, cast: Cast, email: str
) -> None:
    assert sign_in(db, email, "not the right passphrase", NOW) is None


def test_the_passphrase_is_kept_as_argon2id(db: Database, cast: Cast) -> None:
    stored = people.passphrase_hash(db, cast.alice.id)
    assert stored is not None
    assert stored.startswith("$argon2id$")
    # The minimum of OWASP's Password Storage Cheat Sheet: 19 MiB and two passes.
    assert SHIPPED_HASHER.memory_cost >= 19 * 1024
    assert SHIPPED_HASHER.time_cost >= 2


def test_a_session_knows_whom_its_owner_cares_for(db: Database, cast: Cast) -> None:
    signed_in = sign_in(db, cast.dana.email, PASSPHRASE, NOW)
    assert isinstance(signed_in, tuple)
    resumed = resume_session(db, signed_in[1], NOW)
    assert resumed is not None
    assert resumed[1].cares_for == {cast.alice.id}


def test_a_new_passphrase_ends_the_sessions_before_it(db: Database, cast: Cast) -> None:
    signed_in = sign_in(db, cast.dana.email, PASSPHRASE, NOW)
    assert isinstance(signed_in, tuple)
    set_passphrase(db, cast.dana.id, "another long passphrase")
    assert resume_session(db, signed_in[1], NOW) is None
    assert sign_in(db, cast.dana.email, PASSPHRASE, NOW) is None
    assert sign_in(db, cast.dana.email, "another long passphrase", NOW) is not None


def test_an_ended_session_is_over_and_others_of_the_person_go_on(db: Database, cast: Cast) -> None:
    first, second = (sign_in(db, cast.alice.email, PASSPHRASE, NOW) for _ in range(2))
    assert isinstance(first, tuple)
    assert isinstance(second, tuple)
    end_session(db, first[1])
    end_session(db, first[1])
    assert resume_session(db, first[1], NOW) is None
    assert resume_session(db, second[1], NOW) is not None


def test_the_database_holds_no_token_that_could_be_used(db: Database, cast: Cast) -> None:
    signed_in = sign_in(db, cast.alice.email, PASSPHRASE, NOW)
    assert isinstance(signed_in, tuple)
    (row,) = db.query("SELECT * FROM sessions")
    assert signed_in[1] not in row.values()
    assert resume_session(db, row["token_digest"], NOW) is None


@pytest.mark.parametrize("role", list(Role))
def test_a_session_lasts_its_lifetime_and_no_longer(db: Database, role: Role) -> None:
    person = add_person(db, Person("", role, "Carol", "carol@clinic.example", "UTC"), PASSPHRASE)
    signed_in = sign_in(db, person.email, PASSPHRASE, NOW)
    assert isinstance(signed_in, tuple)
    for at in (
        NOW + n * UNUSED[role] / 2 for n in range(1, int(LIFETIMES[role] / UNUSED[role] * 2))
    ):
        use_session(db, signed_in[1], at)
    end = NOW + LIFETIMES[role]
    assert resume_session(db, signed_in[1], end - timedelta(seconds=1)) is not None
    assert resume_session(db, signed_in[1], end) is None


def test_sessions_too_old_for_anybody_are_forgotten(db: Database, cast: Cast) -> None:
    sign_in(db, cast.alice.email, PASSPHRASE, NOW)
    sign_in(db, cast.bob.email, PASSPHRASE, NOW + timedelta(days=31))
    (row,) = db.query("SELECT person_id FROM sessions")
    assert row["person_id"] == cast.bob.id


@pytest.mark.parametrize(
    ("change", "passphrase", "words"),
    [
        ({"email": "not an address"}, PASSPHRASE, "not an e-mail address"),
        ({"time_zone": "Mars/Olympus"}, PASSPHRASE, "Europe/Berlin"),
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


def test_codes_that_come_at_once_for_one_sign_in_cost_one_code(
    db: Database, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = new_recovery_codes()
    with writing(db):
        second_steps.keep_app(db, Authenticator(cast.dana.id, "JBSWY3DPEHPK3PXP", 0, NOW))
        second_steps.renew_codes(db, cast.dana.id, [hash_code(as_entered(each)) for each in codes])
    half = sign_in(db, cast.dana.email, PASSPHRASE, NOW, second_step=True)
    assert isinstance(half, HalfSignedIn)

    def slow(hashes: list[str], code: str) -> str | None:
        monkeypatch.undo()
        assert isinstance(give_code(db, half.token, codes[1], NOW), tuple)
        return matching(hashes, code)

    monkeypatch.setattr("tracker.actions.people.second_step.matching", slow)
    assert give_code(db, half.token, codes[0], NOW) is None
    assert len(second_steps.codes_of(db, cast.dana.id)) == len(codes) - 1
