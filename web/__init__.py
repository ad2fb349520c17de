"""HTTP and HTML in, actions out: no rule about skin and no SQL is here.

Where a line goes:

- `accounts/`: getting in, passkeys, invitations, preferences, absences;
- `patient/`: what a patient sees and sends;
- `desk/`: what a practitioner works with: work list, patients, alerts, comparison, treatments;
- `api/`: what programs read and send, see `api/API.md`;
- `clinic/`: people, hours, health, outcomes, audit log, templates, protocols;
- `charts/`: marks of charts as plain numbers and words; `words/`: kinds and times in words;
- here: the server, the session, security, typed text, forms that several areas read, errors, files.

An area imports no other area and offers its `blueprints`. In it `<thing>.py` holds the routes of
one thing with their pages. If both are long, `<thing>_pages.py` holds the data for the templates
and `<thing>_forms.py` reads the forms. A template is in the folder of the area that names it; a
template that several areas use is in `templates/`.

Each page about one patient asks `tracker.domain.people.access`; `tests/web/test_access.py` holds a
rule for every route.
"""

from collections.abc import Callable
from datetime import datetime

from flask import Flask

from tracker.world import World
from web import (
    accounts,
    api,
    app_shell,
    clinic,
    contact,
    desk,
    errors,
    home,
    languages,
    patient,
    security,
    session,
    typed,
)
from web.accounts import invitations
from web.desk import notes, patients

__all__ = ["create_app"]


def create_app(world: World, now: Callable[[], datetime]) -> Flask:
    """The pages of one clinic as a WSGI application. `now` returns the time, aware and in UTC."""
    app = Flask(__name__)
    security.configure(app, world.settings)
    session.init_app(app, world, now)  # before CSRF, whose check would parse a stranger's photo
    security.init_app(app, world.settings, without_cookies=api.blueprint)
    typed.init_app(app)
    languages.init_app(app)
    contact.init_app(app)
    patients.init_app(app)
    notes.init_app(app)
    invitations.init_app(app)
    areas = (accounts, patient, desk, clinic)
    for blueprint in (
        home.blueprint,
        app_shell.blueprint,
        api.blueprint,
        *(each for area in areas for each in area.blueprints),
    ):
        app.register_blueprint(blueprint)
    security.init_limits(app, world.settings)
    api.init_app(app)
    errors.init_app(app)
    return app
