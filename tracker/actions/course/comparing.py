"""Two photos of one patient to compare, and all photos that could replace them."""

from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from tracker.domain.course.annotations import Annotation
from tracker.domain.course.comparisons import Asked, comparable, pair_asked, view_asked
from tracker.domain.course.photos import Photo, View
from tracker.domain.course.readings import Reading
from tracker.domain.course.treatments import Treatment
from tracker.domain.own_data.consents import Purpose, is_given
from tracker.domain.people.people import Person
from tracker.storage.course import annotations, photos, readings, treatments
from tracker.storage.own_data import consents
from tracker.storage.people import people
from tracker.storage.talk import conversation
from tracker.wires.photo_files import PhotoFiles, Picture


@dataclass(frozen=True, slots=True)
class Laid:
    """One photo of the pair.

    `reading` says how its light was compared; a side view has none. `in_own_light` says whether
    there is also an aligned picture in its original light, which older photos lack; `is_reference`
    that the others are compared with it.
    """

    photo: Photo
    reading: Reading | None
    in_own_light: bool
    is_reference: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """A pair from one treatment; `before` and `after` are None when there is no photo of the view.

    `photos` are those of the view in time order; `counts` gives how many each view has;
    `baseline` is what front photos are laid onto. `annotations` are those of the view, including
    withdrawn ones. `for_teaching` are the ids of the photos that the patient allows for teaching.
    """

    patient: Person
    treatment: Treatment
    view: View
    counts: dict[View, int]
    photos: tuple[Photo, ...]
    before: Laid | None
    after: Laid | None
    baseline: Photo | None
    annotations: tuple[Annotation, ...]
    care_withdrawn_at: datetime | None
    unread_by_clinic: int
    for_teaching: frozenset[str]


@dataclass(frozen=True, slots=True)
class NothingToCompare:
    """The patient has no treatment, and so no photo."""

    patient: Person
    unread_by_clinic: int


def show_comparison(
    db: Database, files: PhotoFiles, patient_id: str, asked: Asked, now: datetime
) -> Comparison | NothingToCompare | None:
    """The pair asked for, from the treatment of the photos asked for, else of the current one.

    None when there is no such patient.
    """
    patient = people.get(db, patient_id)
    if patient is None:
        return None
    unread = conversation.unread_by_clinic(db, patient_id)
    treatment = _treatment(db, patient_id, asked, now)
    if treatment is None:
        return NothingToCompare(patient, unread)
    taken = photos.of_treatment(db, treatment.id)
    pair = pair_asked(taken, asked)
    read = {reading.photo_id: reading for reading in readings.of_treatment(db, treatment.id)}
    view = view_asked(taken, asked)
    decided = consents.of_patient(db, patient_id)
    baseline = photos.baseline(db, treatment.id)

    def laid(photo: Photo) -> Laid:
        return Laid(
            photo=photo,
            reading=read.get(photo.id),
            in_own_light=files.has(photo.id, Picture.AS_TAKEN),
            is_reference=baseline is not None and photo.id == baseline.id,
        )

    return Comparison(
        patient=patient,
        treatment=treatment,
        view=view,
        counts={each: len(comparable(taken, each)) for each in View},
        photos=comparable(taken, view),
        before=laid(pair.before) if pair else None,
        after=laid(pair.after) if pair else None,
        baseline=baseline,
        annotations=tuple(a for a in annotations.of_treatment(db, treatment.id) if a.view is view),
        care_withdrawn_at=consents.care_withdrawn_at(db, patient_id),
        unread_by_clinic=unread,
        for_teaching=frozenset(e.id for e in taken if is_given(decided, Purpose.TEACHING, e.id)),
    )


def _treatment(db: Database, patient_id: str, asked: Asked, now: datetime) -> Treatment | None:
    for photo_id in filter(None, (asked.after, asked.before)):
        photo = photos.get(db, photo_id)
        if photo is not None and photo.patient_id == patient_id:
            return treatments.get(db, photo.treatment_id)
    return treatments.current(db, patient_id, now)
