"""The pages of people who treat themselves at home, and may let a practitioner in later."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar

from tracker.care import Heading
from tracker.people import MIN_PASSPHRASE_LENGTH, Person
from tracker.protocols import Asks, Protocol, ScreeningQuestion
from web.screening_pages import CaveatRow, QuestionRow, question_rows
from web.telling_pages import OpenThing

DEPTHS_MM = (0.2, 0.25, 0.3, 0.5)
TIME_FOR_PHOTOS = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class SignUpPage:
    """An account without a clinic; `trouble` says what was wrong with the form."""

    template: ClassVar[str] = "sign_up.html"
    place: ClassVar[str] = ""
    shortest: ClassVar[int] = MIN_PASSPHRASE_LENGTH

    name: str = ""
    email: str = ""
    trouble: str = ""

    @property
    def title(self) -> str:
        """The page's name."""
        return "Create an account"


@dataclass(frozen=True, slots=True)
class BeginPage:
    """Advice, screening questions, needle and time; `cautions` are to be read before going on."""

    template: ClassVar[str] = "patient_begin.html"
    place: ClassVar[str] = "today"
    depths: ClassVar[tuple[float, ...]] = DEPTHS_MM

    advice: tuple[str, ...]
    questions: tuple[QuestionRow, ...]
    notes: tuple[ScreeningQuestion, ...]
    chosen: Mapping[str, str]
    errors: Mapping[str, str] = field(default_factory=dict)
    cautions: tuple[CaveatRow, ...] = ()
    too_soon: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The page's name."""
        return "Before you roll"


@dataclass(frozen=True, slots=True)
class StoppedPage:
    """What speaks against rolling now: answers, each with what to do, or what is open (`told`)."""

    template: ClassVar[str] = "patient_stopped.html"
    place: ClassVar[str] = "today"

    caveats: tuple[CaveatRow, ...] = ()
    told: tuple[OpenThing, ...] = ()

    @property
    def title(self) -> str:
        """The page's name."""
        return "Please do not roll now"


@dataclass(frozen=True, slots=True)
class SharePage:
    """The code for a practitioner, shown once; None before it is made.

    There is none before the patient's address `is_confirmed`.
    """

    template: ClassVar[str] = "patient_share.html"
    place: ClassVar[str] = "own_data"

    is_confirmed: bool
    code: str | None = None

    @property
    def title(self) -> str:
        """The page's name."""
        return "Let a practitioner in"


@dataclass(frozen=True, slots=True)
class AcceptPage:
    """Where a practitioner enters a patient's code."""

    template: ClassVar[str] = "practitioner_accept.html"
    place: ClassVar[str] = "patients"

    code: str = ""
    failed: bool = False

    @property
    def title(self) -> str:
        """The page's name."""
        return "A patient’s code"


def begin_page(protocol: Protocol, patient: Person, now: datetime) -> BeginPage:
    """The form with what the record answers; its time leaves room for photos from before."""
    soon = (now + TIME_FOR_PHOTOS).astimezone(patient.zone)
    questions = tuple(row for row in question_rows(protocol, patient) if not row.is_text)
    return BeginPage(
        advice=tuple(line.words for line in protocol.aftercare[Heading.DO] if line.first_day <= 0),
        questions=questions,
        notes=tuple(q for q in protocol.screening if q.asks is Asks.TEXT),
        chosen={
            "performed_at": f"{soon:%Y-%m-%dT%H:%M}",
            **{row.question.id: "yes" for row in questions if row.record},
        },
    )
