"""Who may see and do what: the only place that decides."""

from dataclasses import dataclass

from tracker.domain.people.people import Duty, Role


@dataclass(frozen=True, slots=True)
class Viewer:
    """The person behind a request, and the patients in that person's care."""

    person_id: str
    role: Role
    cares_for: frozenset[str] = frozenset()
    duties: frozenset[Duty] = frozenset()


class Forbidden(Exception):  # noqa: N818  (a verdict, shown as "not found" so that it tells nothing)
    """The viewer may not see or do this."""


def may_see_patient(viewer: Viewer, patient_id: str) -> bool:
    """Whether the viewer may see a patient's photos, readings, answers and alerts."""
    match viewer.role:
        case Role.PATIENT:
            return viewer.person_id == patient_id
        case Role.PRACTITIONER | Role.ASSISTANT:
            return patient_id in viewer.cares_for
        case Role.OFFICE:
            return False


def may_follow(viewer: Viewer, patient_id: str) -> bool:
    """Whether the viewer may open the clinic's pages about a patient: the care team."""
    return viewer.role.has_patients and patient_id in viewer.cares_for


def may_arrange_care(viewer: Viewer, patient_id: str) -> bool:
    """Whether the viewer may change who cares for a patient: a practitioner in the care team."""
    return viewer.role is Role.PRACTITIONER and patient_id in viewer.cares_for


def may_hand_out_record(viewer: Viewer, patient_id: str) -> bool:
    """Whether the viewer may ask that a patient's whole record leaves, and take it out.

    A practitioner in the care team; an administrator who is another person allows it.
    """
    return may_arrange_care(viewer, patient_id)


def may_issue_renewal(viewer: Viewer, patient_id: str) -> bool:
    """Whether the viewer may make a link with which a patient chooses a new passphrase: the team.

    An administrator outside it may not: the link shows whatever the patient sees.
    """
    return may_follow(viewer, patient_id)


def may_treat(viewer: Viewer, patient_id: str) -> bool:
    """Whether the viewer may enter a patient's treatments and screening: the care team."""
    return may_follow(viewer, patient_id)


def may_annotate(viewer: Viewer, patient_id: str) -> bool:
    """Whether the viewer may draw on a patient's photos and read what is drawn: the care team."""
    return may_follow(viewer, patient_id)


def may_write_notes(viewer: Viewer, patient_id: str) -> bool:
    """Whether the viewer may read and write the notes about a patient: the care team."""
    return may_follow(viewer, patient_id)


def may_record_for_patient(viewer: Viewer, patient_id: str) -> bool:
    """Whether the viewer may send photos and check-ins as this patient: only the patient."""
    return viewer.role is Role.PATIENT and viewer.person_id == patient_id


def may_open_own_data(viewer: Viewer) -> bool:
    """Whether data is kept about the viewer: a patient, for their own."""
    return viewer.role is Role.PATIENT


def may_take_part(viewer: Viewer, patient_id: str) -> bool:
    """Whether the viewer may read and write in this patient's conversation."""
    return may_see_patient(viewer, patient_id)


def may_treat_themselves(viewer: Viewer) -> bool:
    """Whether the viewer may begin a treatment of their own and let practitioners in."""
    return viewer.role is Role.PATIENT


def may_have_second_step(viewer: Viewer) -> bool:
    """Whether the viewer may set up a second step of signing in: everyone of the clinic."""
    return viewer.role is not Role.PATIENT


def may_hold_tokens(viewer: Viewer) -> bool:
    """Whether a program may work in the viewer's name: those who see patients, or administer."""
    return viewer.role is not Role.OFFICE or may_administer(viewer)


def may_accept_share_codes(viewer: Viewer) -> bool:
    """Whether the viewer may take a patient into their care who has given them a code."""
    return viewer.role is Role.PRACTITIONER


def may_answer_alerts(viewer: Viewer, patient_id: str) -> bool:
    """Whether the viewer may answer alerts about this patient: seen, snoozed, resolved."""
    return viewer.role is Role.PRACTITIONER and patient_id in viewer.cares_for


def may_open_worklist(viewer: Viewer) -> bool:
    """Whether the viewer has patients to look after at all."""
    return viewer.role.has_patients


def may_be_absent(viewer: Viewer) -> bool:
    """Whether the viewer has patients for whom a deputy may be needed."""
    return viewer.role.has_patients


def may_invite(viewer: Viewer) -> bool:
    """Whether the viewer may invite patients: an assistant for a practitioner who will treat."""
    return viewer.role.has_patients


def may_read_protocols(viewer: Viewer) -> bool:
    """Whether the viewer may read what the clinic's protocols say: everyone who works there."""
    return viewer.role is not Role.PATIENT


def may_read_outbox(viewer: Viewer) -> bool:
    """Whether the viewer may read mails kept because there is no SMTP server (their own only)."""
    return viewer.role is not Role.PATIENT


def may_edit_protocols(viewer: Viewer) -> bool:
    """Whether the viewer may change what the clinic's protocols say: practitioners."""
    return viewer.role is Role.PRACTITIONER


def may_sign_protocols(viewer: Viewer) -> bool:
    """Whether the viewer may answer for a protocol with their name: practitioners.

    Which of them may sign a draft also depends on who wrote it (`sign_draft`).
    """
    return viewer.role is Role.PRACTITIONER


def may_read_replies(viewer: Viewer) -> bool:
    """Whether the viewer may read the message templates: everyone who writes to patients."""
    return viewer.role.has_patients


def may_edit_replies(viewer: Viewer) -> bool:
    """Whether the viewer may change the message templates: those responsible for advice."""
    return viewer.role is Role.PRACTITIONER


def may_administer(viewer: Viewer) -> bool:
    """Whether the viewer may manage people, opening hours, health page and audit log."""
    return Duty.ADMINISTRATION in viewer.duties


def may_see_outcomes(viewer: Viewer) -> bool:
    """Whether the viewer may see the clinic's numbers, which name no one."""
    return viewer.role is Role.PRACTITIONER or may_administer(viewer)


def may_see_staff(viewer: Viewer) -> bool:
    """Whether the viewer may see who works at the clinic: everyone who does."""
    return viewer.role is not Role.PATIENT


def require(allowed: bool) -> None:
    """Raise Forbidden unless allowed."""
    if not allowed:
        raise Forbidden
