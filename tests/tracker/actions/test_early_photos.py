"""Photos that come before the treatment is entered, and what they become when it is."""

import hashlib
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from importlib.resources import files
from pathlib import Path

import pytest
from PIL import Image
from sqlite_utils import Database

from analysis.quality import Quality
from tests.conftest import PROTOCOLS, TREATED_AT, Cast
from tests.tracker.actions.pictures import Answering
from tests.tracker.courses_of_readings import fading, reading
from tracker.actions.course.arriving import reached
from tracker.actions.course.measuring import measure_photos
from tracker.actions.course.pictures import show_picture
from tracker.actions.course.receiving import (
    Accepted,
    AlreadyReceived,
    Early,
    NoTreatment,
    Refused,
    receive_photo,
)
from tracker.actions.course.treatments import (
    Withdrawn,
    begin_treatment,
    correct_treatment,
    resume_treatment,
    withdraw_treatment,
)
from tracker.domain.course.annotations import Drawing, Shape
from tracker.domain.course.outlines import Basis
from tracker.domain.course.photo_times import OLDEST_BASELINE, role_once_treated
from tracker.domain.course.photos import (
    EarlyPhoto,
    Photo,
    PhotoRole,
    PhotoStatus,
    Sides,
    SkinState,
    Upload,
    View,
)
from tracker.domain.course.procedures import Ending
from tracker.domain.course.treatments import AREAS, Treatment
from tracker.domain.own_data.consents import CareWithdrawn, Consent, Decision, Purpose
from tracker.storage.connection import writing
from tracker.storage.course import annotations, early_photos, photos, readings, treatments
from tracker.storage.own_data import consents
from tracker.storage.people import people
from tracker.wires.photo_files import PhotoFiles, Picture
from tracker.wires.upload_parts import Arriving
from tracker.world import World

FACE = Path(str(files("sample_images"))) / "normal_type_2" / "baseline-1.jpg"
HOUR = timedelta(hours=1)

Send = Callable[..., object]


@pytest.fixture
def send(
    db: Database, world: World, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., object]:
    """Sends a photo as Bob, whom Dr Dana will treat; its pixels are good."""
    good = Quality(faults=(), warnings=(), face=None)
    monkeypatch.setattr("tracker.actions.course.receiving.judge_photo", lambda *_: good)
    with writing(db):
        people.add_to_care(db, cast.dana.id, cast.bob.id)

    def receive(now: datetime, *, other: int = 0, **words: object) -> object:
        upload = Upload(without_notes(90 - other), PhotoRole.BASELINE, **words)  # type: ignore[arg-type]
        return receive_photo(db, world.files, cast.bob.id, upload, now)

    return receive


def without_notes(quality: int) -> bytes:
    """The face, in a file that does not say when it was taken."""
    out = io.BytesIO()
    Image.open(FACE).save(out, "JPEG", quality=quality)
    return out.getvalue()


def enter(db: Database, cast: Cast, at: datetime = TREATED_AT) -> Treatment:
    return begin_treatment(
        db, PROTOCOLS, replace(cast.treatment, patient_id=cast.bob.id, performed_at=at)
    )


def course(db: Database, treatment: Treatment) -> list[Photo]:
    return photos.of_treatment(db, treatment.id)


def test_a_photo_that_comes_first_becomes_the_baseline(
    db: Database, world: World, cast: Cast, send: Send
) -> None:
    early = send(TREATED_AT - HOUR, is_fresh=True)
    assert isinstance(early, Early)
    treatment = enter(db, cast)
    (photo,) = course(db, treatment)
    assert (photo.id, photo.role, photo.status) == (
        early.photo.id,
        PhotoRole.BASELINE,
        PhotoStatus.WAITING,
    )
    assert photos.baseline(db, treatment.id) == photo
    assert world.files.load(photo.id, Picture.PHOTO)
    assert early_photos.of_patient(db, cast.bob.id) == []


def test_a_photo_that_was_opened_stays_opened_when_a_treatment_takes_it(
    db: Database, world: World, cast: Cast, send: Send
) -> None:
    first, second = (send(TREATED_AT + HOUR, other=n, is_fresh=True) for n in range(2))
    assert isinstance(first, Early)
    assert isinstance(second, Early)
    who, now = (cast.dana.id, cast.bob.id), TREATED_AT + HOUR
    show_picture(db, world.files, *who, first.photo.id, Picture.PHOTO, now)
    assert [each.id for each in early_photos.unseen(db, cast.bob.id)] == [second.photo.id]
    enter(db, cast)
    assert [each.id for each in photos.unseen(db, cast.bob.id)] == [second.photo.id]


