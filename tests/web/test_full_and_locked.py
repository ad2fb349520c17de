"""A full disk, a locked database, a restart: what is not kept is said, and no mail comes twice."""

import errno
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta
from email.message import EmailMessage
from io import BytesIO
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from flask import Flask
from sqlite_utils import Database
from werkzeug.test import TestResponse

from tests.conftest import PROTOCOLS, TREATED_AT, Cast
from tests.tracker.duties import watch_clock
from tests.web.browser import Browser
from tests.web.conftest import Records
from tests.web.test_upload import gate, send
from tracker.actions.alerts.raising import raise_alerts
from tracker.actions.course.checking_in import record_check_in
from tracker.actions.mail.sending import SendReport, send_mails
from tracker.domain.course.check_ins import Answers
from tracker.settings import Settings
from tracker.storage import connection
from tracker.storage.connection import (
    FULL,
    NO_ROOM_FOR_INDEX,
    RESERVE,
    RESERVE_BYTES,
    DatabaseError,
)
from tracker.storage.course import check_ins, photos
from tracker.storage.talk import conversation
from tracker.wires.places import Place
from tracker.worker import _loops
from tracker.world import World, open_world
from web.security import MAX_WORDS_BYTES

__all__ = ["gate"]

BAD = {"pus": "yes", "note": "hot " * 400}


def kept(db: Database, cast: Cast) -> int:
    return len(check_ins.of_treatment(db, cast.treatment.id))


def test_answers_that_meet_a_locked_database_are_not_called_kept_and_can_be_sent_again(
    alice: Browser, cast: Cast, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "BUSY_SECONDS", 0.1)
    db.execute("BEGIN IMMEDIATE")
    answer = alice.send("/check-in", BAD)
    db.rollback()
    assert answer.status_code == 500
    assert "Something broke on our side" in answer.text
    assert "call your clinic or a doctor" in answer.text
    assert kept(db, cast) == 0
    assert alice.send("/check-in", BAD).status_code == 303
    assert kept(db, cast) == 1


def test_answers_that_meet_a_full_disk_are_not_called_kept_and_can_be_sent_again(
    alice: Browser, cast: Cast, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = connection.open_database

    def full(*args: object) -> Database:
        narrow = opened(*args)  # type: ignore[arg-type]
        narrow.execute(f"PRAGMA max_page_count = {pages}").fetchone()
        return narrow

    db.execute("VACUUM")
    (pages,) = db.execute("PRAGMA page_count").fetchone()
    with monkeypatch.context() as patch:
        patch.setattr("tracker.world.open_database", full)
        answers = [alice.send("/check-in", BAD | {"note": f"{n}" * 1900}) for n in range(9)]
    assert {answer.status_code for answer in answers} == {303, 503}
    assert "We have no space at the moment" in answers[-1].text
    assert "What you sent was not kept" in answers[-1].text
    assert "call your clinic or a doctor" in answers[-1].text
    assert 20 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert kept(db, cast) == sum(answer.status_code == 303 for answer in answers)
    assert alice.send("/check-in", BAD).status_code == 303


def test_while_the_database_cannot_be_opened_a_page_says_whom_to_call(
    alice: Browser, world: World, app: Flask
) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    token = {"csrf_token": alice.token()}
    world.settings.database.write_bytes(b"rubbish" * 1000)
    answers = [
        alice.get("/"),
        alice.get("/sign-in"),
        alice.client.post("/check-in", data=BAD | token),
    ]
    for answer in answers:
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) >= 20
        assert "Something broke on our side" in answer.text
        assert "call your clinic or a doctor" in answer.text


NO_SPACE = [errno.ENOSPC, errno.EDQUOT]


@pytest.mark.usefixtures("gate")
@pytest.mark.parametrize("trouble", [errno.EROFS, errno.EIO])
def test_a_photo_that_meets_a_broken_disk_is_not_called_kept_and_can_be_sent_again(
    alice: Browser, db: Database, monkeypatch: pytest.MonkeyPatch, trouble: int
) -> None:
    with monkeypatch.context() as patch:
        fail_to_write(patch, trouble, at=1)
        answer = send(alice)
    assert answer.status_code == 500
    assert "Something broke on our side" in answer.text
    assert list(db.query("SELECT id FROM photos")) == []
    assert "Thank you, your photo is here" in send(alice).text


