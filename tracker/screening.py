"""Screening before a treatment: what was answered, and what the practitioner must know of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tracker.people import Person, Risk
from tracker.protocols import Asks, Protocol, ScreeningQuestion, Severity

MAX_TEXT_LENGTH = 500

Answers = Mapping[str, bool | str]


@dataclass(frozen=True, slots=True)
class Screening:
    """The answers by question id; `by` is who entered them, None when the patient did alone.

    `reason` is why the treatment was done though an answer is a contraindication.
    """

    answers: Answers
    at: datetime
    by: str | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Caveat:
    """An answer that speaks against the treatment, or asks for care; what to do about it."""

    severity: Severity
    question: str
    answer: bool
    advice: str


@dataclass(frozen=True, slots=True)
class ScreeningSummary:
    """A screening as it is read: caveats worst first, then what else was answered.

    `noted` are questions with their answers, `open` those that nobody answered.
    """

    caveats: tuple[Caveat, ...]
    noted: tuple[tuple[str, str], ...]
    open: tuple[str, ...]
    screening: Screening

    @property
    def is_contraindicated(self) -> bool:
        """Whether any answer is a contraindication."""
        return any(each.severity is Severity.CONTRAINDICATION for each in self.caveats)


def checked_answers(answers: Answers, protocol: Protocol) -> Answers:
    """The answers if they fit the protocol's questions; ValueError that names the one that not."""
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


def summary(screening: Screening, protocol: Protocol) -> ScreeningSummary:
    """What the answers mean under a protocol; answers to questions it no longer has are kept."""
    answers = screening.answers
    asked = {question.id: question for question in protocol.screening}
    caveats = [c for q in protocol.screening if (c := _caveat(q, answers.get(q.id))) is not None]
    warned = {caveat.question for caveat in caveats}
    named = {
        asked[name].question if name in asked else name.replace("_", " "): answer
        for name, answer in answers.items()
    }
    return ScreeningSummary(
        caveats=tuple(sorted(caveats, key=lambda caveat: list(Severity).index(caveat.severity))),
        noted=tuple((name, _words(a)) for name, a in named.items() if name not in warned),
        open=tuple(q.question for q in protocol.screening if answers.get(q.id, "") == ""),
        screening=screening,
    )


def risks_of(answers: Answers, protocol: Protocol) -> frozenset[Risk]:
    """What the answers add to the patient's history."""
    return frozenset(
        question.risk
        for question in protocol.screening
        if question.risk is not None and answers.get(question.id) is True
    )


def words_of(person: Person, screening: Screening | None) -> frozenset[str]:
    """Everything about a person and a treatment that risk modifiers and questions go by."""
    answers = screening.answers if screening else {}
    yes = frozenset(name for name, answer in answers.items() if answer is True)
    return risk_words(person.skin_type, person.history, yes)


def _caveat(question: ScreeningQuestion, answer: bool | str | None) -> Caveat | None:
    if not isinstance(answer, bool) or answer is not question.warn_if:
        return None
    if question.severity is Severity.NOTE:
        return None
    return Caveat(question.severity, question.question, answer, question.advice)


def _words(answer: bool | str) -> str:
    if isinstance(answer, str):
        return answer
    return "yes" if answer else "no"


def risk_words(
    skin_type: int | None, history: frozenset[Risk], screened: frozenset[str] = frozenset()
) -> frozenset[str]:
    """What is known about a person as the words that risk modifiers go by.

    `screened` are the ids of the screening questions answered with yes.
    """
    tone = {f"skin_type_{skin_type}"} if skin_type is not None else set()
    return frozenset({*(str(risk) for risk in history), *screened, *tone})
