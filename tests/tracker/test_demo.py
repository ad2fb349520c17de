from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.tracker.actions.pictures import Answering
from tracker.actions.people.signing_in import sign_in
from tracker.demo import PATIENTS, FolderInUse, demo_settings, open_demo, renew_sign_ins
from tracker.storage.course import check_ins, treatments
from tracker.storage.people import people
from tracker.world import open_world

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
COURSE = """
format = 1
[patient]
time_zone = "Europe/Berlin"
[treatment]
kind = "microneedling"
performed_at = 2026-03-02T10:00:00+01:00
[[check_ins]]
at = 2026-03-05T19:05:00+01:00
pain = 2
"""


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    for number in range(len(PATIENTS)):
        folder = tmp_path / "samples" / f"course-{number}"
        folder.mkdir(parents=True)
        (folder / "course.toml").write_text(COURSE)
    return tmp_path / "samples"


def fill(folder: Path, samples: Path) -> None:
    for _ in open_demo(folder, samples, 8000, Answering(), NOW):
        pass


def test_the_courses_end_shortly_before_now_and_everybody_can_sign_in(
    tmp_path: Path, samples: Path
) -> None:
    fill(tmp_path / "demo", samples)
    settings = demo_settings(tmp_path / "demo", 8000)
    assert not settings.second_step  # the printed passphrases are enough
    db = open_world(settings).connect()
    sign_ins = renew_sign_ins(db)
    assert len(sign_ins) == 1 + len(PATIENTS)
    for way_in in sign_ins:
        assert sign_in(db, way_in.email, way_in.passphrase, NOW) is not None
    patient = people.by_email(db, PATIENTS[0][1])
    assert patient is not None
    treatment = treatments.current(db, patient.id, NOW)
    assert treatment is not None
    (answered,) = check_ins.of_treatment(db, treatment.id)
    assert answered.at == datetime(2026, 11, 19, 18, 5, tzinfo=UTC)
    db.close()


def test_a_second_start_keeps_the_data_and_renews_the_passphrases(
    tmp_path: Path, samples: Path
) -> None:
    fill(tmp_path / "demo", samples)
    kept = (tmp_path / "demo" / "secret").read_bytes()
    db = open_world(demo_settings(tmp_path / "demo", 8000)).connect()
    first = renew_sign_ins(db)[0]
    assert list(open_demo(tmp_path / "demo", samples, 8000, Answering(), NOW)) == []
    second = renew_sign_ins(db)[0]
    assert (tmp_path / "demo" / "secret").read_bytes() == kept
    assert sign_in(db, first.email, first.passphrase, NOW) is None
    assert sign_in(db, second.email, second.passphrase, NOW) is not None
    db.close()


def test_a_start_that_broke_off_begins_anew(tmp_path: Path, samples: Path) -> None:
    started = open_demo(tmp_path / "demo", samples, 8000, Answering(), NOW)
    next(started)
    started.close()
    assert not (tmp_path / "demo").exists()
    fill(tmp_path / "demo", samples)
    assert (tmp_path / "demo" / "afterglow.db").exists()
    assert not (tmp_path / "demo.unfinished").exists()


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path, samples: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "thesis.txt").write_text("years of work")
    with pytest.raises(FolderInUse, match="--data"):
        fill(tmp_path / "demo", samples)
    assert (tmp_path / "demo" / "thesis.txt").read_text() == "years of work"
