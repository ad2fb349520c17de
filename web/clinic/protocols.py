"""Protocols as pages: read, changed, previewed and put into force. Every route: five lines."""

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from tracker.actions.protocols.editing import (
    Broken,
    DraftCase,
    InForce,
    Outdated,
    ProtocolCase,
    draft_protocol,
    open_text,
    put_into_force,
    show_draft,
    show_protocol,
)
from tracker.domain.editing.protocol_edits import checked, values_of, with_values
from tracker.domain.people.access import may_edit_protocols, may_read_protocols, require
from tracker.domain.protocols.protocols import Protocol
from web.clinic.protocol_forms import form_page, text_page
from web.clinic.protocol_pages import draft_page, edition_page, protocol_page, protocols_page
from web.forms import sentence, typed
from web.pages import render
from web.session import Visit, signed_in

blueprint = Blueprint("protocol_editor", __name__, url_prefix="/protocols")


@blueprint.get("")
@signed_in
def index(visit: Visit) -> ResponseReturnValue:
    """All protocols in force."""
    require(may_read_protocols(visit.viewer))
    cases = [_case(visit, kind) for kind in sorted(visit.world.protocols.by_kind)]
    return render(protocols_page(cases, visit.now, visit.person.zone))


@blueprint.get("/<kind>")
@signed_in
def show(visit: Visit, kind: str) -> ResponseReturnValue:
    """What one protocol says, and what was in force before."""
    require(may_read_protocols(visit.viewer))
    case, may_edit = _case(visit, kind), may_edit_protocols(visit.viewer)
    return render(protocol_page(case, visit.now, visit.person.zone, may_edit=may_edit))


@blueprint.get("/<kind>/editions/<digest>")
@signed_in
def edition(visit: Visit, kind: str, digest: str) -> ResponseReturnValue:
    """What an edition said that was in use."""
    require(may_read_protocols(visit.viewer))
    case, may_edit = _case(visit, kind), may_edit_protocols(visit.viewer)
    match checked(_text(visit, case, digest), kind, case.shipped):
        case Protocol() as kept:
            page = edition_page(kept, case, visit.now, visit.person.zone, may_edit=may_edit)
            return render(page)
        case _:  # a text that an older Afterglow could read
            return redirect(url_for(".text", kind=kind, of=digest), code=303)


@blueprint.get("/<kind>/edit")
@signed_in
def edit(visit: Visit, kind: str) -> ResponseReturnValue:
    """What clinics change most, as a form."""
    case = _editable(visit, kind)
    name = request.args.get("of", case.protocol.digest)
    text = _text(visit, case, name)
    values = values_of(text)
    if values is None:
        return redirect(url_for(".text", kind=kind, of=name), code=303)
    return render(form_page(case, name, values, checked(text, kind, case.shipped)))


@blueprint.post("/<kind>/edit")
@signed_in
def save_form(visit: Visit, kind: str) -> ResponseReturnValue:
    """Keep the form as a draft, and go on to its preview or to its mistakes."""
    case = _editable(visit, kind)
    before = _text(visit, case, request.values.get("of", ""))
    if values_of(before) is None:
        abort(404)
    today = visit.person.date_at(visit.now)
    text = with_values(before, request.form, case.shipped, today)
    return _kept(visit, kind, text, mend_at=".edit")


@blueprint.get("/<kind>/text")
@signed_in
def text(visit: Visit, kind: str) -> ResponseReturnValue:
    """The whole protocol as a text."""
    case = _editable(visit, kind)
    name = request.args.get("of", case.protocol.digest)
    words = _text(visit, case, name)
    return render(text_page(case, name, words, checked(words, kind, case.shipped)))


@blueprint.post("/<kind>/text")
@signed_in
def save_text(visit: Visit, kind: str) -> ResponseReturnValue:
    """Keep the text as a draft, and go on to its preview or to its mistakes."""
    _editable(visit, kind)
    return _kept(visit, kind, request.form.get("text", ""), mend_at=".text")


@blueprint.get("/<kind>/drafts/<draft_id>")
@signed_in
def draft(visit: Visit, kind: str, draft_id: str) -> ResponseReturnValue:
    """What a draft changes, and what it would have raised."""
    case, drafted = _editable(visit, kind), _draft(visit, kind, draft_id)
    return render(draft_page(drafted, case, visit.now, visit.person.zone))


@blueprint.post("/<kind>/drafts/<draft_id>")
@signed_in
def enact(visit: Visit, kind: str, draft_id: str) -> ResponseReturnValue:
    """Put the draft into force."""
    case, drafted = _editable(visit, kind), _draft(visit, kind, draft_id)
    why, protocols = typed(request.form, "why"), visit.world.protocols
    try:
        done = put_into_force(visit.db, protocols, drafted.draft, visit.person, why, visit.now)
    except ValueError as error:
        wrong = sentence(str(error))
        page = draft_page(drafted, case, visit.now, visit.person.zone, why=why, trouble=wrong)
        return render(page), 422
    match done:
        case InForce():
            return redirect(url_for(".show", kind=kind), code=303)
        case Outdated() | Broken():
            again = draft_page(
                _draft(visit, kind, draft_id), case, visit.now, visit.person.zone, why=why
            )
            return render(again), 409


def _case(visit: Visit, kind: str) -> ProtocolCase:
    if kind not in visit.world.protocols.by_kind:
        abort(404)
    return show_protocol(visit.db, visit.world.protocols, visit.world.kept_in_files, kind)


def _editable(visit: Visit, kind: str) -> ProtocolCase:
    """A protocol that is the clinic's to change; one kept in a file tells so on its own page."""
    require(may_edit_protocols(visit.viewer))
    case = _case(visit, kind)
    if kind in visit.world.kept_in_files:
        abort(redirect(url_for(".show", kind=kind), code=303))
    return case


def _text(visit: Visit, case: ProtocolCase, name: str) -> str:
    """The text of a draft or an edition, by its name."""
    if case.shipped is not None and name == case.shipped.digest:
        return case.shipped.text
    return open_text(visit.db, case.protocol.kind, name) or abort(404)


def _draft(visit: Visit, kind: str, draft_id: str) -> DraftCase:
    found = show_draft(visit.db, visit.world.protocols, draft_id)
    return found if found is not None and found.draft.kind == kind else abort(404)


def _kept(visit: Visit, kind: str, words: str, *, mend_at: str) -> ResponseReturnValue:
    protocols = visit.world.protocols
    kept = draft_protocol(visit.db, protocols, kind, words, visit.person, visit.now)
    if not isinstance(checked(kept.text, kind), Protocol):
        return redirect(url_for(mend_at, kind=kind, of=kept.id), code=303)
    return redirect(url_for(".draft", kind=kind, draft_id=kept.id), code=303)
