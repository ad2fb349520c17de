from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlite_utils import Database

from tests.conftest import PASSPHRASE, PROTOCOLS, Cast
from tests.tracker.courses_of_readings import rising_again, staying
from tests.web.conftest import Records
from tracker.actions.alerts.raising import raise_alerts
from tracker.actions.course.checking_in import record_check_in
from tracker.actions.course.pictures import show_picture
from tracker.actions.course.treatments import begin_treatment
from tracker.actions.desk.worklist import Worklist, read_standing, show_worklist
from tracker.actions.people.accounts import add_person
from tracker.domain.course.check_ins import Answers, Trend
from tracker.domain.course.photos import FAILED, EarlyPhoto, FileFault, Photo, PhotoStatus, View
from tracker.domain.course.readings import Change
from tracker.domain.desk.worklist import Group, WorklistQuery
from tracker.storage.columns import time_text
from tracker.storage.connection import writing
from tracker.storage.course import photos
from tracker.storage.desk.worklist import version
from tracker.storage.mail import mails
from tracker.wires.photo_files import Picture
from tracker.world import World

DAY_4 = datetime(2026, 3, 6, 9, tzinfo=UTC)
SICK = Answers(pain=6, warmth=True, pus=True, spreading=True, trend=Trend.WORSE)


@pytest.fixture
def records(db: Database, world: World, cast: Cast) -> Records:
    return Records(db, world, cast)


def listed(db: Database, cast: Cast, now: datetime = DAY_4) -> Worklist:
    return show_worklist(db, PROTOCOLS, cast.dana, WorklistQuery(), now)


def group_of_alice(db: Database, cast: Cast) -> Group:
    ((group, _),) = listed(db, cast).excerpt.counts.items()
    return group


def test_only_patients_in_care_are_listed(db: Database, cast: Cast) -> None:
    (row,) = listed(db, cast).folded[Group.RECOVERING]
    assert row.patient == cast.alice
    assert not show_worklist(db, PROTOCOLS, cast.eli, WorklistQuery(), DAY_4).excerpt.counts


def test_whoever_has_an_unanswered_alert_comes_first(db: Database, cast: Cast) -> None:
    twin = replace(cast.alice, name="Aaron", email="aaron@clinic.example")
    aaron = add_person(db, twin, PASSPHRASE, cared_for_by=cast.dana.id)
    begin_treatment(db, PROTOCOLS, replace(cast.treatment, patient_id=aaron.id))
    record_check_in(db, PROTOCOLS, cast.alice.id, SICK, DAY_4)
    raise_alerts(db, PROTOCOLS, DAY_4)
    found = listed(db, cast)
    rows = [*found.rows, *found.folded[Group.RECOVERING]]
    assert [row.patient.name for row in rows] == ["Alice", "Aaron"]
    assert [row.day for row in rows] == [4, 4]


def test_an_unanswered_alert_of_an_earlier_treatment_stays_in_sight(
    db: Database, cast: Cast
) -> None:
    record_check_in(db, PROTOCOLS, cast.alice.id, SICK, DAY_4)
    (alert,) = raise_alerts(db, PROTOCOLS, DAY_4)
    later = DAY_4 + timedelta(days=30)
    begin_treatment(db, PROTOCOLS, replace(cast.treatment, performed_at=later))
    (row,) = listed(db, cast, later + timedelta(days=1)).rows
    assert row.day == 1
    assert [(a.alert.id, a.treatment) for a in row.alerts] == [(alert.id, cast.treatment)]


def test_a_photo_is_new_until_somebody_has_opened_it_large(
    db: Database, world: World, cast: Cast, records: Records
) -> None:
    first, second = records.measured(1), records.measured(2)

    def unseen_after(photo: Photo, picture: Picture, *, is_large: bool = False) -> int:
        show_picture(
            db,
            world.files,
            cast.dana.id,
            cast.alice.id,
            photo.id,
            picture,
            DAY_4,
            is_large=is_large,
        )
        excerpt = listed(db, cast)
        return sum(row.ranked.facts.unseen for row in excerpt.rows)

    for small in set(Picture) - {Picture.PHOTO}:
        assert unseen_after(second, small) == 2, small
    assert unseen_after(second, Picture.PHOTO) == 1  # minutes after the look at a small picture
    assert unseen_after(first, Picture.ALIGNED, is_large=True) == 0
    assert group_of_alice(db, cast) is Group.RECOVERING
    records.measured(1.5)
    assert group_of_alice(db, cast) is Group.UNSEEN


def test_a_photo_that_is_not_measured_yet_waits_to_be_seen_too(
    db: Database, world: World, cast: Cast, records: Records
) -> None:
    waiting = records.photo(1)
    records.measured(2)
    (row,) = listed(db, cast).rows
    facts = row.ranked.facts
    assert (facts.unseen, facts.waiting, facts.unseen_since) == (2, 1, waiting.received_at)
    assert facts.unseen == len(photos.unseen(db, cast.alice.id)), "as on the patient's page"
    with writing(db):
        photos.record_file_fault(db, waiting, FileFault.DAMAGED)
    (row,) = listed(db, cast).rows
    assert (row.ranked.facts.unseen, row.ranked.facts.waiting) == (2, 0), "counted once"


