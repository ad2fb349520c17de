"""End a session, so that nobody who copied its token can go on with it."""

from sqlite_utils import Database

from tracker.sessions import token_digest
from tracker.storage import sessions
from tracker.storage.connection import writing


def end_session(db: Database, token: str) -> None:
    """Forget the session of this token; ending it twice changes nothing."""
    with writing(db):
        sessions.end(db, token_digest(token))
