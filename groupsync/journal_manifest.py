"""Name in a store with a key what it holds, so that what somebody takes out without the key is missed. An edge.

`manifest` is a sealed file that names every run, plan and ledger with its version. Each write puts it there anew, in
the same go, once the one before was held against what is there; so a store that differs from its manifest was changed
by somebody who can't seal. It does not tell that the whole store was put back to what it was at some earlier moment.

A store that an earlier groupsync filled has none, until something is written. From then on lines are sealed in a form
that says so (`Sealer`), so that nobody can make one of it that needs no manifest, but for what it held before.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from groupsync.journal_sealing import SealError, is_listed
from groupsync.journal_store import Replace, StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groupsync.journal_sealing import Sealer
    from groupsync.journal_store import Store

MANIFEST: Final = "manifest"
MIRRORED: Final = re.compile(
    r"runs/\d{8}T\d{6}Z-[0-9a-f]{8}(?:\.jsonl|\.plan)|ledgers/[A-Za-z0-9_~%-][A-Za-z0-9_~%.-]*"
)
"""Names of what is mirrored. Whatever else a store holds is somebody else's, and never becomes a path."""
ALTERED: Final = (
    "If it was altered, find out who could push there. Deleting the ref forgets all runs that no folder has, and "
    "guards that compare with one then refuse or warn."
)


class Manifest:
    """What a store with a key says of itself."""

    def __init__(self, store: Store, place: str, sealer: Sealer) -> None:
        """Prepare; asks nobody.

        Args:
            store: that it is of.
            place: names the store for people.
            sealer: with the key.
        """
        self._store = store
        self._place = place
        self._sealer = sealer

    def check(self, held: Mapping[str, str]) -> None:
        """Refuse a store that does not hold just what its manifest names.

        Args:
            held: versions of all that it holds, by name.

        Raises:
            StoreError: something was taken out, cut, put back or added; or the manifest is gone, or can't be read.
        """
        there = mirrored(held)
        if MANIFEST not in held:
            lines = [name for name in there if not name.endswith(".plan")]  # no plan is there without its run
            if any(map(is_listed, self._store.read({name: held[name] for name in lines}).values())):
                raise self._refused("its manifest is gone, which names all that is there")
            return
        try:
            named = json.loads(self._sealer.open_all(MANIFEST, self._store.read({MANIFEST: held[MANIFEST]})[MANIFEST]))
        except SealError as error:
            raise StoreError(
                f"`{MANIFEST}` in the journal's store can't be read",
                f"{self._place}: {error}.",
                f"Add the key that it was written with to `journal.key`. {ALTERED}",
            ) from error
        if named != there:
            raise self._refused(", ".join(_differences(named, there)))

    def edit(self, held: Mapping[str, str], after: Mapping[str, str]) -> Replace:
        """Return the edit that names what the store holds after others; see `Store.write`.

        Raises:
            StoreError: see `check`. What somebody else did there is not to be sealed as if it were ours.
        """
        self.check(held)
        text = json.dumps(mirrored(after), sort_keys=True, separators=(",", ":"))
        return Replace(MANIFEST, self._sealer.seal_all(MANIFEST, text.encode()), held.get(MANIFEST))

    def _refused(self, how: str) -> StoreError:
        return StoreError("The journal's store is not as groupsync left it", f"{self._place}: {how}.", ALTERED)


def mirrored(held: Mapping[str, str]) -> dict[str, str]:
    """Return of what a store holds all that is ours, but for locks."""
    return {name: version for name, version in held.items() if MIRRORED.fullmatch(name)}


def _differences(named: Mapping[str, str], there: Mapping[str, str]) -> list[str]:
    names = (
        ("is gone", sorted(named.keys() - there.keys())),
        ("is not the one of then", sorted(name for name in named.keys() & there.keys() if named[name] != there[name])),
        ("was put there", sorted(there.keys() - named.keys())),
    )
    return [f"`{found[0]}` {how}{_and_more(len(found) - 1)}" for how, found in names if found]


def _and_more(count: int) -> str:
    return f" (and so {'is 1 more' if count == 1 else f'are {count:,} more'})" if count else ""
