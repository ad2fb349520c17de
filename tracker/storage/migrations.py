"""The tables, step by step; a step that has shipped is never edited."""

import json
from uuid import uuid5

import sqlcipher3
from sqlite_utils import Database, Migrations

from tracker.messages import CAUSES
from tracker.storage.annotation_tables import ANNOTATIONS
from tracker.storage.clinic_tables import (
    AUDIT_LOG,
    AUDIT_TRAIL,
    AUDIT_TRAIL_OF_ANSWERS,
    CLINIC,
    OVERDUE,
    ROLES_AND_DUTIES,
    SIGNS_OF_LIFE,
)
from tracker.storage.desk_tables import NOTES, PROTOCOL_DRAFTS, REPLY_TEMPLATES
from tracker.storage.own_data_tables import (
    CONSENTS,
    CONVERSATION,
    ERASURES,
    SHARE_CODES,
    UNCONFIRMED_ADDRESSES,
)
from tracker.storage.tables import (
    ALERT_LIFE,
    FIRST_TABLES,
    INVITATIONS,
    LOOKS,
    MAIL_KINDS,
    PROTOCOL_EDITIONS,
    SCREENING_AND_CARE,
)
from tracker.storage.treatment_tables import JUDGED_AT, OUTLINES, PROCEDURES, SCREENING_EDITIONS
from tracker.storage.worklist_tables import (
    ABSENCES,
    ALERTS_READ,
    PHOTO_TRIES,
    WHAT_WAITS,
    WORKLIST_VERSION,
)

migrations = Migrations("afterglow")


@migrations()
def first_tables(db: Database) -> None:
    """People, treatments, photos, readings, check-ins, alerts and mail."""
    _run(db, FIRST_TABLES)


@migrations()
def treatment_variants(db: Database) -> None:
    """Which variant of a treatment was done, such as a deep peel."""
    db.execute("ALTER TABLE treatments ADD COLUMN variant TEXT")


@migrations()
def alert_life(db: Database) -> None:
    """Alerts that are snoozed, passed on and resolved, and the history of each."""
    _run(db, ALERT_LIFE)


@migrations()
def screening_and_care(db: Database) -> None:
    """What was asked before a treatment, and lines of aftercare for one patient alone."""
    _run(db, SCREENING_AND_CARE)


@migrations()
def keys_of_check_ins(db: Database) -> None:
    """A phone names what it sends, so that answers sent again are known again."""
    db.execute("ALTER TABLE check_ins ADD COLUMN key TEXT")
    db.execute("CREATE UNIQUE INDEX check_ins_by_key ON check_ins (patient_id, key)")


@migrations()
def views_of_faces(db: Database) -> None:
    """From where a photo shows the face."""
    db.execute("ALTER TABLE photos ADD COLUMN view TEXT NOT NULL DEFAULT 'front'")


@migrations()
def passkeys(db: Database) -> None:
    """Public keys by which people sign in."""
    _run(
        db,
        """CREATE TABLE passkeys (
            id TEXT PRIMARY KEY,
            person_id TEXT NOT NULL REFERENCES people(id),
            public_key BLOB NOT NULL,
            sign_count INTEGER NOT NULL,
            added_at TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX passkeys_of_person ON passkeys (person_id);
        """,
    )


@migrations()
def invitations(db: Database) -> None:
    """Links by which patients get their accounts."""
    _run(db, INVITATIONS)


@migrations()
def protocol_editions(db: Database) -> None:
    """Every text of a protocol that was in use."""
    db.execute(PROTOCOL_EDITIONS)


@migrations()
def mail_kinds(db: Database) -> None:
    """Mails of several kinds, each with the one cause it has; news are counted, never undone."""
    old = list(db.query("SELECT * FROM messages"))
    _run(db, MAIL_KINDS)
    for row in old:
        alert_id = row.pop("alert_id")
        cause = f"urgent:{alert_id}:{row['created_at']}:{row['recipient_id']}"
        id_of_cause = uuid5(CAUSES, cause).hex
        db.table("messages").insert(
            row
            | {"id": id_of_cause, "kind": "urgent", "cause": cause}
            | {"alert_ids": json.dumps([alert_id])}
        )


@migrations()
def looks(db: Database) -> None:
    """Who opened which photo."""
    _run(db, LOOKS)


@migrations()
def consents(db: Database) -> None:
    """What patients allow; whose consent to care is withdrawn is a view of it."""
    _run(db, CONSENTS)


