"""The pages on which a patient sends photos and answers, and what came of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from tracker.actions.show_progress import Progress
from tracker.alerts import Level
from tracker.check_ins import CheckIn, Trend
from tracker.photos import Photo, PhotoRole, PhotoStatus, SkinState, View
from tracker.protocols import Floor
from tracker.readings import Reading
from tracker.telling import Telling, is_vague, named_answers
from tracker.treatments import Region
from web.patient_pages import has_baseline
from web.telling_pages import (
    TOO_UNCERTAIN,
    OpenThing,
    open_amount,
    open_things,
    opened_by,
    telling_of,
)
from web.times import day_words, when
from web.words import SKIN_STATES, VIEWS, Remedy, remedy_for, times_words


@dataclass(frozen=True, slots=True)
class UploadPage:
    """The upload form; `remedies` after a refusal, `errors` by field after a mistake.

    The camera shows `baseline` faintly over its picture.
    """

    template: ClassVar[str] = "patient_upload.html"
    place: ClassVar[str] = "photo"
    skin_states: ClassVar[Mapping[SkinState, str]] = SKIN_STATES
    views: ClassVar[Mapping[View, str]] = VIEWS

    role: PhotoRole
    skin_state: str = SkinState.CLEAN
    view: str = View.FRONT
    taken_at: str = ""
    remedies: tuple[Remedy, ...] = ()
    errors: Mapping[str, str] | None = None
    baseline: Photo | None = None

    @property
    def title(self) -> str:
        """The page's name."""
        return "Please take it again" if self.remedies else "Take a photo"


@dataclass(frozen=True, slots=True)
class PhotoPage:
    """What became of one photo; `told` is what is open, and then nothing here reassures."""

    template: ClassVar[str] = "patient_photo.html"
    place: ClassVar[str] = "photo"

    patient_id: str
    photo: Photo
    taken: str
    already: bool
    waits_for_baseline: bool
    lost_baseline: bool  # the photo from before was good, and the machine cannot use it any more
    is_alone: bool
    findings: tuple[str, ...]
    remedies: tuple[Remedy, ...]
    opened: tuple[str, ...]
    told: tuple[OpenThing, ...]

    @property
    def is_under_way(self) -> bool:
        """Whether the page will have more to say in a moment."""
        on_its_way = self.photo.status in {PhotoStatus.WAITING, PhotoStatus.MEASURING}
        return on_its_way and not self.waits_for_baseline

    @property
    def title(self) -> str:
        """The page's name."""
        if self.photo.status is PhotoStatus.UNMEASURABLE:
            return "We could not measure this photo"
        if self.already:
            return "We already had this photo"
        return "Your photo is here" if self.told else "Thank you, your photo is here"


@dataclass(frozen=True, slots=True)
class CheckInPage:
    """The check-in form with what was chosen so far."""

    template: ClassVar[str] = "patient_check_in.html"
    place: ClassVar[str] = "check_in"

    day: str
    questions: Mapping[str, str]
    chosen: Mapping[str, str]
    errors: Mapping[str, str]
    floors: tuple[Floor, ...]

    @property
    def red_flags(self) -> list[dict[str, object]]:
        """What a page without a network must know to say emergency words."""
        return [
            {
                "signs": sorted(floor.signs),
                "pain_from": floor.pain_from,
                "swelling_from": floor.swelling_from,
                "words": floor.words,
            }
            for floor in self.floors
            if floor.level is Level.URGENT
        ]

    @property
    def title(self) -> str:
        """The page's name."""
        return "How are you today?"


@dataclass(frozen=True, slots=True)
class OfflinePage:
    """Both forms, where there is a course; a phone keeps this page, so it names nobody."""

    template: ClassVar[str] = "patient_offline.html"
    place: ClassVar[str] = ""

    photo: UploadPage | None = None
    check_in: CheckInPage | None = None

    @property
    def title(self) -> str:
        """The page's name."""
        return "You are offline"


