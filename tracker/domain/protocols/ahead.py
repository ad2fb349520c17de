"""Answers to screening questions that a patient gave on the phone before the treatment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from tracker.domain.course.session_plans import Sessions
from tracker.domain.course.treatments import Setting, Treatment
from tracker.domain.protocols.protocols import (
    Asks,
    Protocol,
    Protocols,
    ScreeningQuestion,
    Severity,
)

COUNTS = timedelta(days=3)  # before the session; skin and medicines change
STOP_HEAD = "Afterglow writes this for me. I answered questions before my treatment:"
STOP_END = "Can I be treated as planned? Please call or answer me before I come."


@dataclass(frozen=True, slots=True)
class AheadAnswer:
    """What a patient answered at a time, under the protocol of a `kind`; None is "I don't know".

    `number` rises with every answer of every patient. `asked` is the question as it was worded.
    `treatment_id` and `edition` name the screening with which a practitioner confirmed or
    corrected it; both are None until then, and again when that treatment was withdrawn.
    """

    number: int
    kind: str
    question: str
    asked: str
    answer: bool | None
    at: datetime
    treatment_id: str | None = None
    edition: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether no practitioner has confirmed or corrected it."""
        return self.treatment_id is None


@dataclass(frozen=True, slots=True)
class AheadSession:
    """The session that a patient is asked about.

    `at` is its time, or the beginning of the day on which the plan has it.
    """

    kind: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AskedAhead:
    """What a patient is asked before a session; `answers` are the latest under its protocol."""

    session: AheadSession
    questions: tuple[ScreeningQuestion, ...]
    answers: Mapping[str, AheadAnswer]

    def counting(self, now: datetime) -> Mapping[str, AheadAnswer]:
        """The answers that are not asked for again.

        Until the last days before the session that is every answer; then those from these days.
        """
        if now < self.session.at - COUNTS:
            return self.answers
        fresh = max(self.session.at, now) - COUNTS
        return {name: each for name, each in self.answers.items() if each.at >= fresh}

    def open(self, now: datetime) -> tuple[ScreeningQuestion, ...]:
        """The questions that wait for an answer."""
        counting = self.counting(now)
        return tuple(each for each in self.questions if each.id not in counting)

    @property
    def stops(self) -> tuple[ScreeningQuestion, ...]:
        """The questions whose latest answer is a contraindication, also when it is old."""
        return tuple(
            each
            for each in self.questions
            if each.id in self.answers and is_against(each, self.answers[each.id].answer)
        )


@dataclass(frozen=True, slots=True)
class Told:
    """What a patient answered to a question of a form, and no practitioner has confirmed.

    `latest` was given under this protocol if there is such an answer, else under another one;
    `is_here` says which. `was` is an earlier answer of theirs that warns, if the latest one does
    not. `is_fresh` says that the latest was given under this protocol and is not too old.
    """

    latest: AheadAnswer
    was: AheadAnswer | None
    warns: bool
    is_here: bool
    is_fresh: bool

    @property
    def must_be_confirmed(self) -> bool:
        """Whether a practitioner must answer the question before anything is saved."""
        return self.warns or self.was is not None

    @property
    def fills_in(self) -> bool:
        """Whether the form begins with it: it is fresh, a yes or a no, and never warned."""
        known = self.latest.answer is not None
        return self.is_fresh and known and not self.must_be_confirmed

    @property
    def stays_open(self) -> bool:
        """Whether the question must be asked by itself, not with all the rest."""
        return self.must_be_confirmed or self.latest.answer is None


@dataclass(frozen=True, slots=True)
class AheadTold:
    """What a patient answered before a treatment, as far as no practitioner has confirmed it.

    `told` are the answers to the questions of its protocol's form, by their ids; `elsewhere` are
    answers to questions that the form does not ask. `numbers` are those of all answers, in order.
    """

    protocol: Protocol
    told: Mapping[str, Told]
    elsewhere: tuple[AheadAnswer, ...]
    numbers: tuple[int, ...]

    @property
    def known(self) -> int:
        """The number of the latest answer, 0 without any; one that comes later has a higher one."""
        return max(self.numbers, default=0)

    def unconfirmed(self, given: Mapping[str, bool | str]) -> tuple[str, ...]:
        """The questions, by id, that a practitioner must answer and that are not `given`."""
        return tuple(
            name
            for name, each in self.told.items()
            if each.must_be_confirmed and not isinstance(given.get(name), bool)
        )


@dataclass(frozen=True, slots=True)
class AnsweredMeanwhile:
    """The patient answered after the form was opened; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Unheard:
    """The patient's answers to these questions, by id, were not confirmed; nothing was changed."""

    questions: tuple[str, ...]


def ahead_questions(protocol: Protocol) -> tuple[ScreeningQuestion, ...]:
    """What a patient is asked ahead: the yes-or-no questions of which a yes warns.

    What a no would warn of is done by the clinic, such as a patch test or the consent.
    """
    return tuple(q for q in protocol.screening if q.asks is Asks.YES_NO and q.warn_if)


def warns(question: ScreeningQuestion, answer: bool | None) -> bool:
    """Whether an answer would stop the treatment or ask for caution."""
    return question.severity is not Severity.NOTE and answer is question.warn_if


