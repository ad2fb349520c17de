"""While a person is away, the deputy is asked and may see; afterwards neither."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlite_utils import Database

from tests.conftest import PASSPHRASE, PROTOCOLS, TREATED_AT, Cast
from tests.web.conftest import Records
from tracker.actions.alerts.clock import escalate_alerts
from tracker.actions.alerts.raising import raise_alerts
from tracker.actions.course.checking_in import record_check_in
from tracker.actions.desk.worklist import show_worklist
from tracker.actions.mail.daily import write_digests
from tracker.actions.people.accounts import add_person
from tracker.actions.people.signing_in import resume_session, sign_in
from tracker.actions.people.staff import end_absence, enter_absence, show_absences
from tracker.domain.alerts.alerts import Level
from tracker.domain.course.check_ins import Answers, Trend
from tracker.domain.desk.worklist import WorklistQuery
from tracker.domain.people.absences import Leave
from tracker.domain.people.people import Person, Role
from tracker.storage.connection import writing
from tracker.storage.mail import mails
from tracker.storage.people import absences, people
from tracker.world import World

DAY_1 = TREATED_AT + timedelta(days=1, hours=2)
BACK = TREATED_AT + timedelta(days=9)
LIMIT = timedelta(hours=1)
SICK = Answers(pain=9, fever=True, spreading=True, trend=Trend.WORSE)


@pytest.fixture
def records(db: Database, world: World, cast: Cast) -> Records:
    return Records(db, world, cast)


def sees_alice(db: Database, person: Person, cast: Cast, now: datetime) -> bool:
    token = sign_in(db, person.email, PASSPHRASE, now)
    assert isinstance(token, tuple)
    resumed = resume_session(db, token[1], now)
    assert resumed is not None
    return cast.alice.id in resumed[1].cares_for


def told(db: Database, *people: Person) -> list[int]:
    return [len(mails.of_recipient(db, person.id)) for person in people]


def test_the_deputy_sees_the_patients_while_it_lasts_and_not_before_or_after(
    db: Database, cast: Cast, records: Records
) -> None:
    records.absence(cast.dana, deputy=cast.eli)
    assert not sees_alice(db, cast.eli, cast, TREATED_AT)
    assert sees_alice(db, cast.eli, cast, DAY_1)
    assert sees_alice(db, cast.dana, cast, DAY_1)
    assert not sees_alice(db, cast.eli, cast, BACK)


def test_an_absence_that_is_ended_early_takes_the_reach_with_it(
    db: Database, cast: Cast, records: Records
) -> None:
    absence = records.absence(cast.dana, deputy=cast.eli)
    assert sees_alice(db, cast.eli, cast, DAY_1)
    assert end_absence(db, absence.id, cast.dana.id, DAY_1)
    assert not sees_alice(db, cast.eli, cast, DAY_1)


def test_who_is_suspended_meanwhile_lends_no_patients_any_more(
    db: Database, cast: Cast, records: Records
) -> None:
    records.absence(cast.dana, deputy=cast.eli)
    with writing(db):
        people.suspend(db, cast.dana.id, DAY_1)
    assert not sees_alice(db, cast.eli, cast, DAY_1)
    assert not show_worklist(db, PROTOCOLS, cast.eli, WorklistQuery(), DAY_1).excerpt.counts


def test_nobody_ends_the_absence_of_another(db: Database, cast: Cast, records: Records) -> None:
    absence = records.absence(cast.dana, deputy=cast.eli)
    assert not end_absence(db, absence.id, cast.eli.id, DAY_1)
    assert absences.get(db, absence.id) == absence


def test_urgent_mails_go_to_the_deputy_instead_and_at_last_to_everybody(
    db: Database, cast: Cast, records: Records
) -> None:
    records.absence(cast.dana, deputy=cast.eli)
    record_check_in(db, PROTOCOLS, cast.alice.id, SICK, DAY_1)
    assert raise_alerts(db, PROTOCOLS, DAY_1)
    assert told(db, cast.dana, cast.eli) == [0, 1]
    assert escalate_alerts(db, LIMIT, DAY_1 + LIMIT)
    assert told(db, cast.dana, cast.eli) == [1, 1]
    assert escalate_alerts(db, LIMIT, DAY_1 + 2 * LIMIT)
    assert told(db, cast.dana, cast.eli) == [2, 2]


def test_the_morning_list_goes_to_the_deputy(db: Database, cast: Cast, records: Records) -> None:
    records.absence(cast.dana, deputy=cast.eli)
    records.alert(level=Level.REVIEW)
    write_digests(db, TREATED_AT + timedelta(days=4))
    assert told(db, cast.dana, cast.eli) == [0, 1]


def test_without_anybody_else_the_one_away_is_told(
    db: Database, cast: Cast, records: Records
) -> None:
    records.absence(cast.dana)
    record_check_in(db, PROTOCOLS, cast.alice.id, SICK, DAY_1)
    raise_alerts(db, PROTOCOLS, DAY_1)
    assert told(db, cast.dana, cast.eli) == [1, 0]


def test_the_work_list_tells_whose_patients_they_are(
    db: Database, cast: Cast, records: Records
) -> None:
    absence = records.absence(cast.dana, deputy=cast.eli)
    before = show_worklist(db, PROTOCOLS, cast.eli, WorklistQuery(), TREATED_AT)
    assert (before.coming, before.stood_in) == ((absence,), ())
    during = show_worklist(db, PROTOCOLS, cast.eli, WorklistQuery(), DAY_1)
    (lent,) = during.stood_in
    assert (lent.absent, lent.patients) == (cast.dana, 1)
    (row,) = [row for rows in during.folded.values() for row in rows]
    assert row.ranked.facts.in_place_of == cast.dana.id
    assert not show_worklist(db, PROTOCOLS, cast.eli, WorklistQuery(), BACK).excerpt.counts


def test_overlapping_absences_of_one_person_are_refused_and_others_are_told(
    db: Database, cast: Cast, records: Records
) -> None:
    mine = records.absence(cast.dana, deputy=cast.eli)
    with pytest.raises(ValueError, match="end that absence first"):
        records.absence(cast.dana)
    theirs = records.absence(cast.eli, deputy=cast.dana)
    assert show_absences(db, cast.dana, TREATED_AT).clashes == {mine.id: (theirs,)}


def test_only_another_practitioner_can_be_a_deputy(
    db: Database, cast: Cast, records: Records
) -> None:
    role = replace(cast.eli, role=Role.ASSISTANT, email="gil@clinic.example", name="Gil")
    assistant = add_person(db, role, PASSPHRASE)
    for deputy in (cast.dana, cast.alice, assistant):
        with pytest.raises(ValueError, match="cannot stand in"):
            records.absence(cast.dana, deputy=deputy)
    choice = show_absences(db, cast.dana, TREATED_AT).deputies
    assert choice == (cast.eli,)
    day = TREATED_AT.date()
    with pytest.raises(ValueError, match="cannot stand in"):
        enter_absence(db, cast.dana, Leave(day, day, "nobody"), TREATED_AT)


def test_who_lets_whom_see_patients_is_in_the_audit_log(
    db: Database, cast: Cast, records: Records
) -> None:
    absence = records.absence(cast.dana, deputy=cast.eli)
    assert end_absence(db, absence.id, cast.dana.id, DAY_1)
    assert end_absence(db, absence.id, cast.dana.id, DAY_1)
    sql = "SELECT details FROM audit_log WHERE act = 'care_team_changed' ORDER BY at"
    assert [row["details"] for row in db.query(sql)] == [
        "away 2026-03-03 to 2026-03-09, Dr Eli stands in",
        "absence from 2026-03-03 ended",
    ]
