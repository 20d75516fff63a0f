"""A plan, what moved on the targets, or what an apply did, as one HTML page that needs nothing else.

Nothing of the data is markup: the template escapes all of it, and the script reads it from a block of JSON and sets it
as text. The page's policy lets our own style and script run, by their digests, and nothing else: no request leaves it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from groupsync.errors import GroupsyncError
from groupsync.report.html_data import drift_page, plan_page
from groupsync.report.html_outcome import report_page
from groupsync.report.html_rows import row_record

if TYPE_CHECKING:
    from jinja2 import Environment

    from groupsync.model import Plan, Report
    from groupsync.report.html_data import Page

STATIC_GROUPS: Final = 200
STATIC_NAMES: Final = 2_000
"""Up to how many groups and names the page shows without its script."""
_DANGEROUS: Final = {ord(each): f"\\u{ord(each):04x}" for each in "<>&\u2028\u2029"}
_TICKS: Final = re.compile(r"`([^`]+)`")
"""What stands between backticks is code; a backtick that is alone is one."""


def render_plan_html(plan: Plan) -> str:
    """Return the page of a plan.

    Raises:
        GroupsyncError: Jinja2 is missing.
    """
    return _render(plan_page(plan))


def render_drift_html(plan: Plan) -> str:
    """Return the page of the groups that drifted or have an edit pending; raises as `render_plan_html` does."""
    return _render(drift_page(plan))


def render_report_html(report: Report, plan: Plan) -> str:
    """Return the page of what an apply of `plan` did; raises as `render_plan_html` does."""
    return _render(report_page(report, plan))


def island(value: object) -> str:
    """Return JSON that can stand in a `script` element: nothing in it ends the element or opens another."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_DANGEROUS)


@cache
def page_environment() -> Environment:
    """Return what makes pages of our templates: everything is escaped, and what is not there is an error.

    Raises:
        GroupsyncError: Jinja2 is missing.
    """
    try:
        from jinja2 import Environment, FunctionLoader, StrictUndefined
        from markupsafe import Markup
    except ImportError as error:
        hint = "Install it: `pip install 'groupsync[report]'`."
        raise GroupsyncError("A page in HTML needs Jinja2, which is not installed", str(error), hint) from error
    made = Environment(
        autoescape=True, undefined=StrictUndefined, loader=FunctionLoader(_asset), trim_blocks=True, lstrip_blocks=True
    )
    made.globals.update(
        digest_of=_digest_of,
        asset=lambda name: Markup(_asset(name)),  # noqa: S704 -- our own asset
        island=lambda value: Markup(island(value)),  # noqa: S704 -- escaped by `island`
    )
    made.filters["number"] = "{:,}".format
    made.filters["ticked"] = lambda text: Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else part for place, part in enumerate(_TICKS.split(text))
    )
    return made


def _render(page: Page) -> str:
    data = {
        "kind": page.kind,
        "people": page.names,
        "sides": page.sides,
        "groups": [row_record(row) for row in page.rows],
    }
    shown = replace(page, rows=page.rows[:STATIC_GROUPS])
    names = page.names if len(page.names) <= STATIC_NAMES else ()
    template = page_environment().get_template("plan.html.j2")
    return template.render(page=shown, names=names, more_groups=len(page.rows) - len(shown.rows), data=data)


@cache
def _asset(name: str) -> str:
    return files("groupsync.report").joinpath("assets", name).read_text(encoding="utf-8")


def _digest_of(name: str) -> str:
    digest = hashlib.sha256(_asset(name).encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
