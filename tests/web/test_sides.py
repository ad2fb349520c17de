"""Which side of the photo from before is left: asked on Today, answered, changed by the clinic."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from importlib.resources import files
from pathlib import Path

import pytest
from sqlite_utils import Database

from tests.conftest import Cast
from tests.web.browser import Browser
from tests.web.conftest import Clock, Records
from tracker.actions.own_data.deciding import decide_consent
from tracker.domain.course.outlines import Basis
from tracker.domain.course.photos import FileFault, Photo, Sides
from tracker.domain.course.treatments import AREAS
from tracker.domain.own_data.consents import Consent, Decision, Purpose
from tracker.domain.people.people import Person
from tracker.storage.connection import writing
from tracker.storage.course import photos, readings, sides
from tracker.wires.photo_files import Picture
from tracker.world import World

PHOTO = Path(str(files("sample_images"))) / "normal_type_2" / "baseline-1.jpg"
ASKED = "One question about your photo from before"
QUESTION = "Touch your right cheek. In which picture is that cheek marked?"


@pytest.fixture
def before(records: Records, world: World) -> Photo:
    """Alice's measured photo from before, from a library: nothing shows which side is left."""
    photo = records.measured(-1)
    world.files.save(photo.id, Picture.PHOTO, PHOTO.read_bytes())
    return photo


@pytest.fixture
def path(cast: Cast) -> str:
    return f"/patients/{cast.alice.id}/treatments/{cast.treatment.id}/sides"


def sides_of(db: Database, photo: Photo) -> Sides:
    found = photos.get(db, photo.id)
    assert found is not None
    return found.sides


def sent(photo: Photo, said: str, known: int = 0) -> dict[str, str]:
    return {"photo": photo.id, "known": str(known), "said": said}


def test_the_question_is_asked_once_and_the_answer_is_shown_and_may_be_changed(
    db: Database, alice: Browser, before: Photo
) -> None:
    assert ASKED in alice.read("/")
    page = alice.read("/sides")
    assert QUESTION in page
    assert page.count("<svg viewBox") == 2
    assert page.count("matrix(-1 0 0 1") == 1
    assert "I am not sure" in page
    assert "checked" not in page.split("ways-round")[1].split("</form>")[0]
    answer = alice.send("/sides", sent(before, "mirrored"), follow=True).text
    assert "Your answer is saved" in answer
    assert 'value="mirrored" id="said" checked' in answer or 'value="mirrored" checked' in answer
    assert sides_of(db, before) is Sides.MIRRORED
    assert ASKED not in alice.read("/")
    about = alice.read(f"/photos/{before.id}")
    assert "This photo is a mirror image: your left is on the left of it." in about
    assert "Change it" in about
    assert alice.send("/sides", sent(before, "plain", known=1)).status_code == 303
    assert sides_of(db, before) is Sides.PLAIN


def test_both_marks_are_at_one_place_so_that_only_the_skin_under_them_can_tell(
    alice: Browser, before: Photo
) -> None:
    page = alice.read("/sides")
    boxes = [[float(n) for n in box.split()] for box in re.findall(r'svg viewBox="([^"]+)"', page)]
    marks = re.findall(r'class="ring" cx="(\d+)" cy="(\d+)"', page)
    places = [
        ((float(x) - box[0]) / box[2], (float(y) - box[1]) / box[3])
        for box, (x, y) in zip(boxes, marks, strict=True)
    ]
    assert places[0] == pytest.approx(places[1], abs=0.05)
    assert places[0][0] < 0.4


def test_not_now_is_taken_for_today_and_asked_once_more(
    db: Database, alice: Browser, before: Photo, clock: Clock
) -> None:
    def later(known: int) -> str:
        form = {"photo": before.id, "known": str(known), "later": "yes"}
        return alice.send("/sides", form).location or ""

    assert later(0) == "/"
    assert ASKED not in alice.read("/")
    clock.now += timedelta(days=1)
    assert ASKED in alice.read("/")
    assert later(1) == "/"
    clock.now += timedelta(days=1)
    assert ASKED not in alice.read("/")
    assert QUESTION in alice.read("/sides")  # it may still be answered
    assert "Not now" not in alice.read("/sides")
    assert sides_of(db, before) is Sides.UNKNOWN