@pytest.mark.usefixtures("gate")
@pytest.mark.parametrize("trouble", NO_SPACE)
@pytest.mark.parametrize("at", [1, 2])  # the key is written, then the photo
def test_a_photo_that_finds_the_disk_full_is_sent_away_and_nothing_of_it_stays(
    alice: Browser,
    cast: Cast,
    db: Database,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    trouble: int,
    at: int,
) -> None:
    monkeypatch.setattr("tracker.actions.talk.conversation.reencode_photo", lambda data: data)
    with monkeypatch.context() as patch:
        fail_to_write(patch, trouble, at)
        answers = [send(alice)]
    with monkeypatch.context() as patch:
        fail_to_write(patch, trouble, at)
        answers.append(send_message(alice, cast))
    for answer in answers:
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) >= 600
        assert "We have no space for photos at the moment" in answer.text
        assert "What you sent was not kept" in answer.text
    assert stored(world) == []
    assert list(db.query("SELECT id FROM photos UNION SELECT id FROM remarks")) == []
    assert list(db.query("SELECT id FROM messages")) == []
    assert "Thank you, your photo is here" in send(alice).text
    assert send_message(alice, cast).status_code == 303


@pytest.mark.usefixtures("gate")
@pytest.mark.parametrize("code", [FULL, NO_ROOM_FOR_INDEX])
def test_a_row_that_finds_the_disk_full_is_sent_away_with_its_photo(
    alice: Browser,
    cast: Cast,
    db: Database,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    code: int,
) -> None:
    monkeypatch.setattr("tracker.actions.talk.conversation.reencode_photo", lambda data: data)

    def full(*_: object) -> None:
        error = DatabaseError("database or disk is full")
        error.sqlite_errorcode = code
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(photos, "insert", full)
        patch.setattr(conversation, "insert", full)
        patch.setattr(check_ins, "insert", full)  # again after the reserve was given
        answers = [send(alice), send_message(alice, cast), alice.send("/check-in", BAD)]
    for answer in answers:
        assert answer.status_code == 503
        assert 20 <= int(answer.headers["Retry-After"]) <= 60
        assert "We have no space at the moment" in answer.text
        assert "What you sent was not kept" in answer.text
        assert "Answers to a check-in are kept" not in answer.text
    assert stored(world) == []
    assert list(db.query("SELECT id FROM messages")) == []
    assert "Thank you, your photo is here" in send(alice).text
    assert send_message(alice, cast).status_code == 303
    assert alice.send("/check-in", BAD).status_code == 303


def send_message(alice: Browser, cast: Cast) -> TestResponse:
    photo = (BytesIO(b"chin"), "chin.jpg")
    message = {"text": "Look", "key": "k" * 16, "photo": photo}
    return alice.send(f"/patients/{cast.alice.id}/conversation", message)


def fail_to_write(patch: pytest.MonkeyPatch, trouble: int, at: int) -> None:
    """Have the write of a file with this number break off, and no earlier one."""
    write, numbers = Place.write, count(1)

    def written(place: Place, path: str, data: bytes, *, replaces: bool = True) -> bool:
        if next(numbers) == at:
            raise OSError(trouble, "no space")
        return write(place, path, data, replaces=replaces)

    patch.setattr(Place, "write", written)


@pytest.mark.usefixtures("gate")
def test_on_a_disk_that_is_nearly_full_photos_stay_on_the_phone_and_answers_are_kept(
    alice: Browser, cast: Cast, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "free_bytes", lambda _: connection.ROOM_BYTES - 1)
    answer = send(alice, b"x" * MAX_WORDS_BYTES)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 600
    assert "We have no space for photos at the moment" in answer.text
    assert alice.send("/check-in", BAD).status_code == 303
    said = {"text": "My photo does not go through", "key": "k" * 16}
    assert alice.send(f"/patients/{cast.alice.id}/conversation", said).status_code == 303
    assert kept(db, cast) == 1


