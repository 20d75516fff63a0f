"""Keep the journal's folder and a store that outlives it alike. An edge: it reads and writes both.

Everything is read in the folder. What the store has is fetched into it, and what runs write down there is sent: a run's
file is only ever added to, a plan is written once, a ledger replaced. `groupsync.journal_index` knows of which state of
the store each file is, and how much of it was sent. Where the two differ the store decides; what was not sent yet is
kept, and sent with the next run.

With a key everything is sealed, and named by a manifest. Without one a plan is not sent at all, and of a run what names
nobody.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from groupsync import disk
from groupsync.errors import ConfigError
from groupsync.journal_folder import WRITABLE, make_folder
from groupsync.journal_index import Sent, read_index, write_index
from groupsync.journal_manifest import ALTERED, MIRRORED, Manifest, mirrored
from groupsync.journal_read import PLAN_ENDING, RUN_ENDING
from groupsync.journal_sealing import SealError, is_sealed
from groupsync.journal_store import Append, Delete, Replace, StoreError
from groupsync.journal_stores import sealer_of, store_of
from groupsync.journal_withheld import planned, withheld
from groupsync.planfile import read_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from groupsync.config import Config
    from groupsync.journal_sealing import Sealer
    from groupsync.journal_store import Edit, Store

LEDGERS: Final = "ledgers"
_PLANNED: Final = b'{"record":"planned"'
_CHUNK_BYTES: Final = 4 << 20


class Mirror:
    """The journal's folder beside a store. Safe to use from several threads and processes."""

    def __init__(self, folder: Path, root: Path, store: Store, place: str, sealer: Sealer | None = None) -> None:
        """Prepare; reads and asks nothing.

        Args:
            folder: of the journal.
            root: of the project.
            store: what outlives the folder.
            place: names the store for people.
            sealer: encrypts; None where there is no key.
        """
        self._folder = folder
        self._root = root
        self._store = store
        self._place = place
        self._sealer = sealer
        self._manifest = Manifest(store, place, sealer) if sealer else None

    @cached_property
    def _state(self) -> str:
        """What the index is of. Where there is another key now, all is fetched once more, and so found out."""
        place = self._store.place()
        return f"{place}, {self._sealer.key_id}" if self._sealer else place

    @classmethod
    def of(cls, config: Config) -> Mirror | None:
        """Return the mirror of the store that the config names; None where there is none. Asks nobody.

        Raises:
            ConfigError: a key is not there, or can't be one.
        """
        store = store_of(config)
        if store is None or config.store is None:
            return None
        place = f"{config.store.ref} of {config.store.remote}"
        return cls(config.journal, config.root, store, place, sealer_of(config.store, config.root))

    @property
    def keeps_names(self) -> bool:
        """Whether the store has the plans of runs, so that any clone can go on with one or take it back."""
        return self._sealer is not None

    def fetch(self) -> frozenset[str]:
        """Bring the folder to the state of the store.

        Returns:
            Ids of runs that the store had, and not any more, though they are newer than all that it has: others forget
            the oldest alone. They are kept here, and sent again.

        Raises:
            StoreError: the store can't be read, or has what was not written with one of our keys.
            ConfigError: the folder can't be read or written.
        """
        with self._guarded():
            everything = self._store.names()
            held = mirrored(everything)
            sent = read_index(self._folder, self._state)
            sizes = self._sizes()
            news = {
                name: version
                for name, version in held.items()
                if name not in sent or sent[name].version != version or sizes.get(name, 0) < sent[name].size_bytes
            }
            data = self._store.read(news) if news else {}
            self._check_forms(data)
            # A plan comes before its run, so that no run is without its plan.
            opened = {name: self._opened(name, data[name]) for name in sorted(news, reverse=True)}
            if self._manifest:
                self._manifest.check(everything)
            for name, plain in opened.items():
                size = self._keep(name, plain)
                sent[name] = Sent(held[name], size, _sealed_lines(data[name]), _digest(name, plain))
            gone = sent.keys() - held.keys()
            newest = max(_runs_in(held), default="")
            lost = {name for name in gone if run_of(name) > newest or sizes.get(name, 0) > sent[name].size_bytes}
            for name in gone - lost:
                self._remove(name)
            sent = {name: each for name, each in sent.items() if name in held}
            if news or gone:
                write_index(self._folder, self._state, sent)
            return _runs_in(lost)

    def send(self, *, forgotten: Iterable[str] = (), check: Callable[[Collection[str]], object] | None = None) -> None:
        """Send what was written down in the folder since.

        Args:
            forgotten: ids of runs whose files are gone here, and go there, too.
            check: is given the ids of the runs that the store has right before; what it raises is raised, and nothing
                is sent.

        Raises:
            StoreError: it could not be sent, or nobody knows.
            ConfigError: the folder can't be read or written.
        """
        with self._guarded():
            sent = read_index(self._folder, self._state)
            gone = {name for name in sent if run_of(name) in set(forgotten)}
            edits: list[Edit] = [Delete(name, sent[name].version) for name in sorted(gone)]
            after = {name: each for name, each in sent.items() if name not in gone}
            for name in self._unsent(after):
                edit, after[name] = self._edit(name, after.get(name, Sent()))
                edits.append(edit)
            if edits:
                ours = check and (lambda names: check(_runs_in(names)))
                versions = self._store.write(edits, check=ours, also=self._manifest.edit if self._manifest else None)
                after |= {name: replace(after[name], version=version) for name, version in versions.items()}
                write_index(self._folder, self._state, after)

    # --- What goes there ----------------------------------------------------------------------------------------------

    def _unsent(self, sent: Mapping[str, Sent]) -> list[str]:
        """Return the files of which the store has not everything, in our form; plans before their runs."""
        sizes = self._sizes()
        runs = [name for name, size in sizes.items() if name.startswith("runs/") and name.endswith(RUN_ENDING) and size]
        ledgers = [name for name in sizes if name.startswith(LEDGERS) and self._sealer]
        changed = [name for name in ledgers if self._digest_of(name) != sent.get(name, Sent()).digest]
        files = [*((f"runs/{run_of(name)}{PLAN_ENDING}" for name in runs) if self._sealer else ()), *runs]
        return changed + [name for name in files if sizes.get(name, 0) > (sent[name].size_bytes if name in sent else 0)]

    def _edit(self, name: str, sent: Sent) -> tuple[Edit, Sent]:
        data = disk.read_file(self._folder / name)
        data = data[: data.rfind(b"\n") + 1]
        if self._sealer is None:
            return Append(name, self._withheld(name, data, sent.size_bytes), sent.version or None), Sent("", len(data))
        if _is_whole(name) or not sent.lines:
            whole = self._sealer.seal_all(name, data) if _is_whole(name) else _sealed(self._sealer, name, data)
            after = Sent("", len(data), _sealed_lines(whole), _digest(name, data))
            return Replace(name, whole, sent.version or None), after
        tail = _sealed(self._sealer, name, data[sent.size_bytes :], sent.lines)
        return Append(name, tail, sent.version or None), Sent("", len(data), sent.lines + _sealed_lines(tail))

    def _withheld(self, name: str, data: bytes, before: int = 0) -> bytes:
        """Return what of a run's file, from a byte on, names nobody; behind its header stands what was planned."""
        records = [withheld(json.loads(line)) for line in data[before:].splitlines()]
        if not before and self._plan_of(name).exists():
            records[1:1] = planned(read_plan(self._plan_of(name)))
        return b"".join(json.dumps(record, separators=(",", ":")).encode() + b"\n" for record in records)

    # --- What comes from there ----------------------------------------------------------------------------------------

    def _check_forms(self, data: Mapping[str, bytes]) -> None:
        """Refuse what is sealed where there is no key, and what is not where there is one."""
        sealed = [name for name in data if is_sealed(data[name])]
        if sealed and self._sealer is None:
            raise StoreError(
                "The journal's store is encrypted, and the config has no key for it",
                f"{self._place}: {len(sealed):,} of its files are.",
                "Give `journal.key` in the config the key that they were written with.",
            )
        for name, each in data.items():
            if self._sealer and not is_sealed(each):
                raise StoreError(
                    f"`{name}` in the journal's store is not encrypted, and the config has a key",
                    f"{self._place}: with a key nothing else is believed.",
                    "If runs were kept without a key until now, delete the ref; the next apply from a folder that has "
                    "them sends them encrypted. If not, find out who could push there.",
                )
            if not self._sealer and not _is_withheld(name, each):
                raise StoreError(
                    f"`{name}` in the journal's store is not as groupsync writes it",
                    f"{self._place}: it does not say that people are left out of it.",
                    ALTERED,
                )

    def _opened(self, name: str, data: bytes) -> bytes:
        if self._sealer is None or not is_sealed(data):
            return data
        try:
            if _is_whole(name):
                return self._sealer.open_all(name, data)
            lines = data.splitlines(keepends=True)
            return b"".join(self._sealer.open(name, number, line) for number, line in enumerate(lines, 1))
        except SealError as error:
            raise StoreError(
                f"`{name}` in the journal's store can't be read",
                f"{self._place}: {error}.",
                f"Add the key that it was written with to `journal.key`. {ALTERED}",
            ) from error

    def _keep(self, name: str, plain: bytes) -> int:
        """Bring a file of the store here; return how much of the one that is here makes what the store has of it."""
        size = self._size_of(name, plain)
        if size is not None:
            return size
        make_folder(self._folder, self._root, name.partition("/")[0])
        disk.write_atomically(self._folder / name, plain)
        (self._folder / name).chmod(0o600)
        return len(plain)

    def _size_of(self, name: str, plain: bytes) -> int | None:
        """Return how much of a file that is here makes what the store has of it; None where it does not.

        What was added since is kept then: the run may be going on, or could not be sent to its end.
        """
        try:
            here = disk.read_file(self._folder / name)
        except FileNotFoundError:
            return None
        if here.startswith(plain):
            return len(plain)
        if not _is_withheld(name, plain):
            return None
        lines = here.splitlines(keepends=True)[: len(plain.splitlines()) - plain.count(_PLANNED)]
        size = sum(map(len, lines))
        return size if self._withheld(name, here[:size]) == plain else None

    def _plan_of(self, name: str) -> Path:
        return self._folder / "runs" / f"{run_of(name)}{PLAN_ENDING}"

    # --- The folder ---------------------------------------------------------------------------------------------------

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        runs = make_folder(self._folder, self._root, "runs")
        try:
            with disk.guard(runs, exclusive=True):
                yield
        except OSError as error:
            detail = f"{error.filename or runs}: {error.strerror or error}"
            raise ConfigError("The journal's folder can't be read or written", detail, WRITABLE) from error

    def _sizes(self) -> dict[str, int]:
        sizes: dict[str, int] = {}
        for folder in ("runs", LEDGERS):
            with suppress(FileNotFoundError), os.scandir(self._folder / folder) as found:
                files = (each for each in found if each.is_file(follow_symlinks=False))
                sizes |= {f"{folder}/{each.name}": each.stat().st_size for each in files}
        return {name: size for name, size in sizes.items() if MIRRORED.fullmatch(name)}

    def _digest_of(self, name: str) -> str:
        return _digest(name, disk.read_file(self._folder / name))

    def _remove(self, name: str) -> None:
        """Forget a file, and with a run its plan, which is kept only here where there is no key."""
        disk.remove(self._folder / name)
        if name.endswith(RUN_ENDING):
            disk.remove(self._plan_of(name))


