"""The pages on which a patient sends photos and answers, and their results."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

from tracker.actions.course.progress import CourseSoFar, Progress
from tracker.domain.alerts.alerts import Level, Stage
from tracker.domain.course.check_ins import HABITS, SCALES, CheckIn, Trend, scores_to_confirm
from tracker.domain.course.photos import (
    Photo,
    PhotoRole,
    PhotoStatus,
    SkinState,
    View,
    reference_of,
)
from tracker.domain.course.readings import Quantity, Reading, Reference
from tracker.domain.course.treatments import Region
from tracker.domain.desk.telling import is_vague, named_answers
from tracker.domain.desk.told import Telling
from tracker.domain.protocols.protocols import Floor
from tracker.domain.recovery.evidence_words import times_words
from tracker.domain.recovery.signs import is_usual
from web.patient.today import has_baseline
from web.words.doubts import patient_doubts
from web.words.sides import blind_side, file_sides, picture_sides
from web.words.telling import (
    SIDE_NOT_KNOWN,
    TOO_UNCERTAIN,
    AnswerWords,
    OpenThing,
    answer_of,
    open_amount,
    open_things,
    opened_by,
    telling_of,
    urgent_thing,
)
from web.words.times import day_words, when
from web.words.words import (
    FILE_NOTES,
    SKIN_STATES,
    SWELLING,
    VIEWS,
    Remedy,
    remedy_for,
)

USUALLY_MEASURED = timedelta(minutes=3)  # longer means that many photos wait, or some trouble


@dataclass(frozen=True, slots=True)
class UploadPage:
    """The upload form; `remedies` after a refusal, `errors` by field after a mistake.

    The camera shows `baseline` as a faint overlay, and asks for the card if one was used before
    (`uses_card`); where it is allowed already, it opens at once if nothing is to be read first.
    `is_early` while no treatment is entered: then the page does not ask whether the photo is from
    before or after. `urgent` is the worst open problem if it is urgent.
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
    asks_for_time: bool = False
    is_early: bool = False
    is_next: bool = False
    urgent: OpenThing | None = None
    uses_card: bool = False
    opens_at_once: bool = False

    @property
    def title(self) -> str:
        """The page's name."""
        return "Please take it again" if self.remedies else "Take a photo"


@dataclass(frozen=True, slots=True)
class PhotoPage:
    """What became of one photo; `told` is what is open, and then nothing here reassures.

    `answer` is None for a photo that gets no line of its own; `takes_long` if it should be measured
    by now.
    """

    template: ClassVar[str] = "patient_photo.html"
    place: ClassVar[str] = "photo"

    patient_id: str
    photo: Photo
    taken: str
    already: bool
    waits_for_baseline: bool
    lost_baseline: bool  # the photo from before was good, but can no longer be used
    is_alone: bool
    findings: tuple[str, ...]
    remedies: tuple[Remedy, ...]
    opened: tuple[str, ...]
    notes: tuple[str, ...]  # what the file could not say, and what that means
    told: tuple[OpenThing, ...]
    sides: str  # where left is in the file of the photo from before
    picture_sides: str  # and in the pictures
    answer: AnswerWords | None = None
    takes_long: bool = False

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
class Emergency:
    """A sign that is asked first; `words` say what to do and appear as soon as it is ticked."""

    sign: str
    question: str
    words: str


@dataclass(frozen=True, slots=True)
class CheckInPage:
    """The check-in form with what was chosen so far; emergencies come before other questions.

    `usual` are the floors that this day's answers do not reach. `as_before` is what one tap sends
    for pain, itch and swelling, and its words. `wants_help` after "I need help
    now"; `is_kept` if the ticks are kept although something else must be corrected; `urgent` is the
    worst open problem if it is urgent.
    """

    template: ClassVar[str] = "patient_check_in.html"
    place: ClassVar[str] = "check_in"

    day: str
    emergencies: tuple[Emergency, ...]
    complaints: Mapping[str, str]
    habits: Mapping[str, str]
    chosen: Mapping[str, str]
    errors: Mapping[str, str]
    floors: tuple[Floor, ...]
    usual: tuple[Floor, ...]
    is_alone: bool
    as_before: tuple[str, str] | None = None
    wants_help: bool = False
    is_kept: bool = False
    urgent: OpenThing | None = None

    @property
    def red_flags(self) -> list[dict[str, object]]:
        """What a page without a network must know to show emergency advice.

        `alone` marks those whose advice is already shown at their tick.
        """
        alone = {each.words for each in self.emergencies}
        return [
            {
                "signs": sorted(floor.signs),
                "pain_from": floor.pain_from,
                "swelling_from": floor.swelling_from,
                "words": floor.words,
                "is_emergency": floor.is_emergency,
                "is_urgent": floor.level is Level.URGENT,
                "is_usual": floor in self.usual,
                "alone": floor.words in alone,
            }
            for floor in self.floors
        ]

    @property
    def title(self) -> str:
        """The page's name."""
        return "How are you today?"


