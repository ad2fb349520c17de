"""Which side of the photo from before is left, on rendered faces whose truth is known."""

import io
from dataclasses import replace
from datetime import timedelta
from importlib.resources import files
from pathlib import Path

import pytest
from PIL import Image, ImageOps
from sqlite_utils import Database

from tests.conftest import TREATED_AT, Cast
from tests.tracker.actions.pictures import Answering, analysed
from tests.tracker.actions.test_draw_areas import RIGHT_CHEEK, Here
from tests.tracker.actions.test_measure_photos import keep
from tests.tracker.courses_of_readings import reading
from tracker.actions.course.measuring import measure_photos
from tracker.actions.course.sides import SidesKept, SidesRefused, answer_sides, show_sides
from tracker.actions.own_data.deciding import decide_consent
from tracker.domain.alerts.alert_life import Step
from tracker.domain.alerts.alerts import Alert, Concern, Factor, Level, Outcome, Source
from tracker.domain.clinic.audit import Act, Search
from tracker.domain.course.outlines import Outlines
from tracker.domain.course.photos import FileFault, Photo, PhotoRole, Sides
from tracker.domain.course.readings import Reading
from tracker.domain.course.sides import Obstacle, Said, SaidBy
from tracker.domain.course.treatments import Region
from tracker.domain.own_data.consents import CareWithdrawn, Consent, Decision, Purpose
from tracker.domain.people.people import Person
from tracker.storage.alerts import alert_history, alerts
from tracker.storage.clinic import audit_log
from tracker.storage.connection import writing
from tracker.storage.course import outlines, photos, readings, sides
from tracker.storage.mail import mails
from tracker.wires.photo_files import Picture
from tracker.world import World

SAMPLES = Path(str(files("sample_images")))
DARK = SAMPLES / "infection_type_6"
NOW = TREATED_AT + timedelta(days=8)
LEFT, RIGHT = Region.LEFT_CHEEK, Region.RIGHT_CHEEK


def mirrored(path: Path) -> bytes:
    """The photo as a front camera stores it that is set so."""
    out = io.BytesIO()
    with Image.open(path) as picture:
        ImageOps.mirror(picture).save(out, "JPEG", quality=95, subsampling=0)
    return out.getvalue()


@pytest.fixture
def before(db: Database, world: World, cast: Cast) -> Photo:
    """Alice's photo from before, a mirror image; nothing in it says so."""
    photo = keep(db, world, cast, "baseline", PhotoRole.BASELINE)
    world.files.save(photo.id, Picture.PHOTO, mirrored(DARK / "baseline-1.jpg"))
    return photo


def say(
    db: Database, cast: Cast, photo_id: str, said: Said, by: Person | None = None, known: int = -1
) -> object:
    known = len(sides.of_photo(db, photo_id)) if known < 0 else known
    alice = cast.alice
    return answer_sides(db, alice.id, photo_id, said, by or alice, NOW, known=known)


def gap(reading: Reading) -> float:
    """The redness of the left cheek minus that of the right."""
    return reading.regions[LEFT].redness.value - reading.regions[RIGHT].redness.value


def test_an_infection_of_the_left_cheek_is_left_once_the_patient_has_answered(
    db: Database, world: World, cast: Cast, before: Photo
) -> None:
    """The infected cheek is in the left half of the mirror image, and what is drawn stays on it."""
    drawn = Outlines(treated=(RIGHT_CHEEK,))
    with writing(db):
        outlines.insert(db, before.id, drawn, cast.dana.id, NOW)
        db.execute("UPDATE photos SET status = 'kept' WHERE id = ?", [before.id])
    day = keep(db, world, cast, "day")
    world.files.save(day.id, Picture.PHOTO, (DARK / "d07.jpg").read_bytes())

    def measured() -> Reading:
        measure_photos(db, world.files, Here(), NOW)
        return readings.of_treatment(db, cast.treatment.id)[-1]

    plain = measured()
    assert gap(plain) < -0.5
    assert (plain.is_mirrored, plain.is_turned) == (True, False)
    assert say(db, cast, before.id, Said.MIRRORED) == SidesKept(photos=1)
    assert readings.of_treatment(db, cast.treatment.id) == []
    turned = measured()
    assert gap(turned) > 0.5
    assert (turned.is_mirrored, turned.is_turned) == (False, True)
    face, before_face = (each.regions[Region.FACE].redness.value for each in (turned, plain))
    assert face == pytest.approx(before_face, abs=0.1)


