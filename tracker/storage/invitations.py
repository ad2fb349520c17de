"""Invitations; of each person only the newest counts."""

from datetime import datetime

from sqlite_utils import Database

from tracker.invitations import Invitation
from tracker.storage.columns import read_optional_time, read_time, time_text


def renew(db: Database, invitation: Invitation) -> None:
    """Store an invitation in place of any open one of that person."""
    end_open(db, invitation.person_id)
    db.table("invitations").insert(
        {
            "id": invitation.id,
            "person_id": invitation.person_id,
            "invited_by": invitation.invited_by,
            "created_at": time_text(invitation.created_at),
        }
    )


def end_open(db: Database, person_id: str) -> None:
    """Let a person's open invitation end, if there is one."""
    db.execute("DELETE FROM invitations WHERE person_id = ? AND used_at IS NULL", [person_id])


def get(db: Database, invitation_id: str) -> Invitation | None:
    """The invitation with this id."""
    rows = db.query("SELECT * FROM invitations WHERE id = ?", [invitation_id])
    row = next(rows, None)
    if row is None:
        return None
    return Invitation(
        id=row["id"],
        person_id=row["person_id"],
        invited_by=row["invited_by"],
        created_at=read_time(row["created_at"]),
        used_at=read_optional_time(row["used_at"]),
    )


def use(db: Database, invitation_id: str, now: datetime) -> bool:
    """Mark the invitation as used; False when somebody was faster."""
    cursor = db.execute(
        "UPDATE invitations SET used_at = ? WHERE id = ? AND used_at IS NULL",
        [time_text(now), invitation_id],
    )
    return bool(cursor.rowcount == 1)
