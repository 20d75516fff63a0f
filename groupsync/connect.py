"""Connect to the targets, and lock them, for as long as they are needed."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

from groupsync.backend import BackendContext, SupportsLock
from groupsync.config import check_options
from groupsync.errors import ConfigError, InvalidDefinitions
from groupsync.model import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from groupsync.backend import Backend
    from groupsync.config import Config, TargetConfig
    from groupsync.plugins import Plugins

LOCK_TTL_SECONDS: Final = 15 * 60.0
"""How long an apply may hold a target's lock before others may take it over."""


@contextmanager
def open_targets(config: Config, plugins: Plugins, names: Sequence[str] = ()) -> Iterator[dict[str, Backend]]:
    """Open the backends of the named targets, or of all, in the config's order; close them at the end.

    Raises:
        ConfigError: an unknown target.
        InvalidDefinitions: options that a plugin does not accept.
        PluginError: a plugin that can't be used.
    """
    targets = _picked(config, names)
    chosen = {target.name: plugins.backend(target.plugin) for target in targets}
    findings = [found for target in targets for found in check_options(target, chosen[target.name].options_schema())]
    if any(found.severity is Severity.ERROR for found in findings):
        raise InvalidDefinitions(findings)
    with ExitStack() as stack:
        backends: dict[str, Backend] = {}
        for target in targets:
            context = BackendContext(
                config.root, config.project, target.name, config.identity.canonical, config.identity.rule
            )
            backend = chosen[target.name].create(target.options, context)
            stack.callback(backend.close)
            backends[target.name] = backend
        yield backends


def _picked(config: Config, names: Sequence[str]) -> tuple[TargetConfig, ...]:
    known = {target.name: target for target in config.targets}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ConfigError(
            f"Unknown target `{unknown[0]}`", f"{config.path} has: {', '.join(known)}.", "Correct `--target`."
        )
    return tuple(target for target in config.targets if not names or target.name in names)


@contextmanager
def locked(backends: Mapping[str, Backend]) -> Iterator[None]:
    """Hold the locks of those targets that have one.

    Raises:
        LockHeldError: somebody else holds one of them.
    """
    with ExitStack() as stack:
        for backend in backends.values():
            if isinstance(backend, SupportsLock):
                stack.callback(backend.unlock, backend.lock(LOCK_TTL_SECONDS))
        yield
