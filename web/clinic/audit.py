"""The audit log: search and download."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from io import StringIO
from typing import ClassVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from tracker.actions.clinic.audit import (
    Names,
    names_for,
    read_audit_log,
    record_export,
    show_head,
)
from tracker.domain.clinic.audit import MOST_A_PAGE, Act, Entry, Head, Search
from tracker.domain.people.access import may_administer, require
from web.clinic.clinic import read_audit_search, read_page_number
from web.forms import Errors
from web.pages import render
from web.session import Visit, freshly_signed_in, signed_in
from web.words.times import date_words, when

BY_STRANGERS = {Act.SIGN_IN_FAILED, Act.RENEWAL_ASKED, Act.SIGN_UP_ASKED}
ACTS: Mapping[Act, str] = {
    Act.SIGNED_IN: "signed in",
    Act.SIGNED_OUT: "signed out",
    Act.SIGN_IN_FAILED: "failed to sign in",
    Act.RENEWAL_ASKED: "asked for a link to a new passphrase",
    Act.RENEWAL_ISSUED: "issued a link for a new passphrase",
    Act.RENEWED: "chose a new passphrase",
    Act.SIGN_UP_ASKED: "asked for a link to open an account",
    Act.SIGNED_UP: "opened an account",
    Act.PASSKEY_ADDED: "added a passkey",
    Act.PASSKEY_REMOVED: "removed a passkey",
    Act.TOKEN_MADE: "made a token for a program",
    Act.TOKEN_REVOKED: "revoked a token",
    Act.SECOND_STEP_CHANGED: "changed the second step of signing in",
    Act.SECOND_STEP_RESET: "reset the second step of signing in",
    Act.PATIENT_OPENED: "opened a patient",
    Act.PHOTO_OPENED: "opened a photo",
    Act.ALERT_ANSWERED: "answered an alert",
    Act.PATIENT_INVITED: "invited a patient",
    Act.PATIENT_HANDED_OVER: "handed a patient over",
    Act.CARE_TEAM_CHANGED: "changed a care team",
    Act.SCREENING_CHANGED: "changed a screening",
    Act.SIDES_SAID: "said which side is left in a photo",
    Act.DATA_EXPORTED: "took data out",
    Act.EXPORT_ASKED: "asked that a record may go to another clinic",
    Act.EXPORT_ALLOWED: "allowed a record to go to another clinic",
    Act.RECORD_IMPORTED: "took in a record from another clinic",
    Act.INVITATION_ACCEPTED: "accepted an invitation",
    Act.STAFF_INVITED: "invited a colleague",
    Act.ROLE_CHANGED: "changed a position",
    Act.SUSPENDED: "suspended a person",
    Act.BROUGHT_BACK: "reinstated a person",
    Act.RECORD_CHANGED: "changed a record",
    Act.REFUSED: "was refused a page",
    Act.ACCOUNT_ADDED: "opened an account for someone",
    Act.ACCOUNT_CLOSED: "closed the account",
    Act.ACCOUNT_ERASED: "erased an account",
    Act.BACKED_UP: "made a backup by hand",
    Act.RESTORED: "restored the clinic from a backup",
    Act.PHOTOS_MOVED: "moved the photos to another place",
    Act.SECRET_CHANGED: "changed the secret",
    Act.CONSENT_DECIDED: "decided about a use of the data",
    Act.SHARE_CODE_MADE: "made a code for a practitioner",
    Act.CLINIC_CHANGED: "changed numbers or opening hours",
    Act.MAIL_DECIDED: "decided about a mail that was given up",
    Act.DRAFT_REMOVED: "removed an old draft of a protocol",
    Act.PROTOCOL_SIGNED: "signed a draft of a protocol",
    Act.PROTOCOL_CHANGED: "put a protocol into force",
}
BY_ITSELF = {Act.ACCOUNT_ERASED, Act.DRAFT_REMOVED}
COLUMNS = ("at (UTC)", "by", "by id", "did", "about", "about id", "details")
SHOWN_OF_ID = 8
FORMULA_MARKS = ("=", "+", "-", "@", "\t", "\r")  # with these, a spreadsheet formula begins


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One entry in words."""

    at: str
    by: str
    did: str
    details: str


@dataclass(frozen=True, slots=True)
class AuditGroup:
    """The entries of one day about one patient (or other person), newest first."""

    day: str
    about: str
    rows: tuple[AuditRow, ...]


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Entries found, by day and by whom they are about, newest first, and the search.

    `newer` and `older` lead to the next pages. `head` is number and digest of the last
    entry of the whole log, empty while there is none.
    """

    template: ClassVar[str] = "clinic_audit_log.html"
    place: ClassVar[str] = "clinic"
    acts: ClassVar[Mapping[Act, str]] = ACTS

    groups: tuple[AuditGroup, ...]
    staff: tuple[tuple[str, str], ...]
    chosen: Mapping[str, str]
    newer: str | None
    older: str | None
    as_file: str
    head: str
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The page's name."""
        return "Audit log"


