"""The one-minute check-in: what only the patient can report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum

MAX_FREE_TEXT_LENGTH = 2000
ALARMING_PAIN = 5  # the lowest pain for which any shipped protocol says to call
LONGEST_WAIT = timedelta(days=90)  # how long a phone may have kept answers
LATE = timedelta(hours=2)  # from here on, people read how late the answers arrived
STILL_COUNTS = timedelta(hours=36)  # how old answers may be that a person says are unchanged
CLOSE_ENOUGH = timedelta(minutes=5)  # a phone's clock that is off by less is trusted


class Trend(StrEnum):
    """Compared with yesterday."""

    BETTER = "better"
    SAME = "same"
    WORSE = "worse"


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers. `pain` and `itch` are 0–10; `swelling` 0 none, 1 a little, 2 moderate, 3 severe.

    Every field may be None, which means "not answered" and is neither a yes nor a no: the question
    was not asked that day, or the person left it out. `asked_for_help` is the button "I need help
    now" and no question.
    """

    pain: int | None = None
    itch: int | None = None
    swelling: int | None = None
    warmth: bool | None = None
    pus: bool | None = None
    blisters: bool | None = None
    spreading: bool | None = None
    fever: bool | None = None
    breathing_or_face_swelling: bool | None = None
    dusky: bool | None = None
    tingling: bool | None = None
    hives: bool | None = None
    hardness: bool | None = None
    eye_swelling: bool | None = None
    eye_pain: bool | None = None
    numb_or_drooping: bool | None = None
    palpitations: bool | None = None
    faint: bool | None = None
    bleeding: bool | None = None
    asked_for_help: bool | None = None
    new_product: bool | None = None
    sun: bool | None = None
    make_up: bool | None = None
    trend: Trend | None = None
    note: str = ""

    def __post_init__(self) -> None:
        for name, top in SCALES.items():
            score = getattr(self, name)
            is_score = isinstance(score, int) and not isinstance(score, bool) and 0 <= score <= top
            if score is not None and not is_score:
                raise ValueError(f"{name} must be a whole number from 0 to {top}")
        for name in SIGNS:
            answer = getattr(self, name)
            if answer is not None and not isinstance(answer, bool):
                raise ValueError(f"{name} must be true or false")
        if len(self.note) > MAX_FREE_TEXT_LENGTH:
            raise ValueError(f"note is too long; keep it under {MAX_FREE_TEXT_LENGTH} characters")

    @property
    def reports_a_sign(self) -> bool:
        """Whether a sign was ticked."""
        return any(getattr(self, name) for name in SIGNS)

    @property
    def is_alarming(self) -> bool:
        """Whether a complaint was ticked, or pain or swelling is strong, whatever the protocol."""
        complains = any(getattr(self, name) for name in SIGNS if name not in HABITS)
        return complains or (self.pain or 0) >= ALARMING_PAIN or (self.swelling or 0) >= 3

    @property
    def is_calm(self) -> bool:
        """Whether every score was given and is low, and nothing else was ticked, worse or written.

        What was not answered is not calm, and neither is a note, which may say anything.
        """
        low = all((score := getattr(self, name)) is not None and score <= top for name, top in CALM)
        better = self.trend in {Trend.BETTER, Trend.SAME}
        return low and better and not self.reports_a_sign and not self.note.strip()

    @property
    def is_empty(self) -> bool:
        """Whether no question was answered and nothing was written."""
        return self == Answers()


CALM = (("pain", 3), ("itch", 3), ("swelling", 1))  # mild on a scale of 0 to 10; a little
SCALES: Mapping[str, int] = {"pain": 10, "itch": 10, "swelling": 3}
ANSWER_NAMES = tuple(field.name for field in fields(Answers))
HELP = "asked_for_help"  # the one sign that no question asks for
HABITS = frozenset({"new_product", "sun", "make_up"})  # exposures of the skin, not complaints
SIGNS = tuple(name for name in ANSWER_NAMES if name not in {*SCALES, "trend", "note"})


@dataclass(frozen=True, slots=True)
class Queued:
    """How answers that a phone kept without a network arrived.

    `made_at`, with its zone, is when they were given, and `sent_at` when they were sent, both by
    the phone's clock; `key` distinguishes a repeat from a second check-in.
    """

    key: str
    made_at: datetime
    sent_at: datetime | None = None

    def given_at(self, now: datetime) -> datetime:
        """When the answers were given by the clinic's clock."""
        return given_at(self.made_at, self.sent_at, now)


def given_at(made_at: datetime, sent_at: datetime | None, now: datetime) -> datetime:
    """When a phone made something by the clinic's clock, or `now` when that cannot be known.

    A phone's clock may be wrong, but the time between two of its readings is right: it is how long
    the thing waited. A clock that was set in between makes this unknown.
    """
    sent_at = sent_at or now
    waited = sent_at - made_at
    if not timedelta(0) <= waited <= LONGEST_WAIT:
        return now
    return min(made_at, now) if abs(now - sent_at) <= CLOSE_ENOUGH else now - waited


@dataclass(frozen=True, slots=True)
class CheckIn:
    """Answers given `at` a time, with its zone, and when the clinic received them.

    The two differ if a phone kept the answers until it had a network. `phone_at` is what the
    phone's clock said, if `at` is another time because that clock was wrong. `is_as_before` says
    that the person confirmed the scores of the check-in before with one tap.
    """

    id: str
    treatment_id: str
    patient_id: str
    at: datetime
    answers: Answers
    received_at: datetime
    phone_at: datetime | None = None
    is_as_before: bool = False

    @property
    def warns(self) -> bool:
        """Whether a sign was ticked, the answers are alarming, or it gets worse."""
        given = self.answers
        return given.reports_a_sign or given.is_alarming or given.trend is Trend.WORSE

    @property
    def is_late(self) -> bool:
        """Whether the answers arrived so long after they were given that people must know."""
        return self.received_at - self.at >= LATE


def scores_to_confirm(given: Sequence[CheckIn], now: datetime) -> CheckIn | None:
    """The check-in of yesterday whose scores a person may confirm with one tap, if any.

    Not if it complained of anything, was worse than the day before, or left a score out. Signs are
    never among what is confirmed: they are asked each day.
    """
    latest = given[-1] if given else None
    if latest is None or not timedelta(0) <= now - latest.at <= STILL_COUNTS:
        return None
    answers = latest.answers
    is_whole = all(getattr(answers, name) is not None for name in SCALES)
    is_calm = not answers.is_alarming and answers.trend is not Trend.WORSE
    return latest if is_whole and is_calm else None
