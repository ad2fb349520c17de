from datetime import UTC, datetime
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest
from werkzeug.datastructures import FileStorage, ImmutableMultiDict

from tracker.check_ins import MAX_NOTE_LENGTH, Answers, Trend
from tracker.photos import PhotoRole, SkinState, Upload
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
    assert read == Answers(
        pain=3, itch=0, swelling=1, pus=True, trend=Trend.BETTER, note="Left cheek\nis hot."
    )


def test_an_empty_check_in_names_everything_that_is_missing() -> None:
    read = read_check_in(form())
    assert isinstance(read, Errors)
    assert set(read.by_field) == {"pain", "itch", "swelling", "trend"}


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
        ("note", "x" * (MAX_NOTE_LENGTH + 1)),
    ],
)
def test_an_answer_that_cannot_be_is_named(name: str, value: str) -> None:
    read = read_check_in(form(**WHOLE | {name: value}))
    assert isinstance(read, Errors)
    assert set(read.by_field) == {name}
