"""Names as words: plain, kind, exact. Only tables and phrases; nothing is decided here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tracker.domain.alerts.alert_life import Obstacle, Step
from tracker.domain.alerts.alerts import Alert, Concern, Level, Outcome, Source
from tracker.domain.course.check_ins import HELP
from tracker.domain.course.photo_times import TimeFault
from tracker.domain.course.photos import FileFault, PhotoStatus, SkinState, View
from tracker.domain.course.readings import Estimate, Reference
from tracker.domain.course.treatments import AREAS, Region, Treatment
from tracker.domain.desk.ward_round import Hold
from tracker.domain.own_data.consents import Consent, Purpose, is_given
from tracker.domain.people.people import Person
from tracker.domain.recovery.evidence_words import sign_words, times


@dataclass(frozen=True, slots=True)
class Remedy:
    """What is wrong with a photo, and the one thing to do about it."""

    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class LevelWords:
    """A level in words; `mark` is a shape, so that colour is never alone."""

    name: str
    meaning: str
    mark: str


@dataclass(frozen=True, slots=True)
class ErrorWords:
    """What an error page says."""

    title: str
    advice: str


REMEDIES: Mapping[str, Remedy] = {
    "unreadable": Remedy(
        "We cannot open this file as a photo.",
        "Choose a JPEG, PNG, WebP or HEIC photo, or take a new one.",
    ),
    "too_large": Remedy(
        "This file is too large.", "Send a photo of less than 40 MB and 100 megapixels."
    ),
    "too_costly": Remedy(
        "This file takes too much work to open.",
        "Take a new photo with your phone’s camera, or save this one as a plain JPEG.",
    ),
    "moving_picture": Remedy(
        "This is a moving picture.",
        "Send a photo that does not move: we could not tell which moment you mean.",
    ),
    "unknown_colours": Remedy(
        "This file names its colours in a way that we do not know.",
        "Take a new photo with your phone’s camera, or save this one as a JPEG.",
    ),
    "no_face": Remedy(
        "We cannot find a face.",
        "Hold the phone at arm's length, level with your eyes, and look straight into it. Take off"
        " mask, scarf and sunglasses.",
    ),
    "several_faces": Remedy(
        "We see more than one face.", "Take the photo with only you in the picture."
    ),
    "face_too_small": Remedy(
        "Your face is too small in the photo.",
        "Come closer, until your face fills most of the picture.",
    ),
    "turned_away": Remedy(
        "We see only one side of a face.",
        "Look straight at the camera, chin level, without a mask or scarf.",
    ),
    "blurred": Remedy(
        "The photo is blurred.",
        "Wipe the lens, lean the phone or your elbows on something, and hold still.",
    ),
    "too_dark": Remedy("The photo is too dark.", "Turn to a window or put a lamp in front of you."),
    "too_bright": Remedy(
        "Parts of your face are too bright.",
        "Step out of direct sun and turn the flash off.",
    ),
    "uneven_light": Remedy(
        "One side of your face is much brighter than the other.",
        "Face the window, so that both sides get the same light.",
    ),
    "colour_cast": Remedy(
        "The light has a strong colour.",
        "Use daylight from a window and switch coloured or very warm lamps off.",
    ),
    "occluded": Remedy(
        "Too much of your skin is covered.",
        "Tie your hair back and take off glasses, mask or headband.",
    ),
    "different_person": Remedy(
        "We cannot match this face to your photo from before.",
        "Use the same pose as in your photo from before, and make sure it is you.",
    ),
    TimeFault.TAKEN_IN_FUTURE: Remedy(
        "The time you gave is in the future.",
        "Correct the day and time, or tick “just now”.",
    ),
    TimeFault.TAKEN_BEFORE_TREATMENT: Remedy(
        "The time you gave is before your treatment.",
        "Correct the time. If the photo really is from before, choose “before treatment”.",
    ),
    TimeFault.BASELINE_AFTER_TREATMENT: Remedy(
        "This photo was taken after your treatment.",
        "Choose “after treatment” as its kind, or send one from before.",
    ),
    TimeFault.BASELINE_TOO_OLD: Remedy(
        "This photo was taken more than a year before your treatment.",
        "Check the date you gave, or send a newer photo from before the treatment.",
    ),
    TimeFault.TIME_UNSURE: Remedy(
        "We do not know when this photo was taken: the clock of its camera is not right.",
        "Tick “It was taken just now”, or give the day and time. Then send it again.",
    ),
    TimeFault.BASELINE_WITHOUT_DATE: Remedy(
        "A photo from before that comes after the treatment needs a day of its own.",
        "Give the day and time at which it was taken, and send it again. If it is from after your"
        " treatment, choose “after treatment”.",
    ),
    "analysis_failed": Remedy(
        "We could not measure this photo.", "Take the photo again in daylight."
    ),
}
FILE_NOTES: Mapping[str, str] = {
    "file_time_lost": "The file did not say when it was taken, because its notes are damaged.",
    "file_turn_lost": "The file did not say which way is up, because its notes are damaged.",
    "file_colours_lost": "The colours are only near: the file describes them in damaged notes.",
}
UNKNOWN_FAULT = REMEDIES["analysis_failed"]

# What a form sent after the end of its session loses, by what it carried.
NOT_KEPT: Mapping[str, str] = {
    "photo": "You were signed out before your photo arrived, so it was not kept. Sign in and send"
    " it again.",
    "answers": "You were signed out before your answers arrived, so nobody has seen them. Sign in"
    " and send them again. If your skin worries you now, call your clinic or a doctor.",
    "message": "You were signed out before your message arrived, so nobody has seen it. Sign in"
    " and write it again. If it cannot wait, call.",
    "form": "You were signed out before your form arrived, so nothing of it was kept. Sign in and"
    " send it again.",
}

LEVELS: Mapping[Level, LevelWords] = {
    Level.URGENT: LevelWords("Urgent", "look now", "▲"),
    Level.REVIEW: LevelWords("Review", "look today", "◆"),
    Level.WATCH: LevelWords("Watch", "keep an eye on it", "○"),
}

OUTCOMES: Mapping[Outcome, str] = {
    Outcome.TRUE: "true: there was something",
    Outcome.FALSE: "false alarm",
    Outcome.UNCLEAR: "unclear",
}

STEPS: Mapping[Step, str] = {
    Step.OPENED: "Raised",
    Step.ROSE: "Rose in level",
    Step.FLAGGED: "Told again",
    Step.READ: "Opened",
    Step.SEEN: "Seen",
    Step.SNOOZED: "Snoozed",
    Step.WOKE: "Back again",
    Step.ESCALATED: "Passed on",
    Step.HANDED_OVER: "Passed to a colleague",
    Step.ARRIVED: "Came from another clinic",
    Step.RELABELLED: "Side changed",
    Step.TAKEN_BACK: "Answer taken back",
    Step.RESOLVED: "Resolved",
}

# Shown when an answer is refused: in a few words, and what to do.
OBSTACLES: Mapping[Obstacle, tuple[str, str]] = {
    Obstacle.NOT_SHOWN: (
        "Look again.",
        "The form did not say which alert it showed. Nothing was kept yet; send it again.",
    ),
    Obstacle.CHANGED: (
        "Look again.",
        "This alert has changed since you opened it. Nothing was kept yet.",
    ),
    Obstacle.OVERTAKEN: (
        "A colleague was first.",
        "This happened while your page was open. Your answer was not kept.",
    ),
    Obstacle.UNREAD: (
        "Read it first.",
        "You had not opened this alert since it last asked. Nothing was kept yet.",
    ),
    Obstacle.UNOPENED: (
        "Look again.",
        "Something came while the page was open, or was not opened yet. Nothing was kept yet.",
    ),
    Obstacle.STANDS: (
        "The answer stands.",
        "An answer can be taken back for five minutes, and not after a new step. Write a note.",
    ),
}

HOLDS: Mapping[Hold, str] = {
    Hold.WARNING: "an answer is a warning sign: close it on the page of the alert",
    Hold.SEVERAL: "more than one alert waits: answer each on its own page",
    Hold.UNJUDGED: "the course could not be judged: look at the page of the alert",
    Hold.UNUSABLE: "the photo from before cannot be used",
    Hold.MESSAGE: "a message is not opened",
    Hold.PHOTO: "a photo is not opened",
    Hold.UNMEASURED: "a photo is not measured yet",
}

STATUSES: Mapping[PhotoStatus, str] = {
    PhotoStatus.WAITING: "waiting to be measured",
    PhotoStatus.MEASURING: "being measured",
    PhotoStatus.MEASURED: "measured",
    PhotoStatus.UNMEASURABLE: "could not be measured",
    PhotoStatus.KEPT: "kept to be looked at",
}

FILE_FAULTS: Mapping[FileFault | None, str] = {
    FileFault.MISSING: "its file is missing",
    FileFault.DAMAGED: "its file is damaged",
    None: "it could not be measured",
}

VIEWS: Mapping[View, str] = {
    View.FRONT: "Front",
    View.LEFT: "Left side",
    View.RIGHT: "Right side",
}

# In whose light a photo is shown next to the one from before.
LIGHT_WORDS: Mapping[Reference, str] = {
    Reference.CARD: "In the light of the photo from before, by the reference card",
    Reference.SKIN: "In the light of the photo from before, by untreated skin",
    Reference.HISTORY: "As bright as the photo from before; its colours are as taken, because"
    " nothing in the picture shows its light",
}

SKIN_STATES: Mapping[SkinState, str] = {
    SkinState.CLEAN: "Clean, nothing on it",
    SkinState.MAKE_UP: "With make-up",
    SkinState.AFTER_SPORT: "Just after sport",
    SkinState.AFTER_SHOWER: "Just after a shower",
    SkinState.SUNSCREEN: "With sunscreen",
}

SIGN_NAMES: Mapping[str, str] = {
    "warmth": "warmth",
    "pus": "pus or crust",
    "blisters": "blisters",
    "spreading": "spreading",
    "fever": "fever",
    "breathing_or_face_swelling": "trouble breathing, or swollen lips or tongue",
    "dusky": "black or dusky skin",
    "tingling": "tingling near the mouth",
    "hives": "hives",
    "hardness": "hard or raised spot",
    "eye_swelling": "swollen eyes",
    "eye_pain": "eye pain or changed sight",
    "numb_or_drooping": "numb or drooping face",
    "palpitations": "racing or uneven heartbeat",
    "faint": "faintness",
    "bleeding": "bleeding that does not stop",
    "asked_for_help": "asked for help",
    "new_product": "new product",
    "sun": "sun",
    "make_up": "make-up",
}

SWELLING = ("none", "a little", "moderate", "severe")
NOT_ANSWERED = "not answered"


PURPOSES: Mapping[Purpose, str] = {
    Purpose.CARE: "My care",
    Purpose.TEACHING: "Teaching",
    Purpose.RESEARCH: "Research",
}


def uses_words(history: Sequence[Consent], photo_id: str | None = None) -> str:
    """What photos, or the one named, may be used for: `care and teaching`."""
    allowed = [str(purpose) for purpose in Purpose if is_given(history, purpose, photo_id)]
    return " and ".join(allowed) or "nothing any more"


def remedy_for(fault: str) -> Remedy:
    """The remedy for a fault by its name."""
    return REMEDIES.get(fault, UNKNOWN_FAULT)


def treatment_words(treatment: Treatment, title: str) -> str:
    """`Microneedling, 1.5 mm` or `Chemical peel, superficial`; says if it was withdrawn."""
    parts = [title]
    if treatment.variant is not None:
        parts.append(treatment.variant.replace("_", "-"))
    if treatment.needle_depth_mm is not None:
        parts.append(depth_words(treatment.needle_depth_mm))
    if treatment.is_withdrawn:
        parts.append("entered by mistake")
    return ", ".join(parts)


def depth_words(depth_mm: float) -> str:
    """`1.5 mm`, kept on one line."""
    return f"{depth_mm:g}\N{NO-BREAK SPACE}mm"


def areas_words(areas: frozenset[Region]) -> str:
    """The treated areas from forehead to chin; all together are the whole face."""
    if areas == frozenset(AREAS):
        return "whole face"
    return regions_words(tuple(region for region in AREAS if region in areas))


def regions_words(regions: tuple[Region, ...]) -> str:
    """`left cheek and nose`; empty for none."""
    names = [region.words for region in regions]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def range_words(estimate: Estimate) -> str:
    """The range that holds 95 in 100, against the photo from before: `1.6 to 2.0 ×`."""
    low, high = (estimate.value + side * 1.96 * estimate.sd for side in (-1, 1))
    return f"{times(low).removesuffix('×').rstrip()} to {times(high)}"


def share_words(probability: float) -> str:
    """A probability as a count of a hundred, never certain: `97 in 100`."""
    return f"{min(99, max(1, round(probability * 100)))} in 100"


def alert_headline(alert: Alert) -> str:
    """What the alert says, in one plain sentence."""
    where = regions_words(alert.regions).capitalize()
    since = "" if alert.onset_day is None else f" since about day {max(0, round(alert.onset_day))}"
    if alert.concern is Concern.SILENCE:
        return f"Nothing has come{since.replace('about ', '')}"
    if alert.concern is Concern.UNJUDGED:
        return "Afterglow could not judge this course; look at it yourself"
    if not where:
        return _headline_of_face(alert)
    past = "" if alert.onset_day is None else f" past day {round(alert.onset_day)}"
    return {
        Concern.INFECTION: f"{where}: redder again{since}, which can mean an infection",
        Concern.PROLONGED_INFLAMMATION: f"{where}: still red{past}, longer than normal",
        Concern.HYPERPIGMENTATION: f"{where}: darker than before treatment{since}",
        Concern.HYPOPIGMENTATION: f"{where}: lighter than before treatment{since}",
        Concern.SCARRING: f"{where}: still changed{since}, which can mean a scar",
    }.get(alert.concern, f"{where}: possible {alert.concern.words}{since}")


def _headline_of_face(alert: Alert) -> str:
    """What an alert without a single region says, and whether photos or answers say it."""
    flags = [each for each in alert.evidence if each.source is Source.RED_FLAG]
    if any(sign_words(HELP) in each.what for each in flags):
        return "The patient asked for help"
    told = {each.source for each in alert.evidence if each.factor > 1}
    by_answers = bool(flags) or Source.ANSWERS in told
    who = "The answers"
    if Source.PHOTOS in told:
        who = "The photos and answers" if by_answers else "The photos"
    return f"{who} point to {_with_article(alert.concern)}"


def born_words(patient: Person) -> str:
    """`born 23 Apr 1985`, or that it is missing."""
    born = patient.birth_date
    return f"born {born.day} {born:%b %Y}" if born else "birth date missing"


def number_words(patient: Person) -> str:
    """`no. 4711`, the number of the clinic's other records; empty without one."""
    return f"no. {patient.record_number}" if patient.record_number else ""


def _with_article(concern: Concern) -> str:
    articles = {"an ": {Concern.INFECTION, Concern.ALLERGIC_REACTION}, "a ": {Concern.COLD_SORE}}
    article = next((word for word, concerns in articles.items() if concern in concerns), "")
    return f"{article}{concern.words}"