def test_who_is_not_sure_is_not_asked_again_and_the_clinic_reads_it(
    alice: Browser, dana: Browser, cast: Cast, before: Photo
) -> None:
    assert alice.send("/sides", sent(before, "unsure"), follow=True).status_code == 200
    assert ASKED not in alice.read("/")
    page = dana.read(f"/patients/{cast.alice.id}")
    assert "Left and right may be swapped" in page
    assert "it is not known whether the photo from before is a mirror image" in page


@pytest.mark.parametrize("form", [{}, {"said": "nonsense"}, {"said": ""}])
def test_a_form_without_a_choice_says_what_to_do(
    db: Database, alice: Browser, before: Photo, form: dict[str, str]
) -> None:
    answer = alice.send("/sides", {"photo": before.id, "known": "0", **form})
    assert answer.status_code == 422
    assert "Choose a picture, or say that you are not sure." in answer.text
    assert '<a href="#said">' in answer.text
    assert sides_of(db, before) is Sides.UNKNOWN


def test_two_tabs_do_not_answer_over_each_other(
    db: Database, alice: Browser, before: Photo
) -> None:
    assert alice.send("/sides", sent(before, "mirrored")).status_code == 303
    assert alice.send("/sides", sent(before, "mirrored")).status_code == 303  # sent twice
    other = alice.send("/sides", sent(before, "plain"))
    assert (other.status_code, "Another answer came after you opened" in other.text) == (409, True)
    assert sides_of(db, before) is Sides.MIRRORED
    assert len(sides.of_photo(db, before.id)) == 1


def test_only_the_own_photo_that_counts_is_answered_for(
    db: Database,
    alice: Browser,
    browser_of: Callable[[Person], Browser],
    records: Records,
    cast: Cast,
    before: Photo,
) -> None:
    bob = browser_of(cast.bob)
    assert bob.send("/sides", sent(before, "mirrored")).status_code == 409  # he has no treatment
    second = records.measured(-0.5)
    for photo_id in (second.id, records.photo(1).id, "", "x" * 40):
        refused = alice.send("/sides", {**sent(before, "mirrored"), "photo": photo_id})
        assert (refused.status_code, "Another photo from before counts" in refused.text) == (
            409,
            True,
        )
    with writing(db):
        photos.record_file_fault(db, before, FileFault.DAMAGED)
    assert alice.send("/sides", sent(before, "mirrored")).status_code == 409
    assert sides_of(db, before) is Sides.UNKNOWN
    assert sides_of(db, second) is Sides.UNKNOWN


def test_without_a_photo_or_with_one_that_cannot_be_shown_nothing_is_asked(
    db: Database, alice: Browser, records: Records
) -> None:
    assert ASKED not in alice.read("/")
    assert "There is no photo from before yet" in alice.read("/sides")
    answer = alice.send("/sides", {"photo": "p", "known": "0", "said": "plain"})
    assert (answer.status_code, "nothing was saved" in answer.text) == (409, True)
    before = records.measured(-1)  # its file is no picture
    assert "We cannot show this photo" in alice.read("/sides")
    with writing(db):
        photos.record_file_fault(db, before, FileFault.DAMAGED)
    assert ASKED not in alice.read("/")


def test_a_photo_that_shows_it_asks_nothing(
    db: Database, alice: Browser, dana: Browser, cast: Cast, before: Photo, path: str
) -> None:
    db.execute("UPDATE photos SET sides = 'sure' WHERE id = ?", [before.id])
    assert ASKED not in alice.read("/")
    assert QUESTION not in alice.read("/sides")
    assert alice.send("/sides", sent(before, "mirrored")).status_code == 409
    assert "shows it itself" in dana.read(path)
    assert "which side is left" not in dana.read(f"/patients/{cast.alice.id}")
    assert sides_of(db, before) is Sides.SURE


