"""HTTP and HTML in, actions out: no rule about skin and no SQL lives here."""

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
