"""The page on which a patient and the care team write to each other."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from tracker.actions.open_conversation import Conversation
from tracker.conversation import MAX_REMARK_LENGTH, Remark
from tracker.people import Person
from web.times import when


@dataclass(frozen=True, slots=True)
class RemarkRow:
    """One remark; `is_own` tells the reader's side, `seen` who of the other side has read it."""

    id: str
    author: str
    at: str
    text: str
    has_photo: bool
    is_own: bool
    is_new: bool
    seen: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConversationPage:
    """A conversation as the patient (`is_patient`) or somebody of the care team reads it."""

    template: ClassVar[str] = "conversation.html"
    place: ClassVar[str] = "conversation"
    longest: ClassVar[int] = MAX_REMARK_LENGTH

    patient_id: str
    patient: str
    is_patient: bool
    readers: tuple[str, ...]
    remarks: tuple[RemarkRow, ...]
    key: str
    text: str
    errors: Mapping[str, str]

    @property
    def title(self) -> str:
        """The page's name."""
        if not self.is_patient:
            return f"Messages with {self.patient}"
        return "Messages with your clinic" if self.readers else "Messages"

    @property
    def first_new(self) -> str | None:
        """The oldest remark that the reader has not seen."""
        return next((remark.id for remark in self.remarks if remark.is_new), None)


def conversation_page(
    opened: Conversation,
    reader: Person,
    now: datetime,
    text: str = "",
    errors: Mapping[str, str] | None = None,
) -> ConversationPage:
    """The conversation as it stands, with what was written and could not be sent yet."""
    patient = opened.patient
    return ConversationPage(
        patient_id=patient.id,
        patient=patient.name,
        is_patient=reader.id == patient.id,
        readers=tuple(person.name for person in opened.care_team),
        remarks=tuple(_row(remark, reader, now) for remark in opened.remarks),
        key=secrets.token_hex(16),
        text=text,
        errors=errors or {},
    )


def _row(remark: Remark, reader: Person, now: datetime) -> RemarkRow:
    is_own_side = remark.is_from_patient == (reader.id == remark.patient_id)
    return RemarkRow(
        id=remark.id,
        author="You" if remark.author_id == reader.id else remark.author,
        at=when(remark.at, now, reader.zone),
        text=remark.text,
        has_photo=remark.has_photo,
        is_own=is_own_side,
        is_new=remark.waits_for(reader.id),
        seen=tuple(
            f"Seen by {receipt.name} {when(receipt.seen_at, now, reader.zone)}"
            for receipt in remark.receipts
            if is_own_side
        ),
    )
