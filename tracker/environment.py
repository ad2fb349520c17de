"""Settings as the environment gives them: checked, with the remedy for what is wrong."""

import base64
import binascii
import re
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from email.errors import HeaderParseError
from email.message import EmailMessage
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from tracker.domain.people.people import check_email
from tracker.settings import HOME_ROLLER, Backups, ClusterAddress, Settings, SettingsError

SECRET_BYTES = 32
RECIPIENT_BYTES = 64  # a public key, and the key of the sender's code
SECRETS = tuple(  # a command may show a token, and a file is read once
    f"AFTERGLOW_{name}{form}"
    for name in ("SECRET", "OLD_SECRET", "SMTP", "BACKUP_RECIPIENT")
    for form in ("", "_FILE", "_COMMAND")
)
COMMAND_SECONDS = 30
MINUTES_A_DAY = 24 * 60
MOST_YEARS_KEPT = 100
MOST_BACKUP_HOURS = 7 * 24
MOST_BACKUP_DAYS = 10 * 365
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")  # Amazon S3, bucket naming rules
ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings of AFTERGLOW_* variables; SettingsError names the first that is wrong."""
    data = environment.get("AFTERGLOW_DATA", "").strip()
    if not data:
        raise SettingsError("AFTERGLOW_DATA is not set; name the folder that keeps all data")
    host, port = _listen(environment.get("AFTERGLOW_LISTEN", "127.0.0.1:8000"))
    base_url = environment.get("AFTERGLOW_URL", f"http://{host}:{port}").rstrip("/")
    return Settings(
        data=Path(data),
        secret=_secret(environment),
        host=host,
        port=port,
        base_url=_checked_url(base_url),
        smtp_url=_smtp_url(_secret_text(environment, "AFTERGLOW_SMTP")),
        mail_from=_sender(
            environment.get("AFTERGLOW_MAIL_FROM", "Afterglow <afterglow@localhost>")
        ),
        face_model=_optional_path(environment.get("AFTERGLOW_FACE_MODEL", "")),
        proxies=_proxies(environment.get("AFTERGLOW_PROXIES", "0").strip()),
        protocols=protocols_folder(environment),
        open_sign_up=_open_sign_up(environment.get("AFTERGLOW_OPEN_SIGN_UP", "").strip()),
        second_step=_second_step(environment.get("AFTERGLOW_SECOND_STEP", "staff").strip()),
        passphrase_first=_passphrase_first(
            environment.get("AFTERGLOW_FIRST_SIGN_IN", "link").strip()
        ),
        keep_records_years=_years(environment.get("AFTERGLOW_KEEP_RECORDS_YEARS", "0").strip()),
        escalate_after=_minutes(environment.get("AFTERGLOW_ESCALATE_AFTER", "30").strip()),
        backups=_backups(environment),
        metrics=_metrics(environment.get("AFTERGLOW_METRICS", "").strip()),
        photos_at=photos_place(environment, environment.get("AFTERGLOW_PHOTOS", "").strip()),
        cluster=_cluster(environment),
    )


def with_old_secret(settings: Settings, environment: Mapping[str, str]) -> Settings:
    """The same settings with the secret of AFTERGLOW_OLD_SECRET, which is being replaced."""
    return replace(settings, secret=_secret(environment, "AFTERGLOW_OLD_SECRET"))


def protocols_folder(environment: Mapping[str, str]) -> Path | None:
    """The folder of the clinic's own protocols; None when the shipped ones are used."""
    folder = environment.get("AFTERGLOW_PROTOCOLS", "").strip()
    return Path(folder) if folder else None


def photos_place(
    environment: Mapping[str, str], text: str, name: str = "AFTERGLOW_PHOTOS"
) -> str | None:
    """A place for photos that `name` names; None if it names none. Raises SettingsError.

    Object stores other than S3 are refused: their words for a missing bucket and for a missing
    photo are not known here.
    """
    if not text:
        return None
    if "://" not in text:
        return str(Path(text).resolve())
    parts = urlsplit(text)
    if parts.scheme != "s3" or parts.query or parts.fragment or not BUCKET.fullmatch(parts.netloc):
        raise SettingsError(  # the text itself may hold a key
            f"{name} is no place for photos; write a folder, or s3://bucket/prefix without a key"
        )
    if find_spec("s3fs") is None:
        raise SettingsError(f"{name} needs the extra store: pip install -e '.[store]'")
    for endpoint in filter(None, (environment.get(each, "").strip() for each in ENDPOINTS)):
        server = urlsplit(endpoint)
        is_near = server.scheme == "http" and is_loopback(server.hostname or "")
        if not server.hostname or not (server.scheme == "https" or is_near):
            raise SettingsError(
                "AWS_ENDPOINT_URL must be https://host[:port]; http:// only on this machine"
            )
    return f"s3://{parts.netloc}{parts.path.rstrip('/')}"