def test_a_photo_of_treated_skin_never_becomes_the_baseline(
    db: Database, cast: Cast, send: Send
) -> None:
    fresh = send(TREATED_AT + HOUR, is_fresh=True)
    undated = send(TREATED_AT + HOUR, other=1)
    assert isinstance(fresh, Early)
    assert isinstance(undated, Early)
    treatment = enter(db, cast)
    (photo,) = course(db, treatment)
    assert (photo.id, photo.role) == (fresh.photo.id, PhotoRole.FOLLOW_UP)
    assert photos.baseline(db, treatment.id) is None
    assert early_photos.of_patient(db, cast.bob.id) == [undated.photo]


def test_one_that_nothing_dates_is_asked_for_and_taken_when_the_person_dates_it(
    db: Database, cast: Cast, send: Send
) -> None:
    send(TREATED_AT + HOUR)
    treatment = enter(db, cast)
    assert isinstance(send(TREATED_AT + 2 * HOUR), Refused)
    sent = send(TREATED_AT + 2 * HOUR, taken_at=TREATED_AT - HOUR)
    assert isinstance(sent, Accepted)
    assert photos.baseline(db, treatment.id) == sent.photo
    assert early_photos.of_patient(db, cast.bob.id) == []


def test_a_corrected_time_decides_again_about_what_waits(
    db: Database, cast: Cast, send: Send
) -> None:
    early = send(TREATED_AT)
    assert isinstance(early, Early)
    treatment = enter(db, cast, TREATED_AT - HOUR)
    assert course(db, treatment) == []
    later = replace(treatment, performed_at=TREATED_AT + HOUR)
    now = TREATED_AT + 2 * HOUR
    correct_treatment(db, PROTOCOLS, later, cast.dana.id, "mistyped", now, planned=False, known=0)
    assert [photo.id for photo in course(db, treatment)] == [early.photo.id]


def test_a_photo_that_came_after_one_treatment_is_never_the_reference_of_the_next(
    db: Database, cast: Cast, send: Send
) -> None:
    inflamed = send(TREATED_AT + 3 * HOUR)
    assert isinstance(inflamed, Early)
    enter(db, cast)
    second = enter(db, cast, TREATED_AT + timedelta(days=28))
    assert course(db, second) == []
    assert early_photos.of_patient(db, cast.bob.id) == [inflamed.photo]


def test_a_treatment_that_was_entered_by_mistake_holds_no_photo_back(
    db: Database, cast: Cast, send: Send
) -> None:
    early = send(TREATED_AT)
    assert isinstance(early, Early)
    mistaken = enter(db, cast, TREATED_AT - HOUR)
    with writing(db):
        ending = Ending(TREATED_AT, cast.dana.id, "another patient", is_mistake=True)
        treatments.update(db, replace(mistaken, ending=ending))
    right = enter(db, cast, TREATED_AT + HOUR)
    assert [photo.id for photo in course(db, right)] == [early.photo.id]


def test_a_reference_that_a_corrected_time_brings_has_all_photos_measured_again(
    db: Database, cast: Cast, send: Send
) -> None:
    first = send(TREATED_AT)
    assert isinstance(first, Early)
    treatment = enter(db, cast, TREATED_AT - HOUR)
    before = send(TREATED_AT + HOUR, other=1, taken_at=TREATED_AT - 2 * HOUR)
    assert isinstance(before, Accepted)
    with writing(db):
        db.execute("UPDATE photos SET status = 'measured' WHERE id = ?", [before.photo.id])
    later, now = replace(treatment, performed_at=TREATED_AT + HOUR), TREATED_AT + 2 * HOUR
    correct_treatment(db, PROTOCOLS, later, cast.dana.id, "mistyped", now, planned=False, known=0)
    reference = photos.baseline(db, treatment.id)
    assert reference is not None
    assert reference.id == first.photo.id
    assert {photo.status for photo in course(db, treatment)} == {PhotoStatus.WAITING}