def is_against(question: ScreeningQuestion, answer: bool | None) -> bool:
    """Whether an answer would stop the treatment."""
    return question.severity is Severity.CONTRAINDICATION and answer is question.warn_if


def stop_message(asked: AskedAhead, given: Mapping[str, bool | None]) -> str:
    """What the clinic reads at once about answers that were just given; empty without a reason.

    A contraindication is a reason, and so is taking one back. `given` are the new answers, by
    question id; those in `asked` came before them.
    """
    lines = []
    for question in (each for each in asked.questions if each.id in given):
        answer, was = given[question.id], asked.answers.get(question.id)
        if is_against(question, answer):
            lines.append(f"“{question.question}” Yes.")
        elif was is not None and is_against(question, was.answer):
            now = "I don’t know" if answer is None else "No"
            lines.append(f"“{question.question}” {now}. Before that I answered yes.")
    return "\n".join([STOP_HEAD, *lines, STOP_END]) if lines else ""


def session_to_ask(
    sessions: Sessions, current: Treatment, now: datetime, zone: ZoneInfo
) -> AheadSession | None:
    """The session whose questions a patient can answer now, if there is one.

    The first session is asked about as soon as it is planned, a later one in its last days: while
    the skin heals, no one asks about the next treatment. A plan without a booked session is asked
    about in the days around its day. A treatment at home is screened when it is begun.
    """
    booked, due = sessions.booked, sessions.due
    if booked is not None:
        is_time = booked == current or booked.performed_at - now <= COUNTS
        at_clinic = booked.setting is Setting.CLINIC
        return AheadSession(booked.kind, booked.performed_at) if is_time and at_clinic else None
    if due is None or sessions.kind is None:
        return None
    at = datetime.combine(due, time(), zone)
    return AheadSession(sessions.kind, at) if abs(now - at) <= COUNTS else None


def asked_ahead(
    session: AheadSession | None, protocols: Protocols, answers: Sequence[AheadAnswer]
) -> AskedAhead | None:
    """What the patient is asked; `answers` are all that they ever gave, in order.

    None without a session, and for a kind that the clinic no longer uses.
    """
    protocol = protocols.by_kind.get(session.kind) if session else None
    if session is None or protocol is None:
        return None
    questions = ahead_questions(protocol)
    asked = {each.id for each in questions}
    mine = [each for each in answers if each.kind == session.kind and each.question in asked]
    return AskedAhead(session, questions, {each.question: each for each in mine})


def told_ahead(
    answers: Sequence[AheadAnswer], protocol: Protocol, session_at: datetime
) -> AheadTold:
    """What these answers, in order, say to a practitioner who fills in a protocol's form.

    Answers that were confirmed are left out.
    """
    waiting = [each for each in answers if each.is_open]
    asked = {each.id: each for each in protocol.screening if each.asks is Asks.YES_NO}
    given = {name: [each for each in waiting if each.question == name] for name in asked}
    others = {(e.kind, e.question): e for e in waiting if e.question not in asked}
    return AheadTold(
        protocol=protocol,
        told={
            name: _told(asked[name], each, protocol.kind, session_at)
            for name, each in given.items()
            if each
        },
        elsewhere=tuple(others.values()),
        numbers=tuple(each.number for each in waiting),
    )


def _told(
    question: ScreeningQuestion, given: Sequence[AheadAnswer], kind: str, session_at: datetime
) -> Told:
    here = [each for each in given if each.kind == kind]
    latest = (here or given)[-1]
    does_warn = warns(question, latest.answer)
    warned = [each for each in given if warns(question, each.answer)]
    return Told(
        latest=latest,
        was=warned[-1] if warned and not does_warn else None,
        warns=does_warn,
        is_here=bool(here),
        is_fresh=bool(here) and latest.at >= session_at - COUNTS,
    )


def refusal(
    ahead: AheadTold, given: Mapping[str, bool | str], heard: int
) -> AnsweredMeanwhile | Unheard | None:
    """Why a screening cannot be kept; `heard` is what `known` was when its form was opened."""
    if ahead.known != heard:
        return AnsweredMeanwhile()
    waiting = ahead.unconfirmed(given)
    return Unheard(waiting) if waiting else None


def answers_for(
    answers: Sequence[AheadAnswer], treatment: Treatment | None, series: Sequence[Treatment]
) -> tuple[AheadAnswer, ...]:
    """The answers that are about a treatment: each is about the first one that follows it.

    With None, those that no treatment follows yet. Withdrawn treatments do not count.
    """
    return tuple(each for each in answers if _followed_by(each, series) == treatment)


def answers_to_come(
    answers: Sequence[AheadAnswer], series: Sequence[Treatment], now: datetime
) -> tuple[AheadAnswer, ...]:
    """The answers that are about no treatment that has been done."""
    about = ((each, _followed_by(each, series)) for each in answers)
    return tuple(each for each, after in about if after is None or after.performed_at > now)


def _followed_by(answer: AheadAnswer, series: Sequence[Treatment]) -> Treatment | None:
    after = (e for e in series if not e.is_withdrawn and e.performed_at >= answer.at)
    return min(after, key=lambda each: each.performed_at, default=None)
