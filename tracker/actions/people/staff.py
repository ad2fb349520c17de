"""The people of the clinic, their positions and their absences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from tracker.domain.clinic.audit import Act, Entry
from tracker.domain.mail.mails import MailKind, about_care
from tracker.domain.people.absences import Absence, Leave, ended, planned
from tracker.domain.people.people import Person, check_email
from tracker.domain.people.staff import (
    NEW_FOR,
    LeftAlone,
    Reassigned,
    Reassignment,
    Refusal,
    Status,
    position_of,
    refusal,
)
from tracker.storage.clinic import audit_log
from tracker.storage.columns import new_id
from tracker.storage.connection import writing
from tracker.storage.mail import mails
from tracker.storage.people import absences, care_team, invitations, people, renewals, sessions


@dataclass(frozen=True, slots=True)
class StaffMember:
    """A person of the clinic; `signed_up` says whether they have chosen how to sign in yet."""

    person: Person
    patients: int
    signed_up: bool

    @property
    def suspended_at(self) -> datetime | None:
        """Since when the person is suspended."""
        return self.person.suspended_at


def show_staff(db: Database) -> list[StaffMember]:
    """Everyone of the clinic by name, those who are suspended last."""
    return [
        StaffMember(person, patients, signed_up) for person, patients, signed_up in people.staff(db)
    ]


@dataclass(frozen=True, slots=True)
class StaffFile:
    """The person, how many patients, whether the link was used; who could take over."""

    person: Person
    patients: int
    signed_up: bool
    successors: tuple[Person, ...]


def show_staff_member(db: Database, person_id: str) -> StaffFile | None:
    """The person with this id, or None when no one at the clinic has it."""
    staff = people.staff(db)
    found = next((each for each in staff if each[0].id == person_id), None)
    if found is None:
        return None
    successors = tuple(
        person for person, *_ in staff if person.answers_alerts and person.id != person_id
    )
    return StaffFile(*found, successors)


def reassign(
    db: Database, wanted: Reassignment, by: str, now: datetime
) -> Reassigned | LeftAlone | Refusal | None:
    """Change the position and hand over the patients who would be left alone, both or neither.

    Sessions of a suspended person end at once. None when no one at the clinic has this id.
    """
    with writing(db):
        staff = [person for person, *_ in people.staff(db)]
        person = next((each for each in staff if each.id == wanted.person_id), None)
        if person is None:
            return None
        if (found := refusal(staff, wanted, by, person)) is not None:
            return found
        alone = _left_alone(db, person, wanted)
        successor = next((each for each in staff if each.id == wanted.hand_over_to), None)
        if alone and wanted.hand_over_to is None:
            known = (people.get(db, patient_id) for patient_id in alone)
            return LeftAlone(tuple(patient for patient in known if patient is not None))
        if alone and (why := _not_following(db, successor, person, by, now)) is not None:
            return why
        if successor is not None:
            _hand_over(db, alone, person, successor, by, now)
        _change(db, person, wanted, now)
        audit_log.add(db, Entry(_act(person, wanted), now, by, person.id, str(wanted.to)))
        if wanted.to.status is Status.ACTIVE:
            for each in people.overseers(db, but=(by, person.id)):
                mails.insert(db, about_care(MailKind.STAFF_CHANGED, person.id, each, now))
    return Reassigned(len(alone))


def hand_over_patients(db: Database, from_email: str, to_email: str, now: datetime) -> int:
    """Put all patients of one practitioner into the care of another, from the machine itself.

    It returns how many. The first stays in the care teams. All concerned get a mail. Raises
    ValueError that names an address with which no practitioner signs in.
    """
    with writing(db):
        giver, taker = (_practitioner(db, email) for email in (from_email, to_email))
        ids = [patient.id for patient in people.patients_of(db, giver.id)]
        _hand_over(db, ids, giver, taker, None, now)
    return len(ids)


def _practitioner(db: Database, email: str) -> Person:
    person = people.by_email(db, check_email(email))
    if person is None or not person.answers_alerts:
        raise ValueError(f"no practitioner signs in as {email}")
    return person


def _hand_over(
    db: Database, ids: Sequence[str], giver: Person, taker: Person, by: str | None, now: datetime
) -> None:
    """Hand the patients over, on record, with a mail to everyone concerned."""
    if not ids:
        return
    care_team.hand_over(db, ids, taker.id)
    for patient in people.by_ids(db, ids).values():
        details = f"from {giver.name} to {taker.name}"
        audit_log.add(db, Entry(Act.PATIENT_HANDED_OVER, now, by, patient.id, details))
        mails.insert(db, about_care(MailKind.CARE_MOVED, giver.id, patient, now))
    others = people.overseers(db, but=(giver.id, taker.id, by or ""))
    for each in (giver, taker, *(person for person in others if _administers(person))):
        mails.insert(db, about_care(MailKind.PATIENTS_MOVED, giver.id, each, now))


def _administers(person: Person) -> bool:
    return position_of(person).administers


def _left_alone(db: Database, person: Person, wanted: Reassignment) -> list[str]:
    if not position_of(person).answers_alerts or wanted.to.answers_alerts:
        return []
    return care_team.only_answered_by(db, person.id)


def _not_following(
    db: Database, successor: Person | None, person: Person, by: str, now: datetime
) -> Refusal | None:
    """Why patients cannot go to this successor; None if they can.

    An administrator alone must not let a person of their own choice in: neither themselves nor
    someone they have just invited or given a position.
    """
    if successor is None or successor.id == person.id or not successor.answers_alerts:
        return Refusal.NO_SUCCESSOR
    if people.passphrase_hash(db, successor.id) is None:
        return Refusal.NO_SUCCESSOR
    if successor.id == by:
        return Refusal.SUCCESSOR_IS_ONESELF
    is_new = audit_log.has_position_begun_since(db, successor.id, now - NEW_FOR)
    return Refusal.SUCCESSOR_IS_NEW if is_new else None


def _change(db: Database, person: Person, wanted: Reassignment, now: datetime) -> None:
    to = wanted.to
    people.set_position(db, person.id, to.role, to.duties)
    if to.status is Status.SUSPENDED:
        people.suspend(db, person.id, person.suspended_at or now)
        sessions.end_all_of(db, person.id)
        invitations.end_open(db, person.id)
        renewals.end_all_of(db, person.id)
    else:
        people.suspend(db, person.id, None)
    if not to.role.has_patients:
        care_team.leave_all(db, person.id)


def _act(person: Person, wanted: Reassignment) -> Act:
    before, after = position_of(person).status, wanted.to.status
    if before is after:
        return Act.ROLE_CHANGED
    return Act.SUSPENDED if after is Status.SUSPENDED else Act.BROUGHT_BACK


def enter_absence(db: Database, person: Person, leave: Leave, now: datetime) -> Absence:
    """Keep it; ValueError with the remedy when it is not valid."""
    absence = planned(new_id(), person, leave, now)
    with writing(db):
        deputy = people.get(db, leave.deputy_id) if leave.deputy_id else None
        if leave.deputy_id and (deputy is None or deputy == person or not deputy.answers_alerts):
            raise ValueError("this person cannot stand in; choose another practitioner")
        if any(absence.overlaps(other) for other in absences.of_person(db, person.id)):
            raise ValueError("you are away on some of these days already; end that absence first")
        absences.save(db, absence)
        audit_log.add(
            db, Entry(Act.CARE_TEAM_CHANGED, now, person.id, person.id, _told(absence, deputy))
        )
    return absence


def _told(absence: Absence, deputy: Person | None) -> str:
    """The text in the audit log: from whom to whom the patients' access goes, and for how long."""
    stands_in = f"{deputy.name} stands in" if deputy else "no one stands in"
    return f"away {absence.first_day} to {absence.last_day}, {stands_in}"


