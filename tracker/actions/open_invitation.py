"""Look at an invitation before it is accepted."""

from datetime import datetime

from sqlite_utils import Database

from tracker.invitations import is_open
from tracker.people import Person
from tracker.signed_links import LinkPurpose, named_by
from tracker.storage import invitations, people


def open_invitation(db: Database, token: str, key: bytes, now: datetime) -> Person | None:
    """Whom the link invites; None when it was used, has expired or never was."""
    invitation = invitations.get(db, named_by(LinkPurpose.INVITATION, token, key) or "")
    if invitation is None or not is_open(invitation, now):
        return None
    return people.get(db, invitation.person_id)
