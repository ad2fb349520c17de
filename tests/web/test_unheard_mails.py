"""What the pages say about a mail that may have been sent."""

from datetime import timedelta

from sqlite_utils import Database

from tests.conftest import TREATED_AT, Cast
from tests.tracker.actions.test_send_mails import ENVELOPE
from tests.tracker.actions.test_unheard_mails import UNHEARD, Script
from tests.web.browser import Browser
from tests.web.conftest import Clock, Records
from tracker.actions.mail.sending import send_mails
from tracker.domain.mail.mails import UNHEARD_DELAY
from tracker.world import World


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
