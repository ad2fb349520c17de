import json
from datetime import UTC, datetime

from sqlite_utils import Database

from tests.conftest import Cast
from tracker.domain.course.check_ins import Answers, CheckIn, Trend
from tracker.storage.connection import writing
from tracker.storage.course import check_ins

AT = datetime(2026, 3, 4, 8, tzinfo=UTC)
# The form of every check-in from before an answer could be left out.
OLD = (
    '{"pain": 0, "itch": 3, "swelling": 2, "warmth": false, "pus": true, "blisters": false, '
    '"spreading": false, "fever": false, "breathing_or_face_swelling": false, "dusky": null, '
    '"tingling": null, "hives": false, "hardness": null, "new_product": false, "sun": false, '
    '"make_up": null, "trend": "worse", "note": "hot"}'
)


def test_a_check_in_from_before_answers_could_be_left_out_reads_back_the_same(
    db: Database, cast: Cast
) -> None:
    given = CheckIn("c", cast.treatment.id, cast.alice.id, AT, Answers(), received_at=AT)
    with writing(db):
        check_ins.insert(db, given)
        db.execute("UPDATE check_ins SET answers = ?", [OLD])
    (read,) = check_ins.of_treatment(db, cast.treatment.id)
    told = {name: getattr(read.answers, name) for name in json.loads(OLD)}
    assert told == json.loads(OLD)
    assert read.answers.trend is Trend.WORSE


def test_what_was_not_answered_is_stored_as_not_answered(db: Database, cast: Cast) -> None:
    answers = Answers(breathing_or_face_swelling=True)
    given = CheckIn("c", cast.treatment.id, cast.alice.id, AT, answers, received_at=AT)
    with writing(db):
        check_ins.insert(db, given)
    assert check_ins.of_treatment(db, cast.treatment.id) == [given]