@pytest.mark.parametrize("kind", ["side", "early", "late", "front"])
def test_a_photo_of_any_kind_makes_the_patient_wait_until_it_is_opened(
    db: Database, world: World, cast: Cast, records: Records, kind: str
) -> None:
    photo: Photo | EarlyPhoto
    if kind == "early":
        photo = records.early(2)
    elif kind == "late":
        photo = records.photo(-1, PhotoStatus.MEASURED)
        with writing(db):
            late = [time_text(DAY_4 - timedelta(days=1)), photo.id]
            db.execute("UPDATE photos SET received_at = ? WHERE id = ?", late)
    elif kind == "side":
        photo = records.photo(2, PhotoStatus.KEPT, view=View.LEFT)
    else:
        photo = records.measured(2)
    before = version(db)
    (row,) = listed(db, cast).rows
    facts = row.ranked.facts
    assert row.ranked.group is Group.UNSEEN
    assert (facts.unseen, facts.waiting) == (1, 0)
    assert (facts.sides, facts.early) == (kind == "side", kind == "early")
    assert [each.id for each in read_standing(db, PROTOCOLS, cast.alice.id).unseen] == [photo.id]
    seen_by, of = cast.dana.id, cast.alice.id
    show_picture(db, world.files, seen_by, of, photo.id, Picture.PHOTO, DAY_4, is_ahead=True)
    assert group_of_alice(db, cast) is Group.UNSEEN, "the browser fetched it ahead"
    show_picture(db, world.files, seen_by, of, photo.id, Picture.PHOTO, DAY_4)
    assert group_of_alice(db, cast) is Group.RECOVERING
    assert version(db) > before


def test_a_photo_that_surely_is_from_before_any_treatment_makes_no_one_wait(
    db: Database, cast: Cast, records: Records
) -> None:
    records.photo(-1, PhotoStatus.MEASURED)
    records.photo(-1, PhotoStatus.KEPT, view=View.LEFT)
    assert group_of_alice(db, cast) is Group.RECOVERING


def test_a_side_view_whose_file_is_lost_is_on_the_list(
    db: Database, cast: Cast, records: Records
) -> None:
    side = records.photo(2, PhotoStatus.KEPT, view=View.RIGHT)
    with writing(db):
        photos.record_file_fault(db, side, FileFault.MISSING)
    (row,) = listed(db, cast).rows
    assert [each.photo_id for each in row.ranked.facts.given_up] == [side.id]
    assert row.ranked.facts.unseen == 1


def test_a_row_shows_the_last_measured_photo_and_the_one_it_was_compared_with(
    db: Database, cast: Cast, records: Records
) -> None:
    records.measured(1)
    last = records.measured(2)
    records.photo(3)
    (row,) = listed(db, cast).rows
    assert row.photos is not None
    assert row.photos.pair is not None
    assert (row.photos.pair.photo_id, row.photos.pair.taken_at) == (last.id, last.taken_at)


def test_ones_own_look_and_photos_that_were_refused_do_not_count(
    db: Database, world: World, cast: Cast, records: Records
) -> None:
    records.photo(1, PhotoStatus.UNMEASURABLE)
    records.measured(-1)
    assert group_of_alice(db, cast) is Group.RECOVERING
    photo = records.measured(2)
    show_picture(db, world.files, cast.alice.id, cast.alice.id, photo.id, Picture.PHOTO, DAY_4)
    assert group_of_alice(db, cast) is Group.UNSEEN


def test_a_message_waits_until_it_is_read(db: Database, cast: Cast, records: Records) -> None:
    records.message(cast.dana, "How are you?")
    assert group_of_alice(db, cast) is Group.RECOVERING
    records.message(cast.alice, "It stings.")
    (row,) = listed(db, cast).rows
    assert row.ranked.facts.unread == 1


def test_a_row_tells_what_became_of_redness_and_of_mails(
    db: Database, cast: Cast, records: Records
) -> None:
    records.measured(1, staying)
    records.measured(3, rising_again)
    mail = records.mail(records.alert(), cast.dana)
    with writing(db):
        mails.retry(db, mail.id, DAY_4, "the server answered 421")
    (row,) = listed(db, cast).rows
    assert row.photos is not None
    assert row.photos.latest is not None
    assert row.photos.change in set(Change)
    assert row.mail_trouble


def test_a_photo_that_was_given_up_is_new_until_somebody_has_looked_at_it(
    db: Database, world: World, cast: Cast, records: Records
) -> None:
    records.measured(-1)
    photo = records.photo(2, PhotoStatus.UNMEASURABLE, faults=(FAILED,))
    assert group_of_alice(db, cast) is Group.UNSEEN
    show_picture(db, world.files, cast.dana.id, cast.alice.id, photo.id, Picture.PHOTO, DAY_4)
    assert group_of_alice(db, cast) is Group.RECOVERING


@pytest.mark.parametrize("how", ["given up", "damaged"])
def test_a_course_that_stopped_waits_for_an_answer_until_it_can_go_on(
    db: Database, world: World, cast: Cast, records: Records, how: str
) -> None:
    if how == "damaged":
        before = records.measured(-1)
        with writing(db):
            photos.record_file_fault(db, before, FileFault.DAMAGED)
    else:
        before = records.photo(-1, PhotoStatus.UNMEASURABLE, faults=(FAILED,))
    records.photo(1)
    old = version(db)
    (row,) = listed(db, cast).rows
    assert row.ranked.group is Group.ANSWER
    assert row.ranked.facts.stopped_since == before.received_at
    another = records.photo(-2)
    assert group_of_alice(db, cast) is Group.UNSEEN  # the photo of day 1
    assert version(db) > old
    with writing(db):
        photos.record_file_fault(db, another, FileFault.MISSING)
    assert group_of_alice(db, cast) is Group.ANSWER
    assert photos.claimable(db, DAY_4, 8, None)  # they go on by themselves once a file is back


def test_what_was_given_up_is_found_by_its_index(db: Database) -> None:
    plan = " ".join(row["detail"] for row in db.query(f"EXPLAIN QUERY PLAN {photos.GIVEN_UP}"))
    assert "photos_in_trouble" in plan
    assert "SCAN photo " not in plan.replace("SCAN photo USING INDEX photos_in_trouble", "")
