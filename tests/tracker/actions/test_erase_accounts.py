"""Patients who ask to be erased are erased: no row, no file, whatever fails on the way."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database

from tests.conftest import PASSPHRASE, PROTOCOLS, TREATED_AT, Cast
from tests.tracker.actions.pictures import Answering
from tests.tracker.duties import watch_clock
from tests.web.conftest import Records
from tracker.actions.alerts.raising import raise_alerts
from tracker.actions.course.checking_in import record_check_in
from tracker.actions.course.measuring import measure_photos
from tracker.actions.course.planning import add_care_line
from tracker.actions.course.treatments import begin_treatment, end_treatment
from tracker.actions.own_data.closing import close_account, erase_accounts
from tracker.actions.own_data.deciding import decide_consent
from tracker.actions.people.joining import Invited, invite_patient
from tracker.actions.people.signing_in import sign_in
from tracker.actions.people.tokens import begin_call, end_call
from tracker.domain.course.check_ins import Answers
from tracker.domain.course.outlines import Outlines
from tracker.domain.course.photos import CLAIM_LEASE, PhotoStatus
from tracker.domain.course.procedures import Ending
from tracker.domain.mail.mails import MailKind, digest, reminder
from tracker.domain.own_data.consents import Consent, Decision, Purpose
from tracker.domain.people.tokens import KEPT_FOR, KeptAnswer
from tracker.domain.protocols.aftercare import OwnLine
from tracker.domain.protocols.care import Heading
from tracker.domain.protocols.screening import Screening
from tracker.storage.alerts import alerts
from tracker.storage.connection import IntegrityError, writing
from tracker.storage.course import ahead_answers, outlines, photos
from tracker.storage.desk import worklist
from tracker.storage.mail import mails
from tracker.storage.own_data import erasures, looks, rows
from tracker.storage.talk import conversation
from tracker.wires.photo_files import PhotoFiles, PhotoMissing, Picture
from tracker.world import World

NOW = TREATED_AT + timedelta(days=4)


@pytest.fixture
def records(db: Database, world: World, cast: Cast) -> Records:
    return Records(db, world, cast)


@pytest.fixture
def full(db: Database, world: World, records: Records, cast: Cast) -> Records:
    """Alice has left a trace in every table there is."""
    for day in (-1, 1, 2):
        photo = records.measured(day)
    records.photo(3, PhotoStatus.MEASURING)
    alert = records.alert(photo)
    records.annotation(photo)
    records.note("Afraid of needles")
    record_check_in(db, PROTOCOLS, cast.alice.id, Answers(fever=True, spreading=True), NOW)
    raise_alerts(db, PROTOCOLS, NOW)
    begin_treatment(
        db, PROTOCOLS, cast.treatment, Screening({"cold_sores": True}, NOW, cast.dana.id)
    )
    end_treatment(db, cast.treatment.id, Ending(NOW, cast.dana.id, "Alice moved away."))
    with writing(db):
        corner = ((0.1, 0.2), (0.3, 0.2), (0.3, 0.4))
        outlines.insert(db, photo.id, Outlines((corner,)), cast.dana.id, NOW)
    today = NOW.date()
    line = OwnLine("", cast.alice.id, Heading.DO, "rest", today, today, cast.dana.id, NOW)
    add_care_line(db, line)
    asked = PROTOCOLS.of("microneedling").screening[0]
    with writing(db):
        ahead_answers.insert(db, cast.alice.id, "microneedling", asked, answer=True, at=NOW)
        ahead_answers.confirm(db, [1], cast.treatment.id, 1)
    decide_consent(db, cast.alice.id, Consent(Purpose.TEACHING, Decision.GIVEN, NOW, photo.id))
    records.message(cast.alice, "Is this normal?", photo=b"JPEG of a chin")
    records.message(cast.dana, "Yes.")
    with writing(db):
        conversation.mark_read(db, cast.alice.id, cast.dana.id, NOW)
        looks.record(db, photo, cast.dana.id, NOW)
        mails.insert(db, reminder(MailKind.REMINDER, cast.alice, NOW.date(), NOW))
        mails.insert(db, digest([alert], cast.dana, NOW.date(), NOW))
    return records


def tables_with(db: Database, words: list[str]) -> set[str]:
    return {
        name
        for name in db.table_names()
        for row in db.table(name).rows
        if any(word in str(value) for value in row.values() for word in words)
    }


def close(db: Database, cast: Cast, keep_years: int = 0) -> None:
    assert close_account(db, cast.alice.id, PASSPHRASE, keep_years, NOW) is not None


def erase(db: Database, world: World) -> list[str]:
    done = erase_accounts(db, world.files, world.parts, world.settings.outbox, NOW)
    return [erasure.patient_id for erasure in done]


def test_nothing_is_left_but_the_tombstone(
    db: Database, world: World, full: Records, cast: Cast
) -> None:
    words = [cast.alice.id, cast.alice.name, cast.alice.email]
    words += [photo.id for photo in photos.of_patient(db, cast.alice.id)]
    words += [alert.id for alert in alerts.of_patient(db, cast.alice.id)]
    mail_ids = [m.id for m in mails.of_recipient(db, cast.alice.id)]
    world.settings.outbox.mkdir()
    for mail_id in mail_ids:
        (world.settings.outbox / f"{mail_id}.eml").write_text(f"To: {cast.alice.email}")
    assert len(tables_with(db, words)) > 12
    with writing(db):
        db.execute("UPDATE photos SET status = 'measured'")
    close(db, cast)
    assert erase(db, world) == [cast.alice.id]
    assert tables_with(db, words) == {"erasures", "audit_log"}  # ids that lead nowhere
    assert tables_with(db, [cast.alice.name, cast.alice.email]) == set()
    for table in (
        "region_readings",
        "alert_history",
        "screening_editions",
        "ahead_answers",
        "consents",
        "remark_receipts",
    ):
        assert db.table(table).count == 0, table
    assert list(world.settings.outbox.iterdir()) == []
    assert [path for path in Path(world.settings.photos).rglob("*") if path.is_file()] == []
    assert erase(db, world) == []


def test_what_was_deleted_is_overwritten_and_the_log_emptied(
    db: Database, world: World, full: Records, cast: Cast
) -> None:
    assert db.execute("PRAGMA secure_delete").fetchone() == (1,)
    with writing(db):
        db.execute("UPDATE photos SET status = 'measured'")
    close(db, cast)
    erase(db, world)
    log = world.settings.database.with_name(f"{world.settings.database.name}-wal")
    pages_of_the_tombstone_and_an_entry = 8 * (4096 + 24) + 32
    assert log.stat().st_size <= pages_of_the_tombstone_and_an_entry


def test_others_keep_everything(db: Database, world: World, records: Records, cast: Cast) -> None:
    photo = records.measured(1)
    assert close_account(db, cast.bob.id, PASSPHRASE, 0, NOW) is not None
    assert erase(db, world) == [cast.bob.id]
    assert [kept.id for kept in photos.of_patient(db, cast.alice.id)] == [photo.id]
    assert world.files.load(photo.id, Picture.PHOTO)
    assert [seen.patient_id for seen in worklist.facts_of(db, cast.dana.id, (), NOW)] == [
        cast.alice.id
    ]


def test_what_a_carers_program_was_answered_goes_with_the_patient_and_after_a_day(
    db: Database, world: World, cast: Cast
) -> None:
    for key, patient in (("k1", cast.alice), ("k2", cast.bob)):
        body = f'{{"patient_id": "{patient.id}", "concern": "infection"}}'.encode()
        begun = KeptAnswer(cast.dana.id, key, "digest", NOW)
        begin_call(db, begun)
        end_call(db, begun, 200, body)
    close(db, cast)
    erase(db, world)
    assert [row["key"] for row in db.query("SELECT key FROM api_answers")] == ["k2"]
    later = NOW + KEPT_FOR + timedelta(minutes=1)
    erase_accounts(db, world.files, world.parts, world.settings.outbox, later)
    assert db.table("api_answers").count == 0


def test_a_digest_about_two_patients_keeps_the_other(
    db: Database, world: World, records: Records, cast: Cast
) -> None:
    hers = records.alert()
    with writing(db):
        both = digest([hers], cast.dana, NOW.date(), NOW)
        mails.insert(db, replace(both, alert_ids=(hers.id, "of another")))
    close(db, cast)
    erase(db, world)
    (mail,) = mails.of_recipient(db, cast.dana.id)
    assert mail.alert_ids == ("of another",)


def test_a_closed_account_lets_nobody_in_and_nobody_see(
    db: Database, world: World, full: Records, cast: Cast
) -> None:
    close(db, cast, keep_years=10)
    assert sign_in(db, cast.alice.email, PASSPHRASE, NOW) is None
    assert worklist.facts_of(db, cast.dana.id, (), NOW) == []
    assert cast.alice.id not in {mail.recipient_id for mail in mails.due(db, NOW)}
    again = invite_patient(db, cast.dana, "Alice", cast.alice.email, NOW)
    assert isinstance(again, Invited)
    assert again.patient.id != cast.alice.id


def test_what_the_law_keeps_is_erased_when_its_time_ends(
    db: Database, world: World, records: Records, cast: Cast
) -> None:
    photo = records.measured(1)
    close(db, cast, keep_years=10)
    assert (
        erase_accounts(
            db, world.files, world.parts, world.settings.outbox, _after(years=10, days=-1)
        )
        == []
    )
    assert photos.get(db, photo.id) is not None
    done = erase_accounts(db, world.files, world.parts, world.settings.outbox, _after(years=10))
    assert [erasure.patient_id for erasure in done] == [cast.alice.id]
    assert photos.get(db, photo.id) is None


def test_a_wrong_passphrase_closes_nothing(db: Database, cast: Cast) -> None:
    assert close_account(db, cast.alice.id, "not her passphrase", 0, NOW) is None
    assert sign_in(db, cast.alice.email, PASSPHRASE, NOW) is not None


def test_histories_go_with_their_patient_and_never_alone(
    db: Database, full: Records, cast: Cast
) -> None:
    for table in ("consents", "alert_history"):
        with pytest.raises(IntegrityError, match="not erased"):
            db.table(table).delete_where()


@pytest.mark.parametrize("broken", ["files", "rows", "log"])
def test_what_breaks_off_is_finished_in_the_next_round(
    db: Database,
    world: World,
    full: Records,
    cast: Cast,
    broken: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = [cast.alice.id, cast.alice.email]
    with writing(db):
        db.execute("UPDATE photos SET status = 'measured'")
    close(db, cast)
    with monkeypatch.context() as trouble:
        if broken == "files":
            trouble.setattr(PhotoFiles, "delete", _break)
        elif broken == "rows":
            trouble.setattr(rows, "erase_rows", _break)
        else:
            trouble.setattr(erasures, "wipe_log", lambda db: False)
        assert erase(db, world) == []
    assert erase(db, world) == [cast.alice.id]
    assert tables_with(db, words) == {"erasures", "audit_log"}
    assert [path for path in Path(world.settings.photos).rglob("*") if path.is_file()] == []


def test_a_photo_under_measurement_is_waited_for(
    db: Database, world: World, records: Records, cast: Cast
) -> None:
    records.measured(-1)
    photo = records.photo(1)
    with writing(db):
        assert photos.claim(db, photo, NOW)
    close(db, cast)
    assert erase(db, world) == []
    later = NOW + CLAIM_LEASE
    assert len(erase_accounts(db, world.files, world.parts, world.settings.outbox, later)) == 1


def test_pictures_drawn_while_the_patient_was_erased_are_not_kept(
    db: Database, world: World, records: Records, cast: Cast
) -> None:
    records.measured(-1)
    photo = records.photo(1)

    class ErasedMeanwhile(Answering):
        def submit(self, *args, **kwargs):  # type: ignore[no-untyped-def]
            close(db, cast)
            later = NOW + 2 * CLAIM_LEASE
            assert erase_accounts(db, world.files, world.parts, world.settings.outbox, later)
            return super().submit(*args, **kwargs)

    assert measure_photos(db, world.files, ErasedMeanwhile(), NOW) == []
    with pytest.raises(PhotoMissing):
        world.files.load(photo.id, Picture.THUMBNAIL)


def _after(years: int, days: int = 0) -> datetime:
    return NOW.replace(year=NOW.year + years) + timedelta(days=days)


def _break(*_: object) -> None:
    raise OSError("the disk is away")


def test_the_worker_erases_by_the_clock(db: Database, world: World, cast: Cast) -> None:
    close(db, cast)
    watch_clock(world, db, NOW)
    assert erase(db, world) == []
    assert tables_with(db, [cast.alice.id]) == {"erasures", "audit_log"}
