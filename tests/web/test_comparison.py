"""Two photos beside each other."""

from collections.abc import Callable
from dataclasses import replace

from sqlite_utils import Database

from tests.web.browser import Browser
from tests.web.conftest import Records
from tracker.people import Person
from tracker.photo_files import Picture
from tracker.storage import looks
from tracker.storage.connection import writing


def compare(records: Records, more: str = "") -> str:
    return f"/patients/{records.cast.alice.id}/compare{more}"


def test_before_and_the_latest_photo_lie_in_one_crop_and_light(
    dana: Browser, records: Records
) -> None:
    before, latest = records.measured(-1), records.measured(2)
    page = dana.read(compare(records))
    for photo in (before, latest):
        assert f'src="/patients/{photo.patient_id}/photos/{photo.id}/aligned"' in page
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
    assert f'src="/patients/{side.patient_id}/photos/{side.id}/photo"' in page
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
    assert f'{there}&amp;heat=redness">Compare them' in dana.read(f"/alerts/{alert.id}")
    assert there in dana.read(f"/patients/{photo.patient_id}")
