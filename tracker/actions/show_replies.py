"""The templates of messages to patients."""

from sqlite_utils import Database

from tracker.reply_templates import ReplyTemplate
from tracker.storage import reply_templates


def show_replies(db: Database) -> list[ReplyTemplate]:
    """Every template, withdrawn ones too; the shipped ones first."""
    return reply_templates.all_of(db)
