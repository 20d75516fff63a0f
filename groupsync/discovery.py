"""Load plugins by their entry points, one by one, so that a broken one costs nobody else anything.

Importing a plugin runs a stranger's code: anything may come, and it is kept as the plugin's error.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from importlib.metadata import EntryPoint

    import pluggy

GROUP: Final = "groupsync"
"""The entry-point group, and the prefix of every hook."""
DISABLE: Final = "GROUPSYNC_DISABLE_PLUGINS"
"""Environment variable: entry-point names, separated by commas, that are not loaded; `*` stands for all."""


@dataclass(frozen=True, slots=True, order=True)
class PluginInfo:
    """One installed plugin, for `groupsync plugins`.

    Attributes:
        name: of its entry point.
        distribution, version: where it comes from; empty where the metadata doesn't tell.
        hooks: names of the hooks it implements, sorted.
        backends, sources: names of those it offers and that can be used, sorted.
        error: why some or all of it can't be used; empty if it can.
        is_disabled: left out by the environment; never loaded.
    """

    name: str
    distribution: str = ""
    version: str = ""
    hooks: tuple[str, ...] = ()
    backends: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    error: str = ""
    is_disabled: bool = False

    @property
    def title(self) -> str:
        """Name, distribution and version, for messages."""
        origin = f"{self.distribution} {self.version}".strip()
        return f"`{self.name}` of {origin}" if origin else f"`{self.name}`"


@dataclass(frozen=True, slots=True)
class LoadedPlugin:
    """A plugin after its entry point was tried; `manager` is None where it can't be called."""

    info: PluginInfo
    plugin: object = None
    manager: pluggy.PluginManager | None = None

    def call(self, hook: str, **arguments: object) -> list[Any]:
        """Call one hook of this plugin alone, so that its failure loses nobody else's results.

        Args:
            hook: which.
            arguments: as the hook's specification names them.

        Returns:
            What each implementation returned, unchecked; empty where there is none.
        """
        if self.manager is None or hook not in self.info.hooks:
            return []
        others = [plugin for plugin in self.manager.get_plugins() if plugin is not self.plugin]
        results: list[Any] = self.manager.subset_hook_caller(hook, others)(**arguments)
        return results


def load_plugins(environ: Mapping[str, str]) -> list[LoadedPlugin]:
    """Import every plugin installed but those that `environ` disables, in the order of their names. Never raises."""
    import pluggy

    from groupsync import hookspecs

    disabled = {name.strip() for name in environ.get(DISABLE, "").split(",")}
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    found = sorted(((_described(entry), entry) for entry in _entry_points()), key=itemgetter(0))
    return [
        LoadedPlugin(replace(info, is_disabled=True)) if disabled & {info.name, "*"} else _load(info, entry, manager)
        for info, entry in found
    ]


def _entry_points() -> Iterable[EntryPoint]:
    from importlib.metadata import entry_points

    return entry_points(group=GROUP)


def _described(entry: EntryPoint) -> PluginInfo:
    origin = entry.dist
    return PluginInfo(entry.name, origin.name if origin else "", origin.version if origin else "")


def _load(info: PluginInfo, entry: EntryPoint, manager: pluggy.PluginManager) -> LoadedPlugin:
    try:
        plugin = entry.load()
        hooks = _hooks_of(plugin)
        manager.register(plugin, name=f"{info.distribution}:{info.name}")
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, it is the plugin's
        return LoadedPlugin(replace(info, error=cause_of(error)))
    return LoadedPlugin(replace(info, hooks=hooks), plugin, manager)


def _hooks_of(plugin: object) -> tuple[str, ...]:
    """Return the hooks that a plugin implements, after trying them on a manager of their own.

    A wrong signature would leave the shared manager with half a plugin, and a misspelt hook only shows when asked.
    """
    import pluggy

    from groupsync import hookspecs

    trial = pluggy.PluginManager(GROUP)
    trial.add_hookspecs(hookspecs)
    trial.register(plugin)
    trial.check_pending()
    hooks = tuple(sorted(caller.name for caller in trial.get_hookcallers(plugin) or ()))
    if not hooks:
        message = "it implements no hook; are its functions marked with `groupsync.hookspecs.hookimpl`?"
        raise TypeError(message)
    return hooks


def cause_of(error: BaseException) -> str:
    """Say in one line what went wrong in somebody else's code."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
