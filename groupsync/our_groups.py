"""Which groups this project made or changed on its targets, as the journal tells. An edge: it reads the journal.

On a target that can't hold marks nothing else tells a group of ours from one that was there before.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from groupsync.errors import ConfigError
from groupsync.journal_read import is_run_of, read_run, run_ids, same_store
from groupsync.model import Action, Outcome, RunKind

if TYPE_CHECKING:
    from pathlib import Path

    from groupsync.config_identity import ConfigId
    from groupsync.model import RunEntry

_NOTHING_WRITTEN: Final = frozenset({Outcome.REFUSED, Outcome.NOT_TRIED, Outcome.STALE, Outcome.FAILED})
_GONE: Final = frozenset({Action.DELETE, Action.FORGET})


def groups_of_ours(folder: Path, config: ConfigId, target: str, store: str) -> frozenset[str]:
    """Return the names of the groups on a target that runs wrote, as they are called now.

    What can't be read of the journal counts for nothing, and what may have been written into it by others proves
    nothing, see `Run.withheld`: then consent is asked for.

    Args:
        folder: the journal.
        config: whose runs: see `Config.id`.
        target: its name.
        store: which store it is now; what was written to another one is not there.
    """
    names: set[str] = set()
    adopted: dict[str, set[str]] = {}
    for run_id in run_ids(folder):
        with suppress(ConfigError):
            run = read_run(folder, run_id)
            if run is None or not is_run_of(run, config) or not same_store(dict(run.identities).get(target, ""), store):
                continue
            for entry in run.entries:
                if entry.target != target or not _wrote(entry):
                    continue
                is_proven = entry.name in names or not run.withheld
                names.discard(entry.prior_name or entry.name)
                if entry.action is Action.ADOPT:
                    adopted.setdefault(run_id, set()).add(entry.name)
                is_given_back = run.kind is RunKind.UNDO and entry.name in adopted.get(run.of, ())
                is_ours = is_proven and entry.action not in _GONE and not is_given_back
                names.update((entry.name,) if is_ours else ())
    return frozenset(names)


def _wrote(entry: RunEntry) -> bool:
    """Tell whether a change wrote something. What was begun, and of which nothing more is known, may have."""
    return entry.outcome not in _NOTHING_WRITTEN or entry.steps > 0
