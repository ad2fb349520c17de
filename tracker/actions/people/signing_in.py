"""Sign in by passphrase or passkey, keep passkeys, resume a session, sign out."""

import json
import logging
from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from tracker.domain.clinic.audit import Act, Entry
from tracker.domain.mail.mails import MailKind, about_way_in
from tracker.domain.people.access import Viewer
from tracker.domain.people.passkeys import (
    MAX_ANSWER_LENGTH,
    MAX_PASSKEYS,
    Challenge,
    Passkey,
    PasskeyRefused,
    Site,
    creation_options,
    made,
    proven,
    still_good,
)
from tracker.domain.people.people import Person, Role, check_email
from tracker.domain.people.second_step import HalfSignedIn, SecondStep, step_after_passphrase
from tracker.domain.people.sessions import (
    LONGEST_LIFETIME,
    Session,
    is_over,
    new_token,
    token_digest,
)
from tracker.storage.clinic import audit_log
from tracker.storage.connection import DatabaseError, IntegrityError, writing
from tracker.storage.mail import mails
from tracker.storage.people import (
    absences,
    invitations,
    passkeys,
    people,
    second_steps,
    sessions,
)
from tracker.wires.passphrases import fits

log = logging.getLogger(__name__)

BY_PASSKEY = "with a passkey"


def sign_in(
    db: Database,
    email: str,
    passphrase: str,
    now: datetime,
    *,
    second_step: bool = False,
    already: str | None = None,
) -> tuple[Person, str] | HalfSignedIn | None:
    """Begin a session: the person and its token, or None when address or passphrase is wrong.

    HalfSignedIn when a second step must follow; `second_step` says whether the clinic demands one.
    The person whose session asks again (`already`) has taken it before, unless it is not set up.
    """
    try:
        person = people.by_email(db, check_email(email))
    except ValueError:
        person = None
    stored = people.passphrase_hash(db, person.id) if person else None
    fitting, token = fits(stored, passphrase), new_token()
    with writing(db):
        if person is None or not fitting or person.suspended_at is not None:
            whose = None if person is None else person.id
            audit_log.add(db, Entry(Act.SIGN_IN_FAILED, now, about=whose))
            return None
        ways = second_steps.ways_of(db, person.id)
        step = step_after_passphrase(person.role, ways, is_demanded=second_step)
        is_taken = person.id == already and step is not SecondStep.SET_UP
        if step is not SecondStep.NONE and not is_taken:
            second_steps.begin_half(db, token_digest(token), Session(person.id, now))
            return HalfSignedIn(person, token, step)
        audit_log.add(db, Entry(Act.SIGNED_IN, now, person.id))
        sessions.forget_begun_before(db, now - LONGEST_LIFETIME)
        sessions.begin(db, token_digest(token), Session(person.id, now))
    return person, token


def sign_in_with_passkey(
    db: Database, site: Site, answer: str, challenge: Challenge | None, now: datetime
) -> tuple[Person, str]:
    """Begin a session: the person and its token. Raises PasskeyRefused, which is on record."""
    try:
        return _signed_in_with_passkey(db, site, answer, challenge, now)
    except PasskeyRefused:
        with writing(db):
            audit_log.add(db, Entry(Act.SIGN_IN_FAILED, now, details=BY_PASSKEY))
        raise


