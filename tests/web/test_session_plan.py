"""The plan of a patient's sessions, from the form to Today and to the photo that is asked for."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlite_utils import Database

from tests.conftest import TREATED_AT, Cast
from tests.web.browser import Browser
from tests.web.conftest import Clock, Records
from tests.web.test_upload import gate, send
from tracker.domain.course.photos import PhotoStatus
from tracker.domain.course.treatments import Treatment
from tracker.storage.connection import writing
from tracker.storage.course import photos, treatments

__all__ = ["gate"]

PLAN = {"number": "2", "sessions": "4", "every_days": "5"}


@pytest.fixture
def booked(db: Database, cast: Cast) -> Treatment:
    """Alice's next session, ten days after the one that she has had."""
    session = replace(cast.treatment, id="next", performed_at=TREATED_AT + timedelta(days=10))
    with writing(db):
        treatments.insert(db, session)
    return session


def plan(dana: Browser, cast: Cast, **other: str) -> int:
    path = f"/patients/{cast.alice.id}/session-plan"
    return dana.send(path, {"treatment": cast.treatment.id, **PLAN, **other}).status_code


def test_both_sides_read_which_session_it_is_and_when_the_next_is_due(
    alice: Browser, dana: Browser, cast: Cast, db: Database, clock: Clock
) -> None:
    assert "Session 2 of 4" not in alice.read("/")
    assert plan(dana, cast) == 303
    logged = {row["details"] for row in db.table("audit_log").rows}
    assert "session 2 of 4, one every 5 days" in logged
    today = alice.read("/")
    assert "Session 2 of 4" in today
    assert "Your next session is due on Sat 7 Mar" in today
    for page in (f"/patients/{cast.alice.id}", f"/patients/{cast.alice.id}/treatments"):
        assert "ession 2 of 4" in dana.read(page)
        assert "is due on Sat 7 Mar" in dana.read(page)
    clock.now = TREATED_AT + timedelta(days=9)
    assert "Your next session was due on Sat 7 Mar" in alice.read("/")


@pytest.mark.parametrize("wrong", [{"number": "5"}, {"sessions": ""}, {"every_days": "soon"}])
def test_a_plan_that_makes_no_sense_is_not_kept_and_says_why(
    dana: Browser, cast: Cast, db: Database, wrong: dict[str, str]
) -> None:
    assert plan(dana, cast, **wrong) == 422
    assert treatments.plan_of(db, cast.alice.id) is None
    assert plan(dana, cast, treatment="another's") == 404


@pytest.mark.usefixtures("gate")
def test_the_photo_from_before_the_next_session_is_asked_for_and_belongs_to_it(
    alice: Browser, records: Records, clock: Clock, db: Database, booked: Treatment
) -> None:
    records.photo(-1, PhotoStatus.MEASURED)
    assert "Send the photo from before it" not in alice.read("/")
    assert "Your next session is " in alice.read("/")
    clock.now = booked.performed_at - timedelta(days=1)
    assert "Your next session is tomorrow at " in alice.read("/")
    assert "Send the photo from before it" in alice.read("/")
    form = alice.read("/photo?session=next")
    assert 'value="baseline" checked' in form
    page = send(alice, role="baseline").text
    assert "After your next session, every later photo is compared" in page
    (kept,) = photos.of_treatment(db, booked.id)
    assert "Send the photo from before it" not in alice.read("/")
    with writing(db):
        db.table("photos").update(kept.id, {"status": "unmeasurable"})
    assert "We could not measure this photo" in alice.read(f"/photos/{kept.id}")
    assert "Send the photo from before it" in alice.read("/")


@pytest.mark.usefixtures("gate")
def test_the_photo_from_before_a_first_session_is_no_photo_of_a_next_one(
    alice: Browser, records: Records, clock: Clock
) -> None:
    clock.now = TREATED_AT - timedelta(hours=2)  # her only session lies ahead
    photo = records.photo(-1, PhotoStatus.MEASURED)
    page = alice.read(f"/photos/{photo.id}")
    assert "Ready." in page
    assert "After your next session" not in page
