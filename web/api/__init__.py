"""The HTTP API for programs, version 1; see API.md.

`operations.py` serves, guards and documents; `shapes.py` holds the types; the operations are in the
modules of what they do. No page and no cookie is involved, and every action is that of the pages.
"""

from web.api import routes
from web.api.calls import init_app
from web.api.operations import blueprint

__all__ = ["blueprint", "init_app", "routes"]
