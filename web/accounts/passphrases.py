"""How good a passphrase is, while it is being typed."""

from collections.abc import Mapping

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from tracker.wires.passphrases import Strength, strength
from web.forms import sentence

LONGEST = 1000  # what the fields take
ABOUT = ("email", "name")  # what others know
WORDS: Mapping[Strength, str] = {
    Strength.EASY: "Easy to guess. Add a word that does not belong to the others.",
    Strength.GOOD: "Good.",
    Strength.STRONG: "Very good.",
}

blueprint = Blueprint("passphrases", __name__)


@blueprint.post("/passphrase-strength")
def tell() -> ResponseReturnValue:
    """What the form would say about this passphrase, as JSON; nothing is kept.

    It is judged here and not in the browser, so that the meter and the form never disagree.
    """
    typed, *about = (request.form.get(name, "")[:LONGEST] for name in ("passphrase", *ABOUT))
    try:
        found = strength(typed, *about)
    except ValueError as trouble:
        return jsonify(value=0, words=sentence(str(trouble)))
    return jsonify(value=found, words=WORDS[found])
