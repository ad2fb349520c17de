"""Treatments: enter, screen, correct, end, resume and withdraw one."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlite_utils import Database

from tracker.domain.clinic.audit import Act, Entry
from tracker.domain.course.photos import PhotoRole
from tracker.domain.course.procedures import Ending
from tracker.domain.course.treatments import AREAS, Setting, Treatment, check_planned
from tracker.domain.own_data.consents import CareWithdrawn
from tracker.domain.protocols.ahead import (
    AheadTold,
    AnsweredMeanwhile,
    Unheard,
    answers_for,
    answers_to_come,
    refusal,
    told_ahead,
)
from tracker.domain.protocols.own_treatments import Cautioned, OwnTreatment, Stopped, check_start
from tracker.domain.protocols.protocols import Protocols
from tracker.domain.protocols.screening import (
    Answers,
    Caveat,
    Screening,
    checked_answers,
    risks_of,
    summary,
)
from tracker.domain.protocols.spacing import TooSoon, too_soon
from tracker.storage.clinic import audit_log
from tracker.storage.columns import new_id
from tracker.storage.connection import writing
from tracker.storage.course import (
    ahead_answers,
    corrections,
    early_photos,
    photos,
    screenings,
    treatments,
)
from tracker.storage.own_data import consents
from tracker.storage.people import people


def begin_treatment(
    db: Database, protocols: Protocols, treatment: Treatment, screening: Screening | None = None
) -> Treatment:
    """Store the treatment under a fresh id, with its screening and what that adds to the history.

    A contraindication is kept and shown, not refused: whether to treat is the practitioner's
    decision. Raises ProtocolError when no protocol fits the treatment, ValueError when an answer
    fits no question.
    """
    protocol = protocols.for_treatment(treatment)
    begun = replace(treatment, id=new_id())
    answers = checked_answers(screening.answers if screening else {}, protocol)
    with writing(db):
        treatments.insert(db, begun)
        early_photos.move_to(db, begun)
        if screening is not None:
            screenings.insert(db, begun.id, screening)
            people.add_history(db, begun.patient_id, risks_of(answers, protocol))
    return begun


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """Answers or the record are against the treatment, and no reason to treat was given."""

    caveats: tuple[Caveat, ...]
    too_soon: tuple[TooSoon, ...]


@dataclass(frozen=True, slots=True)
class AnotherEntered:
    """Another treatment of the patient was recorded after the form was opened."""


def enter_treatment(
    db: Database,
    protocols: Protocols,
    treatment: Treatment,
    screening: Screening,
    now: datetime,
    *,
    planned: bool,
    known: int,
    heard: int,
) -> Treatment | Unconfirmed | AnotherEntered | CareWithdrawn | AnsweredMeanwhile | Unheard:
    """Store the treatment under a fresh id, with its screening and what that adds to the history.

    A practitioner may treat despite a contraindication, or sooner than the protocol asks, with a
    reason that is kept. `known` is how many treatments of the patient the person who enters this
    one has seen: a treatment that is sent twice, or by two people, is stored once. `heard` is the
    number of the patient's latest answer ahead that they have seen; the screening confirms or
    corrects all of these. Raises
    ProtocolError when no protocol fits the treatment, ValueError that names a wrong time or answer.
    """
    protocol = protocols.for_treatment(treatment)
    check_planned(treatment, now, planned=planned)
    answers = checked_answers(screening.answers, protocol)
    patient = people.get(db, treatment.patient_id)
    if patient is None:
        raise KeyError(treatment.patient_id)
    series, said = treatments.of_patient(db, patient.id), ahead_answers.of_patient(db, patient.id)
    ahead = told_ahead(answers_to_come(said, series, now), protocol, now)
    if (why_not := refusal(ahead, answers, heard)) is not None:
        return why_not
    waits = too_soon(treatment, series, protocols, patient.zone)
    found = summary(screening, protocol, patient, waits)
    if found.needs_reason and not screening.reason:
        return Unconfirmed(found.caveats, waits)
    entered = replace(treatment, id=new_id())
    with writing(db):
        if consents.care_withdrawn_at(db, treatment.patient_id) is not None:
            return CareWithdrawn()
        if len(treatments.of_patient(db, treatment.patient_id)) != known:
            return AnotherEntered()
        treatments.insert(db, entered)
        early_photos.move_to(db, entered)
        screenings.insert(db, entered.id, replace(screening, warned=found.warnings))
        people.add_history(db, entered.patient_id, risks_of(answers, protocol))
        told = _confirmed(db, ahead, entered, 1)
        by, patient_id = screening.by, entered.patient_id
        audit_log.add(
            db, Entry(Act.RECORD_CHANGED, now, by, patient_id, f"treatment entered{told}")
        )
    return entered


def _confirmed(db: Database, ahead: AheadTold, treatment: Treatment, edition: int) -> str:
    """Note what an edition confirms or corrects; returns the words for the log."""
    ahead_answers.confirm(db, ahead.numbers, treatment.id, edition)
    return f"; answers of the patient confirmed: {len(ahead.told)}" if ahead.told else ""


@dataclass(frozen=True, slots=True)
class CorrectedMeanwhile:
    """Another person corrected the treatment after the form was opened; nothing was changed."""


def correct_treatment(
    db: Database,
    protocols: Protocols,
    corrected: Treatment,
    by: str,
    why: str,
    now: datetime,
    *,
    planned: bool,
    known: int,
) -> Treatment | CorrectedMeanwhile | CareWithdrawn:
    """Put the corrected facts in place and have the course judged again.

    `known` is how many corrections the person who makes this one has seen. If the areas change,
    every photo is measured again; a patient who has withdrawn consent to care does not allow this.
    Raises ProtocolError when no protocol fits, ValueError for a time that is wrong or that does not
    fit the existing photos.
    """
    protocols.for_treatment(corrected)
    check_planned(corrected, now, planned=planned)
    with writing(db):
        if corrections.count(db, corrected.id) != known:
            return CorrectedMeanwhile()
        before = treatments.get(db, corrected.id)
        if corrected == before:
            return before
        _check_photos(db, corrected)
        other_areas = corrected.areas != before.areas
        if other_areas and consents.care_withdrawn_at(db, corrected.patient_id) is not None:
            return CareWithdrawn()
        corrections.insert(db, before, now, by, why)
        patient_id = corrected.patient_id
        audit_log.add(db, Entry(Act.RECORD_CHANGED, now, by, patient_id, "treatment corrected"))
        treatments.update(db, corrected)
        early_photos.move_to(db, corrected)
        if other_areas:
            photos.measure_again(db, corrected.id)
        treatments.tell_news(db, corrected.id)
    return corrected


def _check_photos(db: Database, corrected: Treatment) -> None:
    """Raise ValueError if the time would turn photos from before into photos from after."""
    at = corrected.performed_at
    taken = photos.of_treatment(db, corrected.id)
    late = [p for p in taken if p.role is PhotoRole.BASELINE and p.taken_at > at]
    early = [p for p in taken if p.role is PhotoRole.FOLLOW_UP and p.taken_at < at]
    if late:
        raise ValueError("a photo from before was taken after that time; choose a later one")
    if early:
        raise ValueError("a photo from after was taken before that time; choose an earlier one")


def end_treatment(db: Database, treatment_id: str, ending: Ending) -> bool:
    """Record the end: no more reminders or silence alerts. False when it had ended before."""
    with writing(db):
        before = treatments.get(db, treatment_id)
        if before.ending is not None:
            return False
        corrections.insert(db, before, ending.at, ending.by, ending.why)
        treatments.update(db, replace(before, ending=ending))
        told = Entry(Act.RECORD_CHANGED, ending.at, ending.by, before.patient_id, "treatment ended")
        audit_log.add(db, told)
    return True


def resume_treatment(db: Database, treatment_id: str, by: str, now: datetime) -> bool:
    """Undo the end, which stays among the corrections. False when the course runs."""
    with writing(db):
        before = treatments.get(db, treatment_id)
        if before.ending is None:
            return False
        corrections.insert(db, before, now, by, "")
        resumed = replace(before, ending=None)
        treatments.update(db, resumed)
        if before.is_withdrawn:
            early_photos.move_to(db, resumed)
        told = Entry(Act.RECORD_CHANGED, now, by, before.patient_id, "treatment resumed")
        audit_log.add(db, told)
    return True


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The treatment stays with the patient as withdrawn; `moved` is its copy for the right one."""

    moved: Treatment | None


