"""Tokens of the HTTP API: a person makes them for programs, which then work in their name."""

import logging
from dataclasses import replace
from datetime import datetime

from sqlite_utils import Database

from tracker.domain.clinic.audit import Act, Entry
from tracker.domain.mail.mails import MailKind, about_way_in
from tracker.domain.people.access import Viewer
from tracker.domain.people.people import Person
from tracker.domain.people.sessions import SEEN_EVERY, token_digest
from tracker.domain.people.tokens import (
    KEPT_FOR,
    MOST_TOKENS,
    UNDER_WAY_FOR,
    KeptAnswer,
    OtherCall,
    Scope,
    Token,
    TokenRefused,
    UnderWay,
    new_secret,
    planned,
)
from tracker.storage.clinic import audit_log
from tracker.storage.columns import new_id
from tracker.storage.connection import DatabaseError, writing
from tracker.storage.mail import mails
from tracker.storage.people import absences, people, tokens

log = logging.getLogger(__name__)


def make_token(
    db: Database,
    owner: Person,
    viewer: Viewer,
    name: str,
    scopes: frozenset[Scope],
    days: int,
    now: datetime,
) -> tuple[Token, str]:
    """The token and its secret, which is shown this once; a mail informs the owner.

    `days` is one of LIFETIMES. Raises TokenRefused, which names the remedy.
    """
    token, secret = planned(new_id(), viewer, name, scopes, days, now), new_secret()
    with writing(db):
        kept = tokens.of_person(db, owner.id)
        if len([each for each in kept if not each.is_over(now)]) >= MOST_TOKENS:
            raise TokenRefused(f"you have {MOST_TOKENS} tokens; revoke one first")
        tokens.insert(db, token, token_digest(secret))
        mails.insert(db, about_way_in(MailKind.TOKEN_MADE, token.id, owner, now))
        names = ", ".join(sorted(scopes))
        audit_log.add(db, Entry(Act.TOKEN_MADE, now, owner.id, owner.id, names))
    return token, secret


def show_tokens(db: Database, owner: Person) -> list[Token]:
    """All tokens of a person that were not revoked, the latest first."""
    return tokens.of_person(db, owner.id)


def revoke_token(db: Database, owner: Person, token_id: str, now: datetime) -> None:
    """The token works no longer; revoking twice, or a token of another person, changes nothing."""
    with writing(db):
        if tokens.end(db, owner.id, token_id):
            audit_log.add(db, Entry(Act.TOKEN_REVOKED, now, owner.id, owner.id))


def resume_by_token(
    db: Database, secret: str, now: datetime
) -> tuple[Person, Viewer, Token] | None:
    """The person in whose name a program asks, what they may see now, and the token.

    None when it was revoked, its time has passed, or the person can no longer sign in.
    """
    token = tokens.by_digest(db, token_digest(secret))
    person = people.get(db, token.person_id) if token else None
    if token is None or person is None or token.is_over(now) or person.suspended_at is not None:
        return None
    if token.used_at is None or now - token.used_at >= SEEN_EVERY:
        try:
            with writing(db):
                tokens.use(db, token.id, now)
        except DatabaseError as error:  # on a full disk an answer needs the space
            log.warning("the use of a token is not noted: %s", error)
    cares_for = absences.ids_seen_by(db, person, now)
    return person, Viewer(person.id, person.role, cares_for, person.duties), token


def begin_call(db: Database, call: KeptAnswer) -> KeptAnswer | None:
    """Note that a call with a key is under way; its answer if it was answered before.

    Raises OtherCall if the key belongs to a call with another content, and UnderWay if the same
    call has not been answered yet.
    """
    with writing(db):
        tokens.forget_answers_before(db, call.begun_at - KEPT_FOR)
        known = tokens.answer_to(db, call.person_id, call.key)
        if known is not None and known.fingerprint != call.fingerprint:
            raise OtherCall("this key belongs to another call; make a fresh one")
        if known is not None and known.status is not None:
            return known
        if known is not None and call.begun_at - known.begun_at < UNDER_WAY_FOR:
            raise UnderWay("the same call is under way")
        tokens.keep_answer(db, call)
    return None


def end_call(db: Database, call: KeptAnswer, status: int, body: bytes) -> None:
    """Keep the answer to a call that succeeded, for its repeats."""
    with writing(db):
        tokens.keep_answer(db, replace(call, status=status, body=body))


def forget_call(db: Database, call: KeptAnswer) -> None:
    """A call that was refused changed nothing and may come again with the same key."""
    with writing(db):
        tokens.forget_answer(db, call.person_id, call.key)
