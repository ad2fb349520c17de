"""What patients and clinic write to each other."""

from dataclasses import replace
from datetime import timedelta
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from sqlite_utils import Database

from tests.conftest import TREATED_AT, Cast
from tracker.actions.talk.conversation import (
    PhotoRefused,
    Said,
    add_message,
    open_conversation,
    show_message_photo,
)
from tracker.domain.mail.mails import MailKind, compose
from tracker.domain.people.people import Person
from tracker.domain.talk.conversation import Draft, Message
from tracker.storage.course import photos
from tracker.storage.mail import mails
from tracker.storage.talk import conversation
from tracker.wires.photo_files import PhotoMissing
from tracker.world import World

NOW = TREATED_AT + timedelta(days=2)


class Talk:
    """People write messages, each from its own form."""

    def __init__(self, db: Database, world: World, cast: Cast) -> None:
        self.db, self.world, self.cast, self.count = db, world, cast, 0

    def say(
        self, author: Person, text: str = "", photo: bytes | None = None
    ) -> Said | PhotoRefused:
        self.count += 1
        draft = Draft(text, photo, f"form-number-{self.count:05d}")
        return self.send(author, draft)

    def send(self, author: Person, draft: Draft) -> Said | PhotoRefused:
        alice = self.cast.alice.id
        return add_message(self.db, self.world.files, author, alice, draft, NOW)

    def opened_by(self, reader: Person) -> tuple[Message, ...]:
        opened = open_conversation(self.db, self.cast.alice.id, reader.id, NOW)
        assert opened is not None
        return opened.messages

    def mails_to(self, person: Person) -> list[str]:
        found = mails.of_recipient(self.db, person.id)
        return [mail.cause for mail in found if mail.kind is MailKind.MESSAGE]


@pytest.fixture
def talk(db: Database, world: World, cast: Cast) -> Talk:
    return Talk(db, world, cast)


def test_each_side_reads_the_other_and_knows_when_it_was_read(talk: Talk, cast: Cast) -> None:
    talk.say(cast.alice, "Is this normal?")
    talk.say(cast.dana, "Yes, for day 2.")
    assert [r.text for r in talk.opened_by(cast.alice)] == ["Is this normal?", "Yes, for day 2."]
    talk.opened_by(cast.dana)
    question, answer = talk.opened_by(cast.dana)
    assert [(r.name, r.seen_at) for r in question.receipts] == [("Dr Dana", NOW)]
    assert [r.name for r in answer.receipts] == ["Alice"]


def test_writing_is_no_reading(talk: Talk, cast: Cast, db: Database) -> None:
    talk.say(cast.alice, "Is this normal?")
    talk.opened_by(cast.alice)
    talk.say(cast.dana, "I will look later.")
    assert conversation.unread_by_clinic(db, cast.alice.id) == 1
    assert conversation.unread_by_patient(db, cast.alice.id) == 1


def test_one_mail_asks_to_look_until_somebody_has(talk: Talk, cast: Cast) -> None:
    talk.say(cast.alice, "Hello")
    talk.say(cast.alice, "Hello?")
    assert len(talk.mails_to(cast.dana)) == 1
    talk.opened_by(cast.dana)
    talk.say(cast.alice, "Thank you")
    assert len(talk.mails_to(cast.dana)) == 2
    assert talk.mails_to(cast.eli) == talk.mails_to(cast.alice) == []
    talk.say(cast.dana, "You are welcome")
    assert len(talk.mails_to(cast.alice)) == 1


def test_the_mail_tells_neither_who_nor_what(
    talk: Talk, cast: Cast, db: Database, world: World
) -> None:
    talk.say(cast.alice, "My cheek burns")
    (mail,) = mails.of_recipient(db, cast.dana.id)
    written = compose(mail, world.envelope)
    assert written["Subject"] == "Afterglow: you have a message"
    text = written.as_string()
    assert "Alice" not in text
    assert "burns" not in text
    assert cast.alice.id not in written.get_content()


def test_a_form_sent_twice_says_it_once(talk: Talk, cast: Cast) -> None:
    draft = Draft("Only once", None, "the-very-same-form")
    assert talk.send(cast.alice, draft) == talk.send(cast.alice, draft) == Said()
    assert len(talk.opened_by(cast.dana)) == 1
    talk.send(cast.dana, replace(draft, text="Another person's form"))
    assert len(talk.opened_by(cast.dana)) == 2


def photo_with_place() -> bytes:
    file, exif = BytesIO(), Image.Exif()
    exif[0x010F] = "SECRET-CAMERA"
    pixels = np.full((300, 200, 3), (90, 60, 45), np.uint8)
    Image.fromarray(pixels).save(file, "JPEG", exif=exif)
    return file.getvalue()


def test_a_photo_is_kept_without_what_the_camera_wrote_and_is_not_measured(
    talk: Talk, cast: Cast, db: Database, world: World
) -> None:
    sent = photo_with_place()
    assert b"SECRET-CAMERA" in sent
    assert talk.say(cast.alice, photo=sent) == Said()
    (message,) = talk.opened_by(cast.dana)
    kept = show_message_photo(db, world.files, cast.alice.id, message.id)
    assert b"SECRET-CAMERA" not in kept
    with Image.open(BytesIO(kept)) as shown:
        assert shown.size == (200, 300)
    assert photos.of_patient(db, cast.alice.id) == []
    with pytest.raises(PhotoMissing):
        show_message_photo(db, world.files, cast.bob.id, message.id)


def test_what_is_no_photo_is_refused_and_nothing_kept(talk: Talk, cast: Cast) -> None:
    assert talk.say(cast.alice, "see", photo=b"%PDF-1.7") == PhotoRefused("unreadable")
    assert talk.opened_by(cast.alice) == ()


@pytest.mark.parametrize(("text", "words"), [("", "write something"), ("x" * 4001, "too long")])
def test_nothing_and_too_much_cannot_be_said(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Draft(text, None, "key")
