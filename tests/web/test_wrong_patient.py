"""A treatment that was entered for Alice, and was Bob's."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlite_utils import Database

from tests.conftest import PROTOCOLS, TREATED_AT, Cast
from tests.web.browser import Browser
from tests.web.conftest import Clock, Records
from tracker.actions.course.checking_in import Recorded, record_check_in
from tracker.actions.course.treatments import begin_treatment
from tracker.domain.alerts.alerts import Stage
from tracker.domain.clinic.audit import Act, Search
from tracker.domain.course.check_ins import Answers
from tracker.domain.course.treatments import Treatment
from tracker.domain.protocols.screening import Screening
from tracker.domain.protocols.spacing import too_soon
from tracker.storage.alerts import alerts
from tracker.storage.clinic import audit_log
from tracker.storage.connection import writing
from tracker.storage.course import check_ins, photos, screenings, treatments
from tracker.storage.people import people

WHY = "Opened the page of the patient before."


@pytest.fixture
def wrong(cast: Cast, db: Database) -> str:
    with writing(db):
        people.add_to_care(db, cast.dana.id, cast.bob.id)
    return f"/patients/{cast.alice.id}/treatments/{cast.treatment.id}/wrong-patient"


def of(db: Database, patient_id: str) -> list[Treatment]:
    return treatments.of_patient(db, patient_id)


def test_a_treatment_of_the_wrong_patient_is_moved_to_the_right_one(
    dana: Browser, db: Database, cast: Cast, clock: Clock, wrong: str
) -> None:
    with writing(db):
        given = Screening({"keloid": True}, TREATED_AT, cast.dana.id)
        screenings.insert(db, cast.treatment.id, given)
    assert "Bob, birth date missing" in dana.read(wrong)
    answer = dana.send(wrong, {"right": cast.bob.id, "why": WHY})
    (moved,) = of(db, cast.bob.id)
    assert answer.headers["Location"].endswith(f"/{moved.id}/screening")  # it is asked of Bob
    assert moved == replace(cast.treatment, id=moved.id, patient_id=cast.bob.id)
    assert screenings.of_treatment(db, moved.id) is None
    (left,) = of(db, cast.alice.id)
    assert left.is_withdrawn
    page = dana.read(f"/patients/{cast.alice.id}/treatments")
    assert "Withdrawn: wrong patient" in page
    assert WHY in page
    assert "Bob" not in page
    assert WHY not in dana.read(f"/patients/{cast.bob.id}/treatments")
    assert treatments.current(db, cast.alice.id, clock.now) is None  # nothing hangs on it
    for patient, what in ((cast.alice, "withdrawn"), (cast.bob, "another patient")):
        search = Search(act=Act.RECORD_CHANGED, about=frozenset({patient.id}))
        assert what in next(audit_log.search(db, search)).details


def test_what_the_wrong_patient_sent_stays_there_and_open_alerts_stay_open(
    dana: Browser, alice: Browser, db: Database, cast: Cast, records: Records, wrong: str
) -> None:
    before, after = records.measured(-0.1), records.measured(2)
    given, alert = records.check_in(2, Answers(pain=2)), records.alert()
    assert "2 photos" in dana.read(wrong)
    assert dana.send(wrong, {"right": cast.bob.id, "why": WHY}).status_code == 303
    (moved,) = of(db, cast.bob.id)
    assert photos.of_treatment(db, moved.id) == []
    assert check_ins.of_patient(db, cast.bob.id) == []
    kept = {each.id for each in photos.of_treatment(db, cast.treatment.id)}
    assert kept == {before.id, after.id}
    assert [each.id for each in check_ins.of_patient(db, cast.alice.id)] == [given.id]
    assert dana.get(f"/patients/{cast.bob.id}/photos/{after.id}/photo").status_code == 404
    still = alerts.get(db, alert.id)
    assert still is not None
    assert still.stage is Stage.OPEN
    for path in ("/", f"/patients/{cast.alice.id}"):
        assert f"/alerts/{alert.id}" in dana.read(path)
    assert "entered by mistake" in dana.read(f"/patients/{cast.alice.id}")
    assert "No treatment" not in alice.read("/")  # the alert is about something she can see


def test_answers_that_come_late_are_kept_and_judged(
    dana: Browser, db: Database, cast: Cast, clock: Clock, wrong: str
) -> None:
    assert dana.send(wrong, {"right": "not_known", "why": WHY}).status_code == 303
    assert of(db, cast.bob.id) == []
    kept = record_check_in(db, PROTOCOLS, cast.alice.id, Answers(fever=True), clock.now)
    assert isinstance(kept, Recorded)
    assert kept.floors
    assert [each.id for each, _ in treatments.with_news(db, None)] == [cast.treatment.id]
    current = treatments.current(db, cast.alice.id, clock.now)
    assert current is not None
    assert current.id == cast.treatment.id


def test_the_course_before_goes_on_and_intervals_do_not_count_what_was_never_done(
    dana: Browser, db: Database, cast: Cast, clock: Clock
) -> None:
    mistake = replace(cast.treatment, performed_at=TREATED_AT + timedelta(days=1))
    entered = begin_treatment(db, PROTOCOLS, mistake)
    path = f"/patients/{cast.alice.id}/treatments/{entered.id}/wrong-patient"
    assert dana.send(path, {"right": "not_known", "why": WHY}).status_code == 303
    assert treatments.current(db, cast.alice.id, clock.now) == cast.treatment
    assert treatments.latest_between(db, TREATED_AT, clock.now) == [cast.treatment]
    later = replace(mistake, id="", performed_at=TREATED_AT + timedelta(days=60))
    waits = too_soon(later, of(db, cast.alice.id), PROTOCOLS, cast.alice.zone)
    assert entered.id not in {each.earlier.id for each in waits}
    undo = f"/patients/{cast.alice.id}/treatments/{entered.id}/resume"
    assert dana.send(undo, {}).status_code == 303
    assert treatments.current(db, cast.alice.id, clock.now) == entered


@pytest.mark.parametrize(
    ("right", "why", "words"),
    [
        ("", WHY, "Say whose treatment it was."),
        ("eli", WHY, "Say whose treatment it was."),
        ("not_known", " ", "Say why the course ends."),
    ],
)
def test_without_a_patient_or_a_reason_nothing_changes_and_nothing_is_lost(
    dana: Browser, db: Database, cast: Cast, wrong: str, right: str, why: str, words: str
) -> None:
    answer = dana.send(wrong, {"right": right, "why": why})
    assert answer.status_code == 422
    assert words in answer.text
    assert why in answer.text
    assert of(db, cast.alice.id) == [cast.treatment]


def test_sent_twice_it_is_moved_once(dana: Browser, db: Database, cast: Cast, wrong: str) -> None:
    for _ in range(2):
        assert dana.send(wrong, {"right": cast.bob.id, "why": WHY}).status_code == 303
    assert len(of(db, cast.bob.id)) == 1
