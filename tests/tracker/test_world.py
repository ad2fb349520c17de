"""A data folder that has lost its database is not opened as an empty clinic."""

import shutil

import pytest
from click.testing import CliRunner

from tracker.cli.main import main
from tracker.settings import Settings
from tracker.wires.photo_files import Picture
from tracker.world import DatabaseGone, World, open_world


@pytest.mark.parametrize("how", ["gone", "empty"])
def test_photos_without_their_database_are_no_empty_clinic(
    settings: Settings, world: World, how: str
) -> None:
    world.files.save("photo", Picture.PHOTO, b"a face")
    kept = settings.database.read_bytes()
    for file in settings.data.glob(f"{settings.database.name}*"):
        file.unlink()
    if how == "empty":
        settings.database.touch()
    with pytest.raises(DatabaseGone, match=r"afterglow\.db is missing or empty.*Restore.*move"):
        open_world(settings)
    settings.database.write_bytes(kept)  # restored from a backup
    assert open_world(settings).files.load("photo", Picture.PHOTO) == b"a face"


def test_an_empty_clinic_may_begin_where_photos_were_moved_away(
    settings: Settings, world: World
) -> None:
    world.files.save("photo", Picture.PHOTO, b"a face")
    settings.database.unlink()
    shutil.move(settings.photos, settings.data.with_name("moved away"))
    assert not open_world(settings).files.holds_photos()


def test_a_lost_database_is_told_in_words_on_the_command_line(
    settings: Settings, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.files.save("photo", Picture.PHOTO, b"a face")
    settings.database.unlink()
    secret = "MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="
    monkeypatch.setenv("AFTERGLOW_DATA", str(settings.data))
    monkeypatch.setenv("AFTERGLOW_SECRET", secret)
    told = CliRunner().invoke(main, ["health"])
    assert told.exit_code == 1
    assert "Restore the database from the latest backup" in told.output