def test_the_marks_are_on_both_cheeks_of_the_file(
    db: Database, world: World, before: Photo
) -> None:
    cheeks = show_sides(db, world.files, before).cheeks
    assert cheeks is not None
    width, height = cheeks.size
    assert 0.2 < cheeks.left[0] / width < 0.45
    assert 0.55 < cheeks.right[0] / width < 0.8
    assert all(0.4 < y / height < 0.65 for _, y in (cheeks.left, cheeks.right))
    world.files.delete(before.id)
    assert show_sides(db, world.files, before).cheeks is None


@pytest.fixture
def course(db: Database, world: World, cast: Cast) -> Photo:
    """A measured course of two photos; their values come from no picture."""
    photo = keep(db, world, cast, "baseline", PhotoRole.BASELINE)
    keep(db, world, cast, "day")
    measure_photos(db, world.files, Answering(), NOW)
    return photo


def an_alert(db: Database, cast: Cast, **values: object) -> Alert:
    alert = Alert(
        id="a",
        patient_id=cast.alice.id,
        treatment_id=cast.treatment.id,
        concern=Concern.INFECTION,
        level=Level.URGENT,
        raised_at=NOW - timedelta(hours=3),
        probability=0.97,
        onset_day=4.0,
        regions=(LEFT,),
        evidence=(
            Factor("second rise, left cheek, since day 4", 14.0, Source.PHOTOS),
            Factor("answered: the left cheek hurts", 3.0, Source.ANSWERS),
        ),
        photo_id="day",
        engine="1",
        protocol="microneedling 1",
    )
    alert = replace(alert, **values)  # type: ignore[arg-type]
    with writing(db):
        alerts.save(db, alert)
    return alert


def found(db: Database) -> Alert:
    alert = alerts.get(db, "a")
    assert alert is not None
    return alert


SEEN = {"seen_at": NOW - timedelta(hours=1), "read_at": NOW - timedelta(hours=2)}
CLOSED = {**SEEN, "resolved_at": NOW - timedelta(minutes=30)}


@pytest.mark.parametrize(
    "state",
    [{}, SEEN, {**SEEN, "snoozed_until": NOW + timedelta(days=3)}],
    ids=["new", "seen", "snoozed"],
)
def test_an_open_alert_names_the_other_side_at_once_says_so_and_asks_again(
    db: Database, cast: Cast, course: Photo, state: dict[str, object]
) -> None:
    an_alert(db, cast, **state)
    say(db, cast, course.id, Said.MIRRORED)
    alert = found(db)
    assert alert.regions == (RIGHT,)
    assert [factor.what for factor in alert.evidence] == [
        "second rise, right cheek, since day 4",
        "answered: the left cheek hurts",  # what a person says is never turned
    ]
    assert alert.needs_answer
    assert alert.raised_at == NOW
    step = alert_history.of_alert(db, alert.id)[-1]
    assert (step.step, step.by) == (Step.RELABELLED, cast.alice.id)
    assert step.why == (
        "left cheek is now right cheek: the patient says that the photo from before is a mirror"
        " image"
    )
    (mail,) = mails.of_recipient(db, cast.dana.id)
    assert mail.alert_ids == (alert.id,)
    say(db, cast, course.id, Said.UNSURE)
    assert found(db).regions == (LEFT,)


@pytest.mark.parametrize(
    ("outcome", "is_open_again"),
    [(Outcome.FALSE, True), (Outcome.UNCLEAR, True), (Outcome.TRUE, False), (None, False)],
)
def test_a_verdict_about_the_wrong_side_is_asked_for_again(
    db: Database, cast: Cast, course: Photo, outcome: Outcome | None, *, is_open_again: bool
) -> None:
    an_alert(db, cast, outcome=outcome, **CLOSED)
    say(db, cast, course.id, Said.MIRRORED)
    alert = found(db)
    assert alert.needs_answer is is_open_again
    assert alert.regions == (RIGHT,)
    assert alert.outcome is (None if is_open_again else outcome)
    assert alert_history.of_alert(db, alert.id)[-1].step is Step.RELABELLED
    assert len(mails.of_recipient(db, cast.dana.id)) == is_open_again


@pytest.mark.parametrize("regions", [(), (Region.FACE,), (LEFT, RIGHT), (Region.NOSE,)])
def test_an_alert_that_names_no_side_is_left_alone(
    db: Database, cast: Cast, course: Photo, regions: tuple[Region, ...]
) -> None:
    an_alert(db, cast, regions=regions, **SEEN)
    say(db, cast, course.id, Said.MIRRORED)
    assert frozenset(found(db).regions) == frozenset(regions)
    assert not found(db).needs_answer
    assert alert_history.of_alert(db, "a") == []


