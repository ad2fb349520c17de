"""Archives that are written while they are sent."""

from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from zipfile import ZipFile

from tracker.wires.archives import Entry, zipped

NOW = datetime(2026, 3, 6, 9, 30, tzinfo=UTC)


def test_an_archive_sent_in_pieces_is_whole_at_the_other_end() -> None:
    entries = [Entry("a/photo.jpg", bytes(range(256)) * 900), Entry("a/text.csv", b"x,y\n" * 500)]
    with ZipFile(BytesIO(b"".join(zipped(entries, NOW)))) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == {
            entry.path: entry.data for entry in entries
        }
        assert archive.getinfo("a/text.csv").date_time == (2026, 3, 6, 9, 30, 0)


def test_the_first_file_is_on_its_way_before_the_second_is_read() -> None:
    read = []

    def one_by_one() -> Iterator[Entry]:
        for name in ("first.jpg", "second.jpg"):
            read.append(name)
            yield Entry(name, b"photo")

    assert b"first.jpg" in next(zipped(one_by_one(), NOW))
    assert read == ["first.jpg"]
