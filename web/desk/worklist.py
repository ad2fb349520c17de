"""The work list, the first page for people with patients, and the ward round through it.

Parse, allow, act, match, render. The round shows one after another those who wait. What it sends
goes to the routes of the alert and of the conversation, which refuse what they always refuse.
"""

import secrets
from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from tracker.actions.alerts.showing import AlertCase, show_alert
from tracker.actions.course.progress import CourseSoFar, show_course
from tracker.actions.desk.worklist import (
    find_next_waiting,
    list_waiting,
    show_worklist,
    tell_worklist_version,
)
from tracker.domain.alerts.alert_life import may_take_back
from tracker.domain.alerts.alerts import worst_first
from tracker.domain.course.photos import Photo, PhotoRole, PhotoStatus
from tracker.domain.course.treatments import day_number
from tracker.domain.desk.worklist import Place
from tracker.domain.people.access import may_answer_alerts, may_follow, may_open_worklist, require
from tracker.domain.talk.conversation import MAX_MESSAGE_LENGTH
from tracker.wires.photo_files import Picture
from web.desk.alert_pages import AlertPage
from web.desk.alerts import case_opened, shown
from web.desk.worklist_pages import worklist_page
from web.forms import read_worklist_query
from web.pages import render
from web.session import Visit, signed_in
from web.words.times import day_words

blueprint = Blueprint("worklist", __name__)


def worklist(visit: Visit) -> str:
    """The patients who wait, worst first, and the others by groups."""
    require(may_open_worklist(visit.viewer))
    query = read_worklist_query(request.args)
    # Before the list is read: a change meanwhile is reported once more, and not missed.
    version = tell_worklist_version(visit.db, visit.person, visit.now)
    listed = show_worklist(visit.db, visit.world.protocols, visit.person, query, visit.now)
    return render(worklist_page(listed, query, visit.person, visit.now, version=version))


@blueprint.get("/worklist/version")
@signed_in
def version(visit: Visit) -> ResponseReturnValue:
    """Whether the list may have changed, for the script that watches it: 304 if it has not."""
    require(may_open_worklist(visit.viewer))
    answer = Response(mimetype="text/plain")
    answer.set_etag(tell_worklist_version(visit.db, visit.person, visit.now))
    return answer.make_conditional(request)


@blueprint.get("/worklist/after/<patient_id>")
@signed_in
def after(visit: Visit, patient_id: str) -> ResponseReturnValue:
    """Redirect to the next patient who waits; to the list if there is no other."""
    require(may_follow(visit.viewer, patient_id))
    found = find_next_waiting(visit.db, visit.world.protocols, visit.person, patient_id, visit.now)
    if found is None:
        return redirect(url_for("home.show"), code=303)
    return redirect(url_for("practitioner.patient", patient_id=found), code=303)


@dataclass(frozen=True, slots=True)
class NewPhoto:
    """A photo that the round shows large: `picture` is what there is of it."""

    id: str
    picture: Picture
    day: str


@dataclass(frozen=True, slots=True)
class RoundPage:
    """One patient who waits, large, with all that may be done about it.

    `alert` is the worst that is not closed, None for messages and photos alone. `photos` are those
    that no one has opened, at most ROUND_PHOTOS, the latest first; without any, the last measured.
    `unseen` counts all that are new. `after` is the place from which the round goes on,
    `before` the patient who was shown before, `undo` the alert just answered there;
    `key` tells a message sent twice from two.
    """

    template: ClassVar[str] = "round.html"
    place: ClassVar[str] = "patients"
    longest: ClassVar[int] = MAX_MESSAGE_LENGTH

    patient_id: str
    name: str
    alert: AlertPage | None
    others: int
    photos: tuple[NewPhoto, ...]
    unseen: int
    unread: int
    position: str
    after: str
    before: str
    undo: AlertPage | None
    key: str

    @property
    def title(self) -> str:
        """The page's name."""
        return f"Ward round: {self.name}"


