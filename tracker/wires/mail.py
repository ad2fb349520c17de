"""Sends mail: through an SMTP server, or into a folder of .eml files if there is none."""

import secrets
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from email.message import EmailMessage
from pathlib import Path
from threading import Timer
from urllib.parse import unquote, urlsplit

from tracker.settings import Settings, is_loopback

TIMEOUT_SECONDS = 20  # for each answer
MOST_SECONDS = 120  # for all answers to one mail; with the greeting, less than the lease of a mail
SIGN_IN_WANTED = 530

Send = Callable[[EmailMessage], None]


class MailFailed(Exception):  # noqa: N818  (an expected trouble; retried)
    """The mail could not be delivered; the message says why, without its recipient."""


class MailRefused(MailFailed):
    """The server will never accept this mail: trying again is useless."""


def sender(settings: Settings) -> Send:
    """How this installation sends mail. The callable raises MailFailed."""
    if settings.smtp_url is None:
        return _into_folder(settings.outbox)
    return _through_smtp(settings.smtp_url)


def forget(outbox: Path, mail_ids: Iterable[str]) -> None:
    """Delete these mails from the outbox folder, those of them that are there."""
    for mail_id in mail_ids:
        (outbox / f"{mail_id}.eml").unlink(missing_ok=True)


def _into_folder(folder: Path) -> Send:
    def send(mail: EmailMessage) -> None:
        name = str(mail["Message-ID"]).strip("<>").partition("@")[0]
        unfinished = folder / f".{secrets.token_hex(4)}.part"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            unfinished.write_bytes(mail.as_bytes())
            unfinished.replace(folder / f"{name}.eml")
        except OSError as error:
            raise MailFailed(f"outbox folder: {error.strerror}") from error

    return send


def _through_smtp(url: str) -> Send:
    parts = urlsplit(url)
    host = parts.hostname or ""

    def send(mail: EmailMessage) -> None:
        try:
            with closing(_connect(parts.scheme, host, parts.port)) as server, _cut_in_time(server):
                if parts.username:
                    _refuse_to_tell_passphrase_in_clear(server, host)
                    server.login(unquote(parts.username), unquote(parts.password or ""))
                server.send_message(mail)
                # The server has accepted the mail: however the session ends, it must not be sent
                # again.
                with suppress(OSError, smtplib.SMTPException):
                    server.quit()
        except smtplib.SMTPRecipientsRefused as error:
            codes = sorted({code for code, _ in error.recipients.values()})
            told = ", ".join(str(code) for code in codes)
            raise _refused(f"the server refused the recipient ({told})", min(codes)) from error
        except smtplib.SMTPDataError as error:
            raise _refused(f"the server answered {error.smtp_code}", error.smtp_code) from error
        except smtplib.SMTPResponseException as error:
            raise MailFailed(f"the server answered {error.smtp_code}") from error
        except (OSError, smtplib.SMTPException) as error:
            raise MailFailed(f"{type(error).__name__} on the way to {host}") from error

    return send


@contextmanager
def _cut_in_time(server: smtplib.SMTP) -> Iterator[None]:
    """End a session in which every byte arrives in time but the whole would take for ever."""

    def cut() -> None:
        if server.sock is not None:
            with suppress(OSError):  # a TLS socket's own method would unwrap it under a reader
                socket.socket.shutdown(server.sock, socket.SHUT_RDWR)

    timer = Timer(MOST_SECONDS, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _refused(words: str, code: int) -> MailFailed:
    """5xx about the recipient or the mail itself is final (RFC 5321, 4.2.1).

    530 is not final: the server requires a sign-in, which the settings must provide.
    """
    final = code >= 500 and code != SIGN_IN_WANTED
    return MailRefused(words) if final else MailFailed(words)


def _refuse_to_tell_passphrase_in_clear(server: smtplib.SMTP, host: str) -> None:
    if not isinstance(server.sock, ssl.SSLSocket) and not is_loopback(host):
        raise MailFailed(f"{host} offers no TLS; use smtps:// or a server with STARTTLS")


def _connect(scheme: str, host: str, port: int | None) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if scheme == "smtps":
        return smtplib.SMTP_SSL(host, port or 465, timeout=TIMEOUT_SECONDS, context=context)
    server = smtplib.SMTP(host, port or 587, timeout=TIMEOUT_SECONDS)
    server.ehlo()
    if server.has_extn("starttls"):
        server.starttls(context=context)
        server.ehlo()
    return server
