"""The clinic's numbers and hours, and what is left to do on its first day."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlite_utils import Database

from tracker.domain.clinic.audit import Act, Entry
from tracker.domain.clinic.clinic import Clinic, FirstDay
from tracker.domain.clinic.health import SignOfLife
from tracker.domain.clinic.opening_hours import OpeningHours
from tracker.domain.protocols.protocols import Protocols
from tracker.settings import Settings
from tracker.storage.clinic import audit_log, health
from tracker.storage.clinic import clinic as clinic_row
from tracker.storage.connection import writing
from tracker.storage.course import treatments
from tracker.storage.mail import mails
from tracker.storage.people import people

NOTHING_KNOWN = Clinic(OpeningHours("UTC"))


@dataclass(frozen=True, slots=True)
class Changed:
    """It is kept."""


@dataclass(frozen=True, slots=True)
class ChangedMeanwhile:
    """Another person was faster; nothing was kept. `clinic` is what they entered."""

    clinic: Clinic


def change_clinic(
    db: Database, clinic: Clinic, by: str, now: datetime
) -> Changed | ChangedMeanwhile:
    """Keep what was entered if it is based on the current edition."""
    with writing(db):
        known = clinic_row.get(db)
        if known is not None and known.edition != clinic.edition:
            return ChangedMeanwhile(known)
        clinic_row.replace(db, replace(clinic, edition=clinic.edition + 1))
        audit_log.add(db, Entry(Act.CLINIC_CHANGED, now, by, details=_what(known, clinic)))
    return Changed()


def _what(known: Clinic | None, clinic: Clinic) -> str:
    if known is None:
        return "first entry"
    parts = {
        "name": known.name != clinic.name,
        "telephone": known.phone != clinic.phone,
        "emergency number": known.emergency_number != clinic.emergency_number,
        "opening hours": known.hours != clinic.hours,
    }
    return ", ".join(name for name, has_changed in parts.items() if has_changed) or "nothing"


def show_clinic(db: Database) -> Clinic:
    """What administrators have entered; empty until then."""
    return clinic_row.get(db) or NOTHING_KNOWN


def show_contact(db: Database, patient_id: str) -> Clinic | None:
    """The clinic that cares for this patient; None for a patient without a care team.

    Its emergency number is that of its own country, which may not be the patient's.
    """
    known = clinic_row.get(db)
    return known if known and people.practitioners_of(db, patient_id) else None


def show_first_day(db: Database, settings: Settings, protocols: Protocols) -> FirstDay:
    """What the checklist of the first day is computed from, as it is now."""
    signs = health.latest_signs(db)
    backed_up, broke_off = (
        signs.get(sign) for sign in (SignOfLife.BACKED_UP, SignOfLife.BACKUP_FAILED)
    )
    return FirstDay(
        clinic=show_clinic(db),
        is_backed_up=backed_up is not None,
        is_backup_failing=broke_off is not None and (backed_up is None or backed_up < broke_off),
        has_mail_server=settings.smtp_url is not None,
        has_sent_mail=mails.is_any_sent(db),
        unsigned=_unsigned(protocols, treatments.kinds(db)),
        answering=sum(who.answers_alerts and in_ for who, _, in_ in people.staff(db)),
    )


def _unsigned(protocols: Protocols, kinds: frozenset[str]) -> tuple[str, ...]:
    """Titles of protocols without a signature; a clinic signs those of the treatments it does."""
    known = protocols.by_kind.values()
    if not kinds and any(each.sign_off for each in known):
        return ()
    wanted = [each for each in known if not kinds or each.kind in kinds]
    return tuple(sorted(each.title for each in wanted if each.sign_off is None))
