"""What the work list needs to be quick, as the migrations make it."""

from collections.abc import Sequence

# `seen_at` is when somebody of the clinic first opened this photo or a later one: whoever has seen
# day 7 has caught up. The indexes hold what waits, which stays small however old the clinic is.
WHAT_WAITS = """
ALTER TABLE photos ADD COLUMN seen_at TEXT;
UPDATE photos SET seen_at = (
    SELECT min(looks.first_at) FROM looks JOIN photos AS later ON later.id = looks.photo_id
    WHERE later.patient_id = photos.patient_id AND later.taken_at >= photos.taken_at);
CREATE INDEX photos_unseen ON photos (patient_id, taken_at)
    WHERE seen_at IS NULL AND status = 'measured' AND role = 'follow_up';
CREATE INDEX alerts_unresolved ON alerts (patient_id) WHERE resolved_at IS NULL;
CREATE INDEX remarks_of_patients ON remarks (patient_id, id, at) WHERE author_id = patient_id;
CREATE INDEX consents_to_care_withdrawn ON consents (patient_id, id, at)
    WHERE purpose = 'care' AND decision = 'withdrawn';
CREATE INDEX messages_in_trouble ON messages (recipient_id, created_at)
    WHERE sent_at IS NULL AND withdrawn_at IS NULL AND error <> '';
"""

PHOTO_TRIES = """
ALTER TABLE photos ADD COLUMN next_try_at TEXT;
ALTER TABLE photos ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
ALTER TABLE photos ADD COLUMN troubles INTEGER NOT NULL DEFAULT 0;
ALTER TABLE photos ADD COLUMN lapses INTEGER NOT NULL DEFAULT 0;
ALTER TABLE photos ADD COLUMN file_fault TEXT CHECK (file_fault IN ('missing', 'damaged'));
CREATE INDEX photos_in_trouble ON photos (received_at)
    WHERE status = 'unmeasurable' OR file_fault IS NOT NULL;
CREATE TRIGGER photos_files_changed AFTER UPDATE OF file_fault ON photos
    WHEN OLD.file_fault IS NOT NEW.file_fault
    BEGIN UPDATE worklist_version SET number = number + 1; END;
"""

ABSENCES = """
CREATE TABLE absences (
    id TEXT PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES people(id),
    deputy_id TEXT REFERENCES people(id) CHECK (deputy_id <> person_id),
    begins_at TEXT NOT NULL,
    ends_at TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    entered_at TEXT NOT NULL,
    ended_at TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX absences_by_end ON absences (ends_at);
CREATE INDEX absences_of_person ON absences (person_id, begins_at);
"""

# One number that grows with everything that work lists tell, whoever writes it: nothing can forget.
_TELLS = {
    "alerts": "level raised_at acknowledged_at snoozed_until resolved_at",
    "photos": "status seen_at",
    "treatments": "kind variant needle_depth_mm performed_at ended_at",
    "remarks": "",
    "remark_receipts": "",
    "consents": "",
    "care_team": "turn",
    "absences": "deputy_id ends_at",
    "messages": "sent_at failed_at withdrawn_at error",
}
_BUMP = "BEGIN UPDATE worklist_version SET number = number + 1; END;"


def _telling(table: str, columns: Sequence[str]) -> str:
    return f"""
CREATE TRIGGER {table}_came AFTER INSERT ON {table}
    {_BUMP}
CREATE TRIGGER {table}_went AFTER DELETE ON {table}
    {_BUMP}{_telling_changes(table, columns) if columns else ""}"""


def _telling_changes(table: str, columns: Sequence[str]) -> str:
    old, new = (", ".join(f"{row}.{name}" for name in columns) for row in ("OLD", "NEW"))
    return f"""
CREATE TRIGGER {table}_changed AFTER UPDATE ON {table} WHEN ({old}) IS NOT ({new})
    {_BUMP}"""


WORKLIST_VERSION = """
CREATE TABLE worklist_version (number INTEGER NOT NULL) STRICT;
INSERT INTO worklist_version VALUES (0);
""" + "".join(_telling(table, columns.split()) for table, columns in _TELLS.items())

# An alert acknowledged before this step may never have been opened: it counts as unread.
ALERTS_READ = """
ALTER TABLE alerts ADD COLUMN read_at TEXT;
ALTER TABLE alerts ADD COLUMN read_by TEXT REFERENCES people(id);
DROP TRIGGER alerts_changed;
""" + _telling_changes("alerts", [*_TELLS["alerts"].split(), "read_at"])
