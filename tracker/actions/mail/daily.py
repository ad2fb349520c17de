"""Reminders and digests: write them, choose their hours, stop them."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlite_utils import Database

from tracker.domain.alerts.alerts import Alert, worst_first
from tracker.domain.course.photos import PhotoRole, PhotoStatus, View
from tracker.domain.course.session_plans import ASKED_DAYS_BEFORE, Sessions
from tracker.domain.course.treatments import Treatment
from tracker.domain.mail.mail_hours import (
    counts_for_reminders_since,
    digest_moment,
    is_photo_missing,
    reminder_day,
)
from tracker.domain.mail.mails import Mail, MailKind, digest, reminder
from tracker.domain.people.people import Person, in_turn
from tracker.domain.people.signed_links import LinkPurpose, named_by
from tracker.domain.people.time_zones import check_time_zone
from tracker.domain.protocols.aftercare import plan_ends
from tracker.domain.protocols.care import LAST_DAY
from tracker.domain.protocols.protocols import Protocol, Protocols
from tracker.domain.recovery.silence import silence
from tracker.storage.alerts import alerts
from tracker.storage.connection import writing
from tracker.storage.course import photos, treatments
from tracker.storage.mail import mails
from tracker.storage.own_data import consents
from tracker.storage.people import absences, people

log = logging.getLogger(__name__)


class DigestsIncomplete(Exception):  # noqa: N818  (a state of rows, not of the code)
    """So many alerts are missing in the digests; health shows the duty as late."""


LONGEST_PLAN = timedelta(days=LAST_DAY)  # no reminders for older treatments


def remind_patients(db: Database, protocols: Protocols, now: datetime) -> list[Mail]:
    """Return the reminders written; those no longer wanted are withdrawn before they are sent."""
    _withdraw_unwanted(db, protocols, now)
    written: list[Mail] = []
    soon = now + timedelta(days=ASKED_DAYS_BEFORE + 1)
    for session in treatments.planned_until(db, now, soon):  # first: there is one mail a day
        written += _try_to_ask(db, session, now)
    for treatment in treatments.latest_between(db, now - LONGEST_PLAN, now):
        written += _try_to_remind(db, protocols, treatment, now)
    return written


def _try_to_ask(db: Database, session: Treatment, now: datetime) -> list[Mail]:
    """Ask for the photo from before the session that comes next."""
    try:
        patient = people.get(db, session.patient_id)
        if patient is None or people.passphrase_hash(db, patient.id) is None:
            return []
        day = reminder_day(patient, now)
        if day is None or not _lacks_baseline(db, session, patient, now):
            return []
        mail = reminder(MailKind.BEFORE_SESSION, patient, day, now)
        with writing(db):
            wanted = _lacks_baseline(db, session, patient, now) and (
                mails.insert(db, mail) or mails.restore(db, mail)
            )
    except Exception:  # as below
        log.exception("treatment %s: its photo is not asked for; will try again", session.id)
        return []
    return [mail] if wanted else []


def _lacks_baseline(db: Database, session: Treatment, patient: Person, now: datetime) -> bool:
    """Whether it is time for the photo from before a session, and there is none."""
    is_time = Sessions(booked=session).asks_for_photo(now, patient.zone)
    return is_time and session.ending is None and photos.baseline(db, session.id) is None


def _try_to_remind(
    db: Database,
    protocols: Protocols,
    treatment: Treatment,
    now: datetime,
    *,
    is_chosen_now: bool = False,
) -> list[Mail]:
    try:
        return _remind(db, protocols, treatment, now, is_chosen_now=is_chosen_now)
    except Exception:  # one course that cannot be read must not silence the others
        log.exception("treatment %s: no reminder; will try again", treatment.id)
        return []


def _remind(
    db: Database, protocols: Protocols, treatment: Treatment, now: datetime, *, is_chosen_now: bool
) -> list[Mail]:
    patient = people.get(db, treatment.patient_id)
    if patient is None or people.passphrase_hash(db, patient.id) is None:
        return []  # invited, and cannot sign in yet: the link would lead nowhere
    day = reminder_day(patient, now, is_chosen_now=is_chosen_now)
    if day is None or not _misses(db, protocols, treatment, patient, day):
        return []
    kind = _kind(db, protocols.of(treatment.kind), treatment, patient, now)
    mail = reminder(kind, patient, day, now)
    with writing(db):
        # The photo may have arrived, or another worker have written, before we had the lock.
        wanted = _misses(db, protocols, treatment, patient, day) and (
            mails.insert(db, mail) or mails.restore(db, mail)
        )
    return [mail] if wanted else []


def _withdraw_unwanted(db: Database, protocols: Protocols, now: datetime) -> None:
    for mail in mails.reminders_under_way(db):
        try:
            wanted = _is_wanted(db, protocols, mail, now)
        except Exception:  # one course that cannot be read must not silence the others
            log.exception("mail %s: not known whether it is still wanted; it stays", mail.id)
            continue
        if not wanted:
            with writing(db):
                mails.withdraw(db, mail.id, now)


def _is_wanted(db: Database, protocols: Protocols, mail: Mail, now: datetime) -> bool:
    patient = people.get(db, mail.recipient_id)
    if mail.kind is MailKind.BEFORE_SESSION:
        return patient is not None and _asks_now(db, patient, mail.day, now)
    treatment = treatments.current(db, mail.recipient_id, now)
    return (
        patient is not None
        and treatment is not None
        and treatment.ending is None
        and patient.reminder_hour is not None
        and mail.day == patient.date_at(now)
        and _misses(db, protocols, treatment, patient, mail.day)
    )


def _asks_now(db: Database, patient: Person, day: date | None, now: datetime) -> bool:
    """Whether a mail of this day that asks for a photo from before is still wanted."""
    session = treatments.planned(db, patient.id, now)
    return (
        session is not None
        and patient.reminder_hour is not None
        and day == patient.date_at(now)
        and consents.care_withdrawn_at(db, patient.id) is None
        and _lacks_baseline(db, session, patient, now)
    )


def _misses(
    db: Database, protocols: Protocols, treatment: Treatment, patient: Person, day: date
) -> bool:
    if consents.care_withdrawn_at(db, patient.id) is not None:
        return False  # a photo would be refused
    since = counts_for_reminders_since(patient, treatment)
    taken = {
        patient.date_at(photo.taken_at)
        for photo in photos.of_treatment(db, treatment.id)
        if photo.role is PhotoRole.FOLLOW_UP
        and photo.view is View.FRONT
        and photo.status is not PhotoStatus.UNMEASURABLE
        and photo.taken_at >= since
    }
    last_day = plan_ends(protocols.of(treatment.kind))
    return is_photo_missing(patient, treatment, last_day, taken, day)


def _kind(
    db: Database, protocol: Protocol, treatment: Treatment, patient: Person, now: datetime
) -> MailKind:
    last_heard = treatments.last_heard(db, treatment.id)
    quiet = silence(treatment, last_heard, now, patient.zone)
    return MailKind.MISSED if quiet.is_for_patient(protocol.silence) else MailKind.REMINDER


def write_digests(db: Database, now: datetime) -> list[Mail]:
    """Return the digests written: at each practitioner's own hour, one a day, the worst first.

    Raises DigestsIncomplete when they are written without an alert that cannot be read.
    """
    waiting, failed = _waiting(db, now)
    with writing(db):
        written = [
            mail
            for practitioner, about in _by_practitioner(waiting)
            if (mail := _digest(practitioner, about, now)) and mails.insert(db, mail)
        ]
    if failed:
        raise DigestsIncomplete(failed)
    return written


def _waiting(db: Database, now: datetime) -> tuple[dict[Alert, Sequence[tuple[Person, int]]], int]:
    """The alerts that wait for a look with who answers them, and how many cannot be read."""
    waiting: dict[Alert, Sequence[tuple[Person, int]]] = {}
    failed = 0
    for alert_id in alerts.ids_of_unseen(db):
        try:
            alert = alerts.get(db, alert_id)
            if alert is not None and alert.level.is_mailed:
                waiting[alert] = absences.answering_on_duty(db, alert.patient_id, now)
        except Exception:  # one alert that cannot be read must not silence the others
            log.exception("alert %s: missing in the digests; will try again", alert_id)
            failed += 1
    return waiting, failed


def _by_practitioner(
    waiting: Mapping[Alert, Sequence[tuple[Person, int]]],
) -> list[tuple[Person, list[Alert]]]:
    """Who is first in turn for which alerts; a second person's digest is of their own patients."""
    told: dict[str, tuple[Person, list[Alert]]] = {}
    for alert in worst_first(waiting):
        for practitioner in in_turn(waiting[alert], asked=0):
            told.setdefault(practitioner.id, (practitioner, []))[1].append(alert)
    return list(told.values())


