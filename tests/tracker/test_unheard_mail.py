"""A mail server that says nothing, late, or too much: what counts as sent, failed or unknown."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from tracker.domain.mail.mails import Envelope, Mail, MailKind, compose
from tracker.settings import Settings
from tracker.wires import mail as wires
from tracker.wires.mail import MailFailed, MailRefused, MailUnheard, sender

AT = datetime(2026, 3, 7, 8, tzinfo=UTC)
ENVELOPE = Envelope("Afterglow <afterglow@clinic.example>", "https://clinic.example", b"k" * 32)
MAIL = compose(Mail(MailKind.URGENT, "a cause", "dana", "dana@clinic.example", AT, AT), ENVELOPE)
STEPS = ("greeting", "EHLO", "MAIL", "RCPT", "DATA")
GOES_AWAY, HANGS = "goes away", "hangs"


@dataclass
class Server:
    """Talks SMTP by script: `says` at a step, or goes away, or hangs; then it goes on."""

    says: dict[str, str] = field(default_factory=dict)
    waits: float = 0.0  # before the answer to the final dot
    mails: int = 0
    port: int = 0

    def answer(self, line: socket.socket, step: str, usual: str) -> bool:
        """Whether to go on."""
        said = self.says.get(step, usual)
        if said == HANGS:
            line.recv(1)
        if said in {GOES_AWAY, HANGS}:
            return False
        if step == "dot":
            time.sleep(self.waits)
        line.sendall(said.encode("latin-1"))
        return True

    def talk(self, line: socket.socket) -> None:
        lines = line.makefile("rb")
        if not self.answer(line, "greeting", "220 ready\r\n"):
            return
        while command := lines.readline():
            verb = command[:4].decode().strip().upper()
            usual = {"DATA": "354 go on\r\n", "QUIT": "221 bye\r\n"}.get(verb, "250 fine\r\n")
            if not self.answer(line, verb, usual):
                return
            if verb == "DATA" and self.says.get("DATA", "354").startswith("354"):
                if self.says.get("middle") == GOES_AWAY:
                    return
                while lines.readline() not in {b".\r\n", b""}:
                    pass
                self.mails += 1
                if not self.answer(line, "dot", "250 queued\r\n"):
                    return


@contextmanager
def listening(server: Server) -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server.port = listener.getsockname()[1]

        def serve() -> None:
            with suppress(OSError):
                line, _ = listener.accept()
                with line, suppress(OSError):
                    line.settimeout(5)
                    server.talk(line)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server
        thread.join(5)


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wires, "ANSWER_SECONDS", 0.15)
    monkeypatch.setattr(wires, "MOST_SECONDS", 2.0)
    monkeypatch.setattr(wires, "FINAL_ANSWER_SECONDS", 0.8)


def outcome(server: Server, settings: Settings) -> type[MailFailed] | None:
    """What a try to send ends with; None when the mail counts as sent."""
    with listening(server):
        send = sender(replace(settings, smtp_url=f"smtp://127.0.0.1:{server.port}"))
        failed: MailFailed | None = None
        try:
            send(MAIL)
        except MailFailed as error:
            failed = error
    assert "dana" not in str(failed)
    return None if failed is None else type(failed)


def test_the_answer_to_the_final_dot_has_ten_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert wires.FINAL_ANSWER_SECONDS >= 600  # RFC 5321, 4.5.3.2.6


def test_a_late_yes_is_a_yes(settings: Settings) -> None:
    server = Server(waits=0.5)  # longer than any other answer may take
    assert outcome(server, settings) is None
    assert server.mails == 1


@pytest.mark.parametrize(
    "said", ["250 queued\r\n", "251 forwarded\r\n", "250-a\r\n250 b\r\n", "200 ok\r\n"]
)
def test_every_kind_of_yes_is_a_yes(settings: Settings, said: str) -> None:
    assert outcome(Server({"dot": said}), settings) is None


@pytest.mark.parametrize(
    "said",
    [
        GOES_AWAY,
        HANGS,
        "",
        "25",
        "hello\r\n",
        "\r\n",
        "250-half an answer\r\n",
        "x" * 9000 + "\r\n",
    ],
)
def test_after_the_final_dot_no_clear_answer_means_unknown(settings: Settings, said: str) -> None:
    server = Server({"dot": said, "QUIT": GOES_AWAY})
    assert outcome(server, settings) is MailUnheard
    assert server.mails == 1


def test_an_answer_letter_by_letter_ends_at_the_limit_and_means_unknown(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(Server):
        def answer(self, line: socket.socket, step: str, usual: str) -> bool:
            if step != "dot":
                return super().answer(line, step, usual)
            for letter in b"250-" + b"q" * 100:
                line.sendall(bytes([letter]))
                time.sleep(0.1)
            return True

    began = time.monotonic()
    assert outcome(Slow(), settings) is MailUnheard
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("421 closing\r\n", MailFailed),
        ("450 later\r\n", MailFailed),
        ("451 later\r\n", MailFailed),
        ("452 full\r\n", MailFailed),
        ("530 sign in\r\n", MailFailed),
        ("550 no\r\n", MailRefused),
        ("552 too large\r\n", MailRefused),
        ("554 no\r\n", MailRefused),
    ],
)
def test_a_clear_no_is_a_no(settings: Settings, said: str, kind: type[MailFailed]) -> None:
    assert outcome(Server({"dot": said}), settings) is kind


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    "said", [GOES_AWAY, HANGS, "421 closing\r\n", "451 later\r\n", "hello\r\n"]
)
def test_before_the_final_dot_nothing_was_taken(settings: Settings, step: str, said: str) -> None:
    if step == "EHLO" and said.endswith("\r\n"):
        said = GOES_AWAY  # an odd answer to a greeting is no reason not to try
    server = Server({step: said, "HELO": said})
    assert outcome(server, settings) is MailFailed
    assert server.mails == 0


def test_a_connection_that_breaks_within_the_mail_has_not_delivered_it(settings: Settings) -> None:
    big = replace(settings)
    server = Server({"middle": GOES_AWAY})
    kind = outcome(server, big)
    assert server.mails == 0
    assert kind in {MailFailed, MailUnheard}  # the last bytes may lie in the machine's own buffer


@pytest.mark.parametrize("said", [GOES_AWAY, HANGS, "500 what\r\n", "hello\r\n"])
def test_whatever_the_goodbye_a_mail_that_was_accepted_is_sent(
    settings: Settings, said: str
) -> None:
    server = Server({"QUIT": said})
    assert outcome(server, settings) is None
    assert server.mails == 1
