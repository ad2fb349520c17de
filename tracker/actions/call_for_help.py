"""Tell the clinic that a patient whose answers cannot be kept needs help."""

from datetime import datetime
from hashlib import sha256

from sqlite_utils import Database

from tracker.check_ins import Answers
from tracker.conversation import Remark
from tracker.messages import help_mail
from tracker.people import Person, in_turn
from tracker.storage import absences, consents, conversation, messages
from tracker.storage.columns import new_id
from tracker.storage.connection import writing
from tracker.telling_words import complaints_words

CALL_ME = (
    "Afterglow writes this for me: I reported a warning sign or asked for help in the check-in,"
    " but my answers could not be kept there. Please call me."
)


def call_for_help(db: Database, patient: Person, answers: Answers, now: datetime) -> bool:
    """Write it into the patient's conversation, with an urgent mail to each person who answers.

    Says whether there is anybody to tell. The same call within an hour is kept once. Without
    consent to care no answer is kept, only that the patient asks to be called.
    """
    team = absences.answering_on_duty(db, patient.id, now)
    team = team or absences.caring_on_duty(db, patient.id, now)
    if not team:
        return False
    may_keep = consents.care_withdrawn_at(db, patient.id) is None
    said = complaints_words(answers) if may_keep else ""
    text = f"{CALL_ME} {said}".strip()
    key = sha256(f"{patient.id} {now:%Y-%m-%dT%H} {text}".encode()).hexdigest()[:32]
    remark = Remark(new_id(), patient.id, patient.id, patient.name, now, text, has_photo=False)
    with writing(db):
        if not conversation.is_known(db, patient.id, key):
            conversation.insert(db, remark, key)
            for reader in in_turn(team, asked=0):
                messages.insert(db, help_mail(remark, reader, now))
    return True
