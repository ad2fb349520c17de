from datetime import UTC, datetime
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest
from werkzeug.datastructures import FileStorage, ImmutableMultiDict

from tracker.domain.course.check_ins import MAX_FREE_TEXT_LENGTH, Answers, Trend
from tracker.domain.course.photos import PhotoRole, SkinState, Upload
from web.forms import Errors, read_check_in, read_upload

BERLIN = ZoneInfo("Europe/Berlin")
WHOLE = {"pain": "3", "itch": "0", "swelling": "1", "trend": "better"}


def form(**values: str) -> ImmutableMultiDict[str, str]:
    return ImmutableMultiDict(values)


def files(*contents: bytes) -> ImmutableMultiDict[str, FileStorage]:
    sent = [("photo", FileStorage(BytesIO(c), filename="a.jpg" if c else "")) for c in contents]
    return ImmutableMultiDict(sent)


def test_a_whole_upload_is_read() -> None:
    values = form(role="baseline", skin_state="sunscreen", taken_at="2026-03-05T08:10")
    assert read_upload(values, files(b"bytes"), BERLIN) == Upload(
        data=b"bytes",
        role=PhotoRole.BASELINE,
        taken_at=datetime(2026, 3, 5, 7, 10, tzinfo=UTC),
        skin_state=SkinState.SUNSCREEN,
    )


def test_of_two_inputs_the_one_that_holds_a_photo_counts() -> None:
    read = read_upload(form(role="follow_up"), files(b"", b"photo"), BERLIN)
    assert isinstance(read, Upload)
    assert read.data == b"photo"
    assert read.taken_at is None
    assert read.skin_state is SkinState.CLEAN


@pytest.mark.parametrize(
    ("values", "photos", "field"),
    [
        ({"role": "follow_up"}, (), "photo"),
        ({"role": "follow_up"}, (b"one", b"two"), "photo"),
        ({}, (b"one",), "role"),
        ({"role": "sideways"}, (b"one",), "role"),
        ({"role": "follow_up", "skin_state": "wet"}, (b"one",), "skin_state"),
        ({"role": "follow_up", "taken_at": "last Tuesday"}, (b"one",), "taken_at"),
        ({"role": "follow_up", "taken_at": "0001-01-01T00:00"}, (b"one",), "taken_at"),
    ],
)
def test_what_is_wrong_with_an_upload_is_named(
    values: dict[str, str], photos: tuple[bytes, ...], field: str
) -> None:
    read = read_upload(form(**values), files(*photos), BERLIN)
    assert isinstance(read, Errors)
    assert set(read.by_field) == {field}


def test_answers_are_read() -> None:
    read = read_check_in(form(**WHOLE, pus="yes", note=" Left cheek\r\nis hot. "))
    assert read.answers == Answers(
        pain=3, itch=0, swelling=1, pus=True, trend=Trend.BETTER, note="Left cheek\nis hot."
    )
    assert read.errors == {}


def test_one_tick_is_a_whole_check_in() -> None:
    read = read_check_in(form(breathing_or_face_swelling="yes", asked="pus"))
    assert read.errors == {}
    assert read.answers == Answers(breathing_or_face_swelling=True)


def test_an_empty_box_is_a_no_only_where_none_of_these_is_ticked() -> None:
    asked = ImmutableMultiDict([("asked", "pus"), ("asked", "fever"), ("none", "yes")])
    assert read_check_in(asked).answers == Answers(pus=False, fever=False)
    used = ImmutableMultiDict([*asked.items(multi=True), ("asked", "sun"), ("make_up", "yes")])
    told = Answers(pus=False, fever=False, sun=False, make_up=True)
    assert read_check_in(used).answers == told
    torn = ImmutableMultiDict([*asked.items(multi=True), ("fever", "yes")])
    assert read_check_in(torn).answers == Answers(fever=True)


def test_an_empty_check_in_has_nothing_to_send() -> None:
    assert set(read_check_in(form(asked="pus")).errors) == {"signs"}
    assert read_check_in(form(note="It stings.")).errors == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pain", "11"),
        ("pain", "-1"),
        ("pain", "3.5"),
        ("pain", "٣"),
        ("itch", "lots"),
        ("swelling", "4"),
        ("trend", "sideways"),
        ("note", "x" * (MAX_FREE_TEXT_LENGTH + 1)),
    ],
)
def test_an_answer_that_cannot_be_is_named(name: str, value: str) -> None:
    read = read_check_in(form(**WHOLE | {name: value}))
    assert set(read.errors) == {name}
    assert getattr(read.answers, name) in {None, ""}
