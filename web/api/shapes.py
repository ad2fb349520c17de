"""What the HTTP API reads and answers: the types of its document, made from nouns."""

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Generic, TypeVar

from pydantic import ConfigDict, Field, with_config

from tracker.domain.alerts.alerts import Alert as AlertNoun
from tracker.domain.alerts.alerts import Concern, Factor, Level, Outcome, Stage
from tracker.domain.clinic.health import Part, State
from tracker.domain.course.check_ins import Answers
from tracker.domain.course.check_ins import CheckIn as CheckInNoun
from tracker.domain.course.photos import EarlyPhoto, PhotoRole, PhotoStatus, SkinState, View
from tracker.domain.course.photos import Photo as PhotoNoun
from tracker.domain.course.readings import Estimate, Reference
from tracker.domain.course.readings import Reading as ReadingNoun
from tracker.domain.course.treatments import Region, Setting, Treatment
from tracker.domain.people.people import Person
from tracker.domain.talk.conversation import Message as MessageNoun
from web.api.problems import refused

Noun = TypeVar("Noun")
Shape = TypeVar("Shape")
MOST_AT_ONCE = 200
CLOSED = ConfigDict(extra="forbid")


@with_config(CLOSED)
@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """Which part of a list: at most `limit` items, after those of the `next` before."""

    limit: Annotated[int, Field(ge=1, le=MOST_AT_ONCE)] = 50
    cursor: Annotated[str, Field(max_length=400)] | None = None


