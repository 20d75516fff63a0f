"""What plugins bring, as typed values: the one door between the core and them.

`Plugins.discover()` returns a value: there is no global manager, and nothing is imported before it is called. A plugin
that can't be used is named with its distribution and version; the rest work.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from groupsync.discovery import DISABLE, LoadedPlugin, PluginInfo, cause_of, load_plugins
from groupsync.errors import ConfigError, PluginError
from groupsync.facade import CheckedBackend, checked
from groupsync.model import Diagnostic, Severity
from groupsync.policy_facade import ask_policies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groupsync.backend import Backend, BackendContext, JsonSchema
    from groupsync.policy import PolicyContext, PolicyFinding

_NAME: Final = re.compile(r"[a-z][a-z0-9_-]*")
_CALLS: Final = ("from_options", "read", "members", "apply", "close")
_TELL_AUTHOR: Final = "This is a bug in the plugin; please tell its author."
_TO_MEND: Final = f"Mend or remove the plugin, or leave it out with {DISABLE}=NAME."


@dataclass(frozen=True, slots=True)
class BackendPlugin:
    """A backend that can be used.

    Attributes:
        name: as written after `plugin:` in the config.
        plugin: name of the entry point that offers it.
        distribution, version: where that comes from.
        cls: makes backends that are held to their contract; see `groupsync.facade`.
    """

    name: str
    plugin: str
    distribution: str
    version: str
    cls: type[CheckedBackend]

    def options_schema(self) -> JsonSchema:
        """Return the schema of the backend's options, once it is known to be a JSON Schema that can be used.

        Raises:
            PluginError: it is not.
        """
        from jsonschema import Draft202012Validator, SchemaError

        schema = self.cls.options_schema
        try:
            Draft202012Validator.check_schema(dict(schema))
        except SchemaError as error:
            summary = f"the options schema of backend `{self.name}` is not a JSON Schema"
            detail = f"{error.json_path}: {error.message} (plugin {self.distribution} {self.version})"
            raise PluginError(self.distribution, self.version, summary, detail, _TELL_AUTHOR) from error
        return schema

    def create(self, options: Mapping[str, Any], context: BackendContext) -> CheckedBackend:
        """Make a backend from options that were checked against `options_schema`.

        Raises:
            ConfigError: the options don't fit each other or the machine.
            PluginError: the plugin broke its contract.
        """
        return self.cls.from_options(options, context)


class Plugins:
    """Every plugin that is installed. Make it with `discover`.

    What plugins offer is asked once, on first use; results come in the order of the plugins' names.
    """

    def __init__(self, loaded: Sequence[LoadedPlugin]) -> None:
        self._loaded = loaded

    @classmethod
    def discover(cls, environ: Mapping[str, str] | None = None) -> Plugins:
        """Load every entry point of the group `groupsync`, one by one. Imports the plugins; never raises for them.

        Args:
            environ: where to look for `GROUPSYNC_DISABLE_PLUGINS`; None for the process's own environment.
        """
        return cls(load_plugins(os.environ if environ is None else environ))

    @property
    def backends(self) -> Mapping[str, BackendPlugin]:
        """The backends that can be used, by name, sorted."""
        return self._offers.backends

    def backend(self, name: str) -> BackendPlugin:
        """Return the backend called `name`.

        Raises:
            ConfigError: no plugin offers it; the detail lists those there are.
            PluginError: the plugin that offers it, or seems to, can't be used; says why.
        """
        if name in self.backends:
            return self.backends[name]
        if name in self._offers.refused:
            info = self._offers.refused[name]
            raise PluginError(info.distribution, info.version, f"backend `{name}` can't be used", info.error, _TO_MEND)
        for info in self.broken:
            if info.name == name:
                summary = f"plugin {info.title} can't be used, so there is no backend `{name}`"
                raise PluginError(info.distribution, info.version, summary, info.error, _TO_MEND)
        raise self._unknown(name)

    @property
    def broken(self) -> tuple[PluginInfo, ...]:
        """The plugins of which something can't be used, in the order of their names."""
        return tuple(info for info in self.listing() if info.error)

    def listing(self) -> tuple[PluginInfo, ...]:
        """Return every installed plugin, broken and disabled ones too, in the order of their names."""
        return tuple(self._offers.infos)

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Return a warning for each broken plugin."""
        return tuple(
            Diagnostic(
                "GS701",
                Severity.WARNING,
                f"plugin {info.title} can't be used",
                info.error,
                _TO_MEND,
                plugin=f"{info.distribution} {info.version}".strip() or info.name,
            )
            for info in self.broken
        )

    def check_plan(self, context: PolicyContext) -> tuple[list[PolicyFinding], list[Diagnostic]]:
        """Ask every plugin what speaks against a plan; see `groupsync.policy_facade`."""
        return ask_policies(self._loaded, context)

    @cached_property
    def _offers(self) -> _Offers:
        return _ask(self._loaded)

    def _unknown(self, name: str) -> ConfigError:
        from difflib import get_close_matches

        names = list(self.backends)
        close = get_close_matches(name, names, n=1)
        found = f"installed are {', '.join(f'`{each}`' for each in names)}" if names else "none is installed"
        disabled = [f"`{info.name}`" for info in self.listing() if info.is_disabled]
        if disabled:
            found += f"; {DISABLE} leaves out {', '.join(disabled)}"
        broken = [f"{info.title} ({info.error})" for info in self.broken]
        if broken:
            found += f"; can't be used: {', '.join(broken)}"
        hint = f"Did you mean `{close[0]}`?" if close else "Install the plugin that brings it, or write another one."
        return ConfigError(f"there is no backend `{name}`", found, hint)


@dataclass(slots=True)
class _Offers:
    """What the plugins brought: usable backends, names that can't be used and whose fault that is, and the listing."""

    backends: dict[str, BackendPlugin] = field(default_factory=dict)
    refused: dict[str, PluginInfo] = field(default_factory=dict)
    infos: list[PluginInfo] = field(default_factory=list)


