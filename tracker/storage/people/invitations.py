"""Invitations; only the newest of each person counts."""

from datetime import datetime

from sqlite_utils import Database

from tracker.domain.people.invitations import Invitation
from tracker.storage.columns import read_row, row_of, time_text


def renew(db: Database, invitation: Invitation) -> None:
    """Store an invitation in place of any open one of that person."""
    end_open(db, invitation.person_id)
    db.table("invitations").insert(row_of(invitation))


def end_open(db: Database, person_id: str) -> None:
    """End a person's open invitation, if there is one."""
    db.execute("DELETE FROM invitations WHERE person_id = ? AND used_at IS NULL", [person_id])


def get(db: Database, invitation_id: str) -> Invitation | None:
    """The invitation with this id."""
    rows = db.query("SELECT * FROM invitations WHERE id = ?", [invitation_id])
    return next((read_row(Invitation, row) for row in rows), None)


def use(db: Database, invitation_id: str, now: datetime) -> bool:
    """Mark the invitation as used; False when another request was faster."""
    cursor = db.execute(
        "UPDATE invitations SET used_at = ? WHERE id = ? AND used_at IS NULL",
        [time_text(now), invitation_id],
    )
    return bool(cursor.rowcount == 1)
