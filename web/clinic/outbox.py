"""The outbox: mails to the reader, and for administrators all that did not go out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from flask import Blueprint, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from tracker.actions.mail.sending import (
    ClinicOutbox,
    ComposedMail,
    WaitingMail,
    count_undelivered,
    set_aside,
    show_clinic_outbox,
    show_outbox,
    try_again,
)
from tracker.domain.mail.mails import PRESSING, SUBJECTS, Mail
from tracker.domain.people.access import (
    Viewer,
    may_administer,
    may_follow,
    may_read_outbox,
    require,
)
from tracker.domain.people.people import Role
from web import session
from web.pages import render
from web.session import Visit, signed_in
from web.words.times import when

blueprint = Blueprint("mails", __name__)
LATE_AFTER = timedelta(minutes=15)  # a worker that runs tries within a minute


@dataclass(frozen=True, slots=True)
class MailCard:
    """One mail and what became of it."""

    subject: str
    to: str
    date: str
    body: str
    alert_ids: tuple[str, ...]
    state: str
    failed: bool


@dataclass(frozen=True, slots=True)
class OutboxPage:
    """Mails to the person who reads the page."""

    template: ClassVar[str] = "outbox_own.html"
    place: ClassVar[str] = "clinic"

    mails: tuple[MailCard, ...]
    has_server: bool

    @property
    def title(self) -> str:
        """The page's name."""
        return "Mails to you"


def outbox_page(
    mails: Sequence[ComposedMail], now: datetime, zone: ZoneInfo, *, has_server: bool
) -> OutboxPage:
    """The mails, newest first as the action gives them."""
    return OutboxPage(
        tuple(_mail_card(composed, now, zone, has_server=has_server) for composed in mails),
        has_server,
    )


def _mail_card(
    composed: ComposedMail, now: datetime, zone: ZoneInfo, *, has_server: bool
) -> MailCard:
    mail, email = composed.mail, composed.email
    return MailCard(
        subject=str(email["Subject"]),
        to=str(email["To"]),
        date=when(mail.created_at, now, zone),
        body=str(email.get_content()).strip(),
        alert_ids=mail.alert_ids,
        state=_mail_state(mail, now, zone, has_server=has_server),
        failed=mail.failed_at is not None or (bool(mail.error) and mail.sent_at is None),
    )


def _mail_state(mail: Mail, now: datetime, zone: ZoneInfo, *, has_server: bool) -> str:
    if mail.sent_at is not None:
        way = "Sent" if has_server else "Kept in the outbox folder"
        return f"{way} {when(mail.sent_at, now, zone)}"
    if mail.withdrawn_at is not None:
        return f"Not needed any more {when(mail.withdrawn_at, now, zone)}"
    if mail.failed_at is not None:
        outcome = "Maybe sent" if mail.is_maybe_sent else "Given up"
        return f"{outcome} {when(mail.failed_at, now, zone)}: {mail.error}"
    if mail.error:
        outcome = "Maybe sent" if mail.unheard else "Failed"
        return f"{outcome}: {mail.error}. Next try {when(mail.next_attempt_at, now, zone)}"
    return "Waiting to be sent"


@dataclass(frozen=True, slots=True)
class MailRow:
    """A mail that did not go out: about what, to whom, since when, and what helps.

    `patient_id` is empty unless the reader cares for the patient to whom it is. `may_repeat` and
    `may_set_aside` say what the reader can do about it.
    """

    id: str
    subject: str
    to: str
    patient_id: str
    written: str
    state: str
    remedy: str
    is_bad: bool
    may_repeat: bool
    may_set_aside: bool


@dataclass(frozen=True, slots=True)
class ClinicOutboxPage:
    """All mails of the clinic that did not go out; no text of a mail, no name of a patient."""

    template: ClassVar[str] = "outbox_clinic.html"
    place: ClassVar[str] = "clinic"

    undelivered: tuple[MailRow, ...]
    more: int
    waiting: tuple[MailRow, ...]
    has_server: bool

    @property
    def title(self) -> str:
        """The page's name."""
        return "Outbox"


def clinic_outbox_page(
    outbox: ClinicOutbox, viewer: Viewer, now: datetime, zone: ZoneInfo, *, has_server: bool
) -> ClinicOutboxPage:
    """What failed, the given-up first, and what waits, the oldest first."""
    return ClinicOutboxPage(
        undelivered=tuple(_failed_row(each, viewer, now, zone) for each in outbox.undelivered),
        more=outbox.count - len(outbox.undelivered),
        waiting=tuple(_waiting_row(each, viewer, now, zone) for each in outbox.waiting),
        has_server=has_server,
    )


