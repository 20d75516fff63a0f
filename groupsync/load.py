"""Read what the user wrote: find the files, parse them, check them, and hand on definitions."""

from __future__ import annotations

from groupsync.document import Document
from groupsync.yaml_events import parse_yaml, parser_name

__all__ = ["Document", "parse_yaml", "parser_name"]