@migrations()
def receipt_of_check_ins(db: Database) -> None:
    """When answers came, which a phone may have kept; of older ones only the time given is left."""
    db.execute("ALTER TABLE check_ins ADD COLUMN received_at TEXT NOT NULL DEFAULT ''")
    db.execute("UPDATE check_ins SET received_at = at")


@migrations()
def erasures(db: Database) -> None:
    """Closed accounts, and histories that may go with them."""
    _run(db, ERASURES)


@migrations()
def conversation(db: Database) -> None:
    """What patients and clinic write to each other, and who has read it."""
    _run(db, CONVERSATION)


@migrations()
def share_codes(db: Database) -> None:
    """Codes by which patients let practitioners in."""
    _run(db, SHARE_CODES)


@migrations()
def roles_and_duties(db: Database) -> None:
    """Assistants and those who see no patient; administrators; people who are suspended."""
    _run(db, ROLES_AND_DUTIES)


@migrations()
def what_waits(db: Database) -> None:
    """Photos that nobody of the clinic has caught up with, and indexes of all that waits."""
    _run(db, WHAT_WAITS)


@migrations()
def procedures(db: Database) -> None:
    """How treatments were done, early ends, and what was corrected afterwards."""
    _run(db, PROCEDURES)


@migrations()
def protocol_drafts(db: Database) -> None:
    """What a clinic changes in its protocols, and which edition is in force since when."""
    _run(db, PROTOCOL_DRAFTS)


@migrations()
def annotations(db: Database) -> None:
    """What the care team draws on photos."""
    _run(db, ANNOTATIONS)


@migrations()
def clinic(db: Database) -> None:
    """By which numbers and when the clinic is reached."""
    _run(db, CLINIC)


@migrations()
def audit_log(db: Database) -> None:
    """Who did what about whom; rows are only added."""
    _run(db, AUDIT_LOG)


@migrations()
def absences(db: Database) -> None:
    """Who is away, and who stands in."""
    _run(db, ABSENCES)


@migrations()
def notes(db: Database) -> None:
    """What the care team writes down about a patient, version by version."""
    _run(db, NOTES)


@migrations()
def outlines(db: Database) -> None:
    """What is drawn on baselines, and on which ground each photo was measured."""
    _run(db, OUTLINES)


@migrations()
def worklist_version(db: Database) -> None:
    """A number by which an open work list learns that it is out of date."""
    _run(db, WORKLIST_VERSION)


@migrations()
def signs_of_life(db: Database) -> None:
    """When the worker last did its rounds."""
    _run(db, SIGNS_OF_LIFE)


@migrations()
def reply_templates(db: Database) -> None:
    """Templates of messages to patients, version by version."""
    _run(db, REPLY_TEMPLATES)


@migrations()
def unconfirmed_addresses(db: Database) -> None:
    """Addresses of people who signed up alone, until they followed the link in a mail."""
    _run(db, UNCONFIRMED_ADDRESSES)


@migrations()
def audit_trail(db: Database) -> None:
    """The audit log and the histories beside it, as one."""
    _run(db, AUDIT_TRAIL)


@migrations()
def alerts_read(db: Database) -> None:
    """Who of the clinic first opened an alert's page since it last asked for an answer."""
    _run(db, ALERTS_READ)
    _run(db, AUDIT_TRAIL_OF_ANSWERS)


@migrations()
def photo_tries(db: Database) -> None:
    """When a photo is measured again, why it failed, and photos whose file cannot be read."""
    _run(db, PHOTO_TRIES)


@migrations()
def judged_at(db: Database) -> None:
    """When a course was last judged, so that answers that waited for days are still heard."""
    _run(db, JUDGED_AT)


@migrations()
def clocks_of_phones(db: Database) -> None:
    """What a phone's clock said of answers where it was wrong."""
    db.execute("ALTER TABLE check_ins ADD COLUMN phone_at TEXT")


@migrations()
def overdue(db: Database) -> None:
    """Since when news waits to be judged, and signs of life that a clock set back cannot renew."""
    _run(db, OVERDUE)


@migrations()
def screening_editions(db: Database) -> None:
    """Screenings that can be completed and corrected, every edition kept."""
    _run(db, SCREENING_EDITIONS)


def _run(db: Database, script: str) -> None:
    """Statement by statement, inside the step's own transaction; triggers end with END."""
    statement = ""
    for line in script.splitlines():
        statement += line + "\n"
        if sqlcipher3.complete_statement(statement):
            db.execute(statement)
            statement = ""
