"""What was asked before a treatment: how it is shown, and the form that corrects it.

What the patient answered on the phone is shown next to each question. An answer that warns is never
filled in: the practitioner chooses.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import ClassVar
from zoneinfo import ZoneInfo

from tracker.domain.course.treatments import Treatment
from tracker.domain.people.people import Person
from tracker.domain.protocols.ahead import (
    AheadAnswer,
    AheadTold,
    Told,
    ahead_questions,
)
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
from web.words.treatments import given_words, told_words

ASKED = "ask_"  # before the id of a screening question, which a clinic may name as it likes


@dataclass(frozen=True, slots=True)
class CaveatRow:
    """A fact that warns: the answer, or what the record says instead of it or against it."""

    kind: str
    question: str
    answer: str
    advice: str


@dataclass(frozen=True, slots=True)
class AheadCard:
    """What the patient answered on the phone and no practitioner has confirmed.

    `treatment_id` is where it is confirmed; None if that treatment, of this `kind`, is still to be
    entered. `unknown` are the questions answered with "I don't know".
    """

    patient_id: str
    treatment_id: str | None
    kind: str
    status: str
    caveats: tuple[CaveatRow, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConfirmedRow:
    """A question that the patient had answered, and what a practitioner recorded."""

    question: str
    answer: str
    recorded: str

    @property
    def differs(self) -> bool:
        """Whether the practitioner recorded something else."""
        return self.answer != self.recorded


@dataclass(frozen=True, slots=True)
class ConfirmedCard:
    """Answers of the patient that one edition of a screening confirmed or corrected."""

    words: str
    rows: tuple[ConfirmedRow, ...]


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
    ahead: AheadCard | None = None


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """A question of the form; `record` is the recorded fact that answers it with yes, or empty.

    `told` is what the patient answered on the phone, `told_words` says it; None and empty without.
    """

    question: ScreeningQuestion
    record: str
    told: Told | None = None
    told_words: str = ""

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
    heard: int
    elsewhere: tuple[tuple[str, str], ...]
    chosen: Mapping[str, str]
    errors: Mapping[str, str] = field(default_factory=dict)
    notice: str = ""

    @property
    def title(self) -> str:
        """The page's name."""
        return "Screening before the treatment"


def question_rows(
    protocol: Protocol,
    patient: Person,
    ahead: AheadTold | None = None,
    reader: ZoneInfo | None = None,
) -> tuple[QuestionRow, ...]:
    """Every question that the form asks, with what the record and the patient answer.

    Times are in the zone of the `reader`, without one in the patient's.
    """
    facts = recorded(protocol, patient)
    if ahead is None:
        return tuple(QuestionRow(q, facts.get(q.id, "")) for q in form_questions(protocol))
    return tuple(
        QuestionRow(
            q, facts.get(q.id, ""), told, told_words(told, reader or patient.zone) if told else ""
        )
        for q in form_questions(protocol)
        for told in [ahead.told.get(q.id)]
    )


def filled_in(rows: Iterable[QuestionRow]) -> dict[str, str]:
    """The fields that the record fills in, and then what the patient answered on the phone.

    What a practitioner must confirm is left open.
    """
    chosen = {}
    for row in rows:
        if row.record and not (row.told and row.told.must_be_confirmed):
            chosen[row.name] = "yes"
        elif row.told and row.told.fills_in:
            chosen[row.name] = "yes" if row.told.latest.answer else "no"
    return chosen


def still_chosen(
    rows: Iterable[QuestionRow], chosen: Mapping[str, str], heard: int = -1
) -> dict[str, str]:
    """The fields without those that say the harmless answer where the patient did not.

    `heard` is the number of the latest answer of the patient that the sender of the form has seen:
    what they chose with that answer before their eyes is kept.
    """
    dropped = {
        row.name
        for row in rows
        if row.told is not None
        and row.told.must_be_confirmed
        and row.told.latest.number > heard
        and chosen.get(row.name) != answer_words(row.question.warn_if)
    }
    return {name: value for name, value in chosen.items() if name not in dropped}


def no_to_the_rest(rows: Iterable[QuestionRow], chosen: Mapping[str, str]) -> dict[str, str]:
    """The fields with a no to each open question that only a yes makes warn.

    What a no would warn of stays open: it must be asked by itself. So does what the patient has
    answered with a yes that warns, or with "I don't know".
    """
    still_open = (r for r in rows if not r.is_text and not chosen.get(r.name) and not r.record)
    asked = (r for r in still_open if not (r.told and r.told.stays_open))
    return {**chosen, **{r.name: "no" for r in asked if r.question.warn_if}}


def elsewhere_rows(ahead: AheadTold) -> tuple[tuple[str, str], ...]:
    """What the patient answered to questions that this form does not ask."""
    return tuple((each.asked, given_words(each)) for each in ahead.elsewhere)


def ahead_card(
    ahead: AheadTold,
    patient_id: str,
    treatment: Treatment | None,
    now: datetime,
    zone: ZoneInfo,
) -> AheadCard:
    """What waits to be confirmed with a treatment, or with the one that is to be entered."""
    questions = {each.id: each for each in ahead.protocol.screening}
    given = [each.latest for each in ahead.told.values()]
    latest = max((each.at for each in (*given, *ahead.elsewhere)), default=now)
    known = sum(each.answer is not None for each in given)
    return AheadCard(
        patient_id=patient_id,
        treatment_id=treatment.id if treatment else None,
        kind=ahead.protocol.kind,
        status=f"Answered by the patient, {when(latest, now, zone)}:"
        f" {known} of {len(ahead_questions(ahead.protocol))} questions. Not confirmed yet.",
        caveats=tuple(
            CaveatRow(
                str(questions[name].severity),
                questions[name].question,
                f"{given_words(each.was or each.latest).capitalize()}"
                f"{', later ' + given_words(each.latest) if each.was else ''}.",
                questions[name].advice,
            )
            for name, each in ahead.told.items()
            if each.must_be_confirmed
        ),
        unknown=tuple(
            questions[name].question
            for name, each in ahead.told.items()
            if each.latest.answer is None and not each.must_be_confirmed
        ),
    )


def confirmed_cards(
    answers: Sequence[AheadAnswer],
    editions: Sequence[Edition],
    now: datetime,
    zone: ZoneInfo,
) -> tuple[ConfirmedCard, ...]:
    """What a treatment's screening confirmed of the patient's answers, edition by edition."""
    cards = []
    for number, edition in enumerate(editions, 1):
        mine = {each.question: each for each in answers if each.edition == number}
        if not mine:
            continue
        recorded_as = {name: _told(edition, name) for name in mine}
        cards.append(
            ConfirmedCard(
                f"{len(mine)} answered by the patient,"
                f" {when(max(each.at for each in mine.values()), now, zone)};"
                f" confirmed by {edition.by}, {when(edition.screening.at, now, zone)}",
                tuple(
                    ConfirmedRow(each.asked, given_words(each), recorded_as[name])
                    for name, each in mine.items()
                ),
            )
        )
    return tuple(cards)


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
        ahead=ahead_card(found.ahead, patient.id, treatment, now, zone) if found.ahead else None,
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
