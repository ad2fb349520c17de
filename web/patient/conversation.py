"""The conversation between a patient and the clinic, for both sides."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from flask import Blueprint, Response, abort, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from tracker.actions.course.progress import CourseSoFar, show_course
from tracker.actions.talk.conversation import (
    Conversation,
    PhotoRefused,
    Said,
    Unread,
    add_message,
    count_unread,
    open_conversation,
    show_message_photo,
    show_unread,
)
from tracker.actions.talk.replies import begin_with_reply, show_replies
from tracker.domain.desk.worklist import Place
from tracker.domain.people.access import may_open_worklist, may_read_replies, may_take_part, require
from tracker.domain.people.people import Person
from tracker.domain.talk.conversation import MAX_MESSAGE_LENGTH, Message
from tracker.domain.talk.reply_templates import ReplyTemplate
from web import session
from web.forms import Errors, read_draft, typed
from web.pages import render
from web.parts import photos_in
from web.session import Visit, signed_in
from web.words.telling import OpenThing, urgent_thing
from web.words.times import when
from web.words.words import remedy_for


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One message; `is_own` says whether it is the reader's side's, `seen` who else has read it."""

    id: str
    author: str
    at: str
    text: str
    has_photo: bool
    is_own: bool
    is_new: bool
    seen: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConversationPage:
    """A conversation as the patient (`is_patient`) or a person of the care team reads it.

    `urgent` is what the patient reads of the worst open problem if it is urgent.
    """

    template: ClassVar[str] = "conversation.html"
    place: ClassVar[str] = "conversation"
    longest: ClassVar[int] = MAX_MESSAGE_LENGTH

    patient_id: str
    patient: str
    is_patient: bool
    readers: tuple[str, ...]
    messages: tuple[MessageRow, ...]
    key: str
    text: str
    errors: Mapping[str, str]
    templates: tuple[tuple[str, str], ...]
    urgent: OpenThing | None

    @property
    def title(self) -> str:
        """The page's name."""
        if not self.is_patient:
            return f"Messages with {self.patient}"
        return "Messages with your clinic" if self.readers else "Messages"

    @property
    def first_new(self) -> str | None:
        """The oldest message that the reader has not seen."""
        return next((message.id for message in self.messages if message.is_new), None)


def conversation_page(
    opened: Conversation,
    reader: Person,
    now: datetime,
    text: str = "",
    errors: Mapping[str, str] | None = None,
    *,
    templates: Sequence[ReplyTemplate] = (),
    urgent: OpenThing | None = None,
) -> ConversationPage:
    """The current conversation, with what was written and was not sent yet.

    `templates` are those with which the reader may begin a message; withdrawn ones are left out.
    """
    patient = opened.patient
    return ConversationPage(
        patient_id=patient.id,
        patient=patient.name,
        is_patient=reader.id == patient.id,
        readers=tuple(person.name for person in opened.care_team),
        messages=tuple(_row(message, reader, now) for message in opened.messages),
        key=secrets.token_hex(16),
        text=text,
        errors=errors or {},
        templates=tuple((each.id, each.says.title) for each in templates if not each.is_withdrawn),
        urgent=urgent,
    )


def _row(message: Message, reader: Person, now: datetime) -> MessageRow:
    is_own_side = message.is_from_patient == (reader.id == message.patient_id)
    return MessageRow(
        id=message.id,
        author="You" if message.author_id == reader.id else message.author,
        at=when(message.at, now, reader.zone),
        text=message.text,
        has_photo=message.has_photo,
        is_own=is_own_side,
        is_new=message.waits_for(reader.id),
        seen=tuple(
            f"Seen by {receipt.name} {when(receipt.seen_at, now, reader.zone)}"
            for receipt in message.receipts
            if is_own_side
        ),
    )


@dataclass(frozen=True, slots=True)
class UnreadRow:
    """A patient who wrote, how many messages wait and since when; not what they say."""

    patient_id: str
    patient: str
    waits: str


@dataclass(frozen=True, slots=True)
class UnreadPage:
    """Whose messages no one in the clinic has read, the longest first."""

    template: ClassVar[str] = "conversations.html"
    place: ClassVar[str] = "conversation"

    rows: tuple[UnreadRow, ...]

    @property
    def title(self) -> str:
        """The page's name."""
        return "Messages"


def unread_page(found: Sequence[Unread], reader: Person, now: datetime) -> UnreadPage:
    """The rows in words."""
    return UnreadPage(
        tuple(
            UnreadRow(each.patient.id, each.patient.name, _waits(each, now, reader))
            for each in found
        )
    )