@pytest.mark.parametrize("said", [Said.PLAIN, Said.UNSURE, Said.LATER])
def test_an_answer_that_turns_nothing_measures_nothing_and_leaves_alerts_alone(
    db: Database, cast: Cast, course: Photo, said: Said
) -> None:
    alert = an_alert(db, cast, **SEEN)
    assert say(db, cast, course.id, said) == SidesKept(0)
    assert found(db) == alert
    assert len(readings.of_treatment(db, cast.treatment.id)) == 2


def test_answers_are_in_the_audit_log_and_what_was_put_off_is_not(
    db: Database, cast: Cast, course: Photo
) -> None:
    say(db, cast, course.id, Said.LATER)
    say(db, cast, course.id, Said.MIRRORED)
    say(db, cast, course.id, Said.PLAIN, cast.dana)
    told = list(audit_log.search(db, Search(act=Act.SIDES_SAID)))
    assert {(each.by, each.about, each.details) for each in told} == {
        (cast.alice.id, cast.alice.id, "the photo from before is a mirror image"),
        (cast.dana.id, cast.alice.id, "the photo from before is not a mirror image"),
    }


def test_the_same_answer_sent_twice_counts_once_and_another_one_from_an_old_page_is_refused(
    db: Database, cast: Cast, course: Photo
) -> None:
    assert say(db, cast, course.id, Said.MIRRORED, known=0) == SidesKept(2)
    assert say(db, cast, course.id, Said.MIRRORED, known=0) == SidesKept(0)
    assert say(db, cast, course.id, Said.PLAIN, known=0) == SidesRefused(Obstacle.MEANWHILE)
    assert say(db, cast, course.id, Said.PLAIN, known=1) == SidesKept(0)  # both wait already
    assert [each.said for each in sides.of_photo(db, course.id)] == [Said.MIRRORED, Said.PLAIN]


@pytest.mark.parametrize(
    ("hours", "kept"), [(1, 1), (2, 2), (22, 2)], ids=["same evening", "past midnight", "next day"]
)
def test_not_now_is_kept_once_a_day_of_the_patient(
    db: Database, cast: Cast, course: Photo, hours: int, kept: int
) -> None:
    evening = TREATED_AT.replace(hour=21, minute=30)  # half past ten in Berlin
    for at in (evening, evening + timedelta(hours=hours)):
        known = len(sides.of_photo(db, course.id))
        alice = cast.alice
        answer_sides(db, alice.id, course.id, Said.LATER, alice, at, known=known)
    assert len(sides.of_photo(db, course.id)) == kept


def test_the_clinic_is_not_overruled_by_the_patient(
    db: Database, cast: Cast, course: Photo
) -> None:
    say(db, cast, course.id, Said.PLAIN, cast.dana)
    assert say(db, cast, course.id, Said.MIRRORED) == SidesRefused(Obstacle.SETTLED)
    say(db, cast, course.id, Said.UNSURE, cast.dana)  # the clinic takes it back
    assert say(db, cast, course.id, Said.MIRRORED) == SidesKept(2)
    say(db, cast, course.id, Said.PLAIN, cast.dana)
    kept = photos.get(db, course.id)
    assert kept is not None
    assert kept.sides is Sides.PLAIN


def test_a_photo_that_shows_it_takes_no_answer(db: Database, cast: Cast, course: Photo) -> None:
    db.execute("UPDATE photos SET sides = 'sure' WHERE id = ?", [course.id])
    for by in (cast.alice, cast.dana):
        assert say(db, cast, course.id, Said.MIRRORED, by) == SidesRefused(Obstacle.SURE)


def test_only_the_photo_that_counts_takes_an_answer(
    db: Database, world: World, cast: Cast, course: Photo
) -> None:
    other = keep(db, world, cast, "second", PhotoRole.BASELINE)
    for photo_id in (other.id, "day", "no such photo"):
        refused = answer_sides(db, cast.alice.id, photo_id, Said.MIRRORED, cast.alice, NOW, known=0)
        assert refused == SidesRefused(Obstacle.NOT_THE_REFERENCE)
    theirs = answer_sides(db, cast.bob.id, course.id, Said.MIRRORED, cast.bob, NOW, known=0)
    assert theirs == SidesRefused(Obstacle.NOT_THE_REFERENCE)
    with writing(db):
        photos.record_file_fault(db, course, FileFault.DAMAGED)  # now the other one counts
    assert say(db, cast, course.id, Said.MIRRORED) == SidesRefused(Obstacle.NOT_THE_REFERENCE)
    assert say(db, cast, other.id, Said.MIRRORED) == SidesKept(0)
    assert outlines.basis_of(db, other, other.id).is_turned


