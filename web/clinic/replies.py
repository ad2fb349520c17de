"""The clinic's templates for messages."""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from tracker.actions.talk.replies import ReplyOvertaken, ReplyRevised, revise_reply, show_replies
from tracker.domain.alerts.alerts import Concern
from tracker.domain.people.access import may_edit_replies, may_read_replies, require
from tracker.domain.people.people import Person
from tracker.domain.talk.reply_templates import (
    MAX_TEXT_LENGTH,
    MAX_TITLE_LENGTH,
    PLACES,
    ReplyTemplate,
    ReplyText,
)
from web.forms import sentence, typed
from web.pages import render
from web.session import Visit, signed_in
from web.words.times import when


@dataclass(frozen=True, slots=True)
class ReplyForm:
    """What was typed and not kept; `overtaken` when another person was faster."""

    template_id: str
    title: str
    text: str
    concerns: frozenset[Concern]
    trouble: str = ""
    overtaken: bool = False


NOTHING_TYPED = ReplyForm("", "", "", frozenset())


@dataclass(frozen=True, slots=True)
class EarlierReply:
    """An earlier version of a template."""

    title: str
    text: str
    what: str


@dataclass(frozen=True, slots=True)
class ReplyRow:
    """One template in its current version."""

    id: str
    read: int
    title: str
    text: str
    fits: str
    concerns: frozenset[Concern]
    origin: str
    earlier: tuple[EarlierReply, ...]
    form: ReplyForm | None


@dataclass(frozen=True, slots=True)
class RepliesPage:
    """All templates, those out of use last; `new_id` names the next one."""

    template: ClassVar[str] = "message_templates.html"
    place: ClassVar[str] = "clinic"
    places: ClassVar[Mapping[str, str]] = PLACES
    concerns: ClassVar[Sequence[tuple[str, str]]] = [(str(c), c.words) for c in Concern]
    longest_title: ClassVar[int] = MAX_TITLE_LENGTH
    longest_text: ClassVar[int] = MAX_TEXT_LENGTH

    used: tuple[ReplyRow, ...]
    withdrawn: tuple[ReplyRow, ...]
    new_id: str
    form: ReplyForm
    may_edit: bool

    @property
    def title(self) -> str:
        """The page's name."""
        return "Message templates"


def replies_page(
    templates: Sequence[ReplyTemplate],
    form: ReplyForm,
    reader: Person,
    now: datetime,
    *,
    may_edit: bool,
) -> RepliesPage:
    """The templates, with what was typed and could not be kept."""
    rows = [(each, _row(each, form, reader, now)) for each in templates]
    is_new = form.template_id not in {each.id for each in templates}
    return RepliesPage(
        used=tuple(row for each, row in rows if not each.is_withdrawn),
        withdrawn=tuple(row for each, row in rows if each.is_withdrawn),
        new_id=form.template_id if is_new and form.template_id else secrets.token_hex(8),
        form=form if is_new else NOTHING_TYPED,
        may_edit=may_edit,
    )


def _row(each: ReplyTemplate, form: ReplyForm, reader: Person, now: datetime) -> ReplyRow:
    fits = ", ".join(concern.words for concern in Concern if concern in each.says.concerns)
    return ReplyRow(
        id=each.id,
        read=each.read,
        title=each.says.title,
        text=each.says.text,
        fits=fits or "any concern",
        concerns=each.says.concerns,
        origin=_origin(each, reader, now),
        earlier=_earlier(each, reader, now),
        form=form if form.template_id == each.id else None,
    )


def _origin(each: ReplyTemplate, reader: Person, now: datetime) -> str:
    if not each.versions:
        return "as shipped with Afterglow"
    latest = each.versions[-1]
    what = "taken out of use by" if latest.is_withdrawn else "written by"
    return f"{what} {latest.author}, {when(latest.at, now, reader.zone)}"


def _earlier(each: ReplyTemplate, reader: Person, now: datetime) -> tuple[EarlierReply, ...]:
    """Earlier texts, the latest first; withdrawals add no text."""
    shipped = (
        [EarlierReply(each.shipped.title, each.shipped.text, "As shipped")]
        if each.shipped is not None and each.versions
        else []
    )
    written = [
        EarlierReply(v.says.title, v.says.text, f"{v.author}, {when(v.at, now, reader.zone)}")
        for v in each.versions[:-1]
        if not v.is_withdrawn
    ]
    return tuple(reversed([*shipped, *written]))


blueprint = Blueprint("replies", __name__, url_prefix="/message-templates")
ID = re.compile(r"[0-9a-z-]{1,64}")
VERSION = re.compile(r"[0-9]{1,18}")


@blueprint.get("")
@signed_in
def index(visit: Visit) -> ResponseReturnValue:
    """All templates."""
    require(may_read_replies(visit.viewer))
    return render(_page(visit))


@blueprint.post("/<template_id>")
@signed_in
def save(visit: Visit, template_id: str) -> ResponseReturnValue:
    """Keep a new template, or a new version of one."""
    require(may_edit_replies(visit.viewer))
    match _read(template_id):
        case ReplyText() as says:
            return _revised(visit, template_id, says)
        case wrong:
            return render(_page(visit, wrong)), 422


@blueprint.post("/<template_id>/withdraw")
@signed_in
def withdraw(visit: Visit, template_id: str) -> ResponseReturnValue:
    """Take a template out of use."""
    require(may_edit_replies(visit.viewer))
    return _revised(visit, template_id, None)


def _revised(visit: Visit, template_id: str, says: ReplyText | None) -> ResponseReturnValue:
    given = request.form.get("read", "")
    read = int(given) if VERSION.fullmatch(given) else -1
    if not ID.fullmatch(template_id):
        abort(404)
    match revise_reply(visit.db, template_id, read, says, visit.person.id, visit.now):
        case ReplyRevised():
            return redirect(url_for(".index", _anchor=template_id), code=303)
        case ReplyOvertaken(template):
            shown = says or template.says
            form = ReplyForm(template_id, shown.title, shown.text, shown.concerns, overtaken=True)
            return render(_page(visit, form)), 409
        case None:
            return abort(404)


def _read(template_id: str) -> ReplyText | ReplyForm:
    """The template as it was sent, or the form with what is wrong."""
    sent = request.form
    title = " ".join(sent.get("title", "").split())
    text = typed(sent, "text")
    concerns = frozenset(Concern(name) for name in sent.getlist("concern") if name in set(Concern))
    try:
        return ReplyText(title, text, concerns)
    except ValueError as error:
        return ReplyForm(template_id, title, text, concerns, trouble=sentence(str(error)))


def _page(visit: Visit, form: ReplyForm = NOTHING_TYPED) -> RepliesPage:
    may_edit = may_edit_replies(visit.viewer)
    return replies_page(show_replies(visit.db), form, visit.person, visit.now, may_edit=may_edit)
