"""Aftercare for Alice alone, as Dr Dana writes it."""

import pytest
from sqlite_utils import Database

from tests.conftest import Cast
from tests.web.browser import Browser
from tracker.storage.course import care_lines
from tracker.storage.people import people

LINE = {
    "heading": "avoid",
    "line": "  The  new hat ",
    "first_date": "2026-03-05",
    "last_date": "2026-03-09",
}


@pytest.fixture
def path(cast: Cast) -> str:
    return f"/patients/{cast.alice.id}/care-lines"


def test_a_line_is_read_by_the_patient_until_it_is_taken_back(
    db: Database, cast: Cast, dana: Browser, alice: Browser, path: str
) -> None:
    for _ in range(2):  # as an impatient finger sends it
        assert dana.send(path, LINE).status_code == 303
    (line,) = care_lines.of_patient(db, cast.alice.id)
    assert (line.line, line.added_by) == ("The new hat", cast.dana.id)
    assert "Until Mon 9 Mar" in dana.read(f"/patients/{cast.alice.id}/treatments")
    assert "The new hat" in alice.read("/")
    assert dana.send(f"{path}/{line.id}/end", {}).status_code == 303
    assert "The new hat" not in alice.read("/")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"heading": ""}, "Choose a heading"),
        ({"line": " "}, "The line must have 1 to 300 characters"),
        ({"line": "x" * 301}, "The line must have 1 to 300 characters"),
        ({"first_date": "soon"}, "Choose a day"),
        ({"last_date": "2026-03-01"}, "swap them"),
    ],
)
def test_what_is_wrong_with_a_line_is_told_and_it_is_not_lost(
    db: Database, cast: Cast, dana: Browser, path: str, changed: dict[str, str], words: str
) -> None:
    sent = {**LINE, **changed}
    answer = dana.send(path, sent)
    assert (answer.status_code, words in answer.text) == (422, True)
    assert f'value="{sent["line"]}"' in answer.text
    assert care_lines.of_patient(db, cast.alice.id) == []


def test_a_line_of_another_patient_is_out_of_reach(
    db: Database, cast: Cast, dana: Browser, path: str
) -> None:
    dana.send(path, LINE)
    (line,) = care_lines.of_patient(db, cast.alice.id)
    people.add_to_care(db, cast.dana.id, cast.bob.id)
    dana.send(f"/patients/{cast.bob.id}/care-lines/{line.id}/end", {})
    assert len(care_lines.of_patient(db, cast.alice.id)) == 1
