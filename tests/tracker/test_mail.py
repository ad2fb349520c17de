import socketserver
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Session
from aiosmtpd.smtp import Envelope as SmtpEnvelope

from tests.post_office import Inbox, free_port, words_of
from tracker.domain.mail.mails import Envelope, Mail, MailKind, compose
from tracker.domain.people.people import check_email
from tracker.domain.people.signed_links import LinkPurpose, signed
from tracker.settings import Settings
from tracker.wires.mail import MailFailed, MailRefused, sender

AT = datetime(2026, 3, 7, 8, tzinfo=UTC)
ENVELOPE = Envelope("Afterglow <afterglow@clinic.example>", "https://clinic.example", b"k" * 32)
ROW = Mail(
    MailKind.URGENT, "a cause", "dana", "dana@clinic.example", AT, AT, alert_ids=("alert-1",)
)
MAIL = compose(ROW, ENVELOPE)


class FullInbox:
    async def handle_DATA(self, server: SMTP, session: Session, envelope: SmtpEnvelope) -> str:  # noqa: N802
        return "452 the mailbox is full"


@pytest.fixture
def inbox() -> Iterator[tuple[Inbox, int]]:
    handler = Inbox()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield handler, controller.port
    controller.stop()


def through(port: int, settings: Settings) -> Settings:
    return replace(settings, smtp_url=f"smtp://127.0.0.1:{port}")


def test_a_real_server_receives_a_neutral_mail(
    inbox: tuple[Inbox, int], settings: Settings
) -> None:
    handler, port = inbox
    sender(through(port, settings))(MAIL)
    (mail,) = handler.mails
    assert mail["Subject"] == "Afterglow: someone needs your review"
    assert mail["Message-ID"] == f"<{ROW.id}@clinic.example>"
    assert "https://clinic.example/alerts/alert-1" in words_of(mail)


@pytest.mark.parametrize("kind", MailKind)
def test_no_mail_holds_a_health_detail(kind: MailKind) -> None:
    words = compose(replace(ROW, kind=kind, day=AT.date()), ENVELOPE).as_string().lower()
    for detail in ("infection", "redness", "pigment", "cheek", "patient", "microneedling"):
        assert detail not in words


def test_a_reminder_can_be_stopped_with_one_click_and_an_urgent_mail_cannot() -> None:
    """RFC 8058: both headers, one https link, unbroken and the same in header and words."""
    mail = compose(replace(ROW, kind=MailKind.REMINDER, day=AT.date()), ENVELOPE)
    token = signed(LinkPurpose.UNSUBSCRIBE, "dana", b"k" * 32)
    link = f"https://clinic.example/unsubscribe/{token}"
    head, _, body = mail.as_bytes().decode("ascii").replace("\r\n", "\n").partition("\n\n")
    assert f"List-Unsubscribe: <{link}>" in head.split("\n")
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in head.split("\n")
    assert link in body
    assert "https://clinic.example/days/2026-03-07" in body
    assert MAIL["List-Unsubscribe"] is None


@pytest.mark.parametrize(
    ("answer", "final"),
    [("550 no such mailbox", True), ("450 try later", False), ("530 sign in first", False)],
)
def test_a_recipient_refused_for_good_is_told_from_one_refused_for_now(
    settings: Settings, answer: str, final: bool
) -> None:
    class Choosy:
        async def handle_RCPT(  # noqa: N802
            self,
            server: SMTP,
            session: Session,
            envelope: SmtpEnvelope,
            address: str,
            options: list[str],
        ) -> str:
            return answer

    controller = Controller(Choosy(), hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        with pytest.raises(MailFailed, match=answer[:3]) as caught:
            sender(through(controller.port, settings))(MAIL)
    finally:
        controller.stop()
    assert isinstance(caught.value, MailRefused) is final
    assert "dana" not in str(caught.value)


def test_a_mail_that_was_taken_has_been_sent_however_the_goodbye_ends(settings: Settings) -> None:
    class Rude(Inbox):
        async def handle_QUIT(self, server: SMTP, session: Session, envelope: SmtpEnvelope) -> str:  # noqa: N802
            return "421 go away"

    handler = Rude()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        sender(through(controller.port, settings))(MAIL)
    finally:
        controller.stop()
    assert len(handler.mails) == 1


def test_a_domain_of_other_letters_is_written_as_every_server_reads_it() -> None:
    mail = compose(replace(ROW, to_address=check_email("Dana@Bücher.example")), ENVELOPE)
    assert mail["To"] == "dana@xn--bcher-kva.example"


def test_a_server_that_is_down_is_told_without_the_recipient(settings: Settings) -> None:
    with pytest.raises(MailFailed) as caught:
        sender(through(free_port(), settings))(MAIL)
    assert "dana" not in str(caught.value)


def test_a_server_that_refuses_is_told_with_its_code(settings: Settings) -> None:
    controller = Controller(FullInbox(), hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        with pytest.raises(MailFailed, match="452"):
            sender(through(controller.port, settings))(MAIL)
    finally:
        controller.stop()


def test_without_a_server_the_mail_lies_in_the_outbox_once(settings: Settings) -> None:
    send = sender(settings)
    send(MAIL)
    send(MAIL)
    assert [path.name for path in settings.outbox.iterdir()] == [f"{ROW.id}.eml"]


def test_a_server_that_answers_letter_by_letter_is_left_in_time(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each letter comes within the time for an answer, so that no timeout ends the wait."""
    monkeypatch.setattr("tracker.wires.mail.MOST_SECONDS", 1)
    given_up = threading.Event()

    class Dawdler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 hello\r\n")
            self.rfile.readline()
            self.wfile.write(b"250 hello\r\n")
            with suppress(OSError):
                while not given_up.wait(timeout=0.1):
                    self.wfile.write(b"2")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Dawdler) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        timer = threading.Timer(30, given_up.set)
        timer.start()
        try:
            with pytest.raises(MailFailed):
                sender(through(server.server_address[1], settings))(MAIL)
            assert not given_up.is_set()
        finally:
            timer.cancel()
            given_up.set()
            server.shutdown()
            serving.join(timeout=30)
