from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlite_utils import Database

from tests.conftest import PASSPHRASE, PROTOCOLS, Cast
from tracker.actions.add_person import add_person
from tracker.actions.begin_treatment import begin_treatment
from tracker.actions.raise_alerts import raise_alerts
from tracker.actions.record_check_in import record_check_in
from tracker.actions.show_worklist import show_worklist
from tracker.check_ins import Answers, Trend

DAY_4 = datetime(2026, 3, 6, 9, tzinfo=UTC)
SICK = Answers(pain=6, warmth=True, pus=True, spreading=True, trend=Trend.WORSE)


def test_only_patients_in_care_are_listed(db: Database, cast: Cast) -> None:
    assert [row.patient for row in show_worklist(db, cast.dana.id, DAY_4)] == [cast.alice]
    assert show_worklist(db, cast.eli.id, DAY_4) == []


def test_whoever_has_an_unanswered_alert_comes_first(db: Database, cast: Cast) -> None:
    twin = replace(cast.alice, name="Aaron", email="aaron@clinic.example")
    aaron = add_person(db, twin, PASSPHRASE, cared_for_by=cast.dana.id)
    begin_treatment(db, PROTOCOLS, replace(cast.treatment, patient_id=aaron.id))
    record_check_in(db, PROTOCOLS, cast.alice.id, SICK, DAY_4)
    raise_alerts(db, PROTOCOLS, DAY_4)
    rows = show_worklist(db, cast.dana.id, DAY_4)
    assert [row.patient.name for row in rows] == ["Alice", "Aaron"]
    assert [row.day for row in rows] == [4, 4]


def test_an_unanswered_alert_of_an_earlier_treatment_stays_in_sight(
    db: Database, cast: Cast
) -> None:
    record_check_in(db, PROTOCOLS, cast.alice.id, SICK, DAY_4)
    (alert,) = raise_alerts(db, PROTOCOLS, DAY_4)
    later = DAY_4 + timedelta(days=30)
    begin_treatment(db, PROTOCOLS, replace(cast.treatment, performed_at=later))
    (row,) = show_worklist(db, cast.dana.id, later + timedelta(days=1))
    assert row.day == 1
    assert [(a.alert.id, a.treatment) for a in row.alerts] == [(alert.id, cast.treatment)]