def test_the_clinic_may_say_it_and_then_the_patient_is_not_asked(
    db: Database, alice: Browser, dana: Browser, cast: Cast, before: Photo, path: str
) -> None:
    assert path in dana.read(f"/patients/{cast.alice.id}")
    page = dana.read(path)
    stored = re.search(r"(Picture \d) is the photo as it was sent", page)
    assert stored is not None
    assert f"<strong>{stored[1]}</strong>" in page.split('value="plain"')[1]
    assert dana.send(path, sent(before, "later")).status_code == 422
    assert dana.send(path, {"photo": before.id, "known": "0"}).status_code == 422
    assert dana.send(path, sent(before, "plain")).status_code == 303
    assert sides_of(db, before) is Sides.PLAIN
    assert "the clinic says that the photo from before is not a mirror image" in dana.read(path)
    assert ASKED not in alice.read("/")
    assert "Your clinic has shown which side is left" in alice.read("/sides")
    assert alice.send("/sides", sent(before, "mirrored", known=1)).status_code == 409
    told = dana.read(f"/patients/{cast.alice.id}")
    assert "Left and right may be swapped" not in told
    assert "Left and right are the patient’s own" in told


def test_the_clinic_chooses_for_itself_and_not_what_the_patient_said(
    alice: Browser, dana: Browser, before: Photo, path: str
) -> None:
    alice.send("/sides", sent(before, "mirrored"))
    form = dana.read(path).split("ways-round")[1].split("</form>")[0]
    assert " checked" not in form
    dana.send(path, sent(before, "mirrored", known=1))
    assert " checked" in dana.read(path).split("ways-round")[1]


def test_an_alert_that_names_a_side_says_its_doubt_before_the_answer(
    dana: Browser, before: Photo, records: Records
) -> None:
    page = dana.read(f"/alerts/{records.alert().id}")
    assert page.index("<h1>") < page.index("Left and right may be swapped") < page.index('id="evi')


def test_the_patient_is_asked_where_the_clinic_does_not_know(
    db: Database, alice: Browser, dana: Browser, before: Photo, path: str
) -> None:
    assert dana.send(path, sent(before, "unsure")).status_code == 303
    assert ASKED in alice.read("/")
    page = alice.read("/sides")
    assert "Save my answer" in page
    assert " checked" not in page
    assert alice.send("/sides", sent(before, "mirrored", known=1)).status_code == 303
    assert sides_of(db, before) is Sides.MIRRORED
    assert " checked" in alice.read("/sides")


def test_who_withdrew_consent_is_not_asked_and_nothing_changes(
    db: Database, alice: Browser, dana: Browser, cast: Cast, before: Photo, path: str, clock: Clock
) -> None:
    decide_consent(db, cast.alice.id, Consent(Purpose.CARE, Decision.WITHDRAWN, clock.now))
    assert ASKED not in alice.read("/")
    assert alice.send("/sides", sent(before, "mirrored")).status_code == 409
    answer = dana.send(path, sent(before, "mirrored"))
    assert (answer.status_code, "withdrawn consent" in answer.text) == (409, True)
    assert sides_of(db, before) is Sides.UNKNOWN


def test_an_open_alert_says_that_its_side_changed_and_an_old_form_does_not_answer_it(
    alice: Browser, dana: Browser, records: Records, before: Photo
) -> None:
    alert = records.alert(records.measured(2))
    shown = dana.shown(alert.id)
    assert "left cheek" in dana.read(f"/alerts/{alert.id}")
    alice.send("/sides", sent(before, "mirrored"))
    refused = dana.send(f"/alerts/{alert.id}/answer", {"shown": shown})
    assert refused.status_code == 409
    page = dana.read(f"/alerts/{alert.id}")
    assert "The side has changed." in page
    assert "Left cheek is now right cheek: the patient says that" in page