def _waits(each: Unread, now: datetime, reader: Person) -> str:
    first = "written" if each.count == 1 else "the first written"
    return f"{each.count} unread, {first} {when(each.since, now, reader.zone)}"


blueprint = Blueprint("conversation", __name__, template_folder="templates")


@blueprint.get("/conversations")
@signed_in
def unread(visit: Visit) -> ResponseReturnValue:
    """Who of the reader's patients waits for somebody to read a message."""
    require(may_open_worklist(visit.viewer))
    found = show_unread(visit.db, visit.viewer.cares_for)
    return render(unread_page(found, visit.person, visit.now))


@blueprint.app_template_global()
def unread_messages() -> int:
    """How many of the reader's patients wrote what no one has read; looked up once a request."""
    if "unread_messages" not in g:
        cares_for = current_user.viewer.cares_for
        g.unread_messages = count_unread(session.resources().db, cares_for)
    return int(g.unread_messages)


@blueprint.get("/patients/<patient_id>/conversation")
@signed_in
def show(visit: Visit, patient_id: str) -> ResponseReturnValue:
    """The conversation and the form to write."""
    require(may_take_part(visit.viewer, patient_id))
    return render(_page(visit, _opened(visit, patient_id)))


@blueprint.post("/patients/<patient_id>/conversation")
@signed_in
def say(visit: Visit, patient_id: str) -> ResponseReturnValue:
    """Keep what was written, or say what is wrong with it."""
    require(may_take_part(visit.viewer, patient_id))
    if "reply" in request.form:
        return _begun(visit, patient_id)
    draft = read_draft(request.form, request.files)
    if isinstance(draft, Errors):
        return _again(visit, patient_id, draft)
    world = visit.world
    outcome = add_message(
        visit.db, world.files, visit.person, patient_id, draft, visit.now, apart=world.apart
    )
    match outcome:
        case Said():
            there = url_for(".show", patient_id=patient_id, _anchor="latest")
            if (place := Place.read(request.form.get("round", ""))) is not None:
                there = url_for("ward_round.begin", after=str(place))
            return redirect(there, code=303)
        case PhotoRefused(fault):
            remedy = remedy_for(fault)
            return _again(visit, patient_id, Errors({"photo": f"{remedy.problem} {remedy.remedy}"}))


@blueprint.get("/patients/<patient_id>/conversation/<message_id>/photo")
@signed_in
def photo(visit: Visit, patient_id: str, message_id: str) -> ResponseReturnValue:
    """The photo sent with a message, as JPEG."""
    require(may_take_part(visit.viewer, patient_id))
    data = show_message_photo(visit.db, visit.world.files, patient_id, message_id)
    return Response(data, mimetype="image/jpeg")


def _begun(visit: Visit, patient_id: str) -> ResponseReturnValue:
    """The form with the chosen template below what was typed; nothing is sent."""
    require(may_read_replies(visit.viewer))
    opened, writer = _opened(visit, patient_id), visit.person
    chosen, said = request.form["reply"], typed(request.form, "text")
    patient, treatment = opened.patient, opened.treatment
    text = begin_with_reply(visit.db, chosen, said, patient, treatment, writer, visit.now)
    lost = {"photo": "Choose the photo again: only the words were kept."}
    return render(_page(visit, opened, text, lost if photos_in(request.files) else {}))


def _again(visit: Visit, patient_id: str, errors: Errors) -> ResponseReturnValue:
    opened = _opened(visit, patient_id)
    return render(_page(visit, opened, request.form.get("text", ""), errors.by_field)), 422


def _page(
    visit: Visit, opened: Conversation, text: str = "", errors: Mapping[str, str] | None = None
) -> ConversationPage:
    templates = show_replies(visit.db) if may_read_replies(visit.viewer) else ()
    return conversation_page(
        opened,
        visit.person,
        visit.now,
        text,
        errors,
        templates=templates,
        urgent=_urgent(visit) if visit.person.id == opened.patient.id else None,
    )


def _urgent(visit: Visit) -> OpenThing | None:
    course = show_course(visit.db, visit.world.protocols, visit.person.id, visit.now)
    return urgent_thing(course, visit.now) if isinstance(course, CourseSoFar) else None


def _opened(visit: Visit, patient_id: str) -> Conversation:
    return open_conversation(visit.db, patient_id, visit.person.id, visit.now) or abort(404)