@dataclass(frozen=True, slots=True)
class CheckInResultPage:
    """After the check-in: what is open; `named` are the complaints, which get no thanks."""

    template: ClassVar[str] = "patient_check_in_result.html"
    place: ClassVar[str] = "check_in"

    told: tuple[OpenThing, ...]
    named: str
    worse: bool
    is_alone: bool
    call_us: tuple[str, ...]

    @property
    def title(self) -> str:
        """The page's name."""
        if self.told and self.told[0].needs_help_now:
            return "Get help now"
        return "Your answers" if self.told or self.named else "Thank you"


def upload_page(progress: Progress, now: datetime) -> UploadPage:
    """The empty form; a photo from before comes first, because all others are compared with it."""
    is_before = now < progress.treatment.performed_at or not has_baseline(progress)
    measured = [p for p in progress.photos if p.status is PhotoStatus.MEASURED]
    return UploadPage(
        role=PhotoRole.BASELINE if is_before else PhotoRole.FOLLOW_UP,
        baseline=next(
            (p for p in measured if p.role is PhotoRole.BASELINE and not p.is_lost), None
        ),
    )


def photo_page(progress: Progress, photo: Photo, now: datetime, *, already: bool) -> PhotoPage:
    """What became of a photo of this course."""
    reading = next((r for r in progress.readings if r.photo_id == photo.id), None)
    is_result = reading is not None and photo.role is PhotoRole.FOLLOW_UP
    telling = telling_of(progress, now)
    return PhotoPage(
        patient_id=progress.patient.id,
        photo=photo,
        taken=when(photo.taken_at, now, progress.patient.zone),
        already=already,
        lost_baseline=not has_baseline(progress)
        and any(p.role is PhotoRole.BASELINE and p.is_lost for p in progress.photos),
        is_alone=progress.is_alone,
        waits_for_baseline=photo.status is PhotoStatus.WAITING and not has_baseline(progress),
        findings=_findings(progress, telling, reading) if is_result and reading else (),
        remedies=tuple(remedy_for(fault) for fault in photo.faults),
        opened=opened_by(progress, photo, now, is_open=telling.is_open),
        told=open_things(telling, progress, now),
    )


def check_in_page(
    progress: Progress, chosen: Mapping[str, str], errors: Mapping[str, str]
) -> CheckInPage:
    """The check-in form."""
    questions = {question.sign: question.question for question in progress.questions}
    every = progress.protocol.floors
    variant = progress.treatment.variant
    floors = tuple(f for f in every if not f.variants or variant in f.variants)
    return CheckInPage(day_words(progress.day), questions, chosen, errors, floors)


def offline_page(progress: Progress, now: datetime) -> OfflinePage:
    """The page for the time without a network, which cannot show the photo from before either."""
    photo = replace(upload_page(progress, now), baseline=None)
    return OfflinePage(photo, check_in_page(progress, {}, {}))


def check_in_result_page(progress: Progress, check_in: CheckIn, now: datetime) -> CheckInResultPage:
    """What the answers mean for the next minute."""
    told = open_things(telling_of(progress, now, check_in), progress, now)
    named = named_answers(check_in, progress.protocol)
    is_said = any(named in {thing.headline, thing.what} for thing in told)
    return CheckInResultPage(
        told=told,
        named="" if is_said else named,
        worse=check_in.answers.trend is Trend.WORSE,
        is_alone=progress.is_alone,
        call_us=progress.aftercare.call_us if progress.aftercare else (),
    )


def _findings(progress: Progress, telling: Telling, reading: Reading) -> tuple[str, ...]:
    """What a photo measured: where something is open only that, and not where it sounds calm."""
    if telling.is_open:
        amount = open_amount(progress, telling, reading)
        return (amount,) if amount else ()
    if is_vague(reading):
        return (f"{TOO_UNCERTAIN}.",)
    lines = []
    for region in dict.fromkeys((telling.gauge.region, Region.FACE)):
        if (measured := reading.regions.get(region)) is not None:
            of = "" if region is Region.FACE else f", {region.words}"
            lines.append(f"Redness{of}: {times_words(measured.redness.value, 'blood')}.")
            lines.append(f"Pigment{of}: {times_words(measured.pigment.value, 'pigment')}.")
    return tuple(lines)
