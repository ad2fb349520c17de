"""A real SMTP server for tests, and a port for it."""

import socket
from email.message import Message as Mail

from aiosmtpd.handlers import Message


class Inbox(Message):
    """Keeps every mail that arrives."""

    def __init__(self) -> None:
        super().__init__()
        self.mails: list[Mail] = []

    def handle_message(self, message: Mail) -> None:
        self.mails.append(message)


def words_of(mail: Mail) -> str:
    """The text of a plain mail."""
    words = mail.get_payload()
    assert isinstance(words, str)
    return words


def free_port() -> int:
    """A port on 127.0.0.1 on which no process listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
