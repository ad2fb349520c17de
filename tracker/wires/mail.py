"""Sends mail: through an SMTP server, or into a folder of .eml files if there is none."""

import secrets
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from email.message import EmailMessage
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from tracker.environment import is_loopback
from tracker.settings import Settings

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

ANSWER_SECONDS = 20  # for each answer but the last; giving up there costs nothing
MOST_SECONDS = 120  # for all of these together
FINAL_ANSWER_SECONDS = 600  # after the final dot (RFC 5321, 4.5.3.2.6)
SIGN_IN_WANTED = 530

Send = Callable[[EmailMessage], None]


class MailFailed(Exception):  # noqa: N818  (an expected trouble; retried)
    """The mail could not be delivered; the message says why, without its recipient."""


class MailRefused(MailFailed):
    """The server will never accept this mail: trying again is useless."""


class MailUnheard(MailFailed):
    """The server has the whole mail and did not answer: it may have been sent."""


def sender(settings: Settings) -> Send:
    """How this installation sends mail. The callable raises MailFailed."""
    if settings.smtp_url is None:
        return _into_folder(settings.outbox)
    return _through_smtp(settings.smtp_url)


def trouble(settings: Settings) -> str:
    """Why no mail could be sent now, as far as that shows without sending one; empty if nothing."""
    if settings.smtp_url is None:
        return ""
    parts = urlsplit(settings.smtp_url)
    host = parts.hostname or ""
    try:
        with closing(_connect(parts.scheme, host, parts.port)) as talk:
            talk.limit(MOST_SECONDS, ANSWER_SECONDS)
            if parts.username:
                _refuse_to_tell_passphrase_in_clear(talk, host)
                talk.login(unquote(parts.username), unquote(parts.password or ""))
            talk.quit()
    except MailFailed as error:
        return str(error)
    except (OSError, smtplib.SMTPException) as error:
        return str(_failure(error, host))
    return ""


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
            talk = _connect(parts.scheme, host, parts.port)
        except (OSError, smtplib.SMTPException) as error:
            raise _failure(error, host) from error
        with closing(talk):
            try:
                talk.limit(MOST_SECONDS, ANSWER_SECONDS)
                if parts.username:
                    _refuse_to_tell_passphrase_in_clear(talk, host)
                    talk.login(unquote(parts.username), unquote(parts.password or ""))
                _hand_over(talk, mail)
            except (OSError, smtplib.SMTPException) as error:
                if talk.is_unheard:
                    words = f"{host} received the whole mail, and no answer came back"
                    raise MailUnheard(words) from error
                raise _failure(error, host) from error
            # The mail is accepted: whatever happens to the goodbye, it must not be sent again.
            with suppress(OSError, smtplib.SMTPException):
                talk.limit(ANSWER_SECONDS, ANSWER_SECONDS)
                talk.quit()

    return send


def _hand_over(talk: "_Talk", mail: EmailMessage) -> None:
    try:
        talk.send_message(mail)
    except smtplib.SMTPDataError as error:
        if not 200 <= error.smtp_code < 300:  # smtplib takes 250 alone for a yes
            raise


def _failure(error: Exception, host: str) -> MailFailed:
    match error:
        case smtplib.SMTPRecipientsRefused():
            codes = sorted({code for code, _ in error.recipients.values()})
            listed = ", ".join(str(code) for code in codes)
            return _refused(f"the server refused the recipient ({listed})", min(codes))
        case smtplib.SMTPDataError():
            return _refused(f"the server answered {error.smtp_code}", error.smtp_code)
        case smtplib.SMTPResponseException():
            return MailFailed(f"the server answered {error.smtp_code}")
        case _:
            return MailFailed(f"{type(error).__name__} on the way to {host}")


class _Talk(smtplib.SMTP):
    """A connection with a limit for all answers together, which starts again at the final dot.

    `is_unheard` while the server has the whole mail and has not answered it.
    """

    is_unheard = False
    _awaits_verdict = False
    _timer: Timer | None = None

    def limit(self, seconds: float, each: float) -> None:
        """Break off after `seconds`, or after `each` without a byte."""
        self._end_limit()
        self._timer = Timer(seconds, self._break_off)
        self._timer.daemon = True
        self._timer.start()
        if self.sock is not None:
            self.sock.settimeout(each)

    def close(self) -> None:
        """Close the connection."""
        self._end_limit()
        super().close()

    def send(self, s: "ReadableBuffer | str") -> None:
        """Send a command, or the mail: smtplib passes commands as text and only a mail as bytes."""
        super().send(s)
        if not isinstance(s, str):
            self.is_unheard = self._awaits_verdict = True
            self.limit(FINAL_ANSWER_SECONDS, FINAL_ANSWER_SECONDS)

    def getreply(self) -> tuple[int, bytes]:
        """The answer; one that cannot be read is no answer to a mail."""
        code, words = super().getreply()
        if self._awaits_verdict:  # answers to later commands say nothing about the mail
            self._awaits_verdict = False
            self.is_unheard = not 200 <= code < 600
        return code, words

    def _end_limit(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _break_off(self) -> None:
        if self.sock is not None:
            with suppress(OSError):  # a TLS socket's own method would unwrap it under a reader
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


class _TlsTalk(_Talk, smtplib.SMTP_SSL):
    """The same over TLS from the first byte."""


def _refused(words: str, code: int) -> MailFailed:
    """5xx about the recipient or the mail itself is final (RFC 5321, 4.2.1).

    530 is not final: the server requires a sign-in, which the settings must provide.
    """
    final = code >= 500 and code != SIGN_IN_WANTED
    return MailRefused(words) if final else MailFailed(words)


def _refuse_to_tell_passphrase_in_clear(server: smtplib.SMTP, host: str) -> None:
    if not isinstance(server.sock, ssl.SSLSocket) and not is_loopback(host):
        raise MailFailed(f"{host} offers no TLS; use smtps:// or a server with STARTTLS")


def _connect(scheme: str, host: str, port: int | None) -> _Talk:
    context = ssl.create_default_context()
    if scheme == "smtps":
        return _TlsTalk(host, port or 465, timeout=ANSWER_SECONDS, context=context)
    talk = _Talk(host, port or 587, timeout=ANSWER_SECONDS)
    talk.ehlo()
    if talk.has_extn("starttls"):
        talk.starttls(context=context)
        talk.ehlo()
    return talk
