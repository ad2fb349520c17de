"""The question which side of the photo from before is left, as the patient is asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from tracker.actions.course.progress import CourseSoFar
from tracker.actions.course.sides import SidesCase
from tracker.domain.course.photos import reference_of
from tracker.domain.course.sides import SaidBy, asks_patient
from web.words.sides import SidesView, settled_words, sides_view


@dataclass(frozen=True, slots=True)
class SidesQuestion:
    """The photo that the question is about, and how many answers there are."""

    photo_id: str
    known: int


@dataclass(frozen=True, slots=True)
class SidesPage:
    """Which side of the photo from before is left; `view` is None without such a photo.

    `settled` says that there is nothing to ask; `asks` while the patient may put the question off;
    `is_kept` right after an answer.
    """

    template: ClassVar[str] = "patient_sides.html"
    place: ClassVar[str] = "today"

    patient_id: str
    view: SidesView | None
    settled: str
    asks: bool
    is_alone: bool
    is_kept: bool = False
    notice: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The page's name."""
        return "Left and right in your photo"


def sides_page(progress: CourseSoFar, case: SidesCase | None, now: datetime) -> SidesPage:
    """The question, what the patient said before, or who knows it already."""
    return SidesPage(
        patient_id=progress.patient.id,
        view=sides_view(case, SaidBy.PATIENT, now, progress.patient.zone) if case else None,
        settled=settled_words(case.photo, case.answers) if case else "",
        asks=sides_question(progress, now) is not None,
        is_alone=progress.is_alone,
    )


def sides_question(progress: CourseSoFar, now: datetime) -> SidesQuestion | None:
    """The question which side of the photo from before is left; None if Today does not ask."""
    photo, said = reference_of(progress.photos), progress.sides_said
    if photo is None or not asks_patient(photo, said, now, progress.patient.zone):
        return None
    return SidesQuestion(photo.id, len(said))
