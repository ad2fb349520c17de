"""The disk under the data folder."""

import shutil
from pathlib import Path


def free_bytes(folder: Path) -> int:
    """How many bytes can still be written."""
    return shutil.disk_usage(folder).free


def database_bytes(database: Path) -> int:
    """The size of the database with its write-ahead log."""
    log = database.with_name(f"{database.name}-wal")
    return sum(file.stat().st_size for file in (database, log) if file.exists())
