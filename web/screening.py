"""What was asked before a treatment: how it is shown, and the form that corrects it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import ClassVar
from zoneinfo import ZoneInfo

from tracker.domain.course.treatments import Treatment
from tracker.domain.people.people import Person
from tracker.domain.protocols.protocols import Asks, Protocol, ScreeningQuestion
from tracker.domain.protocols.screening import (
    Caveat,
    Completeness,
    Edition,
    ScreeningSummary,
    answer_words,
    form_questions,
    recorded,
)
from web.words.times import when

ASKED = "ask_"  # before the id of a screening question, which a clinic may name as it likes


@dataclass(frozen=True, slots=True)
class CaveatRow:
    """A fact that warns: the answer, or what the record says instead of it or against it."""

    kind: str
    question: str
    answer: str
    advice: str


@dataclass(frozen=True, slots=True)
class ScreeningCard:
    """What was asked before the treatment; `asked` says when, empty when nothing was.

    `status` says how much was answered. It has a tick only when `is_clear`, and warns unless
    `is_complete`.
    """

    patient_id: str
    treatment_id: str
    status: str
    is_clear: bool
    is_complete: bool
    caveats: tuple[CaveatRow, ...]
    too_soon: tuple[str, ...]
    noted: tuple[tuple[str, str], ...]
    open: tuple[str, ...]
    asked: str
    history: str


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """A question of the form; `record` is the recorded fact that answers it with yes, or empty."""

    question: ScreeningQuestion
    record: str

    @property
    def name(self) -> str:
        """The name of its field."""
        return f"{ASKED}{self.question.id}"

    @property
    def is_text(self) -> bool:
        """Whether it is answered by a text."""
        return self.question.asks is Asks.TEXT


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A change to what is on record: who, when, why, and each fact before and after."""

    who: str
    at: str
    why: str
    changes: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class ScreeningPage:
    """The form that completes or corrects a screening; `edition` is the one its reader has seen."""

    template: ClassVar[str] = "screening_form.html"
    place: ClassVar[str] = "patients"

    patient_id: str
    name: str
    unread: int
    treatment_id: str
    treatment: str
    status: str
    questions: tuple[QuestionRow, ...]
    edition: int
    chosen: Mapping[str, str]
    errors: Mapping[str, str] = field(default_factory=dict)
    notice: str = ""

    @property
    def title(self) -> str:
        """The page's name."""
        return "Screening before the treatment"


def question_rows(protocol: Protocol, patient: Person) -> tuple[QuestionRow, ...]:
    """Every question that the form asks, with what the record answers."""
    facts = recorded(protocol, patient)
    return tuple(QuestionRow(q, facts.get(q.id, "")) for q in form_questions(protocol))


def from_record(rows: Iterable[QuestionRow]) -> dict[str, str]:
    """The fields that the record fills in before the patient is asked."""
    return {row.name: "yes" for row in rows if row.record}


def no_to_the_rest(rows: Iterable[QuestionRow], chosen: Mapping[str, str]) -> dict[str, str]:
    """The fields with a no to each open question that only a yes makes warn.

    What a no would warn of stays open: it must be asked by itself.
    """
    still_open = (r for r in rows if not r.is_text and not chosen.get(r.name) and not r.record)
    return {**chosen, **{r.name: "no" for r in still_open if r.question.warn_if}}


def from_answers(answers: Mapping[str, bool | str]) -> dict[str, str]:
    """The answers on record as the form's fields."""
    return {f"{ASKED}{name}": answer_words(answer) for name, answer in answers.items()}


def caveat_rows(caveats: Iterable[Caveat]) -> tuple[CaveatRow, ...]:
    """What warns, in the order given."""
    return tuple(
        CaveatRow(str(each.severity), each.question, _answer_words(each), each.advice)
        for each in caveats
    )


def screening_card(
    found: ScreeningSummary | None,
    patient: Person,
    treatment: Treatment,
    now: datetime,
    zone: ZoneInfo,
) -> ScreeningCard:
    """What was asked before the treatment; `found` is None if the protocol is gone."""
    history = ", ".join(sorted(risk.replace("_", " ") for risk in patient.history))
    if found is None:
        gone = "Not known: the clinic has no protocol for this treatment any more"
        return ScreeningCard(
            patient.id, treatment.id, gone, False, False, (), (), (), (), "", history
        )
    return ScreeningCard(
        patient_id=patient.id,
        treatment_id=treatment.id,
        status=status_words(found),
        is_clear=found.is_clear,
        is_complete=found.completeness is Completeness.ALL,
        caveats=caveat_rows(found.caveats),
        too_soon=tuple(each.words for each in found.too_soon),
        noted=found.noted,
        open=found.open,
        asked=when(found.screening.at, now, zone) if found.screening else "",
        history=history,
    )


def status_words(found: ScreeningSummary) -> str:
    """`Not screened: 0 of 19 answered`; nothing that was not answered reads as harmless."""
    count = f"{found.answered} of {found.asked} answered"
    match found.completeness:
        case Completeness.NOTHING:
            return f"Not screened: {count}"
        case Completeness.PARTLY:
            return f"Screened in part: {count}"
        case Completeness.ALL if not found.is_clear:
            return f"Screened: {count}"
        case Completeness.ALL:
            return f"Screened: {count}, and nothing is against the treatment"


def edition_rows(
    editions: Sequence[Edition], protocol: Protocol, now: datetime, zone: ZoneInfo
) -> tuple[ChangeRow, ...]:
    """What every later edition of a screening changed."""
    questions = {question.id: question.question for question in protocol.screening}
    return tuple(
        ChangeRow(
            who=later.by or "The patient",
            at=when(later.screening.at, now, zone),
            why=later.screening.why,
            changes=tuple(
                (questions.get(name, name.replace("_", " ")), old, new)
                for name in dict.fromkeys((*earlier.screening.answers, *later.screening.answers))
                if (old := _told(earlier, name)) != (new := _told(later, name))
            ),
        )
        for earlier, later in pairwise(editions)
    )


def _told(edition: Edition, name: str) -> str:
    answer = edition.screening.answers.get(name, "")
    return "not answered" if answer == "" else answer_words(answer)


def _answer_words(caveat: Caveat) -> str:
    if caveat.is_contradiction:
        return f"Answered no, but the record says: {caveat.record}."
    if caveat.record:
        return f"From the record: {caveat.record}."
    return "Yes." if caveat.answer else "No."