@dataclass(frozen=True, slots=True)
class WithdrawnBefore:
    """Another person was faster; nothing was changed."""


def withdraw_treatment(
    db: Database, treatment_id: str, ending: Ending, right_patient_id: str | None
) -> Withdrawn | WithdrawnBefore | CareWithdrawn:
    """Withdraw a treatment that was entered for the wrong patient; enter it for the right one.

    The facts of the treatment are copied. Photos, answers, alerts and drawings stay with the
    patient whose they are, and so does the screening: the form fills it from that patient's
    record, and the right one must be asked. Photos that had waited for a treatment wait again, or
    belong to another one of that patient. The history is kept, because a risk too many does less
    harm than one too few. Raises ValueError if both patients are the same.
    """
    withdrawn = replace(ending, is_mistake=True)
    with writing(db):
        before = treatments.get(db, treatment_id)
        if before.is_withdrawn:
            return WithdrawnBefore()
        if right_patient_id == before.patient_id:
            raise ValueError("this is the patient for whom it was entered; choose another")
        if right_patient_id and consents.care_withdrawn_at(db, right_patient_id) is not None:
            return CareWithdrawn()
        corrections.insert(db, before, ending.at, ending.by, ending.why)
        treatments.update(db, replace(before, ending=withdrawn))
        told = Entry(Act.RECORD_CHANGED, ending.at, ending.by, before.patient_id)
        audit_log.add(db, replace(told, details="treatment withdrawn: wrong patient"))
        early_photos.take_back(db, treatment_id)
        for own in reversed(treatments.of_patient(db, before.patient_id)):
            if not own.is_withdrawn:
                early_photos.move_to(db, own)
        if right_patient_id is None:
            return Withdrawn(None)
        moved = replace(before, id=new_id(), patient_id=right_patient_id, ending=None)
        treatments.insert(db, moved)
        early_photos.move_to(db, moved)
        what = "treatment entered that was on record for another patient"
        audit_log.add(db, replace(told, about=right_patient_id, details=what))
    return Withdrawn(moved)


