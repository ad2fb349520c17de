"""Read a patient's conversation; what the other side said counts as read from then on."""

from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from tracker.conversation import Remark
from tracker.people import Person
from tracker.storage import absences, conversation, people
from tracker.storage.connection import writing


@dataclass(frozen=True, slots=True)
class Conversation:
    """The remarks oldest first, as they stood before they were read just now."""

    patient: Person
    care_team: tuple[Person, ...]
    remarks: tuple[Remark, ...]


def open_conversation(
    db: Database, patient_id: str, reader_id: str, now: datetime
) -> Conversation | None:
    """The conversation, or None when there is no such patient."""
    patient = people.get(db, patient_id)
    if patient is None:
        return None
    remarks = tuple(conversation.of_patient(db, patient_id))
    if any(remark.waits_for(reader_id) for remark in remarks):
        with writing(db):
            conversation.note_read(db, patient_id, reader_id, now)
    team = tuple(person for person, _ in absences.caring_on_duty(db, patient_id, now))
    return Conversation(patient, team, remarks)
