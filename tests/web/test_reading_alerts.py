"""When an alert counts as read: a person who may answer opened its page."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlite_utils import Database

from tests.conftest import TREATED_AT, Cast
from tests.tracker.courses_of_readings import rising_again
from tests.web.browser import Browser
from tests.web.conftest import Clock, Records
from tracker.actions.alerts.showing import read_alert
from tracker.domain.alerts.alert_life import Step
from tracker.domain.alerts.alerts import Alert, Concern, Factor, Level, Source
from tracker.domain.course.check_ins import Answers
from tracker.domain.people.people import Person
from tracker.storage.alerts import alert_history, alerts
from tracker.storage.connection import writing
from tracker.storage.course import treatments
from tracker.storage.people import people


def known(db: Database, alert: Alert) -> Alert:
    found = alerts.get(db, alert.id)
    assert found is not None
    return found


def test_whoever_opens_the_page_first_has_read_the_alert_and_the_history_says_so(
    dana: Browser, records: Records, db: Database, clock: Clock
) -> None:
    alert = records.alert()
    page = dana.read(f"/alerts/{alert.id}")
    assert "Dr Dana has it, opened today, 10:00, no answer yet" in page
    assert (known(db, alert).read_at, known(db, alert).read_by) == (
        clock.now,
        records.cast.dana.id,
    )
    assert known(db, alert).needs_answer
    dana.read(f"/alerts/{alert.id}")
    (step,) = alert_history.of_alert(db, alert.id)
    assert (step.step, step.by, step.at) == (Step.READ, records.cast.dana.id, clock.now)


def test_neither_the_patient_nor_an_assistant_nor_a_picture_reads_an_alert(
    records: Records,
    db: Database,
    alice: Browser,
    dana: Browser,
    fay: Person,
    browser_of: Callable[[Person], Browser],
) -> None:
    photo = records.measured(2)
    alert = records.alert(photo)
    patient = f"/patients/{alert.patient_id}"
    alice.get(f"/alerts/{alert.id}")
    alice.read("/")
    assert browser_of(fay).get(f"/alerts/{alert.id}").status_code == 200
    for path in ("/", "/alerts", patient, f"{patient}/photos/{photo.id}/photo"):
        dana.read(path)
    assert known(db, alert).read_at is None


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("HEAD", {}),
        ("GET", {"Sec-Purpose": "prefetch"}),
        ("GET", {"Sec-Purpose": "prefetch;prerender"}),
        ("GET", {"Purpose": "prefetch"}),
        ("GET", {"X-Moz": "prefetch"}),
    ],
)
def test_a_browser_that_fetches_ahead_has_read_nothing(
    dana: Browser, records: Records, db: Database, method: str, headers: dict[str, str]
) -> None:
    alert = records.alert()
    answer = dana.get(f"/alerts/{alert.id}", method=method, headers=headers)
    assert answer.status_code == 200
    assert known(db, alert).read_at is None


def test_a_round_opens_only_the_alert_that_leads_it_with_its_reasons(
    dana: Browser, records: Records, db: Database
) -> None:
    leading = records.alert()
    below = records.alert(level=Level.REVIEW, concern=Concern.ALLERGIC_REACTION)
    page = dana.read(f"/round/{leading.patient_id}")
    assert known(db, leading).read_at is not None
    assert known(db, below).read_at is None
    assert "Not opened yet" in page
    dana.read(f"/alerts/{below.id}")
    assert known(db, below).read_at is not None


def test_a_round_opens_no_alert_whose_reasons_it_does_not_show(
    dana: Browser, records: Records, db: Database
) -> None:
    against = Factor("whole face: infection does not show", 0.1, Source.PHOTOS)
    alert = records.alert(evidence=(against,))
    page = dana.read(f"/round/{alert.patient_id}")
    assert known(db, alert).read_at is None
    for key in "fsc":
        assert f'data-key="{key}"' not in page, "what was not opened is not answered"
    assert f'href="/alerts/{alert.id}?round=' in page


def test_an_alert_that_asks_again_is_unread_again(
    dana: Browser, records: Records, db: Database
) -> None:
    with writing(db):
        people.add_to_care(db, records.cast.eli.id, records.cast.alice.id)
    alert = records.alert()
    dana.read(f"/alerts/{alert.id}")
    note = {"colleague": records.cast.eli.id, "note": "Please look"}
    dana.answer(alert.id, "hand-over", note, follow=True)
    assert known(db, alert).read_at is None


def test_reading_an_alert_changes_the_version_of_the_work_list(
    dana: Browser, records: Records
) -> None:
    alert = records.alert()
    before = dana.get("/worklist/version").headers["ETag"]
    dana.read(f"/alerts/{alert.id}")
    assert dana.get("/worklist/version").headers["ETag"] != before


def test_two_who_open_an_alert_at_once_are_both_kept_and_the_first_is_named(
    records: Records, db: Database, clock: Clock
) -> None:
    alert, (dana, eli) = records.alert(level=Level.REVIEW), (records.cast.dana, records.cast.eli)
    for person in (dana, eli, dana):
        read_alert(db, alert.id, person.id, clock.now)
    assert known(db, alert) == replace(alert, read_at=clock.now, read_by=dana.id)
    assert [step.by for step in alert_history.of_alert(db, alert.id)] == [dana.id, eli.id]
    read_alert(db, "no such alert", dana.id, clock.now)


def test_the_page_of_an_alert_names_its_own_course_whatever_came_since(
    browser_of: Callable[[Person], Browser], records: Records, db: Database, clock: Clock
) -> None:
    alert = records.alert(records.measured(2))
    later = replace(
        records.cast.treatment, id="f" * 32, performed_at=TREATED_AT + timedelta(days=40)
    )
    with writing(db):
        treatments.insert(db, later)
    clock.now = TREATED_AT + timedelta(days=41)
    dana = browser_of(records.cast.dana)
    for answered in (False, True):
        page = dana.read(f"/alerts/{alert.id}")
        assert "Day 1<" not in page, answered
        assert "Microneedling" in page.split('id="pictures"')[0], answered
        assert "Raised" in page.split('id="pictures"')[0], answered
        dana.answer(alert.id, "answer", {})


def test_an_alert_about_an_earlier_treatment_shows_its_own_answers_and_curve(
    dana: Browser, records: Records, db: Database, cast: Cast
) -> None:
    records.measured(-1)
    alert = records.alert(records.measured(2, rising_again))
    records.check_in(2, Answers(pus=True, note="It throbs."))
    later = replace(cast.treatment, id="next", performed_at=TREATED_AT + timedelta(days=2.9))
    with writing(db):
        treatments.insert(db, later)
    page = dana.read(f"/alerts/{alert.id}")
    assert "It throbs." in page
    assert "Days since treatment" in page