def test_the_same_photo_is_kept_once_before_and_after_the_treatment_is_entered(
    db: Database, cast: Cast, send: Send
) -> None:
    first, again = send(TREATED_AT - HOUR), send(TREATED_AT - HOUR)
    assert isinstance(first, Early)
    assert again == Early(first.photo, already=True)
    treatment = enter(db, cast)
    assert isinstance(send(TREATED_AT), AlreadyReceived)
    assert len(course(db, treatment)) == 1


def test_a_lost_photo_that_is_sent_again_is_restored(
    db: Database, world: World, cast: Cast, send: Send
) -> None:
    first = send(TREATED_AT - HOUR)
    assert isinstance(first, Early)
    stored = world.files.load(first.photo.id, Picture.PHOTO)
    sent = without_notes(90)
    upload = Arriving(len(sent), hashlib.sha256(sent).hexdigest())

    about = (cast.bob.id, PhotoRole.BASELINE, upload, TREATED_AT)
    asked = partial(reached, db, world.files, world.parts, *about)
    assert asked() == first.photo
    world.files.delete(first.photo.id)
    assert asked() == 0, "its parts may come"
    assert send(TREATED_AT - HOUR) == Early(first.photo), "it is no photo that is here already"
    assert world.files.load(first.photo.id, Picture.PHOTO) == stored
    treatment = enter(db, cast)
    world.files.delete(first.photo.id)
    assert isinstance(send(TREATED_AT), Accepted), "though nobody has noticed that it is lost"
    assert world.files.load(course(db, treatment)[0].id, Picture.PHOTO) == stored


