"""Open what the config says that runs and locks are kept in. An edge: it looks keys up, and asks stores."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from groupsync.errors import BackendError, ConfigError
from groupsync.journal_git import GitStore
from groupsync.journal_sealing import SealError
from groupsync.journal_store import Delete, Replace, StoreError, StoreMovedError
from groupsync.secret_references import resolve_references
from groupsync.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from groupsync.config import Config
    from groupsync.journal_config import GitRef
    from groupsync.journal_sealing import Sealer
    from groupsync.journal_store import Store
    from groupsync.model import SourceRange

_ATTEMPTS = 10


def store_of(config: Config) -> Store | None:
    """Return what outlives the journal's folder; None where nothing does. Asks nobody."""
    return GitStore(config.root, config.store.remote, config.store.ref) if config.store else None


def slot_in_store(config: Config, name: str) -> StoreSlot | None:
    """Return a place in the store for what is replaced only as it was read; None where there is no store.

    Raises:
        ConfigError: as `sealer_of` raises it.
    """
    store = store_of(config)
    return StoreSlot(store, name, sealer_of(config.store, config.root)) if store and config.store else None


class StoreSlot:
    """A name in the store; satisfies `groupsync.lease.Slot`."""

    def __init__(self, store: Store, name: str, sealer: Sealer | None) -> None:
        """Prepare; asks nobody."""
        self.name = f"`{name}` in the journal's store"
        self.is_public = sealer is None
        self._store = store
        self._name = name
        self._sealer = sealer

    def read(self) -> bytes | None:
        """Ask what lies there; see `Slot.read`."""
        return self._read()[1]

    def change(self, decide: Callable[[bytes | None], bytes | None]) -> None:
        """Replace it, as often as others are first; see `Slot.change`."""
        for _ in range(_ATTEMPTS):
            version, before = self._read()
            after = decide(before)
            if after == before:
                return
            try:
                if after is None:
                    self._store.write([Delete(self._name, version or "")])
                else:
                    self._store.write([Replace(self._name, self._sealed(after), version)])
            except StoreMovedError:
                continue
            return
        raise self._overtaken()

    def clear(self) -> None:
        """Take it away, whoever sealed it; see `Slot.clear`."""
        for _ in range(_ATTEMPTS):
            with suppress(StoreMovedError):
                if version := self._store.names().get(self._name):
                    self._store.write([Delete(self._name, version)])
                return
        raise self._overtaken()

    def _overtaken(self) -> StoreError:
        return StoreError("The journal's store can't be written", f"{self.name}: others were first.", "Run again.")

    def _read(self) -> tuple[str | None, bytes | None]:
        version = self._store.names().get(self._name)
        if version is None:
            return None, None
        data = self._store.read({self._name: version})[self._name]
        try:
            return version, self._sealer.open(self._name, 1, data) if self._sealer else data
        except SealError as error:
            hint = "If it was written without a key, or with another one, break the lock: `groupsync lock break`."
            raise BackendError(f"{self.name} can't be read", str(error), hint) from error

    def _sealed(self, data: bytes) -> bytes:
        return self._sealer.seal(self._name, 1, data) if self._sealer else data


def sealer_of(ref: GitRef, root: Path) -> Sealer | None:
    """Return what encrypts for a ref; None where it has no key.

    Raises:
        ConfigError: a key is not there, or can't be one.
    """
    if not ref.keys:
        return None
    from groupsync.journal_sealing import Sealer

    try:
        return Sealer([_key(each, root, ref.at) for each in ref.keys])
    except ConfigError as error:
        error.at = ref.at
        raise


def _key(written: str, root: Path, at: SourceRange | None) -> str:
    match resolve_references(written, root):
        case Secret() as found:
            return found.reveal()
        case str() as found:
            return found
        case problems:
            raise ConfigError(f"`journal.key`: {problems[0].summary}", problems[0].detail, problems[0].hint, at=at)