def _optional_path(text: str) -> Path | None:
    return Path(text.strip()) if text.strip() else None


def _proxies(text: str) -> int:
    if not text.isdecimal():
        message = (
            f"AFTERGLOW_PROXIES is {text!r}; write how many proxies are in front of it, 0 if none"
        )
        raise SettingsError(message)
    return int(text)


def _minutes(text: str) -> timedelta:
    if not text.isdecimal() or not 0 < int(text) <= MINUTES_A_DAY:
        message = (
            f"AFTERGLOW_ESCALATE_AFTER is {text!r}; write the minutes after which an urgent alert"
            f" without an answer is escalated, 1 to {MINUTES_A_DAY}"
        )
        raise SettingsError(message)
    return timedelta(minutes=int(text))


def _open_sign_up(text: str) -> str | None:
    if text not in {"", HOME_ROLLER}:
        message = (
            f"AFTERGLOW_OPEN_SIGN_UP is {text!r}; write {HOME_ROLLER} to let people sign up who"
            " roll at home, or leave it empty"
        )
        raise SettingsError(message)
    return text or None


def _second_step(text: str) -> bool:
    if text not in {"staff", "off"}:
        message = (
            f"AFTERGLOW_SECOND_STEP is {text!r}; write staff to ask everyone who works at the"
            " clinic for a second step at sign-in, or off"
        )
        raise SettingsError(message)
    return text == "staff"


def _passphrase_first(text: str) -> bool:
    if text not in {"link", "passphrase"}:
        message = (
            f"AFTERGLOW_FIRST_SIGN_IN is {text!r}; write link to let patients begin with the link"
            " of their invitation and the year of birth, or passphrase to ask for one first"
        )
        raise SettingsError(message)
    return text == "passphrase"


def _years(text: str) -> int:
    if not text.isdecimal() or int(text) > MOST_YEARS_KEPT:
        message = (
            f"AFTERGLOW_KEEP_RECORDS_YEARS is {text!r}; write for how many years the law makes you"
            f" keep the records of a closed account, 0 to {MOST_YEARS_KEPT}"
        )
        raise SettingsError(message)
    return int(text)


def _backups(environment: Mapping[str, str]) -> Backups | None:
    url = environment.get("AFTERGLOW_BACKUP_TO", "").strip()
    recipient = _secret_text(environment, "AFTERGLOW_BACKUP_RECIPIENT").strip()
    if not url and not recipient:
        return None
    if not url or not recipient:
        raise SettingsError(
            "AFTERGLOW_BACKUP_TO and AFTERGLOW_BACKUP_RECIPIENT belong together;"
            " afterglow backup-key makes a recipient"
        )
    remedy = (
        "make one with afterglow backup-key; if it is one of an earlier version, also name an empty"
        " AFTERGLOW_BACKUP_TO"
    )
    _bytes(recipient, "AFTERGLOW_BACKUP_RECIPIENT", RECIPIENT_BYTES, remedy)
    hours = _whole(environment, "AFTERGLOW_BACKUP_HOURS", "24", MOST_BACKUP_HOURS)
    days = _whole(environment, "AFTERGLOW_BACKUP_DAYS", "30", MOST_BACKUP_DAYS)
    return Backups(url, recipient, timedelta(hours=hours), timedelta(days=days))


def _whole(environment: Mapping[str, str], name: str, default: str, most: int) -> int:
    text = environment.get(name, default).strip()
    if not text.isdecimal() or not 0 < int(text) <= most:
        raise SettingsError(f"{name} is {text!r}; write a whole number from 1 to {most}")
    return int(text)


def _secret_text(environment: Mapping[str, str], name: str) -> str:
    """A secret: the variable itself, a file (NAME_FILE), or what a command prints (NAME_COMMAND).

    A key manager is asked by a command, so that the secret lies nowhere on this machine.
    """
    text, file = environment.get(name, ""), environment.get(f"{name}_FILE", "")
    command = environment.get(f"{name}_COMMAND", "")
    if text:
        return text
    try:
        if file:
            return Path(file).read_text(encoding="ascii").strip()
        if command:
            return subprocess.run(  # noqa: S603 (the operator's own command)
                shlex.split(command),
                stdout=subprocess.PIPE,
                stdin=subprocess.DEVNULL,
                timeout=COMMAND_SECONDS,
                check=True,
                encoding="ascii",
            ).stdout.strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{name}_{'FILE' if file else 'COMMAND'} cannot be read: {error}"
        ) from error
    except (ValueError, subprocess.SubprocessError) as error:  # their texts could show the command
        raise SettingsError(f"{name}_COMMAND failed: {type(error).__name__}") from error
    return ""