def test_a_treatment_that_is_entered_meanwhile_gets_the_photo(
    db: Database, cast: Cast, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered: list[Treatment] = []
    save = PhotoFiles.save

    def slowly(files: PhotoFiles, photo_id: str, picture: Picture, data: bytes) -> None:
        entered.append(enter(db, cast))
        save(files, photo_id, picture, data)

    monkeypatch.setattr(PhotoFiles, "save", slowly)
    assert isinstance(send(TREATED_AT - HOUR), Early)
    assert len(course(db, entered[0])) == 1


def withdraw(db: Database, cast: Cast, treatment: Treatment, right: str | None = None) -> None:
    ending = Ending(TREATED_AT + 3 * HOUR, cast.dana.id, "It was the wrong page.")
    assert isinstance(withdraw_treatment(db, treatment.id, ending, right), Withdrawn)


def measure(db: Database, photo_id: str, baseline_id: str) -> None:
    """Put a reading on record as the worker does."""
    with writing(db):
        db.execute("UPDATE photos SET status = 'measured' WHERE id = ?", [photo_id])
        seen = replace(reading(1, fading), photo_id=photo_id)
        readings.insert(db, seen, Basis(baseline_id, frozenset(AREAS), None))


def test_photos_that_a_treatment_of_another_patient_took_wait_again(
    db: Database, world: World, cast: Cast, send: Send
) -> None:
    before, after = send(TREATED_AT - HOUR, is_fresh=True), send(TREATED_AT + HOUR / 2, other=1)
    dated = send(TREATED_AT + HOUR, other=2, is_fresh=True)
    early = [each.photo for each in (before, after, dated) if isinstance(each, Early)]
    now = TREATED_AT + HOUR
    show_picture(db, world.files, cast.dana.id, cast.bob.id, early[2].id, Picture.PHOTO, now)
    mistake = enter(db, cast)
    for photo in (early[0], early[2]):
        measure(db, photo.id, early[0].id)
    waited = early_photos.of_patient(db, cast.bob.id)
    withdraw(db, cast, mistake, cast.alice.id)
    assert photos.of_patient(db, cast.alice.id) == [], "it is another person’s skin"
    assert course(db, mistake) == []
    again = early_photos.of_patient(db, cast.bob.id)
    assert [each.id for each in again] == [each.id for each in early]
    assert [each.is_dated for each in again] == [True, False, True]
    assert [each.seen_at for each in again] == [None, None, now]
    assert waited == [early[1]]
    assert treatments.current(db, cast.bob.id, now) is None, "nothing hangs on it any more"
    assert photos.unknown_ids(db, {each.id for each in early}) == set(), "their files are kept"
    own = enter(db, cast)
    assert {each.id for each in course(db, own)} == {early[0].id, early[2].id}
    assert {each.status for each in course(db, own)} == {PhotoStatus.WAITING}


def test_they_go_over_to_a_treatment_of_their_own_patient_and_back_when_it_is_resumed(
    db: Database, cast: Cast, send: Send
) -> None:
    early = send(TREATED_AT - HOUR, is_fresh=True)
    assert isinstance(early, Early)
    mistake = enter(db, cast)
    own = enter(db, cast, TREATED_AT + HOUR)
    withdraw(db, cast, mistake)
    assert [each.id for each in course(db, own)] == [early.photo.id]
    withdraw(db, cast, own)
    assert resume_treatment(db, mistake.id, cast.dana.id, TREATED_AT + 4 * HOUR)
    assert [each.id for each in course(db, mistake)] == [early.photo.id]


def test_a_photo_stays_with_what_a_person_made_or_was_measured_against_it(
    db: Database, cast: Cast, send: Send
) -> None:
    before = send(TREATED_AT - HOUR, is_fresh=True)
    dated = send(TREATED_AT + HOUR, other=1, is_fresh=True)
    assert isinstance(before, Early)
    assert isinstance(dated, Early)
    mistake = enter(db, cast)
    for photo in (before.photo, dated.photo):
        measure(db, photo.id, before.photo.id)
    drawing = Drawing(Shape.POINT, ((0.5, 0.5),), "look here")
    with writing(db):
        annotations.add_version(db, "a", dated.photo.id, drawing, cast.dana.id, TREATED_AT)
    withdraw(db, cast, mistake)
    assert {each.id for each in course(db, mistake)} == {before.photo.id, dated.photo.id}
    assert len(readings.of_treatment(db, mistake.id)) == 2


def test_a_photo_that_went_back_while_it_was_measured_keeps_its_file(
    db: Database, world: World, cast: Cast, send: Send
) -> None:
    early = send(TREATED_AT - HOUR, is_fresh=True)
    assert isinstance(early, Early)
    mistake = enter(db, cast)

    class WithdrawnMeanwhile(Answering):
        def submit(self, *args, **kwargs):  # type: ignore[no-untyped-def]
            withdraw(db, cast, mistake)
            return super().submit(*args, **kwargs)

    assert measure_photos(db, world.files, WithdrawnMeanwhile(), TREATED_AT + HOUR) == []
    assert [each.id for each in early_photos.of_patient(db, cast.bob.id)] == [early.photo.id]
    assert world.files.load(early.photo.id, Picture.PHOTO)


def test_without_a_clinic_or_without_consent_nothing_is_kept(
    db: Database, world: World, cast: Cast, send: Send
) -> None:
    with writing(db):
        withdrawn = Consent(Purpose.CARE, Decision.WITHDRAWN, TREATED_AT - HOUR)
        consents.insert(db, cast.bob.id, withdrawn)
    assert isinstance(send(TREATED_AT), CareWithdrawn)
    upload = Upload(without_notes(90), PhotoRole.BASELINE)
    with writing(db):
        db.execute("DELETE FROM care_team WHERE patient_id = ?", [cast.bob.id])
    nothing = receive_photo(db, world.files, cast.bob.id, upload, TREATED_AT)
    assert isinstance(nothing, NoTreatment)
    assert early_photos.of_patient(db, cast.bob.id) == []


def test_files_of_waiting_photos_are_neither_swept_nor_left_out_of_backups(
    db: Database, send: Send
) -> None:
    early = send(TREATED_AT)
    assert isinstance(early, Early)
    assert photos.unknown_ids(db, {early.photo.id, "stray"}) == {"stray"}
    assert photos.all_ids(db) == [early.photo.id]


@pytest.mark.parametrize(
    ("taken", "came", "is_dated", "role"),
    [
        (-1, -1, False, PhotoRole.BASELINE),
        (-1, 1, False, None),
        (-1, 1, True, PhotoRole.BASELINE),
        (1, 1, True, PhotoRole.FOLLOW_UP),
        (1, 1, False, None),
        (-24 * 367, -1, True, None),
    ],
)
def test_the_time_decides_what_a_photo_is(
    taken: int, came: int, role: PhotoRole | None, *, is_dated: bool
) -> None:
    photo = EarlyPhoto(
        "p",
        "bob",
        TREATED_AT + taken * HOUR,
        TREATED_AT + came * HOUR,
        SkinState.CLEAN,
        View.FRONT,
        Sides.UNKNOWN,
        is_selfie=False,
        is_dated=is_dated,
    )
    assert OLDEST_BASELINE < 24 * 367 * HOUR
    assert role_once_treated(photo, TREATED_AT) is role
