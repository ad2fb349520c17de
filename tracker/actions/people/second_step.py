"""The second step of signing in: take it, set it up, reset it for a colleague."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlite_utils import Database

from tracker.domain.clinic.audit import Act, Entry
from tracker.domain.mail.mails import Mail, MailKind, about_second_step, about_way_in
from tracker.domain.people.passkeys import Challenge, Passkey, Site, made, still_good
from tracker.domain.people.people import Person, Role, check_email
from tracker.domain.people.second_step import (
    HALF_GOOD_FOR,
    Authenticator,
    SecondStep,
    Ways,
    new_recovery_codes,
    step_after_passphrase,
    tries_again_at,
    used_step,
)
from tracker.domain.people.sessions import Session, new_token, token_digest
from tracker.domain.people.share_codes import as_entered
from tracker.domain.people.staff import position_of
from tracker.storage.clinic import audit_log
from tracker.storage.connection import writing
from tracker.storage.mail import mails
from tracker.storage.people import passkeys, people, second_steps, sessions
from tracker.wires.passphrases import hash_code, matching

WITH_APP = "with a code"
WITH_RECOVERY_CODE = "with a recovery code"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A person who gave the right passphrase, and what must follow."""

    person: Person
    step: SecondStep
    ways: Ways


@dataclass(frozen=True, slots=True)
class CodeRefused:
    """The code was wrong, was used before, or came too late.

    `again_at` is set when it was not even looked at, because there were too many tries.
    """

    again_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SetUp:
    """The session that began, and the recovery codes, which are never shown again."""

    person: Person
    token: str
    codes: tuple[str, ...]


def show_waiting(db: Database, token: str, now: datetime) -> Waiting | None:
    """The sign-in that waits for its second step; None when it waits no longer."""
    half = second_steps.half(db, token_digest(token))
    person = people.get(db, half.person_id) if half else None
    if half is None or person is None or person.suspended_at is not None:
        return None
    if not now - HALF_GOOD_FOR < half.began_at <= now:
        return None
    ways = second_steps.ways_of(db, person.id)
    step = step_after_passphrase(person.role, ways, is_demanded=True)  # else it would not wait
    return Waiting(person, step, ways)


def give_code(
    db: Database, token: str, code: str, now: datetime
) -> tuple[Person, str] | CodeRefused | None:
    """Begin the session with a code of the app or a recovery code; None when it waits no longer.

    A try counts before it is checked, for the person and not for the network: the one who tries
    knows the passphrase.
    """
    with writing(db):
        waiting = show_waiting(db, token, now)
        if waiting is None or waiting.step is not SecondStep.CODE:
            return None
        person = waiting.person
        if again_at := tries_again_at(second_steps.tries_of(db, person.id), now):
            return CodeRefused(again_at)
        second_steps.count_try(db, person.id, now)
    recovery = matching(second_steps.codes_of(db, person.id), as_entered(code))
    with writing(db):
        if show_waiting(db, token, now) is None:  # another request was faster; no code is used up
            return None
        how = WITH_RECOVERY_CODE if recovery else WITH_APP
        if recovery is not None:
            fits = second_steps.use_code(db, recovery)
        else:
            fits = _use_app(db, person.id, code, now)
        if not fits:
            failed = Entry(Act.SIGN_IN_FAILED, now, about=person.id, details="second step")
            audit_log.add(db, failed)
            return CodeRefused()
        if recovery is not None:
            mails.insert(db, _changed(person, now))
        begun = _begin(db, person, token, now, how)
    return None if begun is None else (person, begun)


def _use_app(db: Database, person_id: str, code: str, now: datetime) -> bool:
    app = second_steps.app_of(db, person_id)
    step = used_step(app, code, now) if app else None
    if app is None or step is None:
        return False
    second_steps.keep_app(db, replace(app, last_step=step))
    return True


def _begin(db: Database, person: Person, token: str, now: datetime, how: str) -> str | None:
    """Turn the sign-in that waits into a session; None when another request was faster."""
    if not second_steps.end_half(db, token_digest(token)):
        return None
    second_steps.forget_tries(db, person.id)
    begun = new_token()
    sessions.begin(db, token_digest(begun), Session(person.id, now))
    audit_log.add(db, Entry(Act.SIGNED_IN, now, person.id, details=how))
    return begun


def set_up_first(
    db: Database, token: str, way: Authenticator | Passkey, now: datetime
) -> SetUp | None:
    """Keep the first app or passkey of a person who waits, and begin the session.

    Those that began with the passphrase alone end. None when the sign-in waits no longer, or for
    something else.
    """
    codes = new_recovery_codes()
    hashes = [hash_code(code) for code in codes]
    with writing(db):
        waiting = show_waiting(db, token, now)
        if waiting is None or waiting.step is not SecondStep.SET_UP:
            return None
        person = waiting.person
        if isinstance(way, Passkey):
            passkeys.insert(db, way)
            mails.insert(db, about_way_in(MailKind.PASSKEY_ADDED, way.id, person, now))
            audit_log.add(db, Entry(Act.PASSKEY_ADDED, now, person.id, person.id))
        else:
            _keep_app(db, person, way, now)
        second_steps.renew_codes(db, person.id, hashes)
        sessions.end_all_of(db, person.id)
        begun = _begin(db, person, token, now, "after setting up a second step")
    return None if begun is None else SetUp(person, begun, codes)


