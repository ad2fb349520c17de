"""Protocols as pages: read, changed, previewed and put into force. Every route: five lines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from tracker.actions.protocols.editing import (
    Broken,
    DraftCase,
    InForce,
    Locked,
    NotSigned,
    Outdated,
    ProtocolCase,
    draft_protocol,
    drafts_to_sign,
    open_text,
    put_into_force,
    show_draft,
    show_protocol,
    sign_draft,
    take_over_shipped,
)
from tracker.domain.alerts.alerts import Level
from tracker.domain.editing.protocol_drafts import Signature
from tracker.domain.editing.protocol_edits import NEW_LINES, checked, values_of, with_values
from tracker.domain.people.access import (
    may_edit_protocols,
    may_read_protocols,
    may_sign_protocols,
    require,
)
from tracker.domain.protocols.care import Heading
from tracker.domain.protocols.protocol_text import JUDGED
from tracker.domain.protocols.protocols import Protocol
from tracker.domain.protocols.toml_tables import Mistake
from web.clinic.draft_pages import draft_page
from web.clinic.protocol_pages import (
    HEADINGS,
    edition_page,
    protocol_page,
    protocols_page,
)
from web.forms import sentence, typed
from web.pages import render
from web.session import Visit, signed_in
from web.words.words import LEVELS

blueprint = Blueprint("protocol_editor", __name__, url_prefix="/protocols")


@blueprint.get("")
@signed_in
def index(visit: Visit) -> ResponseReturnValue:
    """All protocols in force."""
    require(may_read_protocols(visit.viewer))
    cases = [_case(visit, kind) for kind in sorted(visit.world.protocols.by_kind)]
    may_sign = may_sign_protocols(visit.viewer)
    protocols, reader = visit.world.protocols, visit.person
    drafts = drafts_to_sign(visit.db, protocols, reader, visit.now) if may_sign else ()
    return render(protocols_page(cases, drafts, visit.now, reader.zone))


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
    """Keep the form as a draft, and continue to its preview or to its mistakes."""
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
    """Keep the text as a draft, and continue to its preview or to its mistakes."""
    _editable(visit, kind)
    return _kept(visit, kind, request.form.get("text", ""), mend_at=".text")


@blueprint.get("/<kind>/drafts/<draft_id>")
@signed_in
def draft(visit: Visit, kind: str, draft_id: str) -> ResponseReturnValue:
    """What a draft changes, and what it would have raised."""
    case, drafted = _editable(visit, kind), _draft(visit, kind, draft_id)
    return render(draft_page(drafted, case, visit.now, visit.person))


@blueprint.post("/<kind>/drafts/<draft_id>/sign")
@signed_in
def sign(visit: Visit, kind: str, draft_id: str) -> ResponseReturnValue:
    """Answer for a draft whose effects are counted."""
    require(may_sign_protocols(visit.viewer))
    case, drafted = _editable(visit, kind), _draft(visit, kind, draft_id)
    match sign_draft(visit.db, visit.world.protocols, drafted.draft, visit.person, visit.now):
        case Signature():
            return redirect(url_for(".draft", kind=kind, draft_id=draft_id, _anchor="enact"), 303)
        case Outdated() | Broken() | NotSigned():
            again = _draft(visit, kind, draft_id)
            return render(draft_page(again, case, visit.now, visit.person)), 409


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
        page = draft_page(drafted, case, visit.now, visit.person, why=why, trouble=wrong)
        return render(page), 422
    match done:
        case InForce():
            return redirect(url_for(".show", kind=kind), code=303)
        case Outdated() | Broken() | Locked():
            again = _draft(visit, kind, draft_id)
            return render(draft_page(again, case, visit.now, visit.person, why=why)), 409


@blueprint.post("/<kind>/shipped")
@signed_in
def take_over(visit: Visit, kind: str) -> ResponseReturnValue:
    """Begin a draft that takes over what the shipped protocol has changed."""
    _editable(visit, kind)
    protocols = visit.world.protocols
    begun = take_over_shipped(visit.db, protocols, kind, visit.person, visit.now)
    if begun is None:
        return redirect(url_for(".show", kind=kind), code=303)
    return redirect(url_for(".draft", kind=kind, draft_id=begun.id), code=303)


def _case(visit: Visit, kind: str) -> ProtocolCase:
    if kind not in visit.world.protocols.by_kind:
        abort(404)
    return show_protocol(visit.db, visit.world.protocols, visit.world.kept_in_files, kind)


def _editable(visit: Visit, kind: str) -> ProtocolCase:
    """A protocol that the clinic may change; one kept in a file says so on its own page."""
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
    found = show_draft(visit.db, visit.world.protocols, draft_id, visit.now)
    return found if found is not None and found.draft.kind == kind else abort(404)


def _kept(visit: Visit, kind: str, words: str, *, mend_at: str) -> ResponseReturnValue:
    protocols = visit.world.protocols
    of = request.values.get("of", "")
    kept = draft_protocol(visit.db, protocols, kind, words, visit.person, visit.now, of=of)
    if not isinstance(checked(kept.text, kind), Protocol):
        return redirect(url_for(mend_at, kind=kind, of=kept.id), code=303)
    return redirect(url_for(".draft", kind=kind, draft_id=kept.id), code=303)


Checked = Protocol | tuple[Mistake, ...]


@dataclass(frozen=True, slots=True)
class LimitsRow:
    """One concern: the keys of its limits by level, and that of its window."""

    concern: str
    path: str
    limits: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A sign that may be asked for; `spare` when only the shipped protocol asks."""

    path: str
    spare: str | None


