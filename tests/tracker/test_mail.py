from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.post_office import Inbox, free_port, words_of
from tracker.mail import MailFailed, sender
from tracker.messages import Message, compose
from tracker.settings import Settings

AT = datetime(2026, 3, 7, 8, tzinfo=UTC)
ROW = Message("row-1", "dana", "dana@clinic.example", "alert-1", AT, AT)
MAIL = compose(ROW, "Afterglow <afterglow@clinic.example>", "https://clinic.example")


class FullInbox:
    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
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
    assert mail["Message-ID"] == "<row-1@clinic.example>"
    assert "https://clinic.example/alerts/alert-1" in words_of(mail)


def test_the_mail_holds_no_health_detail() -> None:
    words = MAIL.as_string().lower()
    for detail in ("infection", "redness", "pigment", "cheek", "patient", "microneedling"):
        assert detail not in words


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
    assert [path.name for path in settings.outbox.iterdir()] == ["row-1.eml"]