def first_passkey(
    person: Person, site: Site, answer: str, challenge: Challenge | None, now: datetime
) -> Passkey:
    """The key that the browser of a person who waits has made. Raises PasskeyRefused."""
    return made(site, person, answer, still_good(challenge, now), now)


def proven_app(person: Person, secret: str, code: str, now: datetime) -> Authenticator | None:
    """The app that shows this code for the secret; None when it shows another."""
    app = Authenticator(person.id, secret, last_step=0, added_at=now)
    step = used_step(app, code, now)
    return None if step is None else replace(app, last_step=step)


def set_up_app(
    db: Database, person: Person, app: Authenticator, token: str, now: datetime
) -> tuple[str, ...]:
    """Keep the app of a person who is signed in, in place of the one before.

    The recovery codes, if the person has none yet; a mail informs the owner. Of the sessions only
    that of this token stays: another may have begun with the passphrase alone.
    """
    codes = new_recovery_codes()
    hashes = [hash_code(code) for code in codes]
    with writing(db):
        _keep_app(db, person, app, now)
        sessions.end_others_of(db, person.id, token_digest(token))
        if second_steps.codes_of(db, person.id):
            return ()
        second_steps.renew_codes(db, person.id, hashes)
    return codes


def _keep_app(db: Database, person: Person, app: Authenticator, now: datetime) -> None:
    second_steps.keep_app(db, app)
    mails.insert(db, _changed(person, now))
    audit_log.add(db, Entry(Act.SECOND_STEP_CHANGED, now, person.id, person.id, "app set up"))


def renew_recovery_codes(db: Database, person: Person, now: datetime) -> tuple[str, ...]:
    """Fresh codes; those before end. They are shown now and never again."""
    codes = new_recovery_codes()
    hashes = [hash_code(code) for code in codes]
    with writing(db):
        second_steps.renew_codes(db, person.id, hashes)
        mails.insert(db, _changed(person, now))
        told = "recovery codes made"
        audit_log.add(db, Entry(Act.SECOND_STEP_CHANGED, now, person.id, person.id, told))
    return codes


def remove_app(db: Database, person: Person, now: datetime, *, is_demanded: bool) -> bool:
    """Forget the app; False, and it stays, where a second step is demanded and there is no other.

    Removing an app that is not there changes nothing.
    """
    with writing(db):
        ways = second_steps.ways_of(db, person.id)
        if is_demanded and ways.has_app and not ways.passkeys:
            return False
        if second_steps.remove_app(db, person.id):
            mails.insert(db, _changed(person, now))
            told = "app removed"
            audit_log.add(db, Entry(Act.SECOND_STEP_CHANGED, now, person.id, person.id, told))
    return True


def show_ways(db: Database, person_id: str) -> Ways:
    """What a person can take the second step with."""
    return second_steps.ways_of(db, person_id)


def reset_second_step(
    db: Database, person_id: str, by: Person | None, now: datetime
) -> Person | None:
    """Remove app, recovery codes and passkeys of a person of the clinic, and end the sessions.

    At the next sign-in the second step is set up again. The person, `by` (None for the command
    line) and all other administrators get a mail. None when nobody at the clinic has this id.
    """
    with writing(db):
        person = people.get(db, person_id)
        if person is None or person.role is Role.PATIENT:
            return None
        second_steps.remove_app(db, person.id)
        second_steps.renew_codes(db, person.id, ())
        second_steps.end_halves_of(db, person.id)
        second_steps.forget_tries(db, person.id)
        passkeys.remove_all_of(db, person.id)
        sessions.end_all_of(db, person.id)
        whose = by.id if by else None
        audit_log.add(db, Entry(Act.SECOND_STEP_RESET, now, whose, person.id))
        others = people.overseers(db, but=(person.id,))
        for each in (person, *(other for other in others if position_of(other).administers)):
            mail = about_second_step(MailKind.SECOND_STEP_RESET, person.id, each, now)
            mails.insert(db, mail)
    return person


def reset_second_step_of_address(db: Database, email: str, now: datetime) -> Person:
    """The same for the command line; ValueError when no one of the clinic has the address."""
    person = people.by_email(db, check_email(email))
    reset = reset_second_step(db, person.id, None, now) if person else None
    if reset is None:
        raise ValueError(f"no one at the clinic signs in as {email}")
    return reset


def _changed(person: Person, now: datetime) -> Mail:
    return about_second_step(MailKind.SECOND_STEP_CHANGED, person.id, person, now)
