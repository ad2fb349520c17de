"""A patient's whole record, collected from the rows of all themes."""

from sqlite_utils import Database

from tracker.domain.course.treatments import Treatment
from tracker.domain.people.people import Person
from tracker.domain.record.record import CourseRecord, PatientRecord
from tracker.storage.alerts import alert_history, alerts
from tracker.storage.course import (
    annotations,
    care_lines,
    check_ins,
    corrections,
    early_photos,
    outlines,
    photos,
    readings,
    screenings,
    sides,
    treatments,
)
from tracker.storage.own_data import consents, records
from tracker.storage.people import people
from tracker.storage.talk import conversation, notes


def of_patient(db: Database, patient: Person) -> PatientRecord:
    """All rows about a patient; afterwards the database is no longer needed."""
    here = {person.id: person for person, *_ in people.staff(db)}
    elsewhere = people.by_ids(db, records.elsewhere_of(db, patient.id))
    return PatientRecord(
        patient=patient,
        people=here | elsewhere | {patient.id: patient},
        team=tuple(person for person, _ in people.care_team_of(db, patient.id)),
        courses=tuple(_course(db, each) for each in treatments.of_patient(db, patient.id)),
        early=tuple(early_photos.of_patient(db, patient.id)),
        said=tuple(conversation.of_patient(db, patient.id)),
        notes=tuple(notes.of_patient(db, patient.id)),
        care_lines=tuple(care_lines.ever_of_patient(db, patient.id)),
        consents=tuple(consents.of_patient(db, patient.id)),
    )


def _course(db: Database, treatment: Treatment) -> CourseRecord:
    taken, told = photos.of_treatment(db, treatment.id), alerts.of_treatment(db, treatment.id)
    return CourseRecord(
        treatment=treatment,
        photos=tuple(taken),
        readings=tuple(readings.of_treatment(db, treatment.id)),
        superseded=tuple(readings.superseded(db, treatment.id)),
        check_ins=tuple(check_ins.of_treatment(db, treatment.id)),
        alerts=tuple(told),
        steps={alert.id: tuple(alert_history.of_alert(db, alert.id)) for alert in told},
        screenings=tuple(screenings.editions(db, treatment.id)),
        annotations=tuple(annotations.of_treatment(db, treatment.id)),
        corrections=tuple(corrections.of_treatment(db, treatment.id)),
        markings={photo.id: tuple(outlines.of_baseline(db, photo.id)) for photo in taken},
        sides_said=tuple(each for photo in taken for each in sides.of_photo(db, photo.id)),
    )