def begin_own_treatment(
    db: Database, protocols: Protocols, patient_id: str, own: OwnTreatment, now: datetime
) -> Treatment | Stopped | Cautioned:
    """Store the treatment with its screening.

    No practitioner is there to weigh a contraindication, so it stops the treatment. Raises
    ProtocolError when the needles are too long, ValueError that names a wrong time or answer.
    """
    treatment = Treatment(
        id=new_id(),
        patient_id=patient_id,
        kind=own.kind,
        performed_at=check_start(own.performed_at, now),
        setting=Setting.HOME,
        needle_depth_mm=own.needle_depth_mm,
        areas=frozenset(AREAS),
    )
    protocol = protocols.for_treatment(treatment)
    screening = Screening(checked_answers(own.answers, protocol), now, by=None)
    patient = people.get(db, patient_id)
    if patient is None:
        raise KeyError(patient_id)
    waits = too_soon(treatment, treatments.of_patient(db, patient_id), protocols, patient.zone)
    found = summary(screening, protocol, patient, waits)
    if found.is_contraindicated:
        return Stopped(found.caveats)
    if found.warnings and not own.cautions_read:
        return Cautioned(found.caveats, waits)
    with writing(db):
        treatments.insert(db, treatment)
        early_photos.move_to(db, treatment)
        screenings.insert(db, treatment.id, replace(screening, warned=found.warnings))
        people.add_history(db, patient_id, risks_of(own.answers, protocol))
    return treatment