def _failed_row(each: WaitingMail, viewer: Viewer, now: datetime, zone: ZoneInfo) -> MailRow:
    mail, is_over = each.mail, each.mail.failed_at is not None
    if not is_over:
        state = f"Failed: {mail.error}. Next try {when(mail.next_attempt_at, now, zone)}."
    elif mail.unheard:
        state = f"Maybe sent: {mail.error}. It is not tried again."
    else:
        state = f"Given up: {mail.error}."
    return MailRow(
        id=mail.id,
        subject=SUBJECTS[mail.kind],
        to=_to(each, viewer),
        patient_id=each.to.id if may_follow(viewer, each.to.id) else "",
        written=when(mail.created_at, now, zone),
        state=state,
        remedy=_remedy(each, now),
        is_bad=is_over,
        may_repeat=is_over and not mail.is_stale(now),
        may_set_aside=is_over,
    )


def _waiting_row(each: WaitingMail, viewer: Viewer, now: datetime, zone: ZoneInfo) -> MailRow:
    mail = each.mail
    is_late = now > mail.next_attempt_at + LATE_AFTER
    return MailRow(
        id=mail.id,
        subject=SUBJECTS[mail.kind],
        to=_to(each, viewer),
        patient_id=each.to.id if may_follow(viewer, each.to.id) else "",
        written=when(mail.created_at, now, zone),
        state="Not tried yet.",
        remedy="The worker does not send mail. Health says since when." if is_late else "",
        is_bad=is_late,
        may_repeat=False,
        may_set_aside=False,
    )


def _to(each: WaitingMail, viewer: Viewer) -> str:
    """People of the clinic by name; patients only for those who care for them."""
    if each.to.role is not Role.PATIENT or may_follow(viewer, each.to.id):
        return f"{each.to.name}, {each.mail.to_address}"
    if not each.carers:
        return "a patient without a clinic"
    return f"a patient of {', '.join(person.name for person in each.carers)}"


def _remedy(each: WaitingMail, now: datetime) -> str:
    mail = each.mail
    if mail.kind in PRESSING:
        return f"Call {each.to.name}: someone waits for a review. The work list shows who."
    if mail.failed_at is None:
        return "It is tried again by itself. Does the mail server answer? Health shows more."
    if mail.unheard:
        return "Ask whether it arrived before you send it again."
    if mail.is_stale(now):
        return "It is too old to be sent again. Is the address right? The next mail tells."
    return "Is the address right? Send it again once the trouble is over."


@blueprint.get("/outbox")
@signed_in
def own(visit: Visit) -> ResponseReturnValue:
    """The mails written to the reader."""
    require(may_read_outbox(visit.viewer))
    mails = show_outbox(visit.db, visit.person.id, visit.world.envelope)
    has_server = visit.world.settings.smtp_url is not None
    return render(outbox_page(mails, visit.now, visit.person.zone, has_server=has_server))


@blueprint.get("/clinic/outbox")
@signed_in
def clinic(visit: Visit) -> ResponseReturnValue:
    """The clinic's mails that wait, failed or were given up."""
    require(may_administer(visit.viewer))
    has_server = visit.world.settings.smtp_url is not None
    page = clinic_outbox_page(
        show_clinic_outbox(visit.db),
        visit.viewer,
        visit.now,
        visit.person.zone,
        has_server=has_server,
    )
    return render(page)


@blueprint.post("/clinic/outbox/<mail_id>")
@signed_in
def decide(visit: Visit, mail_id: str) -> ResponseReturnValue:
    """Send a mail that was given up once more, or set it aside."""
    require(may_administer(visit.viewer))
    decided = {"again": try_again, "aside": set_aside}.get(request.form.get("what", ""))
    if decided is not None:
        decided(visit.db, mail_id, visit.person, visit.now)
    return redirect(url_for(".clinic"), code=303)  # which shows what became of it


@blueprint.app_template_global()
def mails_undelivered() -> int:
    """How many of the clinic's mails could not be delivered; looked up once a request."""
    if "mails_undelivered" not in g:
        g.mails_undelivered = count_undelivered(session.resources().db)
    return int(g.mails_undelivered)
