"""Settings of an installation, typed; `tracker.environment` reads them, no secret is built in."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tracker.domain.alerts.alerts import URGENT_WITHIN

OBJECT_STORE = "s3://"
HOME_ROLLER = "home_roller"  # the one treatment that people do to themselves


class SettingsError(ValueError):
    """A setting is missing or wrong; the message names it and the remedy."""


@dataclass(frozen=True, slots=True)
class Backups:
    """Where backups go (a folder, or any place that fsspec reaches), and who can read them.

    `recipient` is what `afterglow backup-key` prints. One is made when the last is older than
    `every`; those older than `keep_for` are forgotten.
    """

    url: str
    recipient: str
    every: timedelta = timedelta(days=1)
    keep_for: timedelta = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class ClusterAddress:
    """The scheduler of a Dask cluster, and the folder with ca.pem, cert.pem and key.pem for TLS.

    `dashboard` is where people open its dashboard, None for no link.
    """

    url: str
    certificates: Path | None = None
    dashboard: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """How this installation runs.

    `secret` is the one key from which all others are derived; `smtp_url` None keeps mail in the
    outbox folder; `base_url` is where people reach the pages, without a slash at its end;
    `face_model` is a file with a face detector of the operator's own; `proxies` is how many trusted
    proxies pass requests on, each adding the client that it acts for; `protocols` is the folder of
    the clinic's own protocols; `escalate_after` is how long an urgent alert may stay unanswered
    before it is escalated; `keep_records_years` is how long the clinic must keep the records of a
    patient who closes the account, 0 for not at all; `open_sign_up` is the kind of treatment that
    people may sign up for without a clinic, None for none; `second_step` says whether the people of
    the clinic need more than a passphrase to sign in; `passphrase_first` whether patients choose a
    passphrase before anything else, also with a link that asks for the year of birth; `backups` is
    None where the operator backs up by other means; `metrics` are host and port of figures for
    Prometheus, None for none; `photos_at` is where photos are kept, a folder or
    `s3://bucket/prefix`, None for one in `data`;
    `cluster` measures them, None for processes of this machine.
    """

    data: Path
    secret: bytes
    host: str
    port: int
    base_url: str
    smtp_url: str | None
    mail_from: str
    proxies: int = 0
    face_model: Path | None = None
    protocols: Path | None = None
    escalate_after: timedelta = URGENT_WITHIN
    keep_records_years: int = 0
    open_sign_up: str | None = None
    second_step: bool = True
    passphrase_first: bool = False
    backups: Backups | None = None
    metrics: tuple[str, int] | None = None
    photos_at: str | None = None
    cluster: ClusterAddress | None = None

    @property
    def database(self) -> Path:
        """The clinic's database file."""
        return self.data / "afterglow.db"

    @property
    def photos(self) -> str:
        """The place of the encrypted photos: a folder, or `s3://bucket/prefix`."""
        return self.photos_at or str((self.data / "photos").resolve())

    @property
    def outbox(self) -> Path:
        """The folder of mails kept when there is no SMTP server."""
        return self.data / "outbox"

    @property
    def is_https(self) -> bool:
        """Whether browsers reach the pages over TLS, so that cookies may require it."""
        return self.base_url.startswith("https://")

    def key_for(self, purpose: str) -> bytes:
        """A separate 32-byte key for each purpose (HKDF, RFC 5869)."""
        kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"afterglow {purpose}".encode())
        return kdf.derive(self.secret)
