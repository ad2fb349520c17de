"""HTTP and HTML in, actions out: no rule about skin and no SQL lives here.

Where a line goes, by the end of a module's name:

- `<thing>.py`: the routes of one thing, as a blueprint: parse, allow, act, match, render;
- `<thing>_pages.py`: what its templates are given, frozen, made from what actions answer;
- `forms.py`, `<thing>_forms.py`: what was typed, read into values or into errors by field;
- `charts.py`, `plot_data.py`, `timeline.py`: marks of charts as plain numbers and words;
- `words.py`, `times.py`, `<thing>_words.py`: how a kind, a number or a moment is said;
- `session.py`, `security.py`, `serve.py`, `errors.py`: who asks, headers, server, mistakes;
- `templates/<name>.html` belongs to the page that names it, `templates/_<name>.html` to several;
- `static/`: `afterglow.css` for all, `desk.css` for the clinic, then a file a room; scripts add to
  pages that work without them.

Whoever opens a page about one patient passes `tracker.access`; `tests/web/test_access.py` holds
a rule for every route.
"""

from collections.abc import Callable
from datetime import datetime

from flask import Flask

from tracker.world import World
from web import (
    absences,
    addresses,
    alert_answers,
    app_shell,
    areas,
    audit,
    calling,
    care_lines,
    care_team,
    clinic,
    comparison,
    conversation,
    errors,
    home,
    home_care,
    invitations,
    kept,
    languages,
    notes,
    openings,
    own_data,
    passkeys,
    patient,
    pictures,
    practitioner,
    preferences,
    protocol_editor,
    replies,
    security,
    session,
    sign_in,
    staff,
    treatments,
    worklist,
)

__all__ = ["create_app"]


def create_app(world: World, now: Callable[[], datetime]) -> Flask:
    """The pages of one clinic as a WSGI application. `now` tells the time, aware and in UTC."""
    app = Flask(__name__)
    security.configure(app, world.settings)
    session.begin(app, world, now)  # before CSRF, whose check would parse a stranger's photo
    security.protect(app, world.settings)
    languages.speak(app)
    calling.tell(app)
    openings.watch(app)
    notes.tell(app)
    for blueprint in (
        sign_in.blueprint,
        home.blueprint,
        app_shell.blueprint,
        patient.blueprint,
        own_data.blueprint,
        conversation.blueprint,
        home_care.blueprint,
        addresses.blueprint,
        practitioner.blueprint,
        worklist.blueprint,
        alert_answers.blueprint,
        absences.blueprint,
        clinic.blueprint,
        staff.blueprint,
        audit.blueprint,
        care_team.blueprint,
        comparison.blueprint,
        treatments.blueprint,
        areas.blueprint,
        care_lines.blueprint,
        invitations.blueprint,
        notes.blueprint,
        passkeys.blueprint,
        pictures.blueprint,
        kept.blueprint,
        preferences.blueprint,
        protocol_editor.blueprint,
        replies.blueprint,
    ):
        app.register_blueprint(blueprint)
    security.limit_sign_in(app, world.settings)
    errors.show_in_style(app)
    return app
