"""What a patient's whole record consists of when it leaves one clinic for another.

`KINDS` is the whole map: every stored column of a patient is in a field of a kind, or in
`Kind.left_out` or `TABLES_LEFT_OUT` with the reason. A file of the record holds one kind, one JSON
object a line.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from tracker.domain.people.people import Role

FOLDER: Final = "record"
PEOPLE: Final = "people"


class Holds(StrEnum):
    """What a value of a field is, in the file and in its column."""

    TEXT = "text"
    WHOLE = "a whole number"
    REAL = "a number"
    TRUTH = "true or false"  # a column has 1 or 0
    TIME = "a time with its offset from UTC"
    DAY = "a date"
    JSON = "any value"  # a column has its text
    KEY = "an id"  # of the row, or of all versions of one thing
    NUMBER = "a number that names the row"  # given afresh by the database
    REF = "the id of another row"
    BEFORE = "the columns of a treatment before a correction"


@dataclass(frozen=True, slots=True)
class Field:
    """What a field holds, and its column where that has another name; `of` is the kind of a REF."""

    holds: Holds
    column: str = ""
    of: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """One file of the record: rows of `table`, in the order in which they were stored.

    `under` is the column that refers to what the row belongs to: the patient, or a row of the kind
    `parent`. `fixed` are columns that the importing clinic fills by itself.
    """

    name: str
    table: str
    fields: Mapping[str, Field]
    under: str = "patient_id"
    parent: str = "patient"
    fixed: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """Where the record has it."""
        return f"{FOLDER}/{self.name}.ndjson"

    def column(self, name: str) -> str:
        """The column of a field."""
        return self.fields[name].column or name


def _plain(holds: Holds, *names: str) -> dict[str, Field]:
    return {name: Field(holds) for name in names}


def _text(*names: str) -> dict[str, Field]:
    return _plain(Holds.TEXT, *names)


def _times(*names: str) -> dict[str, Field]:
    return _plain(Holds.TIME, *names)


def _json(*names: str) -> dict[str, Field]:
    return _plain(Holds.JSON, *names)


def _to(of: str, **columns: str) -> dict[str, Field]:
    """References to rows of a kind: field name = column."""
    return {name: Field(Holds.REF, column, of) for name, column in columns.items()}


_KEY = {"id": Field(Holds.KEY)}
_NUMBER = {"id": Field(Holds.NUMBER)}
_ORDER = "the order of the lines says it"
_QUEUE = "the queue of the clinic that measures; the status is kept"
_JUDGED = "the clinic that takes the record judges every course itself"
_STAFF = "of people of the clinic only"

KINDS: Final = (
    Kind(
        "patient",
        "people",
        _KEY
        | _text("name", "email", "time_zone", "record_number")
        | _plain(Holds.WHOLE, "skin_type", "reminder_hour")
        | _json("history")
        | _plain(Holds.DAY, "birth_date"),
        under="id",
        fixed={"role": Role.PATIENT},
        left_out={"digest_hour": _STAFF, "duties": _STAFF, "suspended_at": _STAFF},
    ),
    Kind(
        "treatments",
        "treatments",
        _KEY
        | _text("kind", "variant", "setting", "device", "maker", "performed_by", "ended_why")
        | _times("performed_at", "ended_at")
        | _plain(Holds.REAL, "needle_depth_mm")
        | _plain(Holds.WHOLE, "passes")
        | _json("areas", "products")
        | _to(PEOPLE, ended_by="ended_by")
        | _plain(Holds.TRUTH, "ended_as_mistake"),
        left_out={
            "news": _JUDGED,
            "judged": _JUDGED,
            "judged_at": _JUDGED,
            "unjudged_since": _JUDGED,
        },
    ),
    Kind(
        "corrections",
        "corrections",
        _to("treatments", treatment="treatment_id")
        | {"before": Field(Holds.BEFORE)}
        | _times("at")
        | _to(PEOPLE, by="by_id")
        | _text("why"),
        under="treatment_id",
        parent="treatments",
        left_out={"id": _ORDER},
    ),
    Kind(
        "screenings",
        "screening_editions",
        _to("treatments", treatment="treatment_id")
        | _plain(Holds.WHOLE, "edition")
        | _json("answers", "warned")
        | _times("at")
        | _to(PEOPLE, by="by_id")
        | _text("reason", "why"),
        under="treatment_id",
        parent="treatments",
    ),
    Kind(
        "answers_ahead",
        "ahead_answers",
        _text("kind", "question", "asked", "answer")
        | _times("at")
        | _to("treatments", treatment="treatment_id")
        | _plain(Holds.WHOLE, "edition"),
        left_out={"number": _ORDER},
    ),
    Kind(
        "session_plans",
        "session_plans",
        _to("treatments", treatment="treatment_id")
        | _plain(Holds.WHOLE, "number", "sessions", "every_days")
        | _times("made_at")
        | _to(PEOPLE, made_by="made_by"),
    ),
    Kind(
        "photos",
        "photos",
        _KEY
        | _to("treatments", treatment="treatment_id")
        | _text("role", "status", "skin_state", "view", "sides", "digest", "file_fault")
        | _times("taken_at", "received_at", "seen_at")
        | _json("faults", "warnings")
        | _plain(Holds.TRUTH, "is_selfie", "early_dated"),
        left_out={
            "attempts": _QUEUE,
            "claimed_at": _QUEUE,
            "next_try_at": _QUEUE,
            "failures": _QUEUE,
            "troubles": _QUEUE,
            "lapses": _QUEUE,
        },
    ),
    Kind(
        "early_photos",
        "early_photos",
        _KEY
        | _times("taken_at", "received_at", "seen_at")
        | _text("skin_state", "view", "sides", "digest")
        | _plain(Holds.TRUTH, "is_selfie", "is_dated")
        | _json("warnings"),
    ),
    Kind(
        "sides",
        "sides_answers",
        _to("photos", photo="photo_id")
        | _text("said", "said_by")
        | _times("at")
        | _to(PEOPLE, by="person_id"),
        under="photo_id",
        parent="photos",
        left_out={"id": _ORDER},
    ),
    Kind(
        "outlines",
        "outlines",
        _NUMBER
        | _to("photos", baseline="baseline_id")
        | _json("treated", "untreated")
        | _times("at")
        | _to(PEOPLE, by="by_id"),
        under="baseline_id",
        parent="photos",
    ),
    Kind(
        "readings",
        "readings",
        _NUMBER
        | _to("photos", photo="photo_id", baseline="baseline_id")
        | _to("outlines", outlines="outlines_id")
        | _json("areas")
        | _text("method", "opencv", "reference")
        | _plain(Holds.REAL, "residual", "asymmetry", "asymmetry_sd")
        | _plain(Holds.WHOLE, "turned")
        | _plain(Holds.TRUTH, "mirrored"),
        under="photo_id",
        parent="photos",
    ),
    Kind(
        "regions",
        "region_readings",
        _to("readings", reading="reading_id")
        | _text("region")
        | _plain(Holds.REAL, "redness", "redness_sd", "pigment", "pigment_sd")
        | _plain(Holds.REAL, "lab_l", "lab_a", "lab_b", "ita", "erythema_index", "melanin_index")
        | _plain(Holds.REAL, "share", "affected", "redder_share", "darker_share")
        | _plain(Holds.WHOLE, "redder_spots", "darker_spots"),
        under="reading_id",
        parent="readings",
    ),
    Kind(
        "annotations",
        "annotations",
        _KEY
        | _to("photos", photo="photo_id")
        | _text("shape", "note")
        | _json("places")
        | _to(PEOPLE, by="author_id")
        | _times("at")
        | _plain(Holds.TRUTH, "withdrawn")
        | _plain(Holds.WHOLE, "turned"),
        under="photo_id",
        parent="photos",
        left_out={"version": _ORDER},
    ),
    Kind(
        "check_ins",
        "check_ins",
        _KEY
        | _to("treatments", treatment="treatment_id")
        | _times("at", "received_at", "phone_at")
        | _json("answers")
        | _plain(Holds.TRUTH, "is_as_before"),
        left_out={"key": "only the phone that sent it repeats it"},
    ),
    Kind(
        "alerts",
        "alerts",
        _KEY
        | _to("treatments", treatment="treatment_id")
        | _to("photos", photo="photo_id")
        | _text("concern", "level", "engine", "protocol", "outcome")
        | _times("raised_at", "flagged_at", "found_at", "read_at", "snoozed_until", "call_by")
        | _times("escalated_at", "resolved_at", "decide_by")
        | {"seen_at": Field(Holds.TIME, "acknowledged_at")}
        | _to(PEOPLE, seen_by="acknowledged_by", read_by="read_by")
        | _plain(Holds.REAL, "probability", "onset_day")
        | _plain(Holds.WHOLE, "escalations")
        | _json("regions", "evidence"),
    ),
    Kind(
        "alert_steps",
        "alert_history",
        _to("alerts", alert="alert_id")
        | _text("step", "why", "level", "engine", "protocol")
        | _times("at")
        | _to(PEOPLE, by="by_id"),
        under="alert_id",
        parent="alerts",
        left_out={"id": _ORDER},
    ),
    Kind(
        "care_lines",
        "care_lines",
        _KEY
        | _text("heading", "line")
        | _plain(Holds.DAY, "first_date", "last_date")
        | _times("added_at", "ended_at")
        | _to(PEOPLE, added_by="added_by", ended_by="ended_by"),
    ),
    Kind(
        "consents",
        "consents",
        _text("purpose", "decision") | _times("at") | _to("photos", photo="photo_id"),
        left_out={"id": _ORDER},
    ),
    Kind(
        "notes",
        "notes",
        _KEY
        | _text("text")
        | _plain(Holds.TRUTH, "pinned", "withdrawn")
        | _to(PEOPLE, by="author_id")
        | _times("at"),
        left_out={"version": _ORDER},
    ),
    Kind(
        "messages",
        "remarks",
        _KEY
        | _to(PEOPLE, by="author_id")
        | _times("at")
        | _text("text")
        | _plain(Holds.TRUTH, "has_photo"),
        left_out={"key": "only the page that sent it repeats it; the importing clinic makes one"},
    ),
    Kind(
        "message_receipts",
        "remark_receipts",
        _to("messages", message="remark_id") | _to(PEOPLE, by="person_id") | _times("seen_at"),
        under="remark_id",
        parent="messages",
    ),
)
BY_NAME: Final = {kind.name: kind for kind in KINDS}
WITH_FILES: Final = ("photos", "early_photos", "messages")

_ACCOUNT = "a way to sign in is of one clinic; the patient is invited again"
_CLINIC = "of the clinic, not of a patient"
TABLES_LEFT_OUT: Final = {
    "absences": _CLINIC,
    "audit_log": "the clinic where it happened accounts for it; READ-ME.txt names the copy",
    "authenticators": _ACCOUNT,
    "care_team": "the clinic that takes the record names who cares for the patient",
    "clinic": "its name is in the manifest",
    "credentials": _ACCOUNT,
    "erasures": "a record of a closed account does not travel",
    "export_permits": _CLINIC,
    "half_sessions": _ACCOUNT,
    "import_files": _CLINIC,
    "import_origins": "in the manifest",
    "imports": "tells where this clinic got the record from",
    "invitations": _ACCOUNT,
    "messages": "mails are to addresses of the clinic; none is sent again",
    "passkeys": _ACCOUNT,
    "people_elsewhere": "in `people`, with the clinic of each name",
    "protocol_drafts": _CLINIC,
    "protocol_editions": "the editions that judged travel as files",
    "protocol_enactments": _CLINIC,
    "protocol_previews": _CLINIC,
    "protocol_previews_complete": _CLINIC,
    "protocol_signatures": _CLINIC,
    "recovery_codes": _ACCOUNT,
    "renewals": _ACCOUNT,
    "reply_templates": _CLINIC,
    "row_keys": "of the backups of one clinic",
    "second_step_tries": _ACCOUNT,
    "sessions": _ACCOUNT,
    "api_tokens": _ACCOUNT,
    "api_answers": _ACCOUNT,
    "share_codes": _ACCOUNT,
    "signs_of_life": _CLINIC,
    "trial_readings": "count for nothing",
    "used_challenges": _ACCOUNT,
    "worklist_version": _CLINIC,
}
