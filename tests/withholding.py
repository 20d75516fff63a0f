"""Make of a journal what a store without a key keeps of it."""

from __future__ import annotations

import json

from groupsync.journal_read import plan_path, run_ids
from groupsync.journal_withheld import planned, withheld
from groupsync.planfile import read_plan


def withhold(folder, *runs):
    """Keep of some runs of the journal in a folder, of all where none is named, what may be told without a key."""
    for run in runs or run_ids(folder):
        path, plan = folder / "runs" / f"{run}.jsonl", plan_path(folder, run)
        header, *records = [withheld(json.loads(line)) for line in path.read_text().splitlines()]
        changes = planned(read_plan(plan)) if plan.exists() else ()
        lines = (json.dumps(record, separators=(",", ":")) for record in (header, *changes, *records))
        path.write_text("".join(f"{line}\n" for line in lines))
        plan.unlink(missing_ok=True)