def test_later_photos_that_are_the_other_way_round_are_a_hint_and_a_front_camera_too(
    db: Database, dana: Browser, records: Records, cast: Cast, before: Photo
) -> None:
    read = {r.photo_id: r for r in readings.of_treatment(db, cast.treatment.id)}[before.id]
    for day, is_mirrored in ((1, True), (2, True), (3, False), (4, None)):
        later = records.photo(day)
        with writing(db):
            db.execute("UPDATE photos SET status = 'measured' WHERE id = ?", [later.id])
            seen = replace(read, photo_id=later.id, is_mirrored=is_mirrored)
            readings.insert(db, seen, Basis(before.id, frozenset(AREAS), None))
    page = dana.read(f"/patients/{cast.alice.id}")
    assert "2 of 3 later photos show the face the other way round" in page
    assert "front camera" not in page
    db.execute("UPDATE photos SET is_selfie = 1 WHERE id = ?", [before.id])
    assert "The file names a front camera" in dana.read(f"/patients/{cast.alice.id}")
    db.execute("UPDATE photos SET sides = 'sure' WHERE id = ?", [later.id])
    assert "does not agree" not in dana.read(f"/patients/{cast.alice.id}")
    db.execute("UPDATE photos SET sides = 'sure' WHERE role = 'follow_up'")
    for known in ("plain", "mirrored", "sure"):
        db.execute("UPDATE photos SET sides = ? WHERE id = ?", [known, before.id])
        assert "does not agree with a later photo" in dana.read(f"/patients/{cast.alice.id}")


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ("unknown", "Which side of the pictures is {} left is not sure."),
        ("mirrored", "As others see the face: {} left is on the right of the pictures."),
        ("sure", "As others see the face: {} left is on the right of the pictures."),
    ],
)
def test_pictures_say_where_left_is(
    db: Database,
    alice: Browser,
    dana: Browser,
    records: Records,
    before: Photo,
    known: str,
    words: str,
) -> None:
    day = records.measured(2)
    alert = records.alert(day)
    db.execute("UPDATE photos SET sides = ? WHERE id = ?", [known, before.id])
    for page in ("/progress", f"/photos/{day.id}"):
        assert words.format("your") in alice.read(page)
    assert words.format("the patient’s") in dana.read(f"/alerts/{alert.id}")


def test_one_treated_cheek_that_a_mirror_image_would_hide_is_said_loudly(
    db: Database, dana: Browser, records: Records, cast: Cast, before: Photo
) -> None:
    alert = records.alert(records.measured(2))
    pages = (f"/patients/{cast.alice.id}", f"/alerts/{alert.id}")
    said = "Of the cheeks only one was treated, the left cheek, and this photo may be a mirror"
    assert not any(said in dana.read(page) for page in pages)
    for areas in ('["left_cheek", "nose"]', '["left_cheek"]'):
        db.execute("UPDATE treatments SET areas = ?", [areas])
        assert all(said in dana.read(page) for page in pages)
    db.execute("UPDATE photos SET sides = 'mirrored' WHERE id = ?", [before.id])
    assert not any(said in dana.read(page) for page in pages)


def test_pictures_that_are_not_turned_yet_say_so(
    db: Database, alice: Browser, dana: Browser, cast: Cast, records: Records, before: Photo
) -> None:
    day = records.measured(2)
    pages = (f"/alerts/{records.alert(day).id}", f"/patients/{cast.alice.id}")
    said = "Until then these pictures may show left and right the other way round."
    assert not any(said in dana.read(page) for page in pages)
    alice.send("/sides", sent(before, "mirrored"))
    assert all(said in dana.read(page) for page in pages)
    db.execute("UPDATE photos SET status = 'unmeasurable' WHERE id = ?", [day.id])
    db.execute("UPDATE photos SET status = 'measured' WHERE id = ?", [before.id])
    said = "These pictures are older and may show left and right the other way round."
    assert all(said in dana.read(page) for page in pages)


def test_the_comparison_says_where_left_is(
    dana: Browser, records: Records, cast: Cast, before: Photo
) -> None:
    records.measured(2)
    page = dana.read(f"/patients/{cast.alice.id}/compare")
    assert "Which side of the pictures is the patient’s left is not sure." in page
