import base64
from datetime import timedelta
from pathlib import Path

import pytest

from tracker.environment import read_settings
from tracker.settings import Backups, ClusterAddress, Settings, SettingsError

SECRET = base64.urlsafe_b64encode(b"k" * 32).decode()
GOOD = {"AFTERGLOW_DATA": "somewhere", "AFTERGLOW_SECRET": SECRET}
RECIPIENT = base64.urlsafe_b64encode(b"k" * 64).decode()
BACKUPS = {"AFTERGLOW_BACKUP_TO": "there", "AFTERGLOW_BACKUP_RECIPIENT": RECIPIENT}
STORE = {"AFTERGLOW_PHOTOS": "s3://bucket/clinic"}
CLUSTER = {"AFTERGLOW_COMPUTE": "dask://127.0.0.1:8786"}


def test_only_the_folder_and_the_secret_have_no_default() -> None:
    settings = read_settings(GOOD)
    assert settings.base_url == "http://127.0.0.1:8000"
    assert settings.smtp_url is None
    assert settings.proxies == 0
    assert settings.keep_records_years == 0
    assert settings.open_sign_up is None
    assert settings.second_step
    assert settings.face_model is None
    assert settings.secret == b"k" * 32


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"AFTERGLOW_DATA": ""}, "AFTERGLOW_DATA is not set"),
        ({"AFTERGLOW_SECRET": ""}, "AFTERGLOW_SECRET is not set; make one with"),
        ({"AFTERGLOW_SECRET": "c2hvcnQ="}, "32 bytes"),
        ({"AFTERGLOW_SECRET": "not base64!"}, "AFTERGLOW_SECRET"),
        ({"AFTERGLOW_SECRET": "", "AFTERGLOW_SECRET_FILE": "absent"}, "AFTERGLOW_SECRET_FILE"),
        ({"AFTERGLOW_LISTEN": "8000"}, "AFTERGLOW_LISTEN"),
        ({"AFTERGLOW_PROXIES": "one"}, "AFTERGLOW_PROXIES is 'one'; write how many"),
        ({"AFTERGLOW_PROXIES": "-1"}, "AFTERGLOW_PROXIES"),
        ({"AFTERGLOW_ESCALATE_AFTER": "soon"}, "write the minutes"),
        ({"AFTERGLOW_ESCALATE_AFTER": "0"}, "AFTERGLOW_ESCALATE_AFTER"),
        ({"AFTERGLOW_OPEN_SIGN_UP": "microneedling"}, "write home_roller"),
        ({"AFTERGLOW_SECOND_STEP": "no"}, "AFTERGLOW_SECOND_STEP is 'no'; write staff"),
        ({"AFTERGLOW_FIRST_SIGN_IN": "yes"}, "AFTERGLOW_FIRST_SIGN_IN is 'yes'; write link"),
        ({"AFTERGLOW_KEEP_RECORDS_YEARS": "ten"}, "write for how many years"),
        ({"AFTERGLOW_KEEP_RECORDS_YEARS": "101"}, "AFTERGLOW_KEEP_RECORDS_YEARS"),
        ({"AFTERGLOW_URL": "http://clinic.example"}, "must be https"),
        ({"AFTERGLOW_URL": "https://clinic.example:99999"}, "AFTERGLOW_URL"),
        ({"AFTERGLOW_URL": "https://clinic.example?x=1"}, "AFTERGLOW_URL"),
        ({"AFTERGLOW_MAIL_FROM": "the clinic"}, "AFTERGLOW_MAIL_FROM is 'the clinic'; write one"),
        ({"AFTERGLOW_MAIL_FROM": "a@one.example, b@two.example"}, "AFTERGLOW_MAIL_FROM"),
        ({"AFTERGLOW_MAIL_FROM": "A <a@one.example>\nBcc: b@two.example"}, "AFTERGLOW_MAIL_FROM"),
        ({"AFTERGLOW_SECRET": "", "AFTERGLOW_SECRET_COMMAND": "false"}, "COMMAND failed"),
        ({"AFTERGLOW_SECRET": "", "AFTERGLOW_SECRET_COMMAND": "absent-tool"}, "_COMMAND cannot be"),
        ({"AFTERGLOW_SECRET": "", "AFTERGLOW_SECRET_COMMAND": "echo '"}, "COMMAND failed"),
        ({"AFTERGLOW_BACKUP_TO": "there"}, "belong together"),
        ({**BACKUPS, "AFTERGLOW_BACKUP_HOURS": "0"}, "AFTERGLOW_BACKUP_HOURS is '0'; write"),
        ({**BACKUPS, "AFTERGLOW_BACKUP_DAYS": "long"}, "AFTERGLOW_BACKUP_DAYS is 'long'"),
        ({"AFTERGLOW_PHOTOS": "ftp://store.example/photos"}, "write a folder, or s3://"),
        ({"AFTERGLOW_PHOTOS": "s3://"}, "AFTERGLOW_PHOTOS is no place for photos"),
        ({"AFTERGLOW_PHOTOS": "s3://Bucket/clinic"}, "AFTERGLOW_PHOTOS is no place"),
        ({"AFTERGLOW_PHOTOS": "s3://bucket/clinic?version=1"}, "AFTERGLOW_PHOTOS is no place"),
        ({**STORE, "AWS_ENDPOINT_URL": "http://store.example"}, "AWS_ENDPOINT_URL must be https"),
        ({**STORE, "AWS_ENDPOINT_URL": "store.example:9000"}, "AWS_ENDPOINT_URL must be https"),
        ({**STORE, "AWS_ENDPOINT_URL_S3": "http://10.0.0.1"}, "AWS_ENDPOINT_URL must be https"),
        (
            {"AFTERGLOW_COMPUTE": "scheduler:8786"},
            "AFTERGLOW_COMPUTE is 'scheduler:8786'; write tls",
        ),
        ({"AFTERGLOW_COMPUTE": "dask://scheduler:8786"}, "to another machine it must be tls"),
        ({"AFTERGLOW_COMPUTE": "tls://scheduler:8786"}, "CERTIFICATES must name a folder"),
        ({**CLUSTER, "AFTERGLOW_COMPUTE_DASHBOARD": "there"}, "DASHBOARD is 'there'; write http"),
        (BACKUPS | {"AFTERGLOW_BACKUP_RECIPIENT": "clinic"}, "RECIPIENT is not base64"),
        (BACKUPS | {"AFTERGLOW_BACKUP_RECIPIENT": SECRET}, "64 bytes long; .* name an empty"),
        ({"AFTERGLOW_SMTP": "mail.example"}, "AFTERGLOW_SMTP must look like"),
        ({"AFTERGLOW_SMTP": "smtp://mail.example:99999"}, "AFTERGLOW_SMTP must look like"),
    ],
)
def test_a_wrong_setting_is_named_with_its_remedy(change: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        read_settings(GOOD | change)


def test_proxies_are_counted() -> None:
    assert read_settings(GOOD | {"AFTERGLOW_PROXIES": "2"}).proxies == 2


def test_a_face_model_is_a_path() -> None:
    given = read_settings(GOOD | {"AFTERGLOW_FACE_MODEL": " models/face.onnx "})
    assert given.face_model == Path("models/face.onnx")


def test_the_secret_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET + "\n")
    environment = {"AFTERGLOW_DATA": "somewhere", "AFTERGLOW_SECRET_FILE": str(file)}
    assert read_settings(environment).secret == b"k" * 32