def _signed_in_with_passkey(
    db: Database, site: Site, answer: str, challenge: Challenge | None, now: datetime
) -> tuple[Person, str]:
    unknown = PasskeyRefused("we do not know this passkey; use your passphrase")
    if len(answer) > MAX_ANSWER_LENGTH:
        raise unknown
    try:
        key_id = str(json.loads(answer)["id"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise unknown from error
    if not key_id.isascii():
        raise unknown
    asked = still_good(challenge, now)
    with writing(db):
        key = passkeys.get(db, key_id)
        person = people.get(db, key.person_id) if key else None
        if key is None or person is None or person.suspended_at is not None:
            raise unknown
        count = proven(site, key, answer, asked)
        if not passkeys.use_challenge(db, asked, now):
            raise PasskeyRefused("that answer was used already; try once more")
        passkeys.used(db, key.id, count)
        token = new_token()
        sessions.begin(db, token_digest(token), Session(person.id, now))
        audit_log.add(db, Entry(Act.SIGNED_IN, now, person.id, details=BY_PASSKEY))
    return person, token


def ask_for_passkey(db: Database, site: Site, person: Person) -> tuple[str, bytes]:
    """The options for the browser, as JSON, and the challenge to keep until it answers."""
    return creation_options(site, person, passkeys.of_person(db, person.id))


def resume_session(
    db: Database, token: str, now: datetime
) -> tuple[Person, Viewer, Session] | None:
    """The person, what they may be allowed to see, and the session; None when it is over."""
    session = sessions.get(db, token_digest(token))
    person = people.get(db, session.person_id) if session else None
    if session is None or person is None or is_over(session, person.role, now):
        return None
    if person.suspended_at is not None:
        return None
    cares_for = absences.ids_seen_by(db, person, now)
    return person, Viewer(person.id, person.role, cares_for, person.duties), session


def use_session(db: Database, token: str, now: datetime) -> None:
    """Note that the person of this session does something.

    What the person does is more important than the note: on a full disk an answer needs the space.
    """
    try:
        with writing(db):
            sessions.use(db, token_digest(token), now)
    except DatabaseError as error:
        log.warning("the use of a session is not noted: %s", error)


def end_session(db: Database, token: str) -> None:
    """Forget the session of this token; ending it twice changes nothing."""
    with writing(db):
        sessions.end(db, token_digest(token))


def sign_out(db: Database, person: Person, token: str, now: datetime) -> None:
    """End this session at the person's wish."""
    with writing(db):
        sessions.end(db, token_digest(token))
        audit_log.add(db, Entry(Act.SIGNED_OUT, now, person.id))


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session that still works; `is_this` marks the one that asks."""

    began_at: datetime
    seen_at: datetime
    is_this: bool


def show_sessions(db: Database, person: Person, token: str, now: datetime) -> list[OpenSession]:
    """Where this person is signed in, the latest first; `token` is that of the session asking."""
    digest = token_digest(token)
    return [
        OpenSession(session.began_at, session.last_seen, each == digest)
        for each, session in sessions.of_person(db, person.id)
        if not is_over(session, person.role, now)
    ]


def end_other_sessions(db: Database, person: Person, token: str, now: datetime) -> None:
    """Sign this person out everywhere but in the session of this token."""
    with writing(db):
        sessions.end_others_of(db, person.id, token_digest(token))
        audit_log.add(db, Entry(Act.SIGNED_OUT, now, person.id, details="everywhere else"))


def add_passkey(
    db: Database,
    site: Site,
    person: Person,
    answer: str,
    challenge: Challenge | None,
    now: datetime,
) -> Passkey:
    """Keep the key that the browser made, and inform its owner by mail. Raises PasskeyRefused."""
    key = made(site, person, answer, still_good(challenge, now), now)
    with writing(db):
        _keep_passkey(db, key, person, now)
    return key


def begin_with_passkey(
    db: Database,
    site: Site,
    person: Person,
    answer: str,
    challenge: Challenge | None,
    now: datetime,
) -> str:
    """Keep the first key of a patient who came by a link; the token of a session without limits.

    All sessions by link end with it, and so does a link that is still open. Raises PasskeyRefused.
    """
    key = made(site, person, answer, still_good(challenge, now), now)
    token = new_token()
    with writing(db):
        _keep_passkey(db, key, person, now)
        invitations.end_open(db, person.id)
        sessions.end_all_of(db, person.id)
        sessions.begin(db, token_digest(token), Session(person.id, now))
    return token


def _keep_passkey(db: Database, key: Passkey, person: Person, now: datetime) -> None:
    """Within a transaction. Raises PasskeyRefused."""
    if len(passkeys.of_person(db, person.id)) >= MAX_PASSKEYS:
        raise PasskeyRefused("you have many passkeys already; remove one first")
    try:
        passkeys.insert(db, key)
    except IntegrityError as error:
        raise PasskeyRefused("this passkey is known already") from error
    mails.insert(db, about_way_in(MailKind.PASSKEY_ADDED, key.id, person, now))
    audit_log.add(db, Entry(Act.PASSKEY_ADDED, now, person.id, person.id))


def remove_passkey(
    db: Database, owner: Person, key_id: str, now: datetime, *, second_step: bool = False
) -> bool:
    """The key no longer signs anyone in; a mail informs its owner.

    A key of another person is not removed. False, and nothing is removed, when it is the only way
    in of a patient without a passphrase, or where the clinic demands a `second_step` and this key
    is the owner's only one.
    """
    with writing(db):
        ways = second_steps.ways_of(db, owner.id)
        if owner.role is Role.PATIENT:
            only = people.passphrase_hash(db, owner.id) is None
        else:
            only = second_step and not ways.has_app
        if only and [key.id for key in passkeys.of_person(db, owner.id)] == [key_id]:
            return False
        if passkeys.remove(db, owner.id, key_id):
            mails.insert(db, about_way_in(MailKind.PASSKEY_REMOVED, key_id, owner, now))
            audit_log.add(db, Entry(Act.PASSKEY_REMOVED, now, owner.id, owner.id))
    return True


def show_passkeys(db: Database, person_id: str) -> list[Passkey]:
    """The keys by which a person signs in, the oldest first."""
    return passkeys.of_person(db, person_id)
