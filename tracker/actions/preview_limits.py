"""Tell what a changed protocol would have raised on the courses that are stored."""

from collections.abc import Iterator
from datetime import datetime

from sqlite_utils import Database

from tracker.limits_preview import Compared, StoredCourse, compare
from tracker.protocols import Protocol, Protocols
from tracker.recovery import Course
from tracker.screening import words_of
from tracker.storage import alerts, check_ins, people, photos, readings, screenings, treatments
from tracker.treatments import Treatment


def preview_limits(
    db: Database, protocols: Protocols, changed: Protocol, since: datetime
) -> Iterator[Compared]:
    """Each course of the changed protocol's kind about which something came since, lived again.

    Nothing is written. Raises ProtocolError when there is no such kind of treatment.
    """
    present = protocols.of(changed.kind)
    for treatment in treatments.of_kind(db, changed.kind):
        stored = _stored(db, treatment)
        came = [*stored.received_at.values(), *(c.received_at for c in stored.course.check_ins)]
        if max(came, default=treatment.performed_at) >= since:
            yield compare(stored, present, changed, since)


def _stored(db: Database, treatment: Treatment) -> StoredCourse:
    person = people.get(db, treatment.patient_id)
    screening = screenings.of_treatment(db, treatment.id)
    resolved = (alert for alert in alerts.of_treatment(db, treatment.id) if alert.outcome)
    return StoredCourse(
        course=Course(
            treatment=treatment,
            readings=tuple(readings.of_treatment(db, treatment.id)),
            check_ins=tuple(check_ins.of_treatment(db, treatment.id)),
        ),
        received_at={p.id: p.received_at for p in photos.of_treatment(db, treatment.id)},
        outcomes={alert.concern: alert.outcome for alert in resolved if alert.outcome},
        words=words_of(person, screening) if person else frozenset(),
    )
