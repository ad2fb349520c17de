"""What counts as failing, and that it is found from the rows."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlite_utils import Database

from tests.conftest import PROTOCOLS, Cast
from tests.web.conftest import Records
from tracker.actions.note_sign import note_sign
from tracker.actions.raise_alerts import raise_alerts
from tracker.actions.record_check_in import record_check_in
from tracker.actions.show_health import show_health
from tracker.check_ins import Answers
from tracker.health import GIBIBYTE, Facts, Part, Queue, Sign, State, judge, worst
from tracker.storage import messages, photos
from tracker.storage.connection import writing
from tracker.world import World

NOW = datetime(2026, 3, 5, 9, 0, tzinfo=UTC)
SIGNS: Mapping[Sign, datetime] = dict.fromkeys(Sign, NOW - timedelta(seconds=30))
EMPTY = Queue(0, None, 0)
WELL = Facts(NOW, SIGNS, EMPTY, EMPTY, None, 100 * GIBIBYTE, 10**6, {})


def waits(minutes: int) -> Queue:
    return Queue(1, NOW - timedelta(minutes=minutes), 0)


def without(sign: Sign) -> dict[Sign, datetime]:
    return {each: at for each, at in SIGNS.items() if each is not sign}


def test_a_clinic_in_which_everything_works_is_well() -> None:
    assert set(judge(WELL).values()) == {State.GOOD}


@pytest.mark.parametrize(
    ("facts", "part", "state"),
    [
        (replace(WELL, signs=without(Sign.MEASURING)), Part.WORKER, State.FAILING),
        (replace(WELL, signs=without(Sign.POST)), Part.POST, State.FAILING),
        (replace(WELL, signs=without(Sign.BACKED_UP)), Part.BACKUP, State.LOOK),
        (replace(WELL, at=NOW + timedelta(minutes=5)), Part.WORKER, State.FAILING),
        (replace(WELL, photos=waits(9)), Part.PHOTOS, State.GOOD),
        (replace(WELL, photos=waits(10)), Part.PHOTOS, State.LOOK),
        (replace(WELL, photos=waits(60)), Part.PHOTOS, State.FAILING),
        (replace(WELL, mails=waits(60)), Part.MAILS, State.FAILING),
        (replace(WELL, photos=Queue(0, None, 1)), Part.FAILED_PHOTOS, State.LOOK),
        (replace(WELL, mails=Queue(0, None, 1)), Part.LOST_MAILS, State.LOOK),
        (replace(WELL, free_bytes=4 * GIBIBYTE), Part.DISK, State.LOOK),
        (replace(WELL, free_bytes=GIBIBYTE - 1), Part.DISK, State.FAILING),
    ],
)
def test_each_limit_tells_its_own_part(facts: Facts, part: Part, state: State) -> None:
    states = judge(facts)
    assert states[part] is state
    assert worst(states) is max(states.values(), key=lambda each: each.rank)


def look(world: World, db: Database, now: datetime) -> Facts:
    return show_health(db, world.settings.database, PROTOCOLS, now)


def test_the_facts_are_those_of_the_rows(world: World, db: Database, cast: Cast) -> None:
    note_sign(db, Sign.POST, NOW)
    note_sign(db, Sign.POST, NOW + timedelta(minutes=1))
    record_check_in(db, PROTOCOLS, cast.alice.id, Answers(fever=True, spreading=True), NOW)
    raise_alerts(db, PROTOCOLS, NOW)
    facts = look(world, db, NOW + timedelta(minutes=2))
    assert facts.signs == {Sign.POST: NOW + timedelta(minutes=1)}
    assert facts.mails == Queue(1, NOW, 0)
    assert facts.photos == EMPTY
    assert facts.database_bytes > 0
    assert facts.free_bytes > 0
    (mail,) = messages.due(db, NOW)
    with writing(db):
        messages.sent(db, mail.id, NOW + timedelta(minutes=3))
    lag = look(world, db, NOW + timedelta(minutes=5)).lag
    assert lag is not None
    assert round(lag.total_seconds()) == 180


def test_a_course_that_is_measured_anew_has_not_waited_since_its_photos_came(
    world: World, db: Database, cast: Cast
) -> None:
    records = Records(db, world, cast)
    days = [records.measured(day) for day in (-1, 1, 2)]
    with writing(db):
        photos.measure_again(db, cast.treatment.id)
    later = NOW + timedelta(days=30)
    assert look(world, db, later).photos == Queue(len(days), None, 0)
    fresh = records.photo(2.5)
    assert look(world, db, later).photos == Queue(len(days) + 1, fresh.received_at, 0)


def test_lost_mails_count_for_a_week(world: World, db: Database, cast: Cast) -> None:
    record_check_in(db, PROTOCOLS, cast.alice.id, Answers(fever=True, spreading=True), NOW)
    raise_alerts(db, PROTOCOLS, NOW)
    (mail,) = messages.due(db, NOW)
    with writing(db):
        messages.give_up(db, mail.id, NOW, "no such mailbox")
    assert look(world, db, NOW + timedelta(days=6)).mails == Queue(0, None, 1)
    assert look(world, db, NOW + timedelta(days=8)).mails == EMPTY