def _digest(practitioner: Person, about: list[Alert], now: datetime) -> Mail | None:
    moment = digest_moment(practitioner, now)
    due = [alert for alert in about if moment is not None and alert.raised_at <= moment]
    return digest(due, practitioner, practitioner.date_at(now), now) if due else None


def choose_mail(db: Database, protocols: Protocols, person: Person, now: datetime) -> None:
    """Keep the person's hours and time zone, and write a reminder that this makes overdue today.

    Raises ValueError for an unknown zone.
    """
    chosen = replace(person, time_zone=check_time_zone(person.time_zone))
    with writing(db):
        people.set_mail(db, chosen)
    try:
        treatment = treatments.current(db, person.id, now)
    except Exception:  # the hours are kept all the same
        log.exception("person %s: a course cannot be read; no reminder for today", person.id)
        return
    if treatment is not None and treatment.ending is None:
        _try_to_remind(db, protocols, treatment, now, is_chosen_now=True)


def stop_reminders(db: Database, token: str, key: bytes) -> bool:
    """Whether the link was valid; stopping twice changes nothing."""
    person_id = named_by(LinkPurpose.UNSUBSCRIBE, token, key)
    with writing(db):
        person = people.get(db, person_id) if person_id else None
        if person is None:
            return False
        people.set_mail(db, replace(person, reminder_hour=None))
    return True