@dataclass(frozen=True, slots=True)
class RoundEndPage:
    """Every patient who waits has been shown; `waiting` counts those who still do."""

    template: ClassVar[str] = "round.html"
    place: ClassVar[str] = "patients"
    patient_id: ClassVar[str] = ""

    waiting: int
    before: str
    undo: AlertPage | None

    @property
    def title(self) -> str:
        """The page's name."""
        return "Ward round"


ROUND_PHOTOS = 6


@blueprint.get("/round")
@signed_in
def begin_round(visit: Visit) -> ResponseReturnValue:
    """Redirect to the first patient who waits after a place in the list; at its end, say so."""
    require(may_open_worklist(visit.viewer))
    after = Place.read(request.args.get("after", ""))
    waiting = list_waiting(visit.db, visit.world.protocols, visit.person, visit.now)
    before = _before(visit)
    found = next((e for e in waiting if after is None or e.place > after), None)
    if found is None:
        return render(RoundEndPage(len(waiting), before, _undo(visit)))
    there = url_for(
        ".one_of_round",
        patient_id=found.facts.patient_id,
        before=before or None,
        undo=request.args.get("undo"),
    )
    return redirect(there, code=303)


def _before(visit: Visit) -> str:
    """The patient whom the round showed before, if the reader may open that page."""
    named = request.args.get("before", "")
    return named if may_follow(visit.viewer, named) else ""


def _undo(visit: Visit) -> AlertPage | None:
    """The alert that was answered just before, if that answer can be taken back."""
    alert_id = request.args.get("undo", "")
    case = show_alert(visit.db, visit.world.protocols, alert_id) if alert_id else None
    if case is None or not may_answer_alerts(visit.viewer, case.patient.id):
        return None
    is_fresh = may_take_back(case.history, visit.person.id, visit.now)
    return shown(visit, case) if is_fresh else None


@blueprint.get("/round/<patient_id>")
@signed_in
def one_of_round(visit: Visit, patient_id: str) -> ResponseReturnValue:
    """One patient of the round; opening it counts as opening the alert that it shows."""
    require(may_follow(visit.viewer, patient_id))
    waiting = list_waiting(visit.db, visit.world.protocols, visit.person, visit.now)
    at = next((n for n, each in enumerate(waiting) if each.facts.patient_id == patient_id), None)
    if at is None:  # another person was faster, or the list was never long
        return redirect(url_for("practitioner.patient", patient_id=patient_id), code=303)
    each = waiting[at]
    told = worst_first(alert for alert in each.facts.alerts if alert.is_awake)
    case = case_opened(visit, told[0].id) if told else None
    course = show_course(visit.db, visit.world.protocols, patient_id, visit.now)
    page = RoundPage(
        patient_id=patient_id,
        name=each.facts.name,
        alert=shown(visit, case) if case else None,
        others=max(0, len(told) - 1),
        photos=_photos(course, case) if isinstance(course, CourseSoFar) else (),
        unseen=each.facts.unseen,
        unread=each.facts.unread,
        position=f"{at + 1} of {len(waiting)}",
        after=str(each.place),
        before=_before(visit),
        undo=_undo(visit),
        key=secrets.token_hex(16),
    )
    return render(page)


def _photos(course: CourseSoFar, case: AlertCase | None) -> tuple[NewPhoto, ...]:
    """The photo of the alert, then the new ones of all treatments; else the last one measured."""
    told = [case.photo] if case and case.photo else []
    new = sorted(course.unseen, key=lambda each: each.taken_at, reverse=True)[:ROUND_PHOTOS]
    chosen = {each.id: each for each in [*told, *new]}
    last = [each for each in course.photos if _is_aligned(each)][-1:]
    return tuple(
        NewPhoto(
            each.id,
            Picture.ALIGNED if _is_aligned(each) else Picture.PHOTO,
            day_words(day_number(course.treatment, each.taken_at, course.patient.zone)),
        )
        for each in chosen.values() or last
    )


def _is_aligned(photo: Photo) -> bool:
    return photo.status is PhotoStatus.MEASURED and photo.role is PhotoRole.FOLLOW_UP
