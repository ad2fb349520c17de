"""Records of three courses made of stored facts, for tests of what leaves the clinic."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from tests.tracker.courses_of_readings import (
    TREATED_AT,
    Doublings,
    fading,
    focal,
    reading,
    rising_again,
    treatment,
    with_focal,
)
from tracker.domain.course.outlines import Marking, Outlines
from tracker.domain.course.photos import Photo, PhotoRole, PhotoStatus, SkinState, View
from tracker.domain.course.procedures import Ending, Procedure, Product, ProductUse
from tracker.domain.course.readings import Estimate, Reading
from tracker.domain.course.treatments import Region, Setting, Treatment
from tracker.domain.people.people import Person, Risk, Role
from tracker.domain.record.record import CourseRecord, PatientRecord

NOW = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
DANA = Person("dana", Role.PRACTITIONER, "Dr Dana", "dana@clinic.example", "Europe/Berlin")
DEVICE = Procedure(
    device="Dermapen",
    maker="Acme",
    passes=3,
    products=(
        Product("Lidocaine 4 %", ProductUse.NUMBING, "L-17"),
        Product("Hyaluronic acid", ProductUse.DURING),
    ),
    performed_by="Dr Dana",
)
SQUARE = ((0.3, 0.4), (0.4, 0.4), (0.4, 0.5))


def photo(
    of: Treatment, day: float, status: PhotoStatus = PhotoStatus.MEASURED, view: View = View.FRONT
) -> Photo:
    """A photo taken so many days after the treatment."""
    at = of.performed_at + timedelta(days=day)
    return Photo(
        id=f"photo-{day}",
        treatment_id=of.id,
        patient_id=of.patient_id,
        role=PhotoRole.BASELINE if day < 0 else PhotoRole.FOLLOW_UP,
        status=status,
        taken_at=at,
        received_at=at + timedelta(minutes=1),
        skin_state=SkinState.MAKE_UP if day > 5 else SkinState.CLEAN,
        faults=("too_blurred",) if status is PhotoStatus.UNMEASURABLE else (),
        view=view,
    )


def course_of(done: Treatment, days: Iterable[float], redness: Doublings = fading) -> CourseRecord:
    """A course with a photo from before and one on each of the days, all measured."""
    taken = tuple(photo(done, day) for day in (-0.1, *days))
    return CourseRecord(
        treatment=done,
        photos=taken,
        readings=tuple(reading(day, redness) for day in days),
    )


def record_of(patient: Person, *courses: CourseRecord) -> PatientRecord:
    """A patient of Dr Dana with these courses."""
    return PatientRecord(
        patient=patient,
        people={DANA.id: DANA, patient.id: patient},
        team=(DANA,),
        courses=courses,
    )


def person(name: str, **known: object) -> Person:
    """A patient in Berlin."""
    email = f"{name.lower()}@clinic.example"
    alone = Person(name.lower(), Role.PATIENT, name, email, "Europe/Berlin")
    return replace(alone, **known)  # type: ignore[arg-type]


def alice() -> PatientRecord:
    """Microneedling whose left cheek reddens again; treated skin was drawn, a side view kept."""
    patient = person(
        "Alice", skin_type=2, history=frozenset({Risk.COLD_SORES}), birth_date=date(1985, 4, 23)
    )
    done = replace(treatment(), patient_id=patient.id, procedure=DEVICE)
    course = course_of(done, (1.05, 6.05), rising_again)
    drawn = Marking(1, Outlines(treated=(SQUARE,)), TREATED_AT, DANA.name)
    side = photo(done, 1.1, PhotoStatus.KEPT, View.LEFT)
    blurred = photo(done, 2.05, PhotoStatus.UNMEASURABLE)
    return record_of(
        patient,
        replace(
            course,
            photos=(*course.photos, side, blurred),
            readings=(course.readings[0], _spotted(course.readings[1])),
            markings={course.photos[0].id: (drawn,)},
        ),
    )


def _spotted(read: Reading) -> Reading:
    """Spots on the left cheek, which is redder than the right one."""
    seen = focal(0.3, redder=(4, 0.1), darker=(1, 0.02))
    return with_focal(read, Region.LEFT_CHEEK, seen, Estimate(0.8, 0.1))


def bea() -> PatientRecord:
    """A deep peel on dark skin that was ended early, with a record number of the clinic."""
    patient = person("Bea", skin_type=6, record_number="K-17")
    ending = Ending(TREATED_AT + timedelta(days=4), DANA.id, "moved away")
    done = replace(
        treatment(),
        id="peel",
        patient_id=patient.id,
        kind="chemical_peel",
        variant="deep",
        needle_depth_mm=None,
        areas=frozenset({Region.FOREHEAD, Region.NOSE}),
        ending=ending,
    )
    return record_of(patient, course_of(done, (2.05,)))


def cem() -> PatientRecord:
    """A home roller of unknown depth, one course withdrawn, and one planned."""
    patient = person("Cem")
    done = replace(
        treatment(),
        id="rolled",
        patient_id=patient.id,
        kind="home_roller",
        needle_depth_mm=None,
        setting=Setting.HOME,
    )
    mistake = Ending(TREATED_AT, DANA.id, "another patient", is_mistake=True)
    withdrawn = replace(done, id="withdrawn", ending=mistake)
    planned = replace(done, id="planned", performed_at=NOW + timedelta(days=3))
    return record_of(
        patient, course_of(done, (3.05,)), CourseRecord(withdrawn), CourseRecord(planned)
    )


SAMPLES = (alice(), bea(), cem())
