"""Invitations: of each person the newest counts, and with it the newest that was asked for."""

from datetime import datetime

from sqlite_utils import Database

from tracker.domain.people.invitations import Invitation
from tracker.storage.columns import read_row, row_of, time_text

_NO_ACCOUNT = """NOT EXISTS (SELECT 1 FROM credentials WHERE person_id = people.id)
    AND NOT EXISTS (SELECT 1 FROM passkeys WHERE person_id = people.id)
    AND NOT EXISTS (SELECT 1 FROM care_team WHERE patient_id = people.id)"""
# Links with which people invited themselves and that nobody followed.
_OWN = f"""SELECT person_id, created_at FROM invitations JOIN people ON people.id = person_id
    WHERE invited_by = person_id AND used_at IS NULL AND {_NO_ACCOUNT}
    AND NOT EXISTS (SELECT 1 FROM treatments WHERE patient_id = people.id)"""  # noqa: S608


def renew(db: Database, invitation: Invitation) -> None:
    """Store an invitation in place of any open one of that person.

    One that was asked for replaces only those that were asked for: a stranger who knows the address
    must not end the link that a patient was given at the desk.
    """
    if invitation.is_asked:
        sql = "DELETE FROM invitations WHERE person_id = ? AND used_at IS NULL AND is_asked"
        db.execute(sql, [invitation.person_id])
    else:
        end_open(db, invitation.person_id)
    db.table("invitations").insert(row_of(invitation))


def end_open(db: Database, person_id: str) -> None:
    """End a person's open invitations."""
    db.execute("DELETE FROM invitations WHERE person_id = ? AND used_at IS NULL", [person_id])


def get(db: Database, invitation_id: str) -> Invitation | None:
    """The invitation with this id."""
    rows = db.query("SELECT * FROM invitations WHERE id = ?", [invitation_id])
    return next((read_row(Invitation, row) for row in rows), None)


def latest_of(db: Database, person_id: str) -> Invitation | None:
    """A person's newest invitation, open or not."""
    sql = "SELECT * FROM invitations WHERE person_id = ? ORDER BY created_at DESC, id LIMIT 1"
    return next((read_row(Invitation, row) for row in db.query(sql, [person_id])), None)


def waiting_for(db: Database, carer_id: str) -> list[Invitation]:
    """The newest invitation of each patient of a carer who has never come in, the oldest first."""
    sql = """SELECT invitations.* FROM invitations
             JOIN care_team ON care_team.patient_id = invitations.person_id
             WHERE care_team.practitioner_id = ? AND invitations.invited_by <> person_id
               AND NOT EXISTS (SELECT 1 FROM credentials WHERE person_id = invitations.person_id)
               AND NOT EXISTS (SELECT 1 FROM passkeys WHERE person_id = invitations.person_id)
               AND NOT EXISTS (SELECT 1 FROM invitations AS other
                   WHERE other.person_id = invitations.person_id
                     AND (other.used_at IS NOT NULL OR other.created_at > invitations.created_at))
             ORDER BY created_at, invitations.id"""
    return [read_row(Invitation, row) for row in db.query(sql, [carer_id])]


def was_used_by(db: Database, person_id: str) -> bool:
    """Whether a person has come in by an invitation before."""
    sql = "SELECT 1 FROM invitations WHERE person_id = ? AND used_at IS NOT NULL"
    return any(db.query(sql, [person_id]))


def count_try(db: Database, invitation_id: str) -> None:
    """Count a wrong year of birth, for another open link of that person as well."""
    sql = """UPDATE invitations SET tries = tries + 1 WHERE id = :id OR (used_at IS NULL
             AND person_id = (SELECT person_id FROM invitations WHERE id = :id))"""
    db.execute(sql, {"id": invitation_id})


def use(db: Database, invitation_id: str, now: datetime) -> bool:
    """Mark the invitation as used; False when another request was faster."""
    cursor = db.execute(
        "UPDATE invitations SET used_at = ? WHERE id = ? AND used_at IS NULL",
        [time_text(now), invitation_id],
    )
    return bool(cursor.rowcount == 1)


def own_since(db: Database, person_id: str, at: datetime) -> bool:
    """Whether a person asked to sign up at `at` or later."""
    sql = f"SELECT 1 FROM ({_OWN}) WHERE person_id = ? AND created_at > ?"  # noqa: S608
    return any(db.query(sql, [person_id, time_text(at)]))


def own_before(db: Database, at: datetime) -> list[str]:
    """The ids of people who asked to sign up before `at`, and of whom nothing else is known."""
    sql = f"SELECT DISTINCT person_id FROM ({_OWN}) WHERE created_at < ?"  # noqa: S608
    return [row["person_id"] for row in db.query(sql, [time_text(at)])]


def may_open_own(db: Database, person_id: str) -> bool:
    """Whether a link lets this person open an account without a clinic: they have none yet."""
    sql = f"SELECT 1 FROM people WHERE id = ? AND role = 'patient' AND {_NO_ACCOUNT}"  # noqa: S608
    return any(db.query(sql, [person_id]))


def is_mere_sign_up(db: Database, person_id: str) -> bool:
    """Whether nothing is known of this person but a wish to sign up with the address."""
    return any(db.query(f"SELECT 1 FROM ({_OWN}) WHERE person_id = ?", [person_id]))  # noqa: S608
