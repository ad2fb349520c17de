import re

import pytest
from sqlite_utils import Database

from tests.conftest import Cast
from tests.web.browser import Browser
from tests.web.conftest import Records
from tracker.storage.connection import IntegrityError, writing
from tracker.storage.people import people
from tracker.storage.talk import notes

KEY = "a1b2c3d4e5f60718293a4b5c6d7e8f90"


@pytest.fixture
def here(cast: Cast) -> str:
    return f"/patients/{cast.alice.id}/notes"


def test_an_edit_never_loses_what_was_there(dana: Browser, records: Records, here: str) -> None:
    note = records.note("Afraid of needles")
    changed = {"text": "Afraid of long needles", "read": note.latest.number}
    assert dana.send(f"{here}/{note.id}", changed).status_code == 303
    page = dana.read(here)
    assert "2 versions" in page
    assert page.index("Afraid of long needles") < page.index(">Afraid of needles<")
    assert "Written</strong> by <bdi>you</bdi>" in page


def test_lines_as_browsers_send_them_count_as_people_count_them(
    dana: Browser, here: str, db: Database, cast: Cast
) -> None:
    lines = "\n".join(["x" * 39] * 100)  # 3999 signs
    answer = dana.send(here, {"text": lines.replace("\n", "\r\n"), "key": KEY})
    assert answer.status_code == 303
    assert [note.latest.says.text for note in notes.of_patient(db, cast.alice.id)] == [lines]


def test_the_second_of_two_who_write_is_told_and_nothing_is_overwritten(
    dana: Browser, records: Records, here: str
) -> None:
    note = records.note("Afraid of needles")
    first = {"text": "Not afraid any more", "read": note.latest.number}
    assert dana.send(f"{here}/{note.id}", first).status_code == 303
    second = dana.send(
        f"{here}/{note.id}", {"text": "Wants numbing cream", "read": note.latest.number}
    )
    assert second.status_code == 409
    assert "Someone was faster" in second.text
    assert "Not afraid any more" in second.text
    assert "Wants numbing cream" in second.text
    assert "Wants numbing cream" not in dana.read(here)
    read = re.search(r'name="read" value="(\d+)"', second.text)
    assert read is not None
    both = {"text": "Not afraid; wants numbing cream", "read": read[1]}
    assert dana.send(f"{here}/{note.id}", both).status_code == 303


def test_a_withdrawn_note_stays_struck_through_and_cannot_be_changed(
    dana: Browser, records: Records, here: str
) -> None:
    note = records.note("Wrong patient", pinned=True)
    assert dana.send(f"{here}/{note.id}/withdraw", {"read": note.latest.number}).status_code == 303
    page = dana.read(here)
    assert "<s>Wrong patient</s>" in page
    assert "Save the change" not in page
    late = dana.send(f"{here}/{note.id}", {"text": "Mine", "read": note.latest.number})
    assert late.status_code == 409
    assert "Mine" in late.text


def test_a_pinned_note_stands_on_every_page_about_the_patient(
    cast: Cast, dana: Browser, records: Records
) -> None:
    records.note("Allergic to lidocaine", pinned=True)
    alert, alice = records.alert(), cast.alice.id
    for path in (f"/patients/{alice}", f"/alerts/{alert.id}", f"/patients/{alice}/conversation"):
        assert "Allergic to lidocaine" in dana.read(path), path


def test_the_patient_does_not_read_notes_on_pages_but_is_told_of_them(
    alice: Browser, cast: Cast, records: Records
) -> None:
    records.note("Allergic to lidocaine", pinned=True)
    for path in ("/", f"/patients/{cast.alice.id}/conversation", "/progress"):
        assert "lidocaine" not in alice.read(path)
    assert "notes" in alice.read("/my-data")


def test_an_empty_or_endless_note_is_refused_and_what_was_typed_stays(
    dana: Browser, here: str
) -> None:
    assert "Write the note first" in dana.send(here, {"text": " ", "key": KEY}).text
    long = dana.send(here, {"text": "x" * 4001, "key": KEY})
    assert long.status_code == 422
    assert "x" * 4001 in long.text


def test_a_form_sent_twice_is_one_note(dana: Browser, here: str) -> None:
    for _ in range(2):
        assert dana.send(here, {"text": "Called back", "key": KEY}).status_code == 303
    assert dana.read(here).count("Called back") == 2  # as it reads, and in its form


def test_a_note_of_one_patient_cannot_be_changed_through_another(
    db: Database, cast: Cast, dana: Browser, records: Records
) -> None:
    note = records.note("Afraid of needles")
    with writing(db):
        people.add_to_care(db, cast.dana.id, cast.bob.id)
    path = f"/patients/{cast.bob.id}/notes/{note.id}"
    assert dana.send(path, {"text": "x", "read": note.latest.number}).status_code == 404


def test_the_database_itself_keeps_every_version(db: Database, records: Records) -> None:
    records.note("Afraid of needles")
    for forbidden in ("UPDATE notes SET text = ''", "DELETE FROM notes"):
        with pytest.raises(IntegrityError), writing(db):
            db.execute(forbidden)


def test_every_page_about_a_patient_says_whom_it_is_about(dana: Browser, records: Records) -> None:
    alert, alice = records.alert(), records.cast.alice.id
    about = f"/patients/{alice}"
    (shown,) = re.findall(r'name="shown" value="(\w+)"', dana.read(f"{about}/identity"))
    known = {"name": "Alice", "birth_date": "1985-04-23", "record_number": " A-4711 "}
    assert dana.send(f"{about}/identity", {**known, "shown": shown}).status_code == 303
    for path in (about, f"{about}/compare", f"{about}/treatments", f"{about}/notes"):
        page = dana.read(path)
        head = re.search(r'<h1 class="patient-name">.*<bdi>Alice</bdi>.*Day 3<.*skin type', page)
        assert head is not None, path
        assert "born 23 Apr 1985" in head[0]
        assert "no. A-4711" in head[0]
        assert "Alice · born 23 Apr 1985 · no. A-4711" in page  # on paper
    page = dana.read(f"/alerts/{alert.id}")
    head = re.search(r'<p class="patient-name"><span><a [^>]*><bdi>Alice</bdi></a>.*</p>', page)
    assert head is not None
    assert "no. A-4711" in head[0]
    assert "skin type" in head[0]
    assert "Day 3" not in head[0]  # the alert may be about an earlier course


def test_the_face_at_the_top_is_the_measured_photo_from_before(
    dana: Browser, records: Records, here: str
) -> None:
    top = r'<h1 class="patient-name"><img src="[^"]*/photos/(\w+)/thumbnail"'
    assert re.search(top, dana.read(here)) is None
    before = records.measured(-0.1)
    records.measured(2)
    found = re.search(top, dana.read(here))
    assert found is not None
    assert found[1] == before.id