def _sealed(sealer: Sealer, name: str, data: bytes, before: int = 0) -> bytes:
    """Seal what is added to a run's file that has so many lines before."""
    pieces = [data[start : start + _CHUNK_BYTES] for start in range(0, len(data), _CHUNK_BYTES)]
    return b"".join(sealer.seal(name, number, piece) for number, piece in enumerate(pieces, before + 1))


def _is_whole(name: str) -> bool:
    """Tell whether a file is sealed and replaced as a whole, as plans and ledgers are; a run's is added to."""
    return name.endswith(PLAN_ENDING) or name.startswith(LEDGERS)


def _digest(name: str, data: bytes) -> str:
    return hashlib.sha256(data).hexdigest() if name.startswith(LEDGERS) else ""


def _is_withheld(name: str, data: bytes) -> bool:
    """Tell whether a file may stand in the clear: it is a run's, and says that nobody is named in it. No plan may."""
    if _is_whole(name):
        return False
    try:
        header = json.loads(data.partition(b"\n")[0])
    except (ValueError, RecursionError):
        return False
    return isinstance(header, dict) and header.get("withheld") is True


def run_of(name: str) -> str:
    """Return the id of the run that a stored name is of."""
    return name.removeprefix("runs/").removesuffix(RUN_ENDING).removesuffix(PLAN_ENDING)


def _runs_in(names: Collection[str]) -> frozenset[str]:
    return frozenset(run_of(name) for name in names if MIRRORED.fullmatch(name) and not _is_whole(name))


def _sealed_lines(data: bytes) -> int:
    return data.count(b"\n") if is_sealed(data) else 0
