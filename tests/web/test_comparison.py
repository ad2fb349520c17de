"""Two photos compared."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlite_utils import Database
from werkzeug.test import TestResponse

from tests.conftest import Cast
from tests.web.browser import Browser
from tests.web.conftest import Records
from tracker.domain.course.outlines import Basis
from tracker.domain.course.photos import Photo
from tracker.domain.course.treatments import AREAS
from tracker.domain.people.people import Person
from tracker.storage.connection import writing
from tracker.storage.course import annotations, readings
from tracker.storage.own_data import looks
from tracker.wires.photo_files import Picture


def compare(records: Records, more: str = "") -> str:
    return f"/patients/{records.cast.alice.id}/compare{more}"


def test_before_and_the_latest_photo_lie_in_one_crop_and_light(
    dana: Browser, records: Records
) -> None:
    before, latest = records.measured(-1), records.measured(2)
    page = dana.read(compare(records))
    for photo in (before, latest):
        assert f'src="/patients/{photo.patient_id}/photos/{photo.id}/aligned?large=1"' in page
    assert "Before: 1 day before treatment" in page
    assert "After: Day 2" in page
    assert "As taken; the others are brought into this light" in page
    assert "In the light of the photo from before, by untreated skin" in page


def test_any_two_days_can_be_chosen_and_stepped_from(dana: Browser, records: Records) -> None:
    first, second, third = (records.measured(day) for day in (0.2, 1, 2))
    page = dana.read(compare(records, f"?before={second.id}&after={third.id}"))
    assert "Before: Day 1" in page
    assert f'id="before-earlier" href="{compare(records)}?before={first.id}' in page
    assert 'id="after-later"' not in page


def test_a_photo_is_shown_as_taken_or_says_why_it_is_not(dana: Browser, records: Records) -> None:
    records.measured(-1)
    photo = records.measured(2)
    address = compare(records, f"?after={photo.id}&light=taken")
    assert f"/photos/{photo.id}/as_taken" in dana.read(address)
    lost = records.world.files
    kept = {each: lost.load(photo.id, each) for each in Picture if each is not Picture.AS_TAKEN}
    lost.delete(photo.id)
    for each, data in kept.items():
        lost.save(photo.id, each, data)
    page = dana.read(address)
    assert f"/photos/{photo.id}/as_taken" not in page
    assert "measured before its own light was kept" in page


def test_the_heat_map_comes_with_its_scale(dana: Browser, records: Records) -> None:
    photo = records.measured(2)
    assert f"/photos/{photo.id}/redness" not in dana.read(compare(records))
    page = dana.read(compare(records, "?heat=redness"))
    assert page.count(f"/photos/{photo.id}/redness") == 3  # on both sides, and its scale
    assert "Scale: blue is less than before" in page


def test_sides_are_shown_as_they_came(dana: Browser, records: Records, db: Database) -> None:
    records.measured(1)
    side = records.photo(2)
    with writing(db):
        db.execute("UPDATE photos SET view = 'left', status = 'kept' WHERE id = ?", [side.id])
    page = dana.read(compare(records, "?view=left&heat=redness"))
    assert f'src="/patients/{side.patient_id}/photos/{side.id}/photo?large=1"' in page
    assert "looked at and not measured" in page
    assert "/redness" not in page


def test_one_photo_and_none_are_said_to_be_so(dana: Browser, records: Records) -> None:
    assert "No photo of this treatment has been measured yet" in dana.read(compare(records))
    records.measured(1)
    assert "This is the only photo of this view so far" in dana.read(compare(records))


def test_somebody_elses_photo_cannot_be_asked_into_the_page(
    dana: Browser, records: Records, browser_of: Callable[[Person], Browser]
) -> None:
    photo = records.measured(1)
    bob = replace(records.cast.alice, id=records.cast.bob.id)
    assert browser_of(records.cast.eli).get(compare(records)).status_code == 404
    assert dana.get(f"/patients/{bob.id}/compare?after={photo.id}").status_code == 404


def test_the_page_alone_is_no_look(dana: Browser, records: Records, db: Database) -> None:
    records.measured(1)
    dana.read(compare(records))
    assert looks.of_patient(db, records.cast.alice.id) == []


def test_alert_and_photos_lead_to_the_comparison(dana: Browser, records: Records) -> None:
    photo = records.measured(2)
    alert = records.alert(photo)
    there = f"/compare?after={photo.id}"
    assert f'{there}&amp;mode=side">Compare them' in dana.read(f"/alerts/{alert.id}")
    assert there in dana.read(f"/patients/{photo.patient_id}")


def draw(dana: Browser, records: Records, photo: Photo, **said: str) -> TestResponse:
    form = {"photo": photo.id, "shape": "circle", "places": "42 61.5; 50 61.5", "note": "scaling"}
    address = f"/patients/{records.cast.alice.id}/annotations?after={photo.id}&mode=side"
    return dana.send(address, form | said, follow=True)


def test_a_note_is_drawn_on_both_photos_and_told_in_a_list(
    dana: Browser, records: Records, cast: Cast
) -> None:
    records.measured(-1)
    photo = records.measured(2)
    answer = draw(dana, records, photo)
    assert answer.status_code == 200
    assert "mode=side" in answer.request.query_string.decode()
    page = answer.text
    assert page.count('x="34.0%" y="11.5%" width="16.0%"') == 2
    assert page.count('class="drawn-shape other-day"') == 1
    assert "After · Circle about 42 % from the left, 62 % from the top" in page
    assert "<bdi>Dr Dana, today" in page


def test_a_drawing_that_cannot_be_kept_loses_nothing(dana: Browser, records: Records) -> None:
    photo = records.measured(2)
    answer = draw(dana, records, photo, places="somewhere left", note="looks <odd>")
    assert answer.status_code == 422
    assert "percent from the left" in answer.text
    assert 'value="somewhere left"' in answer.text
    assert "looks &lt;odd&gt;</textarea>" in answer.text
    assert "Nothing is drawn on them yet" in answer.text


def test_a_note_is_changed_withdrawn_and_still_told(dana: Browser, records: Records) -> None:
    drawn = records.annotation(records.measured(2))
    there = f"/patients/{records.cast.alice.id}/annotations/{drawn.id}"
    form = {"read": str(drawn.latest.number), "shape": "point", "places": "42, 61"}
    page = dana.send(there, form | {"note": "gone by now"}, follow=True).text
    assert "gone by now" in page
    assert "Earlier versions" in page
    assert dana.send(there, form | {"note": "my own words"}).status_code == 409
    assert "You wrote: “my own words”" in dana.send(there, form | {"note": "my own words"}).text
    latest = form | {"read": str(drawn.latest.number + 1)}
    page = dana.send(f"{there}/withdraw", latest, follow=True).text
    assert "Nothing is drawn on them yet" in page
    assert "Withdrawn: 1" in page
    assert "new scaling here" in page


def test_notes_on_other_days_lead_there(dana: Browser, records: Records) -> None:
    for day in (-1, 1, 2):
        records.annotation(records.measured(day))
    page = dana.read(compare(records))
    assert "Notes on other days: " in page
    assert "Day 1 · Tue 3 Mar, 10:00: 1</a>" in page


def test_patients_see_no_notes_of_the_care_team(
    alice: Browser, dana: Browser, records: Records
) -> None:
    records.annotation(records.measured(2))
    for path in ("/", "/progress", "/my-data", "/days/2026-03-04"):
        assert "new scaling here" not in alice.read(path)


@pytest.mark.parametrize("sent", ["new", "change"])
def test_a_drawing_on_pictures_that_were_turned_meanwhile_is_asked_for_again(
    db: Database, dana: Browser, records: Records, cast: Cast, sent: str
) -> None:
    photo = records.measured(2)
    drawn = records.annotation(photo)
    compare = f"/patients/{cast.alice.id}/compare"
    assert 'name="turned" value="no"' in dana.read(compare)
    (seen,) = readings.of_treatment(db, cast.treatment.id)
    with writing(db):
        basis = Basis(photo.id, frozenset(AREAS), None, is_turned=True)
        readings.insert(db, replace(seen, is_turned=True), basis)
    there = f"/patients/{cast.alice.id}/annotations" + (f"/{drawn.id}" if sent == "change" else "")
    form = {"photo": photo.id, "read": str(drawn.latest.number), "shape": "point"}
    form |= {"places": "22 61", "note": "my own words", "turned": "no"}
    answer = dana.send(there, form)
    assert answer.status_code == 409
    assert "Left and right of these pictures were exchanged" in answer.text
    assert "my own words" in answer.text
    assert 'value="22 61"' not in answer.text
    assert 'name="turned" value="yes"' in answer.text
    assert dana.send(there, form | {"places": "78 61", "turned": "yes"}).status_code == 303
    newest = annotations.of_treatment(db, cast.treatment.id)[-1].latest
    assert newest.drawing.places == ((0.78, 0.61),)


@pytest.mark.parametrize("picture", ["photo", "aligned?large=1"])
def test_a_photo_that_a_browser_fetches_ahead_stays_new(
    picture: str, dana: Browser, records: Records
) -> None:
    records.measured(-1)
    photo = records.measured(2)
    path = f"/patients/{photo.patient_id}/photos/{photo.id}/{picture}"
    assert dana.get(path, headers={"Sec-Purpose": "prefetch"}).status_code == 200
    assert "1 new photo" in dana.read("/")


def test_a_photo_that_was_seen_in_a_list_alone_is_not_told_as_opened(
    alice: Browser, dana: Browser, records: Records
) -> None:
    records.measured(-1)
    photo = records.measured(2)
    folder = f"/patients/{photo.patient_id}/photos/{photo.id}"
    dana.get(f"{folder}/thumbnail")
    assert "opened by" not in alice.read(f"/photos/{photo.id}")
    dana.get(f"{folder}/aligned?large=1")
    assert "Photo opened by Dr Dana" in alice.read(f"/photos/{photo.id}")
