"""A course on paper: what the pages say, for whom, and what they say about what is missing."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image
from pypdf import PdfReader
from sqlite_utils import Database

from tests.conftest import TREATED_AT, Cast
from tests.tracker.answers_to_alerts import give
from tests.web.browser import Browser
from tests.web.conftest import Clock, Records
from tracker.cli.main import main
from tracker.domain.alerts.alert_life import Resolution
from tracker.domain.alerts.alerts import Outcome
from tracker.domain.clinic.audit import Act, Search
from tracker.domain.course.check_ins import Answers
from tracker.domain.course.photos import Photo, PhotoStatus
from tracker.storage.clinic import audit_log
from tracker.storage.connection import writing
from tracker.storage.own_data import looks
from tracker.storage.people import people
from tracker.wires.photo_files import Picture
from tracker.world import World

PRINTED = (Picture.ALIGNED, Picture.REDNESS, Picture.PIGMENT)


@pytest.fixture
def shot(records: Records) -> Callable[[float], Photo]:
    """Takes a measured photo whose pictures are real ones."""
    buffer = BytesIO()
    Image.new("RGB", (70, 96), "tan").save(buffer, "JPEG")

    def shot(day: float) -> Photo:
        photo = records.measured(day)
        for picture in PRINTED:
            records.world.files.save(photo.id, picture, buffer.getvalue())
        return photo

    return shot


def address(records: Records, **asked: str) -> str:
    query = "&".join(f"{name.rstrip('_')}={value}" for name, value in asked.items())
    return f"/patients/{records.cast.alice.id}/report/file?{query}"


def opened(browser: Browser, path: str) -> PdfReader:
    answer = browser.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "application/pdf"
    return PdfReader(BytesIO(answer.data))


def text_of(pdf: PdfReader) -> str:
    """What the pages say, on one line."""
    return " ".join(" ".join(page.extract_text() for page in pdf.pages).split())


def test_two_tagged_pages_say_who_what_and_when(
    dana: Browser, db: Database, records: Records, shot: Callable[[float], Photo]
) -> None:
    alice = records.cast.alice
    with writing(db):
        people.set_record_number(db, alice.id, "4711")
    shot(-1)
    shot(2)
    records.check_in(1, Answers(pain=4, itch=2))
    pdf = opened(dana, address(records))
    assert len(pdf.pages) == 2
    assert pdf.pages[0].mediabox.height == pytest.approx(841.89, abs=0.1)
    said = text_of(pdf)
    for words in ("Alice", "4711", "Microneedling, 1.5", "Day 2", "before, by untreated skin"):
        assert words in said
    for words in ("Redness, whole face", "Method:", "Limits:", "Versions: analysis", "1 of 2"):
        assert words in said
    assert "Alerts None." in said
    assert "signed off" in said


def test_the_pages_have_tags_a_language_and_words_for_each_picture(
    dana: Browser, records: Records, shot: Callable[[float], Photo]
) -> None:
    shot(-1)
    shot(2)
    root = opened(dana, address(records)).root_object
    assert root["/MarkInfo"]["/Marked"]  # type: ignore[index]
    assert str(root["/Lang"]) == "en"
    kinds: list[str] = []
    described: list[str] = []

    def walk(node: object) -> None:
        node = node.get_object() if hasattr(node, "get_object") else node
        if isinstance(node, list):
            for each in node:
                walk(each)
        elif isinstance(node, dict) and "/K" in node:
            kinds.append(str(node.get("/S", "")))
            described.extend([str(node["/Alt"])] if "/Alt" in node else [])
            walk(node["/K"])

    walk(root["/StructTreeRoot"])
    assert {"/H1", "/H2", "/Figure", "/Table", "/TH"} <= set(kinds)
    assert kinds.count("/Figure") >= 6
    assert any("The face before treatment" in words for words in described)
    assert any("1 photo, day 2" in words for words in described)


def test_letter_paper_is_as_wide_as_asked(dana: Browser, records: Records) -> None:
    pdf = opened(dana, address(records, paper="letter"))
    assert [float(each) for each in pdf.pages[0].mediabox[2:]] == [612, 792]


def test_nothing_that_a_person_typed_is_read_as_markup(
    dana: Browser, db: Database, records: Records
) -> None:
    with writing(db):
        people.rename(db, records.cast.alice.id, '#read("/etc/passwd") *Ann* $x$ \\ <a> "q')
    assert '#read("/etc/passwd") *Ann* $x$ \\ <a> "q' in text_of(opened(dana, address(records)))


def test_names_in_other_letters_are_printed_and_not_as_boxes(
    dana: Browser, db: Database, records: Records
) -> None:
    name = "Nguyễn Tuyết Łucja Żółć Ђорђе דוד בן־גוריון محمد العربي"
    with writing(db):
        people.rename(db, records.cast.alice.id, name)
    said = text_of(opened(dana, address(records)))
    assert "could not be printed" not in said
    assert "Nguyễn Tuyết Łucja Żółć Ђорђе" in said
    assert {letter for letter in name if "\u05d0" <= letter <= "\u05ea"} <= set(said)


def test_a_name_of_one_long_word_stays_on_the_paper(
    dana: Browser, db: Database, records: Records
) -> None:
    with writing(db):
        people.rename(db, records.cast.alice.id, "W" * 199)
    pdf = opened(dana, address(records))
    assert text_of(pdf).replace("\u200b", "").replace(" ", "").count("W" * 199) >= 1
    assert max(map(len, pdf.pages[0].extract_text().replace("\u200b", "").splitlines())) < 199


def test_letters_that_no_font_has_are_owned_up_to(
    dana: Browser, db: Database, records: Records
) -> None:
    with writing(db):
        people.rename(db, records.cast.alice.id, "Ann \U0001e922\U0001e923")  # Adlam
    said = text_of(opened(dana, address(records)))
    assert "Some letters of this report could not be printed" in said


def test_an_alert_stands_above_everything_and_tells_who_answered_it(
    dana: Browser, db: Database, records: Records, shot: Callable[[float], Photo]
) -> None:
    shot(-1)
    alert = records.alert(shot(2.8))
    said = text_of(opened(dana, address(records)))
    assert said.index("No one has opened it yet") < said.index("Before and now")
    assert "Urgent: Left cheek: redder again" in said
    at = TREATED_AT + timedelta(days=3)
    give(db, alert, records.cast.dana, Resolution(Outcome.TRUE, "swab taken"), at)
    said = text_of(opened(dana, address(records)))
    assert "Open on" not in said
    assert "Resolved: true: swab taken Dr Dana" in said


def test_the_patients_own_pages_never_calm_above_what_is_open(
    alice: Browser, db: Database, records: Records, clock: Clock, shot: Callable[[float], Photo]
) -> None:
    shot(-1)
    photo = shot(2.9)
    records.check_in(2.9, Answers(pain=1, itch=1))
    path = "/my-data/report/file"
    calm = text_of(opened(alice, path))
    assert "Open on" not in calm
    assert "My recovery" in calm
    alert = records.alert(photo)
    said = text_of(opened(alice, path))
    assert said.index("Open on 5 Mar 2026") < said.index("Before and now")
    assert "Your clinic has not opened it yet" in said
    assert "Normal for day" not in said
    assert "of before" not in said
    assert "If it gets worse or you feel ill, do not wait: call your clinic." in said
    give(db, alert, records.cast.dana, Resolution(Outcome.FALSE, "razor burn"), clock.now)
    said = text_of(opened(alice, path))
    assert "razor burn" not in said
    assert "About your left cheek" in said
    assert "Closed" in said


def test_what_is_open_stays_when_only_other_days_are_printed(
    dana: Browser, records: Records, shot: Callable[[float], Photo]
) -> None:
    shot(-1)
    shot(1)
    records.alert(shot(2.8))
    said = text_of(opened(dana, address(records, from_="2026-03-02", to="2026-03-03")))
    assert "No one has opened it yet" in said
    assert "days from 2 Mar 2026 to 3 Mar 2026" in said
    assert "Day 1 · 3 Mar 2026" in said
    assert "5 Mar 2026, 08" not in said.partition("Photos, answers")[0].partition("Before and")[2]


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ((), "No photo of these days is measured"),
        ((-2, -1), "Only the photo from before is measured"),
        ((2,), "Only one photo is measured"),
    ],
)
def test_a_course_without_a_pair_says_so(
    dana: Browser,
    records: Records,
    shot: Callable[[float], Photo],
    days: tuple[float, ...],
    words: str,
) -> None:
    for day in days:
        shot(day)
    assert words in text_of(opened(dana, address(records)))


def test_a_lost_picture_and_unmeasured_photos_are_named(
    dana: Browser, records: Records, shot: Callable[[float], Photo]
) -> None:
    shot(-1)
    records.world.files.delete(shot(2).id)
    records.photo(2.5)
    records.photo(2.6, PhotoStatus.UNMEASURABLE, ("blurred",))
    said = text_of(opened(dana, address(records)))
    assert said.count("This picture cannot be read") == len(PRINTED)
    assert "1 photo waits to be measured." in said
    assert "1 photo could not be measured." in said
    assert "No check-in was answered" in said


def test_without_a_treatment_or_with_wrong_days_the_form_says_what_to_do(
    dana: Browser, db: Database, records: Records
) -> None:
    with writing(db):
        people.add_to_care(db, records.cast.dana.id, records.cast.bob.id)
    untreated = dana.get(f"/patients/{records.cast.bob.id}/report/file")
    assert untreated.status_code == 409
    assert "Enter the treatment first." in untreated.text
    turned = dana.get(address(records, from_="2026-03-09", to="2026-03-02"))
    assert turned.status_code == 422
    assert "The last day lies before the first; exchange them." in turned.text
    assert 'value="2026-03-09"' in turned.text
    assert dana.get(address(records, from_="9.3.")).status_code == 422
    assert "There is only one course" in dana.get(address(records, course="7")).text


def test_a_report_is_on_record_and_its_photos_are_looked_at_and_stay_new(
    dana: Browser, alice: Browser, db: Database, records: Records, shot: Callable[[float], Photo]
) -> None:
    shot(-1)
    latest = shot(2)
    who = records.cast.alice.id
    opened(alice, "/my-data/report/file")
    assert looks.of_patient(db, who) == []
    answer = dana.get(address(records))
    assert answer.headers["Content-Disposition"] == "attachment; filename=afterglow-report.pdf"
    assert {look.photo_id for look in looks.of_patient(db, who)} >= {latest.id}
    assert not looks.is_seen(db, latest)
    made = list(audit_log.search(db, Search(act=Act.DATA_EXPORTED)))
    assert [(each.by, each.about, each.details) for each in made] == [
        (records.cast.dana.id, who, "report as PDF, for a clinician"),
        (who, who, "report as PDF, for a patient"),
    ]


def test_the_pages_offer_the_report(
    dana: Browser, alice: Browser, records: Records, cast: Cast
) -> None:
    page = dana.read(f"/patients/{cast.alice.id}")
    assert f'action="/patients/{cast.alice.id}/report/file"' in page
    assert "Report as PDF" in dana.read(f"/patients/{cast.alice.id}/report")
    assert 'href="/my-data/report"' in alice.read("/my-data")
    assert "Report as PDF" in alice.read("/my-data/report")


def test_the_command_line_writes_pages_or_a_picture(
    records: Records,
    world: World,
    db: Database,
    tmp_path: Path,
    shot: Callable[[float], Photo],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shot(-1)
    shot(2)
    monkeypatch.setattr("tracker.cli.console.world_of_settings", lambda: world)

    def run(out: str, *more: str) -> tuple[int, str]:
        ran = CliRunner().invoke(main, ["report", PATIENT, "--out", str(tmp_path / out), *more])
        return ran.exit_code, ran.output

    assert run("course.pdf", "--for", "patient", "--paper", "letter")[0] == 0
    written = tmp_path / "course.pdf"
    assert written.stat().st_mode & 0o077 == 0
    assert "My recovery" in text_of(PdfReader(written))
    assert run("course.png")[0] == 0
    with Image.open(tmp_path / "course.png") as picture:
        assert picture.width > 1500
    (entry, *_) = audit_log.search(db, Search(act=Act.DATA_EXPORTED))
    assert (entry.by, entry.details) == (None, "report as PNG, for a clinician")
    assert run("course.doc")[0] == 2
    assert "use .pdf or .png" in run("course.doc")[1]
    assert "There is only one course" in run("other.pdf", "--course", "2")[1]
    assert run("none/course.pdf")[0] == 1


PATIENT = "alice@clinic.example"
