"""What the care team writes down about a patient. Every version is kept."""

from dataclasses import dataclass
from datetime import datetime

MAX_NOTE_LENGTH = 4000


@dataclass(frozen=True, slots=True)
class NoteText:
    """What a note says; a pinned one is shown at the top of every page about the patient.

    Raises ValueError, with the remedy, when it is empty or too long.
    """

    text: str
    is_pinned: bool

    def __post_init__(self) -> None:
        if not self.text:
            raise ValueError("write the note first")
        if len(self.text) > MAX_NOTE_LENGTH:
            raise ValueError(f"the note is too long; keep it under {MAX_NOTE_LENGTH} characters")


@dataclass(frozen=True, slots=True)
class NoteVersion:
    """The content of a note at one time; `number` grows over all notes."""

    number: int
    says: NoteText
    author_id: str
    author: str
    at: datetime
    is_withdrawn: bool


@dataclass(frozen=True, slots=True)
class Note:
    """One note about a patient; `versions` oldest first, never empty."""

    id: str
    patient_id: str
    versions: tuple[NoteVersion, ...]

    @property
    def latest(self) -> NoteVersion:
        """The current version."""
        return self.versions[-1]

    @property
    def is_on_top(self) -> bool:
        """Whether it is pinned and not withdrawn."""
        return self.latest.says.is_pinned and not self.latest.is_withdrawn