def end_absence(db: Database, absence_id: str, person_id: str, now: datetime) -> bool:
    """End one's own absence now; False when there is none with this id. It stays on record."""
    with writing(db):
        absence = absences.get(db, absence_id)
        if absence is None or absence.person_id != person_id:
            return False
        after = ended(absence, now)
        if after != absence:
            absences.save(db, after)
            told = f"absence from {absence.first_day} ended"
            audit_log.add(db, Entry(Act.CARE_TEAM_CHANGED, now, person_id, person_id, told))
    return True


@dataclass(frozen=True, slots=True)
class Absences:
    """A person's own absences, the latest first, and current or coming ones of `others` to cover.

    `clashes` are absences of a deputy at the same time, by the id of the own one.
    `deputies` can be chosen, by name; `people` are all those named, by id.
    """

    own: tuple[Absence, ...]
    others: tuple[Absence, ...]
    clashes: Mapping[str, tuple[Absence, ...]]
    deputies: tuple[Person, ...]
    people: Mapping[str, Person]


def show_absences(db: Database, person: Person, now: datetime) -> Absences:
    """Collect them."""
    own = absences.of_person(db, person.id)
    coming = absences.not_over(db, now)
    others = [each for each in coming if each.deputy_id == person.id and person.answers_alerts]
    staff = [each for each, _, _ in people.staff(db)]
    return Absences(
        own=tuple(own),
        others=tuple(others),
        clashes={
            each.id: tuple(
                other
                for other in coming
                if other.person_id == each.deputy_id and other.overlaps(each)
            )
            for each in own
            if not each.is_over(now)
        },
        deputies=tuple(each for each in staff if each.id != person.id and each.answers_alerts),
        people={each.id: each for each in staff},
    )
