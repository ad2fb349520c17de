"""Message templates: one row for each version, of the clinic's own and of changed shipped ones."""

from datetime import datetime
from typing import Any

from sqlite_utils import Database

from tracker.domain.alerts.alerts import Concern
from tracker.domain.talk.reply_templates import SHIPPED, ReplyTemplate, ReplyText, ReplyVersion
from tracker.storage.columns import names_text, read_names, read_time, time_text


def add_version(
    db: Database,
    template_id: str,
    says: ReplyText,
    author_id: str,
    at: datetime,
    *,
    withdrawn: bool = False,
) -> None:
    """Add the next version of a template, or its first."""
    db.table("reply_templates").insert(
        {
            "id": template_id,
            "title": says.title,
            "text": says.text,
            "concerns": names_text(sorted(says.concerns)),
            "author_id": author_id,
            "at": time_text(at),
            "withdrawn": int(withdrawn),
        }
    )


def get(db: Database, template_id: str) -> ReplyTemplate | None:
    """The template with this id, shipped or written."""
    return next((each for each in all_of(db) if each.id == template_id), None)


def all_of(db: Database) -> list[ReplyTemplate]:
    """Every template, withdrawn ones too: the shipped ones first, then in the order written."""
    versions: dict[str, list[ReplyVersion]] = {template_id: [] for template_id in SHIPPED}
    sql = """SELECT reply_templates.*, name FROM reply_templates
             JOIN people ON people.id = author_id ORDER BY version"""
    for row in db.query(sql):
        versions.setdefault(row["id"], []).append(_version(row))
    return [
        ReplyTemplate(template_id, SHIPPED.get(template_id), tuple(known))
        for template_id, known in versions.items()
    ]


def _version(row: dict[str, Any]) -> ReplyVersion:
    concerns = frozenset(Concern(name) for name in read_names(row["concerns"]))
    return ReplyVersion(
        number=row["version"],
        says=ReplyText(row["title"], row["text"], concerns),
        author=row["name"],
        at=read_time(row["at"]),
        is_withdrawn=bool(row["withdrawn"]),
    )