def audit_page(
    found: Sequence[Entry],
    names: Names,
    chosen: Mapping[str, str],
    now: datetime,
    zone: ZoneInfo,
    *,
    number: int = 1,
    head: Head | None = None,
    errors: Mapping[str, str] | None = None,
) -> AuditPage:
    """A page of entries; one more than fits shows that there are more."""
    asked = {name: value for name, value in chosen.items() if value and name != "page"}
    return AuditPage(
        groups=_groups(found[:MOST_A_PAGE], names, now, zone),
        staff=tuple((person.id, person.name) for person in names.staff.values()),
        chosen=chosen,
        newer=_query(asked, number - 1) if number > 1 else None,
        older=_query(asked, number + 1) if len(found) > MOST_A_PAGE else None,
        as_file=f"?{urlencode(asked)}",
        head=str(head or ""),
        errors=errors or {},
    )


def csv_lines(entries: Iterable[Entry], names: Names) -> Iterator[str]:
    """A heading and one line for each entry (RFC 4180); without spreadsheet formulas."""
    yield _csv_line(COLUMNS)
    for entry in entries:
        yield _csv_line(
            (
                entry.at.astimezone(UTC).isoformat(timespec="seconds"),
                _who(entry.by, names),
                entry.by or "",
                ACTS[entry.act],
                _who(entry.about, names),
                entry.about or "",
                entry.details,
            )
        )


def _query(asked: Mapping[str, str], number: int) -> str:
    return f"?{urlencode({**asked, 'page': number})}"


def _groups(
    found: Sequence[Entry], names: Names, now: datetime, zone: ZoneInfo
) -> tuple[AuditGroup, ...]:
    """The entries of a page by day, then by person; each in the order of its newest entry.

    Days are the reader's. Entries about no one are together. People are told apart by id.
    """
    by_day: dict[date, dict[str | None, list[Entry]]] = {}
    for entry in found:
        about = by_day.setdefault(entry.at.astimezone(zone).date(), {})
        about.setdefault(entry.about, []).append(entry)
    return tuple(
        AuditGroup(
            day=date_words(entries[0].at.astimezone(zone), now),
            about=_who(person_id, names),
            rows=tuple(_row(entry, names, now, zone) for entry in entries),
        )
        for people in by_day.values()
        for person_id, entries in people.items()
    )


def _row(entry: Entry, names: Names, now: datetime, zone: ZoneInfo) -> AuditRow:
    return AuditRow(
        at=when(entry.at, now, zone),
        by=_who(entry.by, names) or _nobody(entry),
        did=ACTS[entry.act],
        details="" if entry.act is Act.PHOTO_OPENED else entry.details,  # it is the photo's id
    )


def _nobody(entry: Entry) -> str:
    if entry.act in BY_STRANGERS:
        return "Somebody"
    return "Afterglow" if entry.act in BY_ITSELF else "The command line"


def _who(person_id: str | None, names: Names) -> str:
    """A name that the reader may see, otherwise the beginning of the id."""
    if person_id is None:
        return ""
    known = names.staff.get(person_id) or names.patients.get(person_id)
    return known.name if known else f"Patient {person_id[:SHOWN_OF_ID]}"


def _csv_line(values: Iterable[str]) -> str:
    line = StringIO()
    csv.writer(line).writerow(
        f"'{value}" if value.startswith(FORMULA_MARKS) else value for value in values
    )
    return line.getvalue()


blueprint = Blueprint("audit", __name__, url_prefix="/clinic", template_folder="templates")


@blueprint.get("/audit-log")
@signed_in
def show(visit: Visit) -> ResponseReturnValue:
    """What was done, newest first."""
    require(may_administer(visit.viewer))
    names, number = names_for(visit.db, visit.person.id), read_page_number(request.args)
    match _wanted(visit, names):
        case Errors(by_field):
            page = audit_page(
                [], names, request.args, visit.now, visit.person.zone, errors=by_field
            )
            return render(page), 422
        case Search() as wanted:
            skip = (number - 1) * MOST_A_PAGE
            found = list(read_audit_log(visit.db, wanted, MOST_A_PAGE + 1, skip))
            zone, head = visit.person.zone, show_head(visit.db)
            page = audit_page(found, names, request.args, visit.now, zone, number=number, head=head)
            return render(page)


@blueprint.get("/audit-log.csv")
@freshly_signed_in
def download(visit: Visit) -> ResponseReturnValue:
    """The same as a file, in full; the download is an entry of its own."""
    require(may_administer(visit.viewer))
    names = names_for(visit.db, visit.person.id)
    match _wanted(visit, names):
        case Errors(by_field):
            page = audit_page(
                [], names, request.args, visit.now, visit.person.zone, errors=by_field
            )
            return render(page), 422
        case Search() as wanted:
            record_export(visit.db, visit.person.id, None, "audit log", visit.now)
            lines = list(csv_lines(read_audit_log(visit.db, wanted), names))
            disposition = {"Content-Disposition": "attachment; filename=afterglow-audit-log.csv"}
            return Response(lines, mimetype="text/csv", headers=disposition)


def _wanted(visit: Visit, names: Names) -> Search | Errors:
    known = {key: person.name for key, person in {**names.staff, **names.patients}.items()}
    return read_audit_search(request.args, known, visit.person)
