"""Screening before a treatment: what was answered, and what the practitioner must know about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tracker.domain.course.procedures import Procedure, answers_told
from tracker.domain.people.people import Person, Risk
from tracker.domain.protocols.ahead import AheadTold
from tracker.domain.protocols.protocols import Asks, Protocol, ScreeningQuestion, Severity
from tracker.domain.protocols.spacing import TooSoon

MAX_TEXT_LENGTH = 500

Answers = Mapping[str, bool | str]


@dataclass(frozen=True, slots=True)
class Screening:
    """The answers by question id; `by` is who entered them, None when the patient did so alone.

    `reason` is why the treatment was done despite the warnings, `warned` what was shown before the
    reason was given. `why` is why an earlier edition was changed.
    """

    answers: Answers
    at: datetime
    by: str | None
    reason: str = ""
    warned: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Edition:
    """A screening as entered or changed; `by` is a name, empty when the patient did alone."""

    screening: Screening
    by: str


class Completeness(StrEnum):
    """How much of what a form asks was answered before a treatment."""

    NOTHING = "nothing"
    PARTLY = "partly"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Caveat:
    """A fact that is against the treatment, or needs caution, and what to do about it.

    `answer` is None if the question was not answered. `record` names the recorded fact that answers
    it instead, or that contradicts the answer; empty if only the answer warns.
    """

    severity: Severity
    question: str
    answer: bool | None
    advice: str
    record: str = ""

    @property
    def is_contradiction(self) -> bool:
        """Whether the answer says the opposite of what is on record."""
        return bool(self.record) and self.answer is not None


@dataclass(frozen=True, slots=True)
class ScreeningSummary:
    """A screening as pages show it: caveats worst first, then what else was answered.

    `noted` are questions with their answers; `asked` counts what the form asks, `open` are those of
    them that neither an answer nor the record answers. `too_soon` are earlier treatments that are
    too recent. `screening` is None if none was entered. `ahead` is what the patient answered on the
    phone and no practitioner has confirmed, None if there is nothing.
    """

    caveats: tuple[Caveat, ...]
    noted: tuple[tuple[str, str], ...]
    asked: int
    open: tuple[str, ...]
    completeness: Completeness
    screening: Screening | None
    too_soon: tuple[TooSoon, ...] = ()
    ahead: AheadTold | None = None

    @property
    def answered(self) -> int:
        """How many of the questions have an answer; 0 where none was answered."""
        nothing = self.completeness is Completeness.NOTHING
        return 0 if nothing else self.asked - len(self.open)

    @property
    def is_contraindicated(self) -> bool:
        """Whether anything is a contraindication."""
        return any(each.severity is Severity.CONTRAINDICATION for each in self.caveats)

    @property
    def is_clear(self) -> bool:
        """Whether every question was answered, nothing warns and nothing is to be confirmed."""
        is_open = self.caveats or self.too_soon or self.ahead
        return self.completeness is Completeness.ALL and not is_open

    @property
    def needs_reason(self) -> bool:
        """Whether the treatment may only be entered with a reason that is kept."""
        return self.is_contraindicated or bool(self.too_soon)

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings shown to a person who continues nevertheless, as kept with the screening."""
        told = (f"{c.severity.value.capitalize()}: {c.question} {c.advice}" for c in self.caveats)
        return (*told, *(each.words for each in self.too_soon))


def form_questions(protocol: Protocol) -> tuple[ScreeningQuestion, ...]:
    """What a form asks: yes-or-no questions, then the texts that the procedure does not answer."""
    told = answers_told(Procedure())
    asked = [q for q in protocol.screening if q.asks is Asks.YES_NO or q.id not in told]
    return tuple(sorted(asked, key=lambda question: question.asks is not Asks.YES_NO))


def recorded(protocol: Protocol, person: Person) -> Mapping[str, str]:
    """The questions that the record answers with yes, by id, and the fact that does."""
    facts: dict[str, str] = {}
    for question in protocol.screening:
        if question.asks is not Asks.YES_NO:
            continue
        if question.risk is not None and question.risk in person.history:
            facts[question.id] = f"history of {question.risk.value.replace('_', ' ')}"
        if person.skin_type in question.skin_types:
            facts[question.id] = f"skin type {person.skin_type}"
    return facts