def test_who_withdrew_consent_keeps_the_readings_there_are(
    db: Database, cast: Cast, course: Photo
) -> None:
    decide_consent(db, cast.alice.id, Consent(Purpose.CARE, Decision.WITHDRAWN, NOW))
    assert say(db, cast, course.id, Said.MIRRORED) == CareWithdrawn()
    assert len(readings.of_treatment(db, cast.treatment.id)) == 2


def test_a_result_measured_while_the_answer_came_is_dropped(
    db: Database, world: World, cast: Cast, course: Photo
) -> None:
    day = keep(db, world, cast, "later")
    seen: list[object] = []

    class Meanwhile(Answering):
        def submit(self, fn, /, *args, **kwargs):  # type: ignore[no-untyped-def]
            seen.append(kwargs["is_turned"])
            if len(seen) == 1:
                say(db, cast, course.id, Said.MIRRORED)
            return super().submit(fn, *args, **kwargs)

    measure_photos(db, world.files, Meanwhile(), NOW)
    assert day.id not in {r.photo_id for r in readings.of_treatment(db, cast.treatment.id)}
    measure_photos(db, world.files, Meanwhile(), NOW)
    assert seen == [False, True, True, True]
    assert all(r.is_turned for r in readings.of_treatment(db, cast.treatment.id))


@pytest.mark.parametrize("is_mirrored", [False, True])
@pytest.mark.parametrize("said", [None, Said.PLAIN, Said.MIRRORED, Said.UNSURE])
@pytest.mark.parametrize("by", [SaidBy.PATIENT, SaidBy.CLINIC])
def test_a_later_photo_whose_sides_are_sure_decides_unless_the_clinic_has(
    db: Database,
    world: World,
    cast: Cast,
    course: Photo,
    *,
    is_mirrored: bool,
    said: Said | None,
    by: SaidBy,
) -> None:
    if said is not None:
        say(db, cast, course.id, said, cast.dana if by is SaidBy.CLINIC else cast.alice)
    measure_photos(db, world.files, Answering(), NOW)
    is_turned = said is Said.MIRRORED
    day = keep(db, world, cast, "later")
    db.execute("UPDATE photos SET sides = 'sure' WHERE id = ?", [day.id])
    seen = analysed(replace(reading(1.0), is_mirrored=is_mirrored is not is_turned))
    measure_photos(db, world.files, Answering(seen), NOW)
    shown = Sides.MIRRORED if is_mirrored else Sides.PLAIN
    is_known = said in {Said.PLAIN, Said.MIRRORED}
    kept = photos.get(db, course.id)
    assert kept is not None
    if by is SaidBy.CLINIC and is_known:
        assert kept.sides == str(said)
    else:
        assert kept.sides is shown
        assert kept.is_mirrored is outlines.basis_of(db, day, course.id).is_turned
        if shown != str(said):
            assert sides.of_photo(db, course.id)[-1].said_by is SaidBy.PHOTOS


def test_photos_that_contradict_each_other_do_not_turn_the_course_over_and_over(
    db: Database, world: World, cast: Cast, course: Photo
) -> None:
    for name in ("one", "other"):
        keep(db, world, cast, name)
    db.execute("UPDATE photos SET sides = 'sure' WHERE id IN ('one', 'other')")
    mirrored, plain = (analysed(replace(reading(1.0), is_mirrored=m)) for m in (True, False))
    rounds = 0
    while measure_photos(db, world.files, Answering(mirrored, plain, mirrored, plain), NOW):
        rounds += 1
        assert rounds < 5
    assert len(sides.of_photo(db, course.id)) == 1


@pytest.mark.parametrize(("sides_of_day", "is_mirrored"), [("unknown", True), ("sure", None)])
def test_a_later_photo_that_is_not_sure_itself_decides_nothing(
    db: Database,
    world: World,
    cast: Cast,
    course: Photo,
    *,
    sides_of_day: str,
    is_mirrored: bool | None,
) -> None:
    day = keep(db, world, cast, "later")
    db.execute("UPDATE photos SET sides = ? WHERE id = ?", [sides_of_day, day.id])
    seen = analysed(replace(reading(1.0), is_mirrored=is_mirrored))
    measure_photos(db, world.files, Answering(seen), NOW)
    assert sides.of_photo(db, course.id) == []
