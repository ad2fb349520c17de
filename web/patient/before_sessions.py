"""What a patient reads before a first or a next session, and about a photo that waits for it."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import ClassVar

from tracker.actions.course.progress import CourseSoFar
from tracker.domain.course.photos import EarlyPhoto, Photo, PhotoStatus
from tracker.domain.people.people import Person
from web.words.times import when
from web.words.treatments import session_number_words, session_time_words
from web.words.words import FILE_NOTES

WAITS_FOR_TREATMENT = (
    "When your clinic has entered your treatment, every later photo is compared with this one."
)
WAITS_FOR_SESSION = "After your next session, every later photo is compared with this one."


@dataclass(frozen=True, slots=True)
class NoTreatmentPage:
    """An account without a treatment, which the patient may begin or a clinic will enter.

    `early` are the times of the photos that wait for it; `may_send` that one may be sent now.
    `needs_help` after answers that could not be kept; `is_passed_on` means that the clinic got a
    message instead.
    """

    template: ClassVar[str] = "patient_no_treatment.html"
    place: ClassVar[str] = "today"
    empty: ClassVar[str] = ""

    name: str
    may_begin: bool = False
    may_send: bool = False
    early: tuple[str, ...] = ()
    needs_help: bool = False
    is_passed_on: bool = False

    @property
    def title(self) -> str:
        """The page's name."""
        return "Welcome"


@dataclass(frozen=True, slots=True)
class NoCheckInPage(NoTreatmentPage):
    """The same where the check-in would be; `empty` says why it is not, and what to do."""

    place: ClassVar[str] = "check_in"
    empty: ClassVar[str] = (
        "The check-in begins on the day of your treatment, and no treatment is entered yet; if your"
        " skin worries you now, do not wait for it."
    )

    @property
    def title(self) -> str:
        """The page's name."""
        return "Check-in"


@dataclass(frozen=True, slots=True)
class NoProgressPage(NoTreatmentPage):
    """The same where the curve would be."""

    place: ClassVar[str] = "progress"
    empty: ClassVar[str] = (
        "There is no curve yet: it needs your treatment, a photo from before it and a photo after"
        " it."
    )

    @property
    def title(self) -> str:
        """The page's name."""
        return "Your progress"


@dataclass(frozen=True, slots=True)
class NextSession:
    """`number` and `time` are empty if nothing is known; `wants_photo` that it is time for one."""

    number: str
    time: str
    wants_photo: bool


@dataclass(frozen=True, slots=True)
class EarlyPhotoPage:
    """A photo that is kept until its session; `is_usable` unless it could not be measured."""

    template: ClassVar[str] = "patient_early_photo.html"
    place: ClassVar[str] = "photo"

    patient_id: str
    photo_id: str
    taken: str
    already: bool
    notes: tuple[str, ...]
    waits_for: str
    is_usable: bool = True

    @property
    def title(self) -> str:
        """The page's name."""
        if not self.is_usable:
            return "We could not measure this photo"
        return "We already had this photo" if self.already else "Thank you, your photo is here"


def next_session(progress: CourseSoFar, now: datetime) -> NextSession:
    """Which session this is, and when the next one is."""
    sessions, zone = progress.sessions, progress.patient.zone
    lacks_photo = not any(_is_usable(photo) for photo in progress.next_photos)
    is_time = progress.next_session is not None and sessions.asks_for_photo(now, zone)
    return NextSession(
        number=session_number_words(sessions),
        time=session_time_words(sessions, progress.next_session, now, zone),
        wants_photo=is_time and lacks_photo,
    )


def early_photo_page(
    photo: EarlyPhoto, patient: Person, now: datetime, *, already: bool
) -> EarlyPhotoPage:
    """What became of a photo that came before any treatment was entered."""
    taken, notes = when(photo.taken_at, now, patient.zone), _notes(photo.warnings)
    return EarlyPhotoPage(patient.id, photo.id, taken, already, notes, WAITS_FOR_TREATMENT)


def next_photo_page(
    photo: Photo, patient: Person, now: datetime, *, already: bool
) -> EarlyPhotoPage:
    """What became of a photo from before the next session."""
    return EarlyPhotoPage(
        patient_id=patient.id,
        photo_id=photo.id,
        taken=when(photo.taken_at, now, patient.zone),
        already=already,
        notes=_notes(photo.warnings),
        waits_for=WAITS_FOR_SESSION,
        is_usable=_is_usable(photo),
    )


def _is_usable(photo: Photo) -> bool:
    return photo.status is not PhotoStatus.UNMEASURABLE and not photo.is_lost


def _notes(warnings: Sequence[str]) -> tuple[str, ...]:
    return tuple(words for name, words in FILE_NOTES.items() if name in warnings)


def empty_page(page: NoTreatmentPage, kind: type[NoTreatmentPage]) -> NoTreatmentPage:
    """The page of an account without a treatment where Check-in or Progress would be."""
    return kind(**{each.name: getattr(page, each.name) for each in fields(page)})
