"""The audit log."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from tracker.domain.clinic.audit import SAME_LOOK, Act, Entry, Head, Search, Verdict
from tracker.domain.people.people import Person
from tracker.storage.clinic import audit_log
from tracker.storage.connection import writing
from tracker.storage.people import people


@dataclass(frozen=True, slots=True)
class Names:
    """The names that the reader may see by id: everyone of the clinic, and their own patients."""

    staff: Mapping[str, Person]
    patients: Mapping[str, Person]


def names_for(db: Database, reader_id: str) -> Names:
    """The names for this reader; anyone else is shown as an id."""
    return Names(
        staff={person.id: person for person, *_ in people.staff(db)},
        patients={patient.id: patient for patient in people.patients_of(db, reader_id)},
    )


def read_audit_log(db: Database, wanted: Search, most: int = -1, skip: int = 0) -> Iterator[Entry]:
    """The entries found, newest first, at most `most` after the first `skip`."""
    return audit_log.search(db, wanted, most, skip)


def record_export(
    db: Database, by: str | None, about: str | None, what: str, now: datetime
) -> None:
    """Add the export to the audit log before any data is handed out; `by` None is the operator."""
    with writing(db):
        audit_log.add(db, Entry(Act.DATA_EXPORTED, now, by, about, what))


def record_refusal(db: Database, by: str, about: str | None, what: str, now: datetime) -> None:
    """Add that a person asked for a page that is not theirs; within a few minutes it is one entry.

    `about` is the id in its address, which may be nobody's.
    """
    known = people.get(db, about) if about else None
    entry = Entry(Act.REFUSED, now, by, known.id if known else None, what)
    with writing(db):
        if not audit_log.is_recorded(db, entry, now - SAME_LOOK):
            audit_log.add(db, entry)


def show_head(db: Database) -> Head | None:
    """The head of the log; None while the log is empty."""
    return audit_log.head(db)


def verify_audit_log(db: Database, heads: Collection[Head] = ()) -> Verdict:
    """Whether the log is whole and contains the `heads` that were kept elsewhere."""
    return audit_log.verify(db, heads)
