"""What programs send: answers of a check-in, a photo with its words, an answer to an alert."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Literal

from pydantic import Field, with_config

from tracker.domain.alerts import alert_life
from tracker.domain.alerts.alerts import Outcome
from tracker.domain.alerts.promises import Call as PromisedCall
from tracker.domain.course.check_ins import MAX_FREE_TEXT_LENGTH, Answers
from tracker.domain.course.photos import PhotoRole, SkinState, View
from tracker.domain.texts import readable
from web.api.shapes import CLOSED

Score = Annotated[int, Field(ge=0, le=10)]


@with_config(CLOSED)
@dataclass(frozen=True, slots=True)
class SentAnswers(Answers):
    """What the patient answers; leave out what was not answered."""

    pain: Score | None = None
    itch: Score | None = None
    swelling: Annotated[int, Field(ge=0, le=3)] | None = None
    note: Annotated[str, Field(max_length=MAX_FREE_TEXT_LENGTH)] = ""


@with_config(CLOSED)
@dataclass(frozen=True, slots=True, kw_only=True)
class SentCheckIn:
    """A check-in. `given_at` is when the answers were given, if that was not just now."""

    answers: SentAnswers
    given_at: Annotated[datetime, Field(description="with its offset")] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SentPhoto:
    """A photo and the words about it. `taken_at` is the patient's own time, `2026-03-05T18:00`."""

    photo: bytes
    role: PhotoRole
    skin_state: SkinState = SkinState.CLEAN
    view: View = View.FRONT
    taken_at: str = ""


Why = Annotated[str, Field(max_length=500)]


@with_config(CLOSED)
@dataclass(frozen=True, slots=True, kw_only=True)
class SaySeen:
    """The owner of the token has read the alert and takes care of it."""

    answer: Literal["seen"]


@with_config(CLOSED)
@dataclass(frozen=True, slots=True, kw_only=True)
class SaySnooze:
    """The alert may wait until a day, for a reason."""

    answer: Literal["snooze"]
    until: date
    why: Why


@with_config(CLOSED)
@dataclass(frozen=True, slots=True, kw_only=True)
class SayResolved:
    """What the alert turned out to be, and why."""

    answer: Literal["resolve"]
    outcome: Outcome
    why: Why = ""


@with_config(CLOSED)
@dataclass(frozen=True, slots=True, kw_only=True)
class SayCall:
    """The patient is promised a call within so many minutes, one of those that pages offer."""

    answer: Literal["call"]
    minutes: Annotated[int, Field(ge=1, le=1440)]


@with_config(CLOSED)
@dataclass(frozen=True, slots=True, kw_only=True)
class SayHandOver:
    """A colleague is asked to look."""

    answer: Literal["hand_over"]
    colleague_id: str
    note: Why = ""


@with_config(CLOSED)
@dataclass(frozen=True, slots=True, kw_only=True)
class SentAnswer:
    """What the owner of the token says about an alert."""

    say: Annotated[
        SaySeen | SaySnooze | SayResolved | SayCall | SayHandOver, Field(discriminator="answer")
    ]


def moment(at: datetime) -> datetime:
    """The time in UTC. Raises ValueError where its offset is missing or leads out of all years."""
    if at.tzinfo is None:
        raise ValueError("write the offset, such as +01:00")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("there is no such time; send when the answers were given") from None


def answer_of(sent: SentAnswer) -> alert_life.Answer | PromisedCall:
    """The answer of the pages that this one is."""
    match sent.say:
        case SaySeen():
            return alert_life.Seen()
        case SaySnooze(until=until, why=why):
            return alert_life.Snooze(until, readable(why).strip())
        case SayResolved(outcome=outcome, why=why):
            return alert_life.Resolution(outcome, readable(why).strip())
        case SayCall(minutes=minutes):
            return PromisedCall(minutes)
        case SayHandOver(colleague_id=colleague_id, note=note):
            return alert_life.HandOver(colleague_id, readable(note).strip())
