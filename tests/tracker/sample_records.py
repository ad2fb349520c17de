"""Records of three courses made of stored facts, for tests of what leaves the clinic."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.tracker.courses_of_readings import (
    CALM,
    TREATED_AT,
    Doublings,
    check_in,
    fading,
    focal,
    reading,
    rising_again,
    treatment,
    with_focal,
)
from tracker.domain.alerts.alert_life import Step, Transition
from tracker.domain.alerts.alerts import Alert, Concern, Factor, Level, Outcome, Source
from tracker.domain.course.annotations import Annotation, Drawing, Shape, Version
from tracker.domain.course.check_ins import Trend
from tracker.domain.course.outlines import Marking, Outlines
from tracker.domain.course.photos import Photo, PhotoRole, PhotoStatus, SkinState, View
from tracker.domain.course.procedures import Ending, Procedure, Product, ProductUse
from tracker.domain.course.readings import Estimate, Reading
from tracker.domain.course.treatments import Correction, Region, Setting, Treatment
from tracker.domain.own_data.consents import Consent, Decision, Purpose
from tracker.domain.people.people import Person, Risk, Role
from tracker.domain.protocols.aftercare import OwnLine
from tracker.domain.protocols.care import Heading
from tracker.domain.protocols.screening import Edition, Screening
from tracker.domain.record.record import CourseRecord, PatientRecord
from tracker.domain.talk.conversation import Message, Receipt
from tracker.domain.talk.notes import Note, NoteText, NoteVersion

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
    """Microneedling whose left cheek reddens again, with all that can be kept about it.

    An alert about it was opened, read, seen and is open again: the answer was taken back.
    """
    patient = person(
        "Alice", skin_type=2, history=frozenset({Risk.COLD_SORES}), birth_date=date(1985, 4, 23)
    )
    done = replace(treatment(), patient_id=patient.id, procedure=DEVICE)
    course = course_of(done, (1.05, 6.05), rising_again)
    drawn = Marking(1, Outlines(treated=(SQUARE,)), TREATED_AT, DANA.name)
    side = photo(done, 1.1, PhotoStatus.KEPT, View.LEFT)
    blurred = photo(done, 2.05, PhotoStatus.UNMEASURABLE)
    asked = {"pregnancy": False, "cold_sores": True}
    course = replace(
        course,
        photos=(*course.photos, side, blurred),
        readings=(course.readings[0], _spotted(course.readings[1])),
        markings={course.photos[0].id: (drawn,)},
        annotations=(_annotation("photo-6.05"),),
        check_ins=tuple(
            replace(each, treatment_id=done.id, patient_id=patient.id)
            for each in (check_in(1.05, CALM), check_in(6.05, WORSE))
        ),
        alerts=(_alert(done, Concern.INFECTION, Level.URGENT),),
        steps={"alert-infection": tuple(map(_step, STEPS))},
        screenings=(Edition(Screening(asked, TREATED_AT, DANA.id), DANA.name),),
        corrections=(Correction(done, TREATED_AT, DANA.name, "wrong depth"),),
    )
    return replace(record_of(patient, course), **_talk(patient), consents=CONSENTS)


def _talk(patient: Person) -> dict[str, Any]:
    """What was written to and about the patient."""
    answer = Message("m2", patient.id, DANA.id, DANA.name, NOW, "Please call us.", False)
    read = Receipt(patient.id, patient.name, NOW)
    return {
        "said": (
            Message("m1", patient.id, patient.id, patient.name, NOW, "Is this normal?", True),
            replace(answer, receipts=(read,)),
        ),
        "notes": (_note("n1", "Nervous"), _note("n2", "Meant for Bob", withdrawn=True)),
        "care_lines": tuple(
            (OwnLine(id_, patient.id, heading, words, DAY, DAY, DANA.id, NOW), ended)
            for id_, heading, words, ended in (
                ("l-avoid", Heading.AVOID, "No swimming", None),
                ("l-do", Heading.DO, "Cool the left cheek", NOW),
                ("l-call-us", Heading.CALL_US, "Call if it spreads", None),
            )
        ),
    }


CONSENTS = (
    Consent(Purpose.CARE, Decision.GIVEN, TREATED_AT),
    Consent(Purpose.RESEARCH, Decision.GIVEN, TREATED_AT),
    Consent(Purpose.RESEARCH, Decision.WITHDRAWN, NOW),
    Consent(Purpose.TEACHING, Decision.GIVEN, NOW, "photo-1.05"),
)
DAY = date(2026, 3, 9)
WORSE = replace(CALM, pain=6, pus=True, hives=None, trend=Trend.WORSE, note="It burns")
STEPS: tuple[tuple[Step, str | None, str], ...] = (
    (Step.OPENED, None, "the left cheek is redder"),
    (Step.READ, DANA.id, ""),
    (Step.SEEN, DANA.id, ""),
    (Step.TAKEN_BACK, DANA.id, "answered the wrong one"),
)


def _step(told: tuple[Step, str | None, str]) -> Transition:
    step, by, why = told
    at = TREATED_AT + timedelta(days=6, minutes=STEPS.index(told))
    return Transition("alert-infection", step, at, by, why, Level.URGENT, "4", "microneedling 1")


def _alert(of: Treatment, concern: Concern, level: Level) -> Alert:
    return Alert(
        id=f"alert-{concern}",
        patient_id=of.patient_id,
        treatment_id=of.id,
        concern=concern,
        level=level,
        raised_at=TREATED_AT + timedelta(days=6),
        probability=0.81,
        onset_day=4.5,
        regions=(Region.LEFT_CHEEK,),
        evidence=(
            Factor("answered: pus or yellow crust", 40.0, Source.RED_FLAG),
            Factor("the left cheek is redder than its neighbours", 3.0, Source.PHOTOS),
        ),
        photo_id="photo-6.05" if concern is Concern.INFECTION else None,
        engine="4",
        protocol="microneedling 1",
    )


def _note(id_: str, text: str, *, withdrawn: bool = False) -> Note:
    version = NoteVersion(1, NoteText(text, is_pinned=False), DANA.id, DANA.name, NOW, withdrawn)
    return Note(id_, "alice", (version,))


def _annotation(photo_id: str) -> Annotation:
    drawing = Drawing(Shape.CIRCLE, ((0.3, 0.4), (0.4, 0.4)), "Crust")
    version = Version(1, drawing, DANA.id, DANA.name, NOW, is_withdrawn=False)
    return Annotation("drawn", photo_id, View.FRONT, (version,))


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
    darker = replace(
        _alert(done, Concern.HYPERPIGMENTATION, Level.REVIEW),
        seen_at=NOW,
        seen_by=DANA.id,
        resolved_at=NOW,
        outcome=Outcome.FALSE,
    )
    silent = replace(_alert(done, Concern.SILENCE, Level.WATCH), evidence=(), regions=())
    resolved = Transition(
        darker.id, Step.RESOLVED, NOW, DANA.id, "", Level.REVIEW, "4", "chemical_peel 1"
    )
    course = replace(
        course_of(done, (2.05,)),
        alerts=(darker, silent),
        steps={darker.id: (resolved,), silent.id: ()},
    )
    return record_of(patient, course)


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
