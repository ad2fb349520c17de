"""What counts as failing, and that it is found from the rows."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database

from tests.conftest import PROTOCOLS, Cast
from tests.web.conftest import Records
from tracker.actions.alerts.raising import raise_alerts
from tracker.actions.clinic.health import examine, leave_sign_of_life, show_health
from tracker.actions.course.checking_in import record_check_in
from tracker.domain.clinic.audit import Act, Entry
from tracker.domain.clinic.health import (
    DUTIES,
    GIBIBYTE,
    Facts,
    Failed,
    Part,
    Queue,
    SignOfLife,
    State,
    judge,
    worst,
)
from tracker.domain.course.check_ins import Answers
from tracker.domain.course.photos import FAILED, FileFault, PhotoStatus
from tracker.settings import Backups
from tracker.storage.clinic import audit_log
from tracker.storage.connection import writing
from tracker.storage.course import photos
from tracker.storage.mail import mails
from tracker.wires.backups import new_identity
from tracker.worker import backups, do_duty
from tracker.world import World

NOW = datetime(2026, 3, 5, 9, 0, tzinfo=UTC)
SIGNS: Mapping[SignOfLife, datetime] = {
    **dict.fromkeys(SignOfLife, NOW - timedelta(seconds=30)),
    SignOfLife.BACKUP_FAILED: NOW - timedelta(days=1),
}
EMPTY = Queue(0, None, 0)
WELL = Facts(NOW, SIGNS, EMPTY, EMPTY, Failed(), EMPTY, EMPTY, None, 100 * GIBIBYTE, 10**6, {})


def waits(minutes: int) -> Queue:
    return Queue(1, NOW - timedelta(minutes=minutes), 0)


def without(sign: SignOfLife) -> dict[SignOfLife, datetime]:
    return {each: at for each, at in SIGNS.items() if each is not sign}


def test_a_clinic_in_which_everything_works_is_well() -> None:
    assert set(judge(WELL).values()) == {State.GOOD}


@pytest.mark.parametrize(
    ("facts", "part", "state"),
    [
        *[(replace(WELL, signs=without(duty)), Part(duty), State.FAILING) for duty in DUTIES],
        (replace(WELL, signs=without(SignOfLife.BACKED_UP)), Part.BACKUP, State.FAILING),
        (replace(WELL, signs={}), Part.BACKUP, State.LOOK),
        (replace(WELL, signs={**SIGNS, SignOfLife.BACKUP_FAILED: NOW}), Part.BACKUP, State.FAILING),
        (replace(WELL, at=NOW + timedelta(minutes=5)), Part.MEASURING, State.FAILING),
        (replace(WELL, at=NOW + timedelta(minutes=5)), Part.ESCALATING, State.FAILING),
        (replace(WELL, unjudged=waits(9)), Part.UNJUDGED, State.GOOD),
        (replace(WELL, unjudged=waits(10)), Part.UNJUDGED, State.FAILING),
        (replace(WELL, pressing_mails=waits(4)), Part.PRESSING_MAILS, State.GOOD),
        (replace(WELL, pressing_mails=waits(5)), Part.PRESSING_MAILS, State.FAILING),
        (replace(WELL, photos=waits(9)), Part.PHOTOS, State.GOOD),
        (replace(WELL, photos=waits(10)), Part.PHOTOS, State.LOOK),
        (replace(WELL, photos=waits(60)), Part.PHOTOS, State.FAILING),
        (replace(WELL, mails=waits(60)), Part.MAILS, State.FAILING),
        (replace(WELL, failed=Failed(photos=1)), Part.FAILED_PHOTOS, State.FAILING),
        (replace(WELL, failed=Failed(baselines=1)), Part.FAILED_BASELINES, State.FAILING),
        (replace(WELL, failed=Failed(files=1)), Part.FILES, State.FAILING),
        (replace(WELL, mails=Queue(0, None, 1)), Part.LOST_MAILS, State.LOOK),
        (replace(WELL, free_bytes=4 * GIBIBYTE), Part.DISK, State.LOOK),
        (replace(WELL, free_bytes=GIBIBYTE - 1), Part.DISK, State.FAILING),
    ],
)
def test_each_limit_tells_its_own_part(facts: Facts, part: Part, state: State) -> None:
    states = judge(facts)
    assert states[part] is state
    assert worst(states.values()) is max(states.values(), key=lambda each: each.rank)


@pytest.mark.parametrize(
    ("every", "age", "state"),
    [
        (24, 35, State.GOOD),
        (24, 36, State.LOOK),
        (24, 47, State.LOOK),
        (24, 48, State.FAILING),
        (6, 12, State.FAILING),
        (168, 7 * 24 + 1, State.GOOD),
        (168, 14 * 24, State.FAILING),
        (None, 47, State.GOOD),
        (None, 30 * 24, State.LOOK),
    ],
)
def test_a_backup_that_is_late_by_its_own_interval_is_a_failure(
    world: World, db: Database, every: int | None, age: int, state: State
) -> None:
    interval = None if every is None else timedelta(hours=every)
    backups = Backups("/elsewhere", "", interval, interval) if interval else None
    settings = replace(world.settings, backups=backups)
    leave_sign_of_life(db, SignOfLife.BACKED_UP, NOW - timedelta(hours=age))
    assert judge(show_health(db, settings, PROTOCOLS, NOW))[Part.BACKUP] is state
    looked = {each.what: each for each in examine(db, world.files, settings, NOW)}
    assert looked["backup"].state is state


@pytest.mark.parametrize(
    ("every", "hours", "state"),
    [(24, 47, State.LOOK), (24, 48, State.FAILING), (None, 1000, State.LOOK)],
)
def test_a_first_backup_that_never_came_is_a_failure_too(
    world: World, db: Database, every: int | None, hours: int, state: State
) -> None:
    interval = None if every is None else timedelta(hours=every)
    backups = Backups("/elsewhere", "", interval, interval) if interval else None
    settings = replace(world.settings, backups=backups)
    audit_log.add(db, Entry(Act.SIGNED_IN, NOW))
    at = NOW + timedelta(hours=hours)
    assert judge(show_health(db, settings, PROTOCOLS, at))[Part.BACKUP] is state
    looked = {each.what: each for each in examine(db, world.files, settings, at)}
    assert looked["backup"].state is state


def test_every_sign_but_those_of_single_events_is_watched() -> None:
    events = {"measured", "swept", "backing_up", "backed_up", "backup_failed"}
    assert {str(sign) for sign in set(SignOfLife) - set(DUTIES)} <= events


def test_a_clock_set_back_does_not_make_a_dead_worker_look_alive() -> None:
    an_hour_back = replace(WELL, at=NOW - timedelta(hours=1))
    assert judge(an_hour_back)[Part.ESCALATING] is State.FAILING
    # An hour later the clock shows the time of the last sign once more.
    dead = replace(WELL, elapsed=dict.fromkeys(SignOfLife, timedelta(hours=1)))
    assert judge(dead)[Part.ESCALATING] is State.FAILING


def test_a_clock_set_back_does_not_make_a_living_worker_look_dead() -> None:
    alive = replace(
        WELL, at=NOW - timedelta(hours=1), elapsed=dict.fromkeys(SignOfLife, timedelta(seconds=20))
    )
    assert judge(alive)[Part.ESCALATING] is State.GOOD


def test_a_backup_that_breaks_off_shows_at_once_and_its_reason_is_logged(
    world: World, db: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = tmp_path / "backups"
    place.mkdir()
    (place / "keys").write_bytes(b"of another recipient")
    day, recipient = timedelta(days=1), new_identity()[1]
    settings = replace(world.settings, backups=Backups(str(place), recipient, day, day))
    duty = backups(replace(world, settings=settings))
    assert do_duty(duty, db, lambda: NOW) is None
    facts = look(world, db, NOW + timedelta(minutes=1))
    assert judge(facts)[Part.BACKUP] is State.FAILING
    looked = {each.what: each for each in examine(db, world.files, settings, NOW)}
    assert looked["backup"].state is State.FAILING
    assert "no backup: the place that AFTERGLOW_BACKUP_TO names" in caplog.text
    (place / "keys").unlink()
    later = NOW + timedelta(minutes=10)
    assert do_duty(duty, db, lambda: later) is False
    assert judge(look(world, db, later + timedelta(minutes=1)))[Part.BACKUP] is State.GOOD


def look(world: World, db: Database, now: datetime) -> Facts:
    return show_health(db, world.settings, PROTOCOLS, now)


def test_the_facts_are_those_of_the_rows(world: World, db: Database, cast: Cast) -> None:
    leave_sign_of_life(db, SignOfLife.MAIL, NOW)
    leave_sign_of_life(db, SignOfLife.MAIL, NOW + timedelta(minutes=1))
    record_check_in(db, PROTOCOLS, cast.alice.id, Answers(fever=True, spreading=True), NOW)
    raise_alerts(db, PROTOCOLS, NOW)
    facts = look(world, db, NOW + timedelta(minutes=2))
    assert facts.signs == {SignOfLife.MAIL: NOW + timedelta(minutes=1)}
    assert facts.mails == facts.pressing_mails == Queue(1, NOW, 0)
    assert facts.photos == EMPTY
    assert facts.database_bytes > 0
    assert facts.free_bytes > 0
    (mail,) = mails.due(db, NOW)
    with writing(db):
        mails.sent(db, mail.id, NOW + timedelta(minutes=3))
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


def test_news_that_nobody_judges_is_overdue_after_ten_minutes(
    world: World, db: Database, cast: Cast
) -> None:
    came = datetime.now(UTC)
    record_check_in(db, PROTOCOLS, cast.alice.id, Answers(fever=True, spreading=True), NOW)
    assert judge(look(world, db, came + timedelta(minutes=9)))[Part.UNJUDGED] is State.GOOD
    # A second answer does not make the first wait less.
    record_check_in(db, PROTOCOLS, cast.alice.id, Answers(), NOW)
    facts = look(world, db, came + timedelta(minutes=11))
    assert facts.unjudged.waiting == 1
    assert judge(facts)[Part.UNJUDGED] is State.FAILING
    raise_alerts(db, PROTOCOLS, NOW)
    assert look(world, db, came + timedelta(minutes=11)).unjudged == EMPTY


def test_photos_that_were_given_up_and_files_that_cannot_be_read_are_counted(
    world: World, db: Database, cast: Cast
) -> None:
    records = Records(db, world, cast)
    before = records.photo(-1)
    records.photo(1, PhotoStatus.UNMEASURABLE, faults=(FAILED,))
    records.photo(2, PhotoStatus.UNMEASURABLE, faults=("too_dark",))
    assert look(world, db, NOW).failed == Failed(photos=1)
    with writing(db):
        photos.record_file_fault(db, before, FileFault.DAMAGED)
    assert look(world, db, NOW).failed == Failed(photos=1, baselines=1, files=1)


def test_signs_of_another_version_are_no_trouble(world: World, db: Database) -> None:
    with writing(db):
        db.execute("INSERT INTO signs_of_life (sign, at) VALUES ('post', ?)", [NOW.isoformat()])
    assert look(world, db, NOW).signs == {}


def test_a_sign_left_before_the_clock_was_set_back_is_renewed(world: World, db: Database) -> None:
    leave_sign_of_life(db, SignOfLife.MAIL, NOW, timedelta(seconds=30))
    back = NOW - timedelta(hours=1)
    leave_sign_of_life(db, SignOfLife.MAIL, back, timedelta(seconds=30))
    assert look(world, db, back).signs == {SignOfLife.MAIL: back}


def test_lost_mails_count_for_a_week(world: World, db: Database, cast: Cast) -> None:
    record_check_in(db, PROTOCOLS, cast.alice.id, Answers(fever=True, spreading=True), NOW)
    raise_alerts(db, PROTOCOLS, NOW)
    (mail,) = mails.due(db, NOW)
    with writing(db):
        mails.give_up(db, mail.id, NOW, "no such mailbox")
    assert look(world, db, NOW + timedelta(days=6)).mails == Queue(0, None, 1)
    assert look(world, db, NOW + timedelta(days=8)).mails == EMPTY
