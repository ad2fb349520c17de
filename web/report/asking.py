"""Which report is wanted: of which course and days, for whom, on which paper."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import ClassVar
from zoneinfo import ZoneInfo

from tracker.domain.course.treatments import Treatment
from web.forms import Errors, one_of, sentence
from web.words.times import dated
from web.words.words import treatment_words


class Paper(StrEnum):
    """A size of paper."""

    A4 = "a4"
    LETTER = "letter"


class Reader(StrEnum):
    """For whom it is written."""

    CLINICIAN = "clinician"
    PATIENT = "patient"


class Kind(StrEnum):
    """The pages, or one picture for a letter."""

    PDF = "pdf"
    PNG = "png"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Without `course` (1 for the first) it is the current one; both days are included.

    Days are those of the place where the patient lives.
    """

    paper: Paper = Paper.A4
    reader: Reader = Reader.CLINICIAN
    kind: Kind = Kind.PDF
    course: int | None = None
    since: date | None = None
    until: date | None = None

    @property
    def is_whole(self) -> bool:
        """Whether no day is left out."""
        return self.since is None and self.until is None


def check_days(since: date | None, until: date | None) -> None:
    """Raise ValueError when the last day lies before the first."""
    if since is not None and until is not None and until < since:
        raise ValueError("the last day lies before the first; exchange them")


def read_wanted(said: Mapping[str, str], reader: Reader) -> Wanted | Errors:
    """What an address asks for; `reader` unless it names another. Only days can be wrong."""
    errors: dict[str, str] = {}
    days: dict[str, date | None] = {"from": None, "to": None}
    for name in days:
        try:
            text = said.get(name, "").strip()
            days[name] = date.fromisoformat(text) if text else None
        except ValueError:
            errors[name] = "Write the day like 2026-03-05, or leave it empty."
    since, until = days.values()
    try:
        check_days(since, until)
    except ValueError as error:
        errors["to"] = sentence(str(error))
    number = said.get("course", "")
    if errors:
        return Errors(errors)
    return Wanted(
        paper=one_of(Paper, said.get("paper", "")) or Paper.A4,
        reader=one_of(Reader, said.get("reader", "")) or reader,
        kind=one_of(Kind, said.get("kind", "")) or Kind.PDF,
        course=int(number) if number.isascii() and number.isdigit() and len(number) < 5 else None,
        since=since,
        until=until,
    )


@dataclass(frozen=True, slots=True)
class ReportPage:
    """The form that asks for a report; `courses` are numbers with words, the first one first.

    `said` is what was chosen so far, `trouble` why there is nothing to print.
    """

    template: ClassVar[str] = "practitioner_report.html"
    place: ClassVar[str] = "patients"
    papers: ClassVar[Mapping[Paper, str]] = {Paper.A4: "A4", Paper.LETTER: "Letter"}
    readers: ClassVar[Mapping[Reader, str]] = {
        Reader.CLINICIAN: "a clinician",
        Reader.PATIENT: "the patient",
    }

    patient_id: str
    name: str
    courses: tuple[tuple[str, str], ...]
    said: Mapping[str, str]
    errors: Mapping[str, str] | None = None
    trouble: str = ""

    @property
    def title(self) -> str:
        """The page's name."""
        return "Report"


@dataclass(frozen=True, slots=True)
class OwnReportPage(ReportPage):
    """The same for patients, about themselves."""

    template: ClassVar[str] = "patient_report.html"
    place: ClassVar[str] = "own_data"
    readers: ClassVar[Mapping[Reader, str]] = {
        Reader.PATIENT: "me, in plain words",
        Reader.CLINICIAN: "a doctor",
    }


def courses_listed(series: Sequence[Treatment], zone: ZoneInfo) -> tuple[tuple[str, str], ...]:
    """Each course by its number, in words: `2: Microneedling, 1.5 mm, 5 Mar 2026`."""
    words = (
        (
            treatment_words(each, each.kind.replace("_", " ").capitalize()),
            dated(each.performed_at, zone).partition(",")[0],
        )
        for each in series
    )
    return tuple((str(n), f"{n}: {what}, {day}") for n, (what, day) in enumerate(words, 1))
