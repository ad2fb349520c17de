"""What the pages say about mails that did not go out for sure, and about unread messages."""

import re
from collections.abc import Callable
from datetime import timedelta

from sqlite_utils import Database

from tests.conftest import TREATED_AT, Cast
from tests.tracker.actions.test_send_mails import ENVELOPE
from tests.tracker.actions.test_unheard_mails import UNHEARD, Script
from tests.web.browser import Browser
from tests.web.conftest import Clock, Records
from tracker.actions.mail.sending import send_mails
from tracker.domain.clinic.audit import Act, Search
from tracker.domain.mail.mails import UNHEARD_DELAY, Mail, MailKind
from tracker.domain.people.people import Person
from tracker.storage.clinic import audit_log
from tracker.storage.connection import writing
from tracker.storage.mail import mails
from tracker.world import World

BADGE = re.compile(r'class="badge"[^>]*>(\d+)')


def given_up(db: Database, kind: MailKind, to: Person, clock: Clock) -> Mail:
    """A mail that the server refused."""
    mail = Mail(kind, f"{kind}:{to.id}", to.id, to.email, clock.now, clock.now)
    with writing(db):
        mails.insert(db, mail)
        mails.give_up(db, mail.id, clock.now, "the server answered 550")
    return mail


def test_the_pages_say_maybe_sent_and_never_that_it_has_not_gone_out(
    dana: Browser, cast: Cast, db: Database, world: World, clock: Clock
) -> None:
    records = Records(db, world, cast)
    records.mail(records.alert(), cast.dana)
    send_mails(db, Script(UNHEARD), ENVELOPE, clock)
    page = dana.read(f"/patients/{cast.alice.id}")
    assert "may have been sent: mail.example received the whole mail" in page
    assert "Next try today" in page
    assert "has not gone out" not in page
    assert "Maybe sent: mail.example received" in dana.read("/outbox")
    clock.now = TREATED_AT + timedelta(days=3) + UNHEARD_DELAY
    send_mails(db, Script(UNHEARD), ENVELOPE, clock)
    page = dana.read(f"/patients/{cast.alice.id}")
    assert "Ask whether it arrived." in page
    assert "given up" not in page
    assert "Maybe sent today" in dana.read("/outbox")


def test_administrators_see_what_failed_and_decide_and_no_patient_is_named(
    cast: Cast, db: Database, olga: Person, browser_of: Callable[[Person], Browser], clock: Clock
) -> None:
    admin = browser_of(olga)
    assert "Every mail went out" in admin.read("/clinic/outbox")
    assert BADGE.search(admin.read("/clinic/people")) is None
    lost = given_up(db, MailKind.INVITATION, cast.alice, clock)
    given_up(db, MailKind.URGENT, cast.dana, clock)
    with writing(db):
        mails.insert(db, Mail(MailKind.DIGEST, "soon", cast.eli.id, "eli", clock.now, clock.now))
    page = admin.read("/clinic/outbox")
    assert "2 mails could not be delivered" in page
    assert "a patient of Dr Dana" in page
    assert "Alice" not in page
    assert "Call Dr Dana: someone waits for a review." in page
    assert "Wait to be sent" in page
    assert BADGE.findall(page) == ["2"] * 3  # in the navigation, and in both forms of the tabs
    decide = f"/clinic/outbox/{lost.id}"
    assert admin.send(decide, {"what": "again"}).status_code == 303
    assert lost.id in {mail.id for mail in mails.due(db, clock.now)}
    admin.send(decide, {"what": "again"})  # it was not given up again: nothing to do
    with writing(db):
        mails.give_up(db, lost.id, clock.now, "refused")
    admin.send(decide, {"what": "aside"})
    assert "1 mail could not be delivered" in admin.read("/clinic/outbox")
    decided = [entry.details for entry in audit_log.search(db, Search(act=Act.MAIL_DECIDED))]
    assert decided == ["set aside", "sent again"]


def test_a_mail_that_no_longer_says_anything_true_is_not_sent_again(
    cast: Cast, db: Database, olga: Person, browser_of: Callable[[Person], Browser], clock: Clock
) -> None:
    lost = given_up(db, MailKind.REMINDER, cast.alice, clock)
    clock.now += timedelta(days=2)
    admin = browser_of(olga)
    assert "too old to be sent again" in admin.read("/clinic/outbox")
    admin.send(f"/clinic/outbox/{lost.id}", {"what": "again"})
    assert mails.due(db, clock.now) == []


def test_the_navigation_counts_who_wrote_and_was_not_read(
    alice: Browser, cast: Cast, dana: Browser, browser_of: Callable[[Person], Browser]
) -> None:
    talk = f"/patients/{cast.alice.id}/conversation"
    assert "No message waits" in dana.read("/conversations")
    for number in "12":
        alice.send(talk, {"text": "Is this normal?", "key": number * 32})
    page = dana.read("/conversations")
    assert "2 unread, the first written today" in page
    assert "Is this normal?" not in page
    assert BADGE.findall(page) == ["1"]
    eli = browser_of(cast.eli)  # does not care for Alice
    assert "No message waits" in eli.read("/conversations")
    assert BADGE.search(dana.read(talk)) is None
    assert BADGE.search(dana.read("/")) is None
