"""Who may see and do what: the one place that decides."""

from dataclasses import dataclass

from tracker.people import Role


@dataclass(frozen=True, slots=True)
class Viewer:
    """The person behind a request, and the patients in that person's care."""

    person_id: str
    role: Role
    cares_for: frozenset[str] = frozenset()


class Forbidden(Exception):  # noqa: N818  (a verdict, shown as "not found" so that it tells nothing)
    """The viewer may not see or do this."""


def may_see_patient(viewer: Viewer, patient_id: str) -> bool:
    """Whether the viewer may see a patient's photos, readings, answers and alerts."""
    match viewer.role:
        case Role.PATIENT:
            return viewer.person_id == patient_id
        case Role.PRACTITIONER:
            return patient_id in viewer.cares_for


def may_record_for_patient(viewer: Viewer, patient_id: str) -> bool:
    """Whether the viewer may send photos and check-ins as this patient: only the patient."""
    return viewer.role is Role.PATIENT and viewer.person_id == patient_id


def may_open_own_data(viewer: Viewer) -> bool:
    """Whether the viewer is somebody about whom data is kept: a patient, for their own."""
    return viewer.role is Role.PATIENT


def may_take_part(viewer: Viewer, patient_id: str) -> bool:
    """Whether the viewer may read and write in this patient's conversation."""
    return may_see_patient(viewer, patient_id)


def may_treat_themselves(viewer: Viewer) -> bool:
    """Whether the viewer may begin a treatment of their own and let practitioners in."""
    return viewer.role is Role.PATIENT


def may_accept_share_codes(viewer: Viewer) -> bool:
    """Whether the viewer may take a patient into their care who has handed over a code."""
    return viewer.role is Role.PRACTITIONER


def may_answer_alerts(viewer: Viewer, patient_id: str) -> bool:
    """Whether the viewer may acknowledge alerts about this patient."""
    return viewer.role is Role.PRACTITIONER and patient_id in viewer.cares_for


def may_open_worklist(viewer: Viewer) -> bool:
    """Whether the viewer has patients to look after at all."""
    return viewer.role is Role.PRACTITIONER


def may_invite(viewer: Viewer) -> bool:
    """Whether the viewer may invite patients into their own care."""
    return viewer.role is Role.PRACTITIONER


def may_read_outbox(viewer: Viewer) -> bool:
    """Whether the viewer may read the mails kept for want of an SMTP server (their own only)."""
    return viewer.role is Role.PRACTITIONER


def require(allowed: bool) -> None:
    """Raise Forbidden unless allowed."""
    if not allowed:
        raise Forbidden
