"""The page of the clinic's templates of messages."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from tracker.alerts import Concern
from tracker.people import Person
from tracker.reply_templates import MAX_TEXT_LENGTH, MAX_TITLE_LENGTH, PLACES, ReplyTemplate
from web.times import when


@dataclass(frozen=True, slots=True)
class ReplyForm:
    """What was typed and not kept; `overtaken` when somebody else was faster."""

    template_id: str
    title: str
    text: str
    concerns: frozenset[Concern]
    trouble: str = ""
    overtaken: bool = False


NOTHING_TYPED = ReplyForm("", "", "", frozenset())


@dataclass(frozen=True, slots=True)
class EarlierReply:
    """What a template said before."""

    title: str
    text: str
    what: str


@dataclass(frozen=True, slots=True)
class ReplyRow:
    """One template as it stands."""

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
    """What it said before, the latest first; withdrawals say nothing new."""
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
