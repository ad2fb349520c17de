"""Invitations; of each person only the newest counts."""

from datetime import datetime

from sqlite_utils import Database

from tracker.invitations import Invitation
from tracker.storage.columns import read_optional_time, read_time, time_text


def renew(db: Database, digest: str, invitation: Invitation) -> None:
    """Store an invitation under its token's digest in place of any open one of that person."""
    db.execute(
        "DELETE FROM invitations WHERE person_id = ? AND used_at IS NULL", [invitation.person_id]
    )
    db.table("invitations").insert(
        {
            "token_digest": digest,
            "person_id": invitation.person_id,
            "invited_by": invitation.invited_by,
            "created_at": time_text(invitation.created_at),
        }
    )


def get(db: Database, digest: str) -> Invitation | None:
    """The invitation whose token has this digest."""
    rows = db.query("SELECT * FROM invitations WHERE token_digest = ?", [digest])
    row = next(rows, None)
    if row is None:
        return None
    return Invitation(
        person_id=row["person_id"],
        invited_by=row["invited_by"],
        created_at=read_time(row["created_at"]),
        used_at=read_optional_time(row["used_at"]),
    )


def use(db: Database, digest: str, now: datetime) -> bool:
    """Mark the invitation as used; False when somebody was faster."""
    cursor = db.execute(
        "UPDATE invitations SET used_at = ? WHERE token_digest = ? AND used_at IS NULL",
        [time_text(now), digest],
    )
    return bool(cursor.rowcount == 1)
