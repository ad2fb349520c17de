"""The page on which Dr Dana draws on Alice's photo from before."""

import re
from importlib.resources import files
from pathlib import Path

import pytest
from sqlite_utils import Database

from tests.conftest import TREATED_AT, Cast
from tests.web.browser import Browser
from tests.web.conftest import Records
from tracker.actions.own_data.deciding import decide_consent
from tracker.domain.course.photos import Photo
from tracker.domain.own_data.consents import Consent, Decision, Purpose
from tracker.storage.course import outlines, readings
from tracker.wires.photo_files import Picture
from tracker.world import World

PHOTO = Path(str(files("sample_images"))) / "normal_type_2" / "baseline-1.jpg"
CHEEK = "58 43; 74 43; 72 58; 58 56"
NECK = "40 79; 60 79; 60 90; 40 90"


@pytest.fixture
def path(cast: Cast) -> str:
    return f"/patients/{cast.alice.id}/treatments/{cast.treatment.id}/areas"


@pytest.fixture
def baseline(records: Records, world: World) -> Photo:
    photo = records.measured(-1)
    world.files.save(photo.id, Picture.PHOTO, PHOTO.read_bytes())
    return photo


def test_outlines_are_kept_in_versions_and_shown_again(
    db: Database, cast: Cast, dana: Browser, baseline: Photo, path: str
) -> None:
    kept = dana.send(path, {"treated": CHEEK, "untreated": NECK, "known": "0"})
    assert kept.status_code == 303
    page = dana.read(path)
    assert CHEEK in page
    assert 'points="58.00,43.00 74.00,43.00' in page
    assert "Dr Dana</bdi>, today, 10:00: 1 treated area, 1 untreated" in page
    assert "1 treated area, 1 untreated" in dana.read(f"/patients/{cast.alice.id}/treatments")
    late = dana.send(path, {"treated": "", "untreated": "", "known": "0"})
    assert (late.status_code, "Someone else drew" in late.text) == (409, True)
    assert dana.send(path, {"treated": "", "untreated": "", "known": "1"}).status_code == 303
    assert "nothing drawn any more" in dana.read(path)
    assert len(outlines.of_baseline(db, baseline.id)) == 2


@pytest.mark.parametrize(
    ("treated", "untreated", "words"),
    [
        ("50 40; 60 60; 60 40; 50 60", "", "Treated area 1 crosses itself"),
        ("50 40; 60", "", "Treated areas, line 1, corner 2: write two percentages"),
        ("", "50 40; 60 40", "Untreated skin 1 needs at least three corners"),
        ("50 40; 60 40; 140 60", "", "Treated area 1 leaves the photo"),
        (CHEEK, CHEEK, "Treated area 1 and untreated skin 1 overlap"),
        (CHEEK, "1 1; 2 1; 2 2", "Untreated skin 1 is too small"),
        (CHEEK, "0 45; 12 45; 12 60; 0 60", "Untreated skin 1"),
    ],
)
def test_what_cannot_be_measured_is_told_and_what_was_drawn_is_not_lost(
    db: Database,
    dana: Browser,
    baseline: Photo,
    path: str,
    treated: str,
    untreated: str,
    words: str,
) -> None:
    answer = dana.send(path, {"treated": treated, "untreated": untreated, "known": "0"})
    assert answer.status_code == 422
    assert words in answer.text
    assert f">{treated}</textarea>" in answer.text
    assert f">{untreated}</textarea>" in answer.text
    assert outlines.of_baseline(db, baseline.id) == []


def test_without_a_photo_from_before_there_is_nothing_to_draw_on(dana: Browser, path: str) -> None:
    assert "There is no photo from before yet" in dana.read(path)
    assert dana.send(path, {"treated": CHEEK, "known": "0"}).status_code == 409


def test_a_photo_that_cannot_be_opened_is_told(dana: Browser, records: Records, path: str) -> None:
    records.measured(-1)  # its file is no photo
    answer = dana.send(path, {"treated": CHEEK, "known": "0"})
    assert (answer.status_code, "cannot be measured any more" in answer.text) == (409, True)


def test_who_withdrew_consent_keeps_the_readings_there_are(
    db: Database, cast: Cast, dana: Browser, baseline: Photo, path: str
) -> None:
    decide_consent(db, cast.alice.id, Consent(Purpose.CARE, Decision.WITHDRAWN, TREATED_AT))
    answer = dana.send(path, {"treated": CHEEK, "known": "0"})
    assert (answer.status_code, "withdrawn consent" in answer.text) == (409, True)
    assert f">{CHEEK}</textarea>" in answer.text
    assert [each.photo_id for each in readings.of_treatment(db, cast.treatment.id)] == [baseline.id]


def test_a_part_of_the_face_is_laid_out_without_drawing(
    db: Database, dana: Browser, baseline: Photo, path: str
) -> None:
    sent = {"treated": "", "untreated": NECK, "known": "0", "region": "left_cheek"}
    page = dana.send(path, {**sent, "add": "treated"}).text
    found = re.search(r'name="treated"[^>]*>([^<]+)</textarea>', page)
    assert found is not None
    assert f">{NECK}</textarea>" in page
    assert page.count('class="line area-') == 2 + 2  # on the photo, and as samples
    kept = dana.send(path, {**sent, "treated": found[1]})
    assert kept.status_code == 303
    (version,) = outlines.of_baseline(db, baseline.id)
    assert len(version.outlines.treated) == 1