@dataclass(frozen=True, slots=True)
class Listing(Generic[Shape]):
    """A part of a list; `next` is the cursor of the part after it, null at the end."""

    items: tuple[Shape, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Jpeg:
    """A picture as an answer."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Patient:
    """A patient. `skin_type` is the Fitzpatrick type; null and empty mean not entered."""

    id: str
    name: str
    birth_date: date | None
    record_number: str
    time_zone: str
    skin_type: Annotated[int, Field(ge=1, le=6)] | None


@dataclass(frozen=True, slots=True)
class Course:
    """A treatment. `withdrawn` if it was entered for the wrong patient."""

    id: str
    patient_id: str
    kind: str
    variant: str | None
    performed_at: datetime
    setting: Setting
    needle_depth_mm: float | None
    areas: tuple[Region, ...]
    withdrawn: bool


@dataclass(frozen=True, slots=True)
class RegionOfReading:
    """One region against the photo from before, in doublings; `share` of it was measured."""

    redness: Estimate
    pigment: Estimate
    share: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What a photo measured, and by which `method`."""

    photo_id: str
    course_id: str
    taken_at: datetime
    method: str
    reference: Reference
    skin_state: SkinState
    regions: Mapping[Region, RegionOfReading]
    asymmetry: Estimate | None


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo. `course_id` is null while no treatment is entered for it."""

    id: str
    course_id: str | None
    role: PhotoRole | None
    status: PhotoStatus
    taken_at: datetime
    received_at: datetime
    skin_state: SkinState
    view: View
    faults: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckIn:
    """Answers of a patient; null is neither a yes nor a no."""

    id: str
    course_id: str
    at: datetime
    received_at: datetime
    answers: Answers


@dataclass(frozen=True, slots=True)
class Advice:
    """What the patient must read at once, in these words."""

    words: str
    level: Level
    is_emergency: bool


@dataclass(frozen=True, slots=True)
class KeptCheckIn:
    """The check-in as it is kept. Show every `advice` to the patient."""

    check_in: CheckIn
    advice: tuple[Advice, ...]


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert. `raised_at` is when it last asked; `steps` counts what was done about it.

    `seen_by` and `read_by` are ids of people of the clinic.
    """

    id: str
    patient_id: str
    course_id: str
    concern: Concern
    level: Level
    stage: Stage
    raised_at: datetime
    probability: float
    onset_day: float | None
    regions: tuple[Region, ...]
    evidence: tuple[Factor, ...]
    photo_id: str | None
    read_at: datetime | None
    read_by: str | None
    seen_at: datetime | None
    seen_by: str | None
    snoozed_until: datetime | None
    call_by: datetime | None
    escalations: int
    resolved_at: datetime | None
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class Message:
    """A message between patient and clinic."""

    id: str
    author_id: str
    author: str
    at: datetime
    text: str
    has_photo: bool
    is_from_patient: bool


@dataclass(frozen=True, slots=True)
class Health:
    """The state of the installation: of the whole, and of each part."""

    state: State
    parts: Mapping[Part, State]


def patient(person: Person) -> Patient:
    """A patient's own facts."""
    return Patient(
        id=person.id,
        name=person.name,
        birth_date=person.birth_date,
        record_number=person.record_number,
        time_zone=person.time_zone,
        skin_type=person.skin_type,
    )


def course(treatment: Treatment) -> Course:
    """A treatment's own facts."""
    return Course(
        id=treatment.id,
        patient_id=treatment.patient_id,
        kind=treatment.kind,
        variant=treatment.variant,
        performed_at=treatment.performed_at,
        setting=treatment.setting,
        needle_depth_mm=treatment.needle_depth_mm,
        areas=tuple(sorted(treatment.areas)),
        withdrawn=treatment.is_withdrawn,
    )


def reading(course_id: str, noun: ReadingNoun) -> Reading:
    """A reading with the course that it belongs to."""
    return Reading(
        photo_id=noun.photo_id,
        course_id=course_id,
        taken_at=noun.taken_at,
        method=noun.method,
        reference=noun.reference,
        skin_state=noun.skin_state,
        regions={
            region: RegionOfReading(each.redness, each.pigment, each.share)
            for region, each in noun.regions.items()
        },
        asymmetry=noun.asymmetry,
    )


def photo(noun: PhotoNoun | EarlyPhoto) -> Photo:
    """A photo of a course, or one that waits for it."""
    return Photo(
        id=noun.id,
        course_id=None if isinstance(noun, EarlyPhoto) else noun.treatment_id,
        role=None if isinstance(noun, EarlyPhoto) else noun.role,
        status=PhotoStatus.WAITING if isinstance(noun, EarlyPhoto) else noun.status,
        taken_at=noun.taken_at,
        received_at=noun.received_at,
        skin_state=noun.skin_state,
        view=noun.view,
        faults=() if isinstance(noun, EarlyPhoto) else noun.faults,
        warnings=noun.warnings,
    )


def check_in(noun: CheckInNoun) -> CheckIn:
    """A check-in."""
    return CheckIn(noun.id, noun.treatment_id, noun.at, noun.received_at, noun.answers)


def alert(noun: AlertNoun) -> Alert:
    """An alert as it is now."""
    return Alert(
        id=noun.id,
        patient_id=noun.patient_id,
        course_id=noun.treatment_id,
        concern=noun.concern,
        level=noun.level,
        stage=noun.stage,
        raised_at=noun.raised_at,
        probability=noun.probability,
        onset_day=noun.onset_day,
        regions=noun.regions,
        evidence=noun.evidence,
        photo_id=noun.photo_id,
        read_at=noun.read_at,
        read_by=noun.read_by,
        seen_at=noun.seen_at,
        seen_by=noun.seen_by,
        snoozed_until=noun.snoozed_until,
        call_by=noun.call_by,
        escalations=noun.escalations,
        resolved_at=noun.resolved_at,
        outcome=noun.outcome,
    )


def message(noun: MessageNoun) -> Message:
    """A message."""
    return Message(
        id=noun.id,
        author_id=noun.author_id,
        author=noun.author,
        at=noun.at,
        text=noun.text,
        has_photo=noun.has_photo,
        is_from_patient=noun.is_from_patient,
    )


def as_is(shape: Shape) -> Shape:
    """A shape that was made before it is listed."""
    return shape


def in_time(at: datetime, noun_id: str) -> tuple[str, str]:
    """The place of something in a list in time order."""
    return at.astimezone(UTC).isoformat(timespec="microseconds"), noun_id


def listing(
    nouns: Iterable[Noun],
    place: Callable[[Noun], tuple[str, ...]],
    shape: Callable[[Noun], Shape],
    paging: Paging,
) -> Listing[Shape]:
    """A part of the nouns in the order of their places, which are unique and hold no health detail.

    Raises Refused for a cursor that is not ours.
    """
    after = () if paging.cursor is None else _read(paging.cursor)
    rest = sorted((each for each in nouns if place(each) > after), key=place)
    part = rest[: paging.limit]
    end = _cursor(place(part[-1])) if len(rest) > len(part) else None
    return Listing(tuple(map(shape, part)), end)


def _cursor(place: tuple[str, ...]) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _read(cursor: str) -> tuple[str, ...]:
    try:
        place = json.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        place = None
    if not isinstance(place, list) or not all(isinstance(each, str) for each in place):
        raise refused(
            400, "cursor", "This cursor is not one of ours", "Send `next` of the part before."
        )
    return tuple(place)
