"""What plugins bring, as typed values: the one door between the core and them.

`Plugins.discover()` returns a value: there is no global manager, and nothing is imported before it is called. A plugin
that can't be used is named with its distribution and version; the rest work.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from groupsync.discovery import DISABLE, LoadedPlugin, PluginInfo, load_plugins
from groupsync.facade import CheckedBackend, checked
from groupsync.model import Diagnostic, Severity
from groupsync.offers import Hook, Offer, Offers, collect
from groupsync.policy_facade import ask_policies
from groupsync.source_facade import CheckedSource, checked_source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from groupsync.policy import PolicyContext, PolicyFinding

_BACKENDS: Final = Hook(
    "groupsync_register_backends",
    "backend",
    ("from_options", "read", "members", "apply", "close", "capabilities"),
    checked,
)
_SOURCES: Final = Hook(
    "groupsync_register_sources",
    "source",
    ("from_options", "attributes", "evaluate", "rows", "count", "shares", "statement", "close"),
    checked_source,
)
_TO_MEND: Final = f"Mend or remove the plugin, or leave it out with {DISABLE}=NAME."


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
    def backends(self) -> Mapping[str, Offer[CheckedBackend]]:
        """The backends that can be used, by name, sorted."""
        return self._backends.usable

    @property
    def sources(self) -> Mapping[str, Offer[CheckedSource]]:
        """The sources that can be used, by name, sorted."""
        return self._sources.usable

    def backend(self, name: str) -> Offer[CheckedBackend]:
        """Return the backend called `name`.

        Raises:
            ConfigError: no plugin offers it; the detail lists those there are.
            PluginError: the plugin that offers it, or seems to, can't be used; says why.
        """
        return self._backends.named(name, self.listing())

    def source(self, name: str) -> Offer[CheckedSource]:
        """Return the source called `name`; raises as `backend` does."""
        return self._sources.named(name, self.listing())

    @property
    def broken(self) -> tuple[PluginInfo, ...]:
        """The plugins of which something can't be used, in the order of their names."""
        return tuple(info for info in self.listing() if info.error)

    def listing(self) -> tuple[PluginInfo, ...]:
        """Return every installed plugin, broken and disabled ones too, in the order of their names."""
        return tuple(self._described(plugin.info) for plugin in self._loaded)

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
    def _backends(self) -> Offers[CheckedBackend]:
        return collect(self._loaded, _BACKENDS)

    @cached_property
    def _sources(self) -> Offers[CheckedSource]:
        return collect(self._loaded, _SOURCES)

    def _described(self, info: PluginInfo) -> PluginInfo:
        problems = [*self._backends.problems[info.title], *self._sources.problems[info.title]]
        return replace(
            info,
            backends=self._backends.names[info.title],
            sources=self._sources.names[info.title],
            error="; ".join(filter(None, [info.error, *problems])),
        )
