"""What some steps do to data in Python, around their SQL file of the same number and name."""

import hashlib
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


def step_0048_audit_chain(db: Database, run_file: Callable[[Database], None]) -> None:
    """Every entry of before gets its place in the chain, as new ones do."""
    run_file(db)
    previous = ""
    for row in list(db.query("SELECT * FROM audit_log ORDER BY id")):
        parts = [row[name] for name in ("id", "act", "at", "by_id", "about_id", "details")]
        text = json.dumps([previous, *parts], ensure_ascii=False)
        previous = hashlib.sha256(text.encode()).hexdigest()
        db.execute("UPDATE audit_log SET digest = ? WHERE id = ?", [previous, row["id"]])