@dataclass(frozen=True, slots=True)
class OfflinePage:
    """Both forms if there is a course, else that for a photo from before if one may be sent.

    A phone keeps this page, so it names no one.
    """

    template: ClassVar[str] = "patient_offline.html"
    place: ClassVar[str] = ""

    photo: UploadPage | None = None
    check_in: CheckInPage | None = None

    @property
    def title(self) -> str:
        """The page's name."""
        return "You are offline"


def upload_page(progress: CourseSoFar, now: datetime) -> UploadPage:
    """The empty form; a photo from before comes first, because all others are compared with it."""
    urgent = urgent_thing(progress, now)
    is_before = now < progress.treatment.performed_at or not has_baseline(progress)
    measured = [p for p in progress.photos if p.status is PhotoStatus.MEASURED]
    return UploadPage(
        role=PhotoRole.BASELINE if is_before else PhotoRole.FOLLOW_UP,
        baseline=next(
            (p for p in measured if p.role is PhotoRole.BASELINE and not p.is_lost), None
        ),
        uses_card=any(each.reference is Reference.CARD for each in progress.readings),
        opens_at_once=not is_before and urgent is None,
        urgent=urgent,
    )


EARLY_UPLOAD = UploadPage(role=PhotoRole.BASELINE, is_early=True)


def photo_page(progress: Progress, photo: Photo, now: datetime, *, already: bool) -> PhotoPage:
    """What became of a photo of this course."""
    reading = next((r for r in progress.readings if r.photo_id == photo.id), None)
    is_result = reading is not None and photo.role is PhotoRole.FOLLOW_UP
    telling, reference = telling_of(progress, now), reference_of(progress.photos)
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
        notes=_notes(progress, photo),
        opened=opened_by(progress, photo, now, is_open=telling.is_open),
        told=open_things(telling, progress, now),
        sides=file_sides(photo, "your") if reference and photo.id == reference.id else "",
        picture_sides=picture_sides(reference, "your", photo),
        answer=answer_of(progress, photo, telling, now) if is_result else None,
        takes_long=now - photo.received_at > USUALLY_MEASURED,
    )


def _notes(progress: Progress, photo: Photo) -> tuple[str, ...]:
    """What the person should know about the photo's file and its time."""
    lost = [words for name, words in FILE_NOTES.items() if name in photo.warnings]
    return (*lost, *patient_doubts(photo, progress.treatment))


def check_in_page(
    progress: CourseSoFar, chosen: Mapping[str, str], errors: Mapping[str, str], now: datetime
) -> CheckInPage:
    """The check-in form.

    While an alert is open, all is asked again each day.
    """
    alerts = (*progress.alerts, *(each.alert for each in progress.earlier_alerts))
    is_calm = all(alert.stage is Stage.RESOLVED for alert in alerts)
    before = scores_to_confirm(progress.check_ins, now) if is_calm else None
    protocol, variant, day = progress.protocol, progress.treatment.variant, progress.day
    floors = tuple(f for f in protocol.floors if not f.variants or variant in f.variants)
    known = {question.sign: question.question for question in protocol.check_in}
    alone = {sign: f.words for f in floors if (sign := _emergency_sign(f)) in known}
    others = {q.sign: q.question for q in progress.questions if q.sign not in alone}
    return CheckInPage(
        day=day_words(day),
        # An emergency is asked about on every day, whatever days its question is for.
        emergencies=tuple(Emergency(sign, known[sign], words) for sign, words in alone.items()),
        complaints={sign: words for sign, words in others.items() if sign not in HABITS},
        habits={sign: words for sign, words in others.items() if sign in HABITS},
        chosen=chosen,
        errors=errors,
        floors=floors,
        usual=tuple(floor for floor in floors if is_usual(floor, day)),
        is_alone=progress.is_alone,
        as_before=_as_before(before, progress, now) if before else None,
        urgent=urgent_thing(progress, now),
    )


