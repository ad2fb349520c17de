"""A course as it lies in several tables, with what the clinic came to know about it, and when."""

from zoneinfo import ZoneInfo

from sqlite_utils import Database

from tracker.domain.course.treatments import Treatment
from tracker.domain.editing.limits_preview import StoredCourse
from tracker.domain.protocols.screening import words_of
from tracker.domain.recovery.recovery import Course
from tracker.storage.alerts import alerts
from tracker.storage.course import check_ins, photos, readings, screenings
from tracker.storage.people import people


def of_treatment(db: Database, treatment: Treatment) -> StoredCourse:
    """The course of a treatment, from everything that is kept."""
    person = people.get(db, treatment.patient_id)
    screening = screenings.of_treatment(db, treatment.id)
    resolved = (alert for alert in alerts.of_treatment(db, treatment.id) if alert.outcome)
    return StoredCourse(
        course=Course(
            treatment=treatment,
            readings=tuple(readings.of_treatment(db, treatment.id)),
            check_ins=tuple(check_ins.of_treatment(db, treatment.id)),
            zone=person.zone if person else ZoneInfo("UTC"),
        ),
        received_at={p.id: p.received_at for p in photos.of_treatment(db, treatment.id)},
        outcomes={alert.concern: alert.outcome for alert in resolved if alert.outcome},
        words=words_of(person, screening) if person else frozenset(),
    )
