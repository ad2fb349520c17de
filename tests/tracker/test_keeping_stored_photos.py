"""Backups, restoring, the doctor and the secret, with photos in an object store."""

import base64
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlite_utils import Database

from tests.conftest import Cast, settings_for
from tests.tracker.object_store import (
    ObjectStore,
    Start,
    forget_clients,
    hurried,
    object_store,
    other_variables,
    saying,
)
from tests.web.conftest import Records
from tracker.cli.main import main
from tracker.settings import Settings
from tracker.wires.photo_files import PhotoFiles, Picture
from tracker.wires.places import Place
from tracker.world import World

__all__ = ["hurried", "object_store", "other_variables"]

OTHER_SECRET = base64.urlsafe_b64encode(b"1" * 32).decode()


@pytest.fixture
def settings(tmp_path: Path, object_store: ObjectStore) -> Settings:
    return replace(settings_for(tmp_path / "data"), photos_at=object_store.bucket())


@pytest.fixture
def photo_id(db: Database, world: World, cast: Cast) -> str:
    """The only photo; nobody uses the database any more."""
    photo = Records(db, world, cast).measured(1)
    db.close()
    return photo.id


@pytest.fixture
def environment(world: World, tmp_path: Path, object_store: ObjectStore) -> dict[str, str]:
    recipient = run({}, "backup-key", str(tmp_path / "identity")).stdout.strip()
    return {
        "AFTERGLOW_DATA": str(world.settings.data),
        "AFTERGLOW_SECRET": base64.urlsafe_b64encode(world.settings.secret).decode(),
        "AFTERGLOW_PHOTOS": world.settings.photos,
        "AFTERGLOW_BACKUP_TO": object_store.bucket(),
        "AFTERGLOW_BACKUP_RECIPIENT": recipient,
    }


def run(environment: dict[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, env=environment)


def test_a_backup_in_one_store_brings_back_the_photos_of_another(
    environment: dict[str, str],
    photo_id: str,
    object_store: ObjectStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = run(environment, "backup")
    assert made.exit_code == 0, made.output
    assert ", 1 photos, " in made.stdout
    again = run(environment, "backup")
    assert " 0 new parts" in again.stdout or " 1 new parts" in again.stdout  # the clinic's own rows
    away = ("--from", environment["AFTERGLOW_BACKUP_TO"], "--identity", str(tmp_path / "identity"))
    assert "all 1 can be read" in run({}, "verify-backup", *away).stdout
    new = environment | {
        "AFTERGLOW_DATA": str(tmp_path / "new"),
        "AFTERGLOW_SECRET": base64.urlsafe_b64encode(b"2" * 32).decode(),
    }
    refused = run(new, "restore", *away)
    assert refused.exit_code == 1
    assert "holds photos; set another AFTERGLOW_PHOTOS" in refused.stderr
    new["AFTERGLOW_PHOTOS"] = f"{object_store.bucket()}/restored"
    write, left = Place.write, iter(range(3))

    def dying(*arguments: Any, **options: Any) -> bool:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return write(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Place, "write", dying)
        assert run(new, "restore", *away).exit_code != 0
    new["AFTERGLOW_SECRET"] = OTHER_SECRET
    restored = run(new, "restore", *away)
    assert restored.exit_code == 0, restored.output
    assert "all 1 can be read" in run(new, "doctor").stdout
    assert sorted(path.name for path in (tmp_path / "new").iterdir() if path.is_dir()) == []


def test_photos_in_a_store_pass_to_another_secret(
    environment: dict[str, str], photo_id: str, world: World
) -> None:
    changed = environment | {
        "AFTERGLOW_SECRET": OTHER_SECRET,
        "AFTERGLOW_OLD_SECRET": environment["AFTERGLOW_SECRET"],
    }
    assert "photos changed: 1" in run(changed, "change-secret").stdout
    files = PhotoFiles(world.files.url, replace(world.settings, secret=b"1" * 32).key_for("photos"))
    assert files.load(photo_id, Picture.PHOTO) == b"JPEG of photo"
    assert "all 1 can be read" in run(changed, "doctor").stdout


def photos_line(result: Result) -> str:
    (line,) = [each for each in result.stdout.splitlines() if " photos " in each]
    return line


@pytest.mark.usefixtures("hurried", "photo_id")
@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        ("404 Not Found", "NoSuchBucket", "no such bucket; make it, or mend the name"),
        ("403 Forbidden", "InvalidAccessKeyId", "mend AWS_ACCESS_KEY_ID"),
        ("403 Forbidden", "SignatureDoesNotMatch", "mend AWS_SECRET_ACCESS_KEY"),
        ("503 Service Unavailable", "SlowDown", "wait until it is back"),
    ],
)
def test_the_operator_is_told_what_is_wrong_with_the_store(
    environment: dict[str, str], object_store: ObjectStore, status: str, code: str, words: str
) -> None:
    with object_store.failing(saying(status, code)):
        for command in ("check-config", "doctor"):
            told = run(environment, command)
            assert told.exit_code == 1
            assert photos_line(told).startswith("failing")
            assert words in photos_line(told)
            assert "testing" not in told.output  # the key and its secret


@pytest.mark.usefixtures("photo_id")
def test_checking_the_settings_leaves_nothing_in_the_store(
    environment: dict[str, str], world: World, object_store: ObjectStore
) -> None:
    before = object_store.objects(world.files.url)
    assert photos_line(run(environment, "check-config")).startswith("good")
    assert object_store.objects(world.files.url) == before


@pytest.mark.usefixtures("photo_id")
def test_a_store_without_conditional_writes_is_refused(
    environment: dict[str, str], world: World, object_store: ObjectStore
) -> None:
    def heedless(environ: dict[str, Any], _: Start) -> Iterable[bytes] | None:
        environ.pop("HTTP_IF_NONE_MATCH", None)
        return None

    before = object_store.objects(world.files.url)
    with object_store.failing(heedless):
        assert "does not know If-None-Match" in photos_line(run(environment, "check-config"))
    assert object_store.objects(world.files.url) == before


@pytest.mark.usefixtures("photo_id")
def test_a_bucket_that_keeps_what_is_erased_is_refused_unless_the_key_may_not_ask(
    environment: dict[str, str], world: World, object_store: ObjectStore
) -> None:
    bucket = world.files.url.removeprefix("s3://").partition("/")[0]
    enabled = {"Status": "Enabled"}
    look = object_store.look()
    look.call_s3("put_bucket_versioning", Bucket=bucket, VersioningConfiguration=enabled)
    assert "keeps earlier versions" in photos_line(run(environment, "check-config"))
    refused = saying("403 Forbidden", "AccessDenied")

    def secretive(environ: dict[str, Any], start: Start) -> Iterable[bytes] | None:
        return refused(environ, start) if environ["QUERY_STRING"] == "versioning" else None

    with object_store.failing(secretive):
        assert photos_line(run(environment, "check-config")).startswith("good")


@pytest.mark.usefixtures("hurried", "other_variables")
def test_a_clinic_without_its_database_does_not_start_on_a_store_that_is_gone(
    environment: dict[str, str], photo_id: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.settings.database.unlink()
    refused = run(environment, "migrate")
    assert f"{world.files.url} holds photos" in refused.stderr
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    forget_clients()
    refused = run(environment, "migrate")
    assert refused.exit_code == 1
    assert "no object store answers; mend AWS_ENDPOINT_URL" in refused.stderr
    assert not world.settings.database.exists()
