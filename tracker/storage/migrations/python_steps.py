"""What some steps do to data in Python, around their SQL file of the same number and name."""

import json
from collections.abc import Callable
from uuid import uuid5

from sqlite_utils import Database

from tracker.domain.mail.mails import CAUSES


def step_0010_mail_kinds(db: Database, run_file: Callable[[Database], None]) -> None:
    """Every earlier mail was about one urgent alert, which is the cause its id comes from."""
    old = list(db.query("SELECT * FROM messages"))
    run_file(db)
    for row in old:
        alert_id = row.pop("alert_id")
        cause = f"urgent:{alert_id}:{row['created_at']}:{row['recipient_id']}"
        id_of_cause = uuid5(CAUSES, cause).hex
        db.table("messages").insert(
            row
            | {"id": id_of_cause, "kind": "urgent", "cause": cause}
            | {"alert_ids": json.dumps([alert_id])}
        )