def _as_before(check_in: CheckIn, progress: CourseSoFar, now: datetime) -> tuple[str, str]:
    given = check_in.answers
    value = ",".join(str(getattr(given, name)) for name in SCALES)
    at = when(check_in.at, now, progress.patient.zone)
    swelling = "no" if given.swelling == 0 else SWELLING[given.swelling or 0]
    return value, f"Same as {at}: pain {given.pain}, itch {given.itch}, {swelling} swelling"


def _emergency_sign(floor: Floor) -> str:
    """The sign that is an emergency by itself; empty if more must be answered."""
    needs_more = floor.pain_from is not None or floor.swelling_from is not None
    is_single = floor.is_emergency and len(floor.signs) == 1 and not needs_more
    return next(iter(floor.signs)) if is_single else ""


def offline_page(progress: CourseSoFar, now: datetime) -> OfflinePage:
    """The page for the time without a network, which cannot show the photo from before either."""
    photo = replace(upload_page(progress, now), baseline=None, urgent=None, opens_at_once=False)
    form = check_in_page(progress, {}, {}, now)
    return OfflinePage(
        photo, replace(form, as_before=None, urgent=None)
    )  # it may be shown days later


def _findings(progress: Progress, telling: Telling, reading: Reading) -> tuple[str, ...]:
    """What a photo measured: if something is open only that, and not if it sounds calm."""
    if telling.is_open:
        amount = open_amount(progress, telling, reading)
        return (amount,) if amount else ()
    if blind_side(reference_of(progress.photos), progress.treatment):
        return (f"{SIDE_NOT_KNOWN}.",)
    if is_vague(reading):
        return (f"{TOO_UNCERTAIN}.",)
    lines = []
    for region in dict.fromkeys((telling.gauge.region, Region.FACE)):
        if (measured := reading.regions.get(region)) is not None:
            of = "" if region is Region.FACE else f", {region.words}"
            lines.append(f"Redness{of}: {times_words(measured.redness.value, Quantity.REDNESS)}.")
            lines.append(f"Pigment{of}: {times_words(measured.pigment.value, Quantity.PIGMENT)}.")
    return tuple(lines)


@dataclass(frozen=True, slots=True)
class CheckInResultPage:
    """After the check-in: what is open; `named` are the complaints, which get no thanks.

    `time_caveat` says when the answers count if that is not now; `wants_help` means that they came
    by "I need help now" and that nothing open says so already. `folds_calls` says that every
    answer was calm, no alert is open and nothing else is in doubt.
    """

    template: ClassVar[str] = "patient_check_in_result.html"
    place: ClassVar[str] = "check_in"

    told: tuple[OpenThing, ...]
    named: str
    worse: bool
    is_alone: bool
    call_us: tuple[str, ...]
    time_caveat: str = ""
    wants_help: bool = False
    folds_calls: bool = False

    @property
    def title(self) -> str:
        """The page's name."""
        if self.wants_help or (self.told and self.told[0].needs_help_now):
            return "Get help now"
        return "Your answers" if self.told or self.named else "Thank you"


def check_in_result_page(progress: Progress, check_in: CheckIn, now: datetime) -> CheckInResultPage:
    """What the answers mean for the next minute."""
    telling = telling_of(progress, now, check_in)
    told = open_things(telling, progress, now)
    named = named_answers(check_in, progress.protocol)
    is_said = any(named in {thing.headline, thing.what} for thing in told)
    return CheckInResultPage(
        told=told,
        named="" if is_said else named,
        worse=check_in.answers.trend is Trend.WORSE,
        is_alone=progress.is_alone,
        call_us=progress.aftercare.call_us if progress.aftercare else (),
        time_caveat=_time_caveat(progress, check_in, now),
        folds_calls=telling.is_calm and progress.is_calm_after(check_in.answers) and not named,
    )


def _time_caveat(progress: Progress, check_in: CheckIn, now: datetime) -> str:
    """When answers count that were not given at the time they arrived; empty for all others."""
    zone, notes = progress.patient.zone, []
    at, came = (when(moment, now, zone) for moment in (check_in.at, check_in.received_at))
    if check_in.phone_at is not None:
        said = when(check_in.phone_at, now, zone)
        notes.append(f"The clock of your phone was not right: it said {said}.")
    if check_in.is_late:
        notes.append(f"You answered {at}. Your answers reached us {came}, and count from then.")
    elif check_in.phone_at is not None:
        notes.append(f"We wrote down when your answers came: {came}.")
    if check_in.treatment_id != progress.treatment.id:
        notes.append("They are kept with your earlier treatment.")
    elif check_in.at < progress.treatment.performed_at <= now:
        notes.append("That was before your treatment. They are kept all the same.")
    return " ".join(notes)
