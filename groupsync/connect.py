"""Connect to the targets, and lock them, for as long as they are needed."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from groupsync.backend import BackendContext, SupportsLock
from groupsync.errors import ConfigError, InvalidDefinitions
from groupsync.journal_folder import make_folder
from groupsync.journal_stores import slot_in_store
from groupsync.keeper import Keeper
from groupsync.lease import FileSlot, Lease
from groupsync.model import Severity
from groupsync.plugin_options import check_options
from groupsync.retry import Retries
from groupsync.schema_words import closest
from groupsync.target_identity import target_identity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from groupsync.backend import Backend
    from groupsync.config import Config, TargetConfig
    from groupsync.lease import Slot
    from groupsync.plugins import Plugins

LOCK_TTL_SECONDS: Final = 15 * 60.0
"""How long a target's lock holds without being renewed before others may take it over."""
_LOCKS: Final = "locks"


@contextmanager
def open_targets(
    config: Config, plugins: Plugins, names: Sequence[str] = (), *, to_write: bool = False
) -> Iterator[dict[str, Backend]]:
    """Open the backends of the named targets, or of all, in the config's order; close them at the end.

    Args:
        config: of the project.
        plugins: that offer the backends.
        names: of targets; empty for all.
        to_write: whether anything may be written. Otherwise the methods that write, or lock, raise before the plugin is
            called, so that a command which only reads can't change a target by whatever mistake.

    Raises:
        ConfigError: an unknown target.
        InvalidDefinitions: options that a plugin does not accept.
        PluginError: a plugin that can't be used.
    """
    targets = _picked(config, names)
    chosen = {target.name: plugins.backend(target.plugin) for target in targets}
    findings = [
        found for target in targets for found in check_options(target.options, chosen[target.name].options_schema())
    ]
    if any(found.severity is Severity.ERROR for found in findings):
        raise InvalidDefinitions(findings)
    with ExitStack() as stack:
        backends: dict[str, Backend] = {}
        for target in targets:
            context = BackendContext(
                config.root, config.project, target.name, config.identity.held.canonical, config.identity.rule
            )
            backend = chosen[target.name].cls.from_options(target.options.values, context)
            stack.callback(backend.close)
            backends[target.name] = backend if to_write else backend.for_reading()
        yield backends


def _picked(config: Config, names: Sequence[str]) -> tuple[TargetConfig, ...]:
    known = {target.name: target for target in config.targets}
    unknown = [name for name in names if name not in known]
    if unknown:
        found = f"{config.path} has: {', '.join(known)}." if known else f"{config.path} has none."
        raise ConfigError(f"Unknown target `{unknown[0]}`", found, closest(unknown[0], known))
    return tuple(target for target in config.targets if not names or target.name in names)


def lock_of(config: Config, target: str, backend: Backend) -> SupportsLock:
    """Return a target's lock: the backend's own, or else one in the journal's store, or in its folder.

    It is named for what the target is, so that two configs that serve one share it, whatever they call the target. In
    the store it keeps out all runs that share it; a file in the folder those of this working copy, and no others.
    """
    if isinstance(backend, SupportsLock) and backend.capabilities.locks:
        return backend
    name = f"{_LOCKS}/{_store_of(config, target, backend).replace(':', '-')}.lock"
    slot: Slot | None = slot_in_store(config, name)
    if slot is None:
        slot = FileSlot(config.journal / name, make_folder=lambda _: make_folder(config.journal, config.root, _LOCKS))
    return Lease(slot, target)


def _one_a_store(config: Config, backends: Mapping[str, Backend]) -> Iterator[tuple[str, Backend]]:
    """Give the targets to lock: of several that are one store, and have no lock of their own, the first alone."""
    stores: set[str] = set()
    for target, backend in backends.items():
        store = target if backend.capabilities.locks else _store_of(config, target, backend)
        if store not in stores:
            stores.add(store)
            yield target, backend


def _store_of(config: Config, target: str, backend: Backend) -> str:
    options = next(each.options.values for each in config.targets if each.name == target)
    return target_identity(backend.name, options, backend)


@contextmanager
def locked(
    config: Config,
    backends: Mapping[str, Backend],
    retries: Retries | None = None,
    ttl_seconds: float = LOCK_TTL_SECONDS,
) -> Iterator[Keeper]:
    """Hold the locks of some targets, and renew them.

    A backend for one call at a time is not called by a second thread to renew its lock, so that `Keeper.keep` must be
    called now and then. After an interrupt the locks are not given back: what was in flight may still be writing.

    Args:
        config: says where the locks are of backends that have none.
        backends: the targets to lock, by name.
        retries: how patient to be; None for the usual.
        ttl_seconds: how long a lock holds without being renewed.

    Raises:
        LockHeldError: somebody else holds one of them.
        BackendError: one of them could not be locked.
        ConfigError: the journal's folder can't be made.
    """
    retries, keeper = retries or Retries(), Keeper(ttl_seconds)
    try:
        for target, backend in _one_a_store(config, backends):
            locking = lock_of(config, target, backend)
            in_thread = isinstance(locking, Lease) or backend.capabilities.concurrent > 1
            retries.call(partial(keeper.take, target, locking, in_thread=in_thread))
        keeper.start()
        yield keeper
    except KeyboardInterrupt:
        keeper.leave()
        raise
    except BaseException:
        keeper.release()
        raise
    keeper.release()
