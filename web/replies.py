"""The clinic's templates of messages. Every route: parse, allow, act, match, render."""

import re

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from tracker.access import may_edit_replies, may_read_replies, require
from tracker.actions.revise_reply import ReplyOvertaken, ReplyRevised, revise_reply
from tracker.actions.show_replies import show_replies
from tracker.alerts import Concern
from tracker.reply_templates import ReplyText
from web.forms import sentence, typed
from web.pages import render
from web.reply_pages import NOTHING_TYPED, RepliesPage, ReplyForm, replies_page
from web.session import Visit, signed_in

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