def test_photos_wait_to_be_measured_until_there_is_space(
    world: World, db: Database, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = Records(db, world, cast)
    waits = records.photo(-1)
    (duty,) = _loops(world, ThreadPoolExecutor(1), lambda: TREATED_AT, Event())["measuring"]
    with monkeypatch.context() as patch:
        patch.setattr(connection, "free_bytes", lambda _: connection.ROOM_BYTES - 1)
        assert not duty.do(db, TREATED_AT)
    assert photos.get(db, waits.id) == waits
    duty.do(db, TREATED_AT)
    tried = photos.get(db, waits.id)
    assert tried is not None
    assert tried.attempts == 1


def test_an_emergency_that_meets_a_full_disk_gets_the_space_that_is_held_back(
    alice: Browser, cast: Cast, db: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection.keep_reserve(world.settings.data)
    reserve = world.settings.data / RESERVE
    assert reserve.stat().st_size == reserve.stat().st_blocks * 512 == RESERVE_BYTES
    insert = check_ins.insert

    def full(*arguments: Any) -> None:
        if reserve.exists():
            error = DatabaseError("database or disk is full")
            error.sqlite_errorcode = FULL
            raise error
        insert(*arguments)

    monkeypatch.setattr(check_ins, "insert", full)
    assert alice.send("/check-in", BAD).status_code == 303
    assert kept(db, cast) == 1
    assert not reserve.exists()
    connection.keep_reserve(world.settings.data)
    assert reserve.exists()


def stored(world: World) -> list[str]:
    return [path.name for path in Path(world.settings.photos).rglob("*") if path.is_file()]


@pytest.mark.usefixtures("gate")
def test_a_photo_whose_row_cannot_be_stored_leaves_no_file(
    alice: Browser, cast: Cast, db: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "BUSY_SECONDS", 0.1)
    db.execute("BEGIN IMMEDIATE")
    assert send(alice).status_code == 500
    monkeypatch.setattr("tracker.actions.talk.conversation.reencode_photo", lambda data: data)
    assert send_message(alice, cast).status_code == 500
    db.rollback()
    assert stored(world) == []
    assert "your photo is here" in send(alice).text
    assert sorted(stored(world)) == ["key", "photo"]


def test_a_restart_notifies_nobody_again(
    world: World, db: Database, cast: Cast, settings: Settings
) -> None:
    """Every duty of the clock, six restarts, three days: each cause has one mail."""
    record_check_in(db, PROTOCOLS, cast.alice.id, Answers(fever=True, spreading=True), TREATED_AT)
    raise_alerts(db, PROTOCOLS, TREATED_AT)
    sent: list[str] = []
    for restart in range(6):
        again = open_world(settings)
        with closing(again.connect()) as fresh:
            for hour in range(12):
                now = TREATED_AT + timedelta(hours=12 * restart + hour)
                raise_alerts(fresh, PROTOCOLS, now)
                watch_clock(again, fresh, now)
                sent += outgoing(again, fresh, now)
    assert len(sent) == len(set(sent)) > 5
    assert len(sent) == next(db.query("SELECT count(*) AS n FROM messages"))["n"]


def outgoing(world: World, db: Database, now: datetime) -> list[str]:
    """The ids of the mails that go out."""
    ids: list[str] = []

    def send(mail: EmailMessage) -> None:
        ids.append(str(mail["Message-ID"]))

    assert send_mails(db, send, world.envelope, lambda: now) == SendReport(sent=len(ids))
    return ids


def test_answers_that_any_full_disk_kept_from_being_written_are_not_called_kept(
    alice: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr("tracker.storage.course.check_ins.insert", full)
    answer = alice.send("/check-in", BAD)
    assert answer.status_code == 503
    assert "What you sent was not kept" in answer.text
    assert "Answers to a check-in are kept" not in answer.text