def _ask(plugins: Sequence[LoadedPlugin]) -> _Offers:
    """Ask every plugin for its backends. A name that two plugins offer can't be used, whoever came first."""
    asked = [(plugin.info, *_backend_classes(plugin)) for plugin in plugins]
    owners: dict[str, list[str]] = {}
    for info, classes, _ in asked:
        for cls in classes:
            owners.setdefault(cls.name, []).append(info.title)
    clashes = {
        name: f"backend `{name}` is offered by {' and '.join(titles)}, so neither can be used"
        for name, titles in owners.items()
        if len(titles) > 1
    }
    offers = _Offers()
    for info, classes, problems in asked:
        usable = sorted((cls for cls in classes if cls.name not in clashes), key=lambda cls: cls.name)
        refused = sorted({cls.name for cls in classes if cls.name in clashes})
        error = "; ".join(filter(None, [info.error, *problems, *(clashes[name] for name in refused)]))
        described = replace(info, backends=tuple(cls.name for cls in usable), error=error)
        offers.infos.append(described)
        offers.backends |= {cls.name: _usable(cls, info) for cls in usable}
        offers.refused |= {name: replace(info, error=clashes[name]) for name in refused}
    offers.backends = dict(sorted(offers.backends.items()))
    return offers


def _usable(cls: type[Backend], info: PluginInfo) -> BackendPlugin:
    wrapped = checked(cls, info.distribution or info.name, info.version)
    return BackendPlugin(cls.name, info.name, info.distribution, info.version, wrapped)


def _backend_classes(plugin: LoadedPlugin) -> tuple[list[type[Backend]], list[str]]:
    """Return the backend classes a plugin offers, and what is wrong with the rest."""
    hook = "groupsync_register_backends"
    good: list[type[Backend]] = []
    problems: list[str] = []
    try:
        for result in plugin.call(hook):
            if not isinstance(result, Iterable) or isinstance(result, (str, Mapping)):
                problems.append(f"`{hook}` returned {_shown(result)}, expected backend classes")
                continue
            for cls in result:
                problem = _problem_with(cls)
                if problem:
                    problems.append(problem)
                else:
                    good.append(cls)
    except Exception as error:  # noqa: BLE001 - a stranger's code
        problems.append(f"`{hook}` raised {cause_of(error)}")
    return good, problems


def _problem_with(cls: object) -> str:
    """Say why something that a plugin offers is not a backend class; empty if it is one. The rest shows in use."""
    if not isinstance(cls, type):
        return f"{_shown(cls)} is offered as a backend, expected a class"
    name = getattr(cls, "name", None)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return f"class `{cls.__qualname__}` has the name {name!r}, expected text like `rest`"
    if not isinstance(getattr(cls, "options_schema", None), Mapping):
        return f"backend `{name}` has no `options_schema`, expected a JSON Schema"
    missing = [call for call in _CALLS if not callable(getattr(cls, call, None))]
    if not hasattr(cls, "capabilities"):
        missing.append("capabilities")
    return f"backend `{name}` lacks {', '.join(f'`{each}`' for each in missing)}" if missing else ""


def _shown(value: object) -> str:
    return f"{type(value).__name__} {value!r}"[:120]
