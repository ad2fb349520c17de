"""Consent is a history that only grows, and care without it stops."""

from concurrent.futures import Executor
from datetime import timedelta
from typing import NoReturn

import pytest
from sqlite_utils import Database

from tests.conftest import PROTOCOLS, TREATED_AT, Cast
from tests.web.conftest import Records
from tracker.actions.alerts.clock import notice_silence
from tracker.actions.alerts.raising import raise_alerts
from tracker.actions.course.checking_in import Recorded, record_check_in
from tracker.actions.course.measuring import measure_photos
from tracker.actions.course.receiving import receive_photo
from tracker.actions.mail.daily import remind_patients
from tracker.actions.own_data.deciding import decide_consent
from tracker.domain.course.check_ins import Answers
from tracker.domain.course.photos import PhotoRole, PhotoStatus, Upload
from tracker.domain.own_data.consents import CareWithdrawn, Consent, Decision, Purpose
from tracker.storage.connection import IntegrityError
from tracker.storage.course import photos
from tracker.storage.own_data import consents
from tracker.world import World

NOW = TREATED_AT + timedelta(days=3)


@pytest.fixture
def records(db: Database, world: World, cast: Cast) -> Records:
    return Records(db, world, cast)


def decide(
    db: Database,
    patient_id: str,
    decision: Decision,
    purpose: Purpose = Purpose.CARE,
    photo_id: str | None = None,
) -> bool:
    return decide_consent(db, patient_id, Consent(purpose, decision, NOW, photo_id))


def test_a_decision_made_twice_is_one(db: Database, cast: Cast) -> None:
    for decision in (Decision.GIVEN, Decision.GIVEN, Decision.WITHDRAWN, Decision.WITHDRAWN):
        decide(db, cast.alice.id, decision, Purpose.TEACHING)
    assert [c.decision for c in consents.of_patient(db, cast.alice.id)] == list(Decision)


@pytest.mark.parametrize(
    "change", ["UPDATE consents SET decision = 'given'", "DELETE FROM consents"]
)
def test_the_history_cannot_be_rewritten(db: Database, cast: Cast, change: str) -> None:
    decide(db, cast.alice.id, Decision.WITHDRAWN)
    with pytest.raises(IntegrityError, match="a decision is not"):
        db.execute(change)


def test_only_ones_own_photos_can_be_decided(db: Database, records: Records, cast: Cast) -> None:
    photo = records.measured(1)
    assert not decide(db, cast.bob.id, Decision.GIVEN, Purpose.TEACHING, photo.id)
    assert decide(db, cast.alice.id, Decision.GIVEN, Purpose.TEACHING, photo.id)
    with pytest.raises(ValueError, match="all photos together"):
        decide(db, cast.alice.id, Decision.WITHDRAWN, Purpose.CARE, photo.id)


def test_without_consent_to_care_nothing_is_taken_measured_judged_or_asked_for(
    db: Database, world: World, records: Records, cast: Cast
) -> None:
    records.measured(-1)
    waiting = records.photo(2)
    fever = Answers(fever=True, spreading=True)
    assert isinstance(record_check_in(db, PROTOCOLS, cast.alice.id, fever, NOW), Recorded)
    decide(db, cast.alice.id, Decision.WITHDRAWN)

    upload = Upload(b"never looked at", PhotoRole.FOLLOW_UP)
    assert receive_photo(db, world.files, cast.alice.id, upload, NOW) == CareWithdrawn()
    assert record_check_in(db, PROTOCOLS, cast.alice.id, Answers(), NOW) == CareWithdrawn()
    assert measure_photos(db, world.files, NobodyMeasures(), NOW) == []
    kept = photos.get(db, waiting.id)
    assert kept is not None
    assert kept.status is PhotoStatus.WAITING
    later = NOW + timedelta(days=3)
    assert raise_alerts(db, PROTOCOLS, later) == []
    assert notice_silence(db, PROTOCOLS, later) == []
    assert remind_patients(db, PROTOCOLS, later.replace(hour=19)) == []


def test_what_waited_goes_on_when_consent_is_given_again(
    db: Database, records: Records, cast: Cast
) -> None:
    fever = Answers(fever=True, spreading=True)
    record_check_in(db, PROTOCOLS, cast.alice.id, fever, NOW)
    decide(db, cast.alice.id, Decision.WITHDRAWN)
    assert raise_alerts(db, PROTOCOLS, NOW) == []
    decide(db, cast.alice.id, Decision.GIVEN)
    assert raise_alerts(db, PROTOCOLS, NOW) != []


class NobodyMeasures(Executor):
    """Fails the test that gives it work."""

    def submit(self, *_args: object, **_more: object) -> NoReturn:
        raise AssertionError("a photo was handed over to be measured")
