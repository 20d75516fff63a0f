"""What a person reads on a terminal: the door to the rooms that write it."""

from __future__ import annotations

from groupsync.report.drift_text import render_drift
from groupsync.report.outcome_text import render_report
from groupsync.report.plan_text import iter_plan, render_plan
from groupsync.report.show import Sides, Status, render_show

__all__ = ["Sides", "Status", "iter_plan", "render_drift", "render_plan", "render_report", "render_show"]