@dataclass(frozen=True, slots=True)
class ScreenedMeanwhile:
    """Another edition was recorded after the form was opened; nothing was changed."""


def correct_screening(
    db: Database,
    protocols: Protocols,
    treatment_id: str,
    given: Screening,
    *,
    known: int,
    heard: int,
) -> Screening | ScreenedMeanwhile | AnsweredMeanwhile | Unheard:
    """Add an edition, bring the patient's history in line, and have the courses judged again.

    `known` is how many editions the person who enters this one has seen, `heard` as in
    `enter_treatment`. A question that `given`
    leaves open keeps the recorded answer. Raises ValueError if an answer fits no question, or if a
    recorded answer is changed without a reason (`given.why`) to what the patient did not say since.
    """
    with writing(db):
        treatment = treatments.get(db, treatment_id)
        checked_answers(given.answers, protocols.of(treatment.kind))
        if screenings.count(db, treatment_id) != known:
            return ScreenedMeanwhile()
        before = screenings.of_treatment(db, treatment_id)
        kept = before.answers if before else {}
        answers = {**kept, **given.answers}
        ahead = _answered_for(db, treatment, protocols)
        if (why_not := refusal(ahead, given.answers, heard)) is not None:
            return why_not
        if before is not None and answers == kept and not ahead.numbers:
            return before
        if not given.why and _changes_unasked(kept, answers, ahead):
            raise ValueError("say why an answer on record is changed")
        corrected = replace(
            given,
            answers=answers,
            reason=before.reason if before else "",
            warned=before.warned if before else (),
        )
        screenings.insert(db, treatment_id, corrected)
        _keep_history(db, protocols, treatment, before, corrected)
        for each in treatments.of_patient(db, treatment.patient_id):
            if each.performed_at >= treatment.performed_at:
                treatments.tell_news(db, each.id)
        what = f"edition {known + 1}{_confirmed(db, ahead, treatment, known + 1)}"
        entry = Entry(Act.SCREENING_CHANGED, given.at, given.by, treatment.patient_id, what)
        audit_log.add(db, entry)
    return corrected


def _answered_for(db: Database, treatment: Treatment, protocols: Protocols) -> AheadTold:
    """What the patient answered before this treatment and no practitioner has confirmed."""
    given = ahead_answers.of_patient(db, treatment.patient_id)
    mine = answers_for(given, treatment, treatments.of_patient(db, treatment.patient_id))
    return told_ahead(mine, protocols.of(treatment.kind), treatment.performed_at)


def _changes_unasked(kept: Answers, answers: Answers, ahead: AheadTold) -> bool:
    """Whether a recorded answer is replaced by another one than the patient has given since."""
    since = {name: told.latest.answer for name, told in ahead.told.items()}
    changed = [name for name, answer in kept.items() if answers[name] != answer]
    return any(since.get(name) != answers[name] for name in changed)


def _keep_history(
    db: Database,
    protocols: Protocols,
    treatment: Treatment,
    before: Screening | None,
    corrected: Screening,
) -> None:
    """Add every yes to the history; remove one that only this screening had said."""
    protocol = protocols.of(treatment.kind)
    now = risks_of(corrected.answers, protocol)
    taken_back = risks_of(before.answers if before else {}, protocol) - now
    for other in treatments.of_patient(db, treatment.patient_id):
        screening = screenings.of_treatment(db, other.id)
        if other.id != treatment.id and screening and other.kind in protocols.by_kind:
            taken_back -= risks_of(screening.answers, protocols.of(other.kind))
    people.take_from_history(db, treatment.patient_id, taken_back)
    people.add_history(db, treatment.patient_id, now)