def _secret(environment: Mapping[str, str], name: str = "AFTERGLOW_SECRET") -> bytes:
    text = _secret_text(environment, name)
    remedy = (
        "make one with: python3 -c 'import base64, secrets;"
        " print(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())'"
    )
    if not text:
        raise SettingsError(f"{name} is not set; {remedy}")
    return _bytes(text, name, SECRET_BYTES, remedy)


def _bytes(text: str, name: str, length: int, remedy: str) -> bytes:
    try:
        found = base64.urlsafe_b64decode(text.strip())
    except (binascii.Error, ValueError) as error:
        raise SettingsError(f"{name} is not base64; {remedy}") from error
    if len(found) != length:
        raise SettingsError(f"{name} must be {length} bytes long; {remedy}")
    return found


def _metrics(text: str) -> tuple[str, int] | None:
    return _listen(text, "AFTERGLOW_METRICS", "127.0.0.1:9100") if text else None


def _cluster(environment: Mapping[str, str]) -> ClusterAddress | None:
    """Without TLS only on this machine: faces and their keys travel to the workers."""
    text = environment.get("AFTERGLOW_COMPUTE", "").strip()
    if not text:
        return None
    folder = _optional_path(environment.get("AFTERGLOW_COMPUTE_CERTIFICATES", ""))
    dashboard = environment.get("AFTERGLOW_COMPUTE_DASHBOARD", "").strip()
    parts = urlsplit(text)
    sound = parts.hostname and _has_sound_port(parts) and parts.port and not parts.path
    if not sound or parts.scheme not in {"dask", "tls"}:
        raise SettingsError(
            f"AFTERGLOW_COMPUTE is {text!r}; write tls://host:8786 of a Dask scheduler,"
            " dask://127.0.0.1:8786 for one on this machine, or leave it empty"
        )
    if parts.scheme == "dask" and not is_loopback(parts.hostname or ""):
        raise SettingsError(
            f"AFTERGLOW_COMPUTE is {text!r}; to another machine it must be tls://host:port"
        )
    if parts.scheme == "tls" and (folder is None or not (folder / "ca.pem").is_file()):
        raise SettingsError(
            "AFTERGLOW_COMPUTE_CERTIFICATES must name a folder with ca.pem, cert.pem and key.pem"
        )
    if dashboard and urlsplit(dashboard).scheme not in {"http", "https"}:
        raise SettingsError(
            f"AFTERGLOW_COMPUTE_DASHBOARD is {dashboard!r}; write http(s)://host:port/status"
        )
    url = text if parts.scheme == "tls" else text.replace("dask://", "tcp://", 1)
    return ClusterAddress(url, folder if parts.scheme == "tls" else None, dashboard or None)


def _listen(
    text: str, name: str = "AFTERGLOW_LISTEN", example: str = "127.0.0.1:8000"
) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise SettingsError(f"{name} is {text!r}; write host:port such as {example}")
    return host, int(port)


def _checked_url(url: str) -> str:
    parts = urlsplit(url)
    plain = parts.hostname and _has_sound_port(parts) and not parts.query and not parts.fragment
    if plain and parts.scheme == "https":
        return url
    if plain and parts.scheme == "http" and is_loopback(parts.hostname or ""):
        return url
    message = f"AFTERGLOW_URL is {url!r}; away from this machine it must be https://host[:port]"
    raise SettingsError(message)


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this very machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _has_sound_port(parts: SplitResult) -> bool:
    try:
        return parts.port is None or parts.port > 0
    except ValueError:
        return False


def _sender(text: str) -> str:
    sender, mail = text.strip(), EmailMessage()
    try:
        mail["From"] = sender
        (address,) = mail["From"].addresses
        check_email(address.addr_spec)
    except (HeaderParseError, ValueError) as error:
        remedy = "write one sender such as Clinic <mail@clinic.example>"
        raise SettingsError(f"AFTERGLOW_MAIL_FROM is {text!r}; {remedy}") from error
    return sender


def _smtp_url(text: str) -> str | None:
    if not text:
        return None
    parts = urlsplit(text)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or not _has_sound_port(parts):
        raise SettingsError(
            "AFTERGLOW_SMTP must look like smtp://user:passphrase@host:587 (STARTTLS where the"
            " server offers it) or smtps://user:passphrase@host:465"
        )
    return text