def test_secrets_may_come_from_commands_and_files(tmp_path: Path) -> None:
    file = tmp_path / "smtp"
    file.write_text("smtp://clinic:letmein@mail.example\n")
    environment = {"AFTERGLOW_DATA": "somewhere", "AFTERGLOW_SMTP_FILE": str(file)}
    settings = read_settings(environment | {"AFTERGLOW_SECRET_COMMAND": f"echo '{SECRET}'"})
    assert settings.secret == b"k" * 32
    assert settings.smtp_url == "smtp://clinic:letmein@mail.example"


def test_backups_are_made_each_day_and_kept_for_a_month() -> None:
    backups = read_settings(GOOD | BACKUPS).backups
    assert backups == Backups("there", RECIPIENT, timedelta(days=1), timedelta(days=30))
    assert read_settings(GOOD).backups is None


def test_each_purpose_has_a_key_of_its_own(settings: Settings) -> None:
    keys = {settings.key_for(purpose) for purpose in ("photos", "database", "sessions")}
    assert len(keys | {settings.secret}) == 4
    assert settings.key_for("photos") == settings.key_for("photos")


def test_photos_are_in_a_folder_of_the_data_in_another_or_in_an_object_store() -> None:
    assert read_settings(GOOD).photos == str(Path("somewhere/photos").resolve())
    assert read_settings({**GOOD, "AFTERGLOW_PHOTOS": "there"}).photos == str(
        Path("there").resolve()
    )
    near = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9000"}
    for more in ({}, near, {"AWS_ENDPOINT_URL": "https://store.example"}):
        assert read_settings({**GOOD, **STORE, **more}).photos == "s3://bucket/clinic"


def test_a_key_in_the_address_of_the_photos_is_refused_and_not_repeated() -> None:
    with pytest.raises(SettingsError, match="without a key") as raised:
        read_settings({**GOOD, "AFTERGLOW_PHOTOS": "s3://name:open-sesame@bucket/clinic"})
    assert "sesame" not in str(raised.value)


def test_without_the_extra_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracker.environment.find_spec", lambda _: None)
    with pytest.raises(SettingsError, match="needs the extra store: pip install"):
        read_settings({**GOOD, **STORE})


def test_a_cluster_is_reached_by_tls_or_on_this_machine(tmp_path: Path) -> None:
    here = read_settings({**GOOD, **CLUSTER}).cluster
    assert here == ClusterAddress("tcp://127.0.0.1:8786")
    (tmp_path / "ca.pem").touch()
    there = {
        "AFTERGLOW_COMPUTE": "tls://scheduler.example:8786",
        "AFTERGLOW_COMPUTE_CERTIFICATES": str(tmp_path),
        "AFTERGLOW_COMPUTE_DASHBOARD": "https://scheduler.example:8787/status",
    }
    assert read_settings({**GOOD, **there}).cluster == ClusterAddress(
        "tls://scheduler.example:8786", tmp_path, "https://scheduler.example:8787/status"
    )


def test_the_recipient_of_backups_can_be_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "recipient"
    file.write_text(f"{RECIPIENT}\n")
    given = GOOD | {"AFTERGLOW_BACKUP_TO": "there", "AFTERGLOW_BACKUP_RECIPIENT_FILE": str(file)}
    backups = read_settings(given).backups
    assert backups is not None
    assert backups.recipient == RECIPIENT