@dataclass(frozen=True, slots=True)
class CareRows:
    """The lines under one heading; `lines` are their keys, empty ones for more at the end."""

    heading: str
    path: str
    lines: tuple[str, ...]
    count: int
    is_open: bool


@dataclass(frozen=True, slots=True)
class ProtocolFormPage:
    """The form; `values` by dotted key, `wrong` what is wrong by the same keys."""

    template: ClassVar[str] = "protocol_form.html"
    place: ClassVar[str] = "clinic"

    kind: str
    protocol: str
    based_on: str
    values: Mapping[str, str]
    wrong: Mapping[str, str]
    elsewhere: tuple[Mistake, ...]
    limits: tuple[LimitsRow, ...]
    questions: tuple[Question, ...]
    care: tuple[CareRows, ...]

    @property
    def title(self) -> str:
        """The page's name."""
        return f"Change {self.protocol}"


@dataclass(frozen=True, slots=True)
class ProtocolTextPage:
    """The whole text, and what is wrong with it by line."""

    template: ClassVar[str] = "protocol_text.html"
    place: ClassVar[str] = "clinic"

    kind: str
    protocol: str
    based_on: str
    text: str
    mistakes: tuple[tuple[Mistake, str], ...]

    @property
    def title(self) -> str:
        """The page's name."""
        return f"Change the text of {self.protocol}"


def form_page(
    case: ProtocolCase, name: str, values: Mapping[str, str], found: Checked
) -> ProtocolFormPage:
    """The form for a text of this name."""
    mistakes = () if isinstance(found, Protocol) else found
    keys = _keys(values)
    placed = {mistake: mistake.key.replace(".from_day", ".days") for mistake in mistakes}
    here = [mistake for mistake in mistakes if placed[mistake] in keys]
    return ProtocolFormPage(
        kind=case.protocol.kind,
        protocol=case.protocol.title,
        based_on=name,
        values=values,
        wrong={placed[mistake]: mistake.remedy for mistake in here},
        elsewhere=tuple(mistake for mistake in mistakes if mistake not in here),
        limits=tuple(_limits(str(concern), concern.words) for concern in JUDGED),
        questions=(*_asked(values), *_spare(values, case.shipped)),
        care=tuple(
            _care(heading, values, [placed[mistake] for mistake in here]) for heading in Heading
        ),
    )


def text_page(case: ProtocolCase, name: str, text: str, found: Checked) -> ProtocolTextPage:
    """The text of this name, each mistake with its line."""
    mistakes, lines = () if isinstance(found, Protocol) else found, text.splitlines()
    return ProtocolTextPage(
        kind=case.protocol.kind,
        protocol=case.protocol.title,
        based_on=name,
        text=text,
        mistakes=tuple((mistake, _line(lines, mistake.line)) for mistake in mistakes),
    )


def _keys(values: Mapping[str, str]) -> set[str]:
    """Every key that has a place in the form: of fields, and of their groups."""
    keys = {"check_in", *(f"aftercare.{heading}" for heading in Heading)}
    for key in values:
        parts = key.removesuffix(".first").removesuffix(".last").split(".")
        keys |= {".".join(parts[:length]) for length in range(2, len(parts) + 1)}
        keys.add(key)
    return keys


def _limits(name: str, words: str) -> LimitsRow:
    path = f"concerns.{name}"
    limits = tuple((LEVELS[level].name, f"{path}.limits.{level}") for level in Level)
    return LimitsRow(words, path, limits)


def _asked(values: Mapping[str, str]) -> tuple[Question, ...]:
    paths = [key.removesuffix(".asked") for key in values if key.endswith(".asked")]
    return tuple(Question(path, None) for path in paths)


def _spare(values: Mapping[str, str], shipped: Protocol | None) -> tuple[Question, ...]:
    asked = {value for key, value in values.items() if key.endswith(".sign")}
    return tuple(
        Question(f"check_in.{question.sign}", question.question)
        for question in (shipped.check_in if shipped is not None else ())
        if question.sign not in asked
    )


def _care(heading: Heading, values: Mapping[str, str], wrong: Sequence[str]) -> CareRows:
    path = f"aftercare.{heading}"
    count = sum(key.startswith(f"{path}[") and key.endswith(".line") for key in values)
    numbers = range(1, count + NEW_LINES + 1)
    return CareRows(
        heading=HEADINGS[heading],
        path=path,
        lines=tuple(f"{path}[{number}]" for number in numbers),
        count=count,
        is_open=any(key.startswith(path) for key in wrong),
    )


def _line(lines: Sequence[str], number: int | None) -> str:
    return lines[number - 1].strip() if number is not None and number <= len(lines) else ""
