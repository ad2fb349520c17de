"""What a patient and the care team write to each other. Mails are something else (`messages`)."""

from dataclasses import dataclass
from datetime import datetime

MAX_MESSAGE_LENGTH = 4000


@dataclass(frozen=True, slots=True)
class Receipt:
    """Who on the other side first read a message, and when."""

    person_id: str
    name: str
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """One message in a patient's conversation, by the patient or a person of the care team.

    `author` is the author's name; with `has_photo` a photo is kept under the message's id, which is
    shown and never measured; `receipts` are in the order of reading.
    """

    id: str
    patient_id: str
    author_id: str
    author: str
    at: datetime
    text: str
    has_photo: bool
    receipts: tuple[Receipt, ...] = ()

    @property
    def is_from_patient(self) -> bool:
        """Whether the clinic is to read it."""
        return self.author_id == self.patient_id

    def waits_for(self, reader_id: str) -> bool:
        """Whether this person is on the other side and has not read it."""
        is_other_side = self.is_from_patient != (reader_id == self.patient_id)
        return is_other_side and reader_id not in {each.person_id for each in self.receipts}


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person wants to send; `key` distinguishes a form sent twice from two messages."""

    text: str
    photo: bytes | None
    key: str

    def __post_init__(self) -> None:
        if not self.text and self.photo is None:
            raise ValueError("write something, or choose a photo")
        if len(self.text) > MAX_MESSAGE_LENGTH:
            raise ValueError(
                f"the message is too long; keep it under {MAX_MESSAGE_LENGTH} characters"
            )