def checked_answers(answers: Answers, protocol: Protocol) -> Answers:
    """The answers if they fit the protocol's questions; ValueError that names one that does not."""
    questions = {question.id: question for question in protocol.screening}
    for name, answer in answers.items():
        if name not in questions:
            raise ValueError(f"{name} is no screening question; use some of {', '.join(questions)}")
        if questions[name].asks is Asks.YES_NO and not isinstance(answer, bool):
            raise ValueError(f"{name} must be answered with true or false")
        if questions[name].asks is Asks.TEXT and not isinstance(answer, str):
            raise ValueError(f"{name} must be answered with a text")
        if isinstance(answer, str) and len(answer) > MAX_TEXT_LENGTH:
            raise ValueError(f"{name} is too long; keep it under {MAX_TEXT_LENGTH} characters")
    return answers


def summary(
    screening: Screening | None,
    protocol: Protocol,
    person: Person,
    too_soon: tuple[TooSoon, ...] = (),
    ahead: AheadTold | None = None,
) -> ScreeningSummary:
    """What answers and record mean under a protocol; answers to dropped questions are kept."""
    answers = screening.answers if screening else {}
    facts, form = recorded(protocol, person), form_questions(protocol)
    asked = {question.id: question for question in protocol.screening}
    caveats = [
        caveat
        for q in protocol.screening
        if (caveat := _caveat(q, answers.get(q.id), facts.get(q.id, ""))) is not None
    ]
    warned = {caveat.question for caveat in caveats}
    named = {
        asked[name].question if name in asked else name.replace("_", " "): answer
        for name, answer in answers.items()
    }
    unanswered = [q for q in form if answers.get(q.id, "") == ""]
    still_open = tuple(q.question for q in unanswered if q.id not in facts)
    return ScreeningSummary(
        caveats=tuple(sorted(caveats, key=lambda caveat: list(Severity).index(caveat.severity))),
        noted=tuple((name, answer_words(a)) for name, a in named.items() if name not in warned),
        asked=len(form),
        open=still_open,
        completeness=_completeness(len(form) - len(unanswered), len(still_open)),
        screening=screening,
        too_soon=too_soon,
        ahead=ahead if ahead and ahead.known else None,
    )


def risks_of(answers: Answers, protocol: Protocol) -> frozenset[Risk]:
    """What the answers add to the patient's history."""
    return frozenset(
        question.risk
        for question in protocol.screening
        if question.risk is not None and answers.get(question.id) is True
    )


def risk_factors_of(person: Person, screening: Screening | None) -> frozenset[str]:
    """All risk factors of a person and a treatment, by their names in protocols."""
    answers = screening.answers if screening else {}
    yes = frozenset(name for name, answer in answers.items() if answer is True)
    return known_risk_factors(person.skin_type, person.history, yes)


def _completeness(given: int, still_open: int) -> Completeness:
    if given == 0:
        return Completeness.NOTHING
    return Completeness.PARTLY if still_open else Completeness.ALL


def _caveat(question: ScreeningQuestion, answer: bool | str | None, fact: str) -> Caveat | None:
    given = answer if isinstance(answer, bool) else None
    contradicts = bool(fact) and given is False
    warns = given is question.warn_if or (bool(fact) and given is None and question.warn_if)
    if not contradicts and (question.severity is Severity.NOTE or not warns):
        return None
    told = "" if given is True else fact  # a yes needs no record
    return Caveat(question.severity, question.question, given, question.advice, told)


def answer_words(answer: bool | str) -> str:
    """The answer as people say it."""
    if isinstance(answer, str):
        return answer
    return "yes" if answer else "no"


def known_risk_factors(
    skin_type: int | None, history: frozenset[Risk], screened: frozenset[str] = frozenset()
) -> frozenset[str]:
    """What is known about a person, as names of risk factors.

    `screened` are the ids of the screening questions answered with yes.
    """
    tone = {f"skin_type_{skin_type}"} if skin_type is not None else set()
    return frozenset({*(str(risk) for risk in history), *screened, *tone})
