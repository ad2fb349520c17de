"""The patient's download is complete, and can be measured again."""

import csv
import json
from concurrent.futures import Executor, Future
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from tests.conftest import PROTOCOLS, TREATED_AT, Cast
from tests.tracker.answers_to_alerts import give
from tests.tracker.courses_of_readings import CALM
from tests.web.conftest import Records
from tracker.actions.course.checking_in import record_check_in
from tracker.actions.course.drawing import Revised, revise_annotation
from tracker.actions.course.pictures import record_opening
from tracker.actions.course.planning import add_care_line, end_care_line
from tracker.actions.course.receiving import Accepted, receive_photo
from tracker.actions.course.treatments import correct_screening, end_treatment
from tracker.actions.own_data.exporting import export_own_data
from tracker.actions.people.accounts import add_person
from tracker.actions.talk.notes import revise_note
from tracker.domain.alerts.alert_life import Resolution
from tracker.domain.alerts.alerts import Outcome
from tracker.domain.course.check_ins import Answers, Trend
from tracker.domain.course.outlines import Outlines
from tracker.domain.course.photos import PhotoRole, Sides, Upload
from tracker.domain.course.procedures import Ending
from tracker.domain.course.sides import Said, SaidBy, SidesAnswer
from tracker.domain.protocols.aftercare import OwnLine
from tracker.domain.protocols.care import Heading
from tracker.domain.protocols.screening import Screening
from tracker.replay import Replay, patient_of, read_course, throw_away_world
from tracker.storage.connection import writing
from tracker.storage.course import check_ins, outlines, photos, screenings, sides, treatments
from tracker.storage.own_data import looks
from tracker.wires.archives import Entry
from tracker.wires.photo_files import Picture
from tracker.world import World

FOREHEAD = Outlines((((0.4, 0.2), (0.6, 0.2), (0.6, 0.3), (0.4, 0.3)),))
OUTLINES = Outlines((((0.1, 0.2), (0.3, 0.2), (0.3, 0.4)),))
SAMPLE = Path(__file__).resolve().parents[3] / "sample_images" / "infection_type_6"


@pytest.fixture
def records(db: Database, world: World, cast: Cast) -> Records:
    return Records(db, world, cast)


def unpack(entries: list[Entry], folder: Path) -> Path:
    """The archive, unpacked; returns the folder of the one course."""
    for entry in entries:
        path = folder / entry.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(entry.data)
    (course,) = folder.glob("course-*")
    return course


def test_the_course_folder_tells_the_same_story(
    records: Records, db: Database, world: World, cast: Cast, tmp_path: Path
) -> None:
    answers = Answers(pain=3, trend=Trend.WORSE, sun=True, note='It "burns"\nat night\\ \x7f ü')
    taken = [records.measured(-1), records.measured(1), records.measured(2)]
    records.check_in(1.5, answers)
    course = unpack(list(export_own_data(db, world.files, cast.alice)), tmp_path)
    story = read_course(course)
    assert story.time_zone == cast.alice.time_zone
    assert [(p.taken_at, p.role) for p in story.photos] == [(p.taken_at, p.role) for p in taken]
    assert [(c.at, c.answers) for c in story.check_ins] == [
        (TREATED_AT + timedelta(days=1.5), answers)
    ]
    assert story.treatment.performed_at == TREATED_AT
    assert story.treatment.areas == cast.treatment.areas
    kept = world.files.load(taken[0].id, Picture.PHOTO)
    assert (course / story.photos[0].file).read_bytes() == kept


def test_readings_alerts_and_lookers_come_too(
    records: Records, db: Database, world: World, cast: Cast, tmp_path: Path
) -> None:
    photo = records.measured(1)
    records.alert(photo)
    records.message(cast.alice, "Is this normal?", photo=b"JPEG of a chin")
    with writing(db):
        looks.record(db, photo, cast.dana.id, TREATED_AT + timedelta(days=2))
    course = unpack(list(export_own_data(db, world.files, cast.alice)), tmp_path)
    with (course / "readings.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["file"] for row in rows} == {"001-follow-up-2026-03-03.jpg"}
    assert "left_cheek" in {row["region"] for row in rows}
    assert "second rise, left cheek" in (course / "alerts.csv").read_text(encoding="utf-8")
    about = json.loads((tmp_path / "about-me.json").read_text(encoding="utf-8"))
    assert about["cared_for_by"] == ["Dr Dana"]
    assert (tmp_path / "conversation/001.jpg").read_bytes() == b"JPEG of a chin"
    (said,) = json.loads((tmp_path / "conversation.json").read_text(encoding="utf-8"))
    assert (said["who"], said["text"]) == ("Alice", "Is this normal?")
    assert [look["who"] for look in about["who_opened_my_photos"]] == ["Dr Dana"]


def test_what_the_clinic_did_about_the_patient_comes_too(
    records: Records, db: Database, world: World, cast: Cast, tmp_path: Path
) -> None:
    now, day = TREATED_AT + timedelta(days=3), TREATED_AT.date()
    alert, dana = records.alert(), cast.dana
    give(db, alert, dana, Resolution(Outcome.FALSE, "A scratch by the cat."), now)
    line = OwnLine("", cast.alice.id, Heading.DO, "Keep the cat away.", day, day, dana.id, now)
    end_care_line(db, add_care_line(db, line).id, dana.id, now)
    record_opening(db, dana.id, now, patient_id=cast.alice.id)
    record_opening(db, dana.id, now, patient_id=cast.bob.id)
    course = unpack(list(export_own_data(db, world.files, cast.alice)), tmp_path)
    read, step = json.loads((course / "alert-steps.json").read_text(encoding="utf-8"))
    assert read["step"] == "read"
    assert (step["who"], step["step"], step["why"]) == (
        "Dr Dana",
        "resolved",
        "false: A scratch by the cat.",
    )
    (given,) = json.loads((tmp_path / "care-lines.json").read_text(encoding="utf-8"))
    assert (given["line"], given["who"]) == ("Keep the cat away.", "Dr Dana")
    assert given["taken_back_at"] == now.astimezone(cast.alice.zone).isoformat()
    did = json.loads((tmp_path / "log.json").read_text(encoding="utf-8"))
    assert ("Dr Dana", "patient opened") in {(entry["who"], entry["did"]) for entry in did}
    assert [entry["did"] for entry in did].count("patient opened") == 1


def test_a_photo_that_the_store_has_lost_costs_none_of_the_others(
    records: Records, db: Database, world: World, cast: Cast, tmp_path: Path
) -> None:
    lost, _ = records.measured(1), records.measured(2)
    world.files.delete(lost.id)
    course = unpack(list(export_own_data(db, world.files, cast.alice)), tmp_path)
    assert len(read_course(course).photos) == 1
    named = (tmp_path / "UNREADABLE.txt").read_text(encoding="utf-8")
    assert f"{course.name}/001-follow-up-2026-03-03.jpg" in named


def test_nobody_elses_data_is_in_it(
    records: Records, db: Database, world: World, cast: Cast
) -> None:
    records.measured(1)
    paths = [entry.path for entry in export_own_data(db, world.files, cast.bob)]
    assert paths == [
        "READ-ME.txt",
        "about-me.json",
        "notes.json",
        "care-lines.json",
        "answers-ahead.json",
        "log.json",
        "conversation.json",
    ]


class NothingMeasured(Executor):
    """Replaces the executor that measures: every photo that arrives waits."""

    def submit(self, *_args: Any, **_more: Any) -> Future[Any]:
        answer: Future[Any] = Future()
        answer.set_exception(OSError("no worker"))
        return answer


def test_a_replay_takes_the_photos_in_again(
    db: Database, world: World, cast: Cast, tmp_path: Path
) -> None:
    for name, role, day in (
        ("baseline-1.jpg", PhotoRole.BASELINE, -1),
        ("d01.jpg", PhotoRole.FOLLOW_UP, 1),
    ):
        at = TREATED_AT + timedelta(days=day)
        upload = Upload((SAMPLE / name).read_bytes(), role, taken_at=at)
        taken = receive_photo(db, world.files, cast.alice.id, upload, at)
        assert isinstance(taken, Accepted)
        if role is PhotoRole.BASELINE:
            with writing(db):
                outlines.insert(db, taken.photo.id, FOREHEAD, cast.dana.id, at)
    given = Screening({"pregnancy": False}, TREATED_AT, cast.dana.id)
    correct_screening(db, PROTOCOLS, cast.treatment.id, given, known=0, heard=0)
    record_check_in(db, PROTOCOLS, cast.alice.id, CALM, TREATED_AT, is_as_before=True)
    course = unpack(list(export_own_data(db, world.files, cast.alice)), tmp_path)
    story = read_course(course)
    with throw_away_world(None) as elsewhere:
        other = elsewhere.connect()
        person = add_person(other, patient_of(story, "A", "a@b.example"), "a long passphrase")
        replay = Replay(elsewhere, other, NothingMeasured(), course, story, person.id)
        lines = list(replay.lines())
        (begun,) = treatments.of_patient(other, person.id)
        (check_in,) = check_ins.of_treatment(other, begun.id)
        screening = screenings.of_treatment(other, begun.id)
        other.close()
    assert check_in.is_as_before
    assert screening is not None
    assert screening.answers == {"pregnancy": False}
    assert [(line["file"], line["status"]) for line in lines] == [
        ("001-baseline-2026-03-01.jpg", "waiting"),
        ("001-baseline-2026-03-01.jpg", "drawn"),
        ("002-follow-up-2026-03-03.jpg", "waiting"),
    ]


def test_a_course_with_nothing_in_it_can_be_read_too(
    db: Database, world: World, cast: Cast, tmp_path: Path
) -> None:
    course = unpack(list(export_own_data(db, world.files, cast.alice)), tmp_path)
    assert read_course(course).photos == ()
    assert (course / "readings.csv").read_bytes() == b""


def test_what_the_clinic_drew_on_the_photos_is_handed_over_with_its_history(
    records: Records, db: Database, world: World, cast: Cast, tmp_path: Path
) -> None:
    drawn = records.annotation(records.measured(1), note="a new crust")
    alice, dana, read = cast.alice.id, cast.dana.id, drawn.latest.number
    assert revise_annotation(db, alice, drawn.id, read, None, dana, TREATED_AT) == Revised()
    course = unpack(list(export_own_data(db, world.files, cast.alice)), tmp_path)
    (told,) = json.loads((course / "annotations.json").read_text())
    assert told["file"] == "001-follow-up-2026-03-03.jpg"
    assert [version["withdrawn"] for version in told["versions"]] == [False, True]
    assert told["versions"][0]["note"] == "a new crust"
    assert told["versions"][0]["places"][0] == {"from_left": 0.4, "from_top": 0.6}


def test_notes_of_the_clinic_are_handed_over_with_every_version(
    records: Records, db: Database, world: World, cast: Cast, tmp_path: Path
) -> None:
    note, alice, dana = records.note("Afraid of needles"), cast.alice.id, cast.dana.id
    revise_note(db, alice, note.id, note.latest.number, None, dana, TREATED_AT)
    unpack(list(export_own_data(db, world.files, cast.alice)), tmp_path)
    (told,) = json.loads((tmp_path / "notes.json").read_text(encoding="utf-8"))
    assert [version["withdrawn"] for version in told["versions"]] == [False, True]
    assert told["versions"][0]["text"] == "Afraid of needles"
    assert told["versions"][0]["who"] == "Dr Dana"


def test_corrections_ends_and_drawn_areas_go_along(
    records: Records, db: Database, world: World, cast: Cast, tmp_path: Path
) -> None:
    baseline = records.measured(-1)
    end_treatment(db, cast.treatment.id, Ending(TREATED_AT, cast.dana.id, "Alice moved away."))
    with writing(db):
        outlines.insert(db, baseline.id, OUTLINES, cast.dana.id, TREATED_AT)
        photos.measure_again(db, cast.treatment.id)
    course = unpack(list(export_own_data(db, world.files, cast.alice)), tmp_path)
    told = json.loads((course / "treatment.json").read_text(encoding="utf-8"))
    assert told["ended_early_because"] == "Alice moved away."
    assert [each["who"] for each in told["corrections"]] == ["Dr Dana"]
    assert told["drawn"][0]["treated"] == [[[0.1, 0.2], [0.3, 0.2], [0.3, 0.4]]]
    (drawn,) = read_course(course).outlines
    assert (drawn.file, drawn.drawn, drawn.at) == (told["drawn"][0]["file"], OUTLINES, TREATED_AT)
    assert (course / "readings.csv").read_text(encoding="utf-8") == ""  # waits to be measured again
    assert "left_cheek" in (course / "earlier-readings.csv").read_text(encoding="utf-8")


def test_what_was_said_about_left_and_right_goes_along(
    records: Records, db: Database, world: World, cast: Cast, tmp_path: Path
) -> None:
    baseline = records.measured(-1)
    with writing(db):
        for said, by in ((Said.MIRRORED, SaidBy.PATIENT), (Said.PLAIN, SaidBy.CLINIC)):
            before = photos.get(db, baseline.id)
            assert before is not None
            sides.record(db, before, SidesAnswer(baseline.id, said, by, TREATED_AT))
    course = unpack(list(export_own_data(db, world.files, cast.alice)), tmp_path)
    told = json.loads((course / "treatment.json").read_text(encoding="utf-8"))
    said_so = [(each["who"], each["said"]) for each in told["said_about_left_and_right"]]
    assert said_so == [("patient", "mirrored"), ("clinic", "plain")]
    assert read_course(course).photos[0].sides is Sides.PLAIN
