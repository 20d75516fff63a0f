"""Classes that plugins offer through a hook, such as backends and sources: which can be used, and who is to blame."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, Protocol, TypeVar

from groupsync.discovery import DISABLE, LoadedPlugin, PluginInfo, cause_of
from groupsync.errors import ConfigError, PluginError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from groupsync.backend import JsonSchema

_NAME: Final = re.compile(r"[a-z][a-z0-9_-]*")
_TELL_AUTHOR: Final = "This is a bug in the plugin; please tell its author."
_TO_MEND: Final = f"Mend or remove the plugin, or leave it out with {DISABLE}=NAME."


class _Checked(Protocol):
    """What every offered class has, once it is held to its contract."""

    options_schema: ClassVar[JsonSchema]


Class = TypeVar("Class", bound=_Checked)


@dataclass(frozen=True, slots=True)
class Offer(Generic[Class]):
    """A class that can be used.

    Attributes:
        kind: `backend` or `source`.
        name: as written after `plugin:` in the config.
        plugin: name of the entry point that offers it.
        distribution, version: where that comes from.
        cls: makes instances that are held to their contract; `cls.from_options` takes options that were checked.
    """

    kind: str
    name: str
    plugin: str
    distribution: str
    version: str
    cls: type[Class]

    def options_schema(self) -> JsonSchema:
        """Return the schema of its options, once it is known to be a JSON Schema that can be used.

        Raises:
            PluginError: it is not.
        """
        from jsonschema import Draft202012Validator, SchemaError

        schema = self.cls.options_schema
        try:
            Draft202012Validator.check_schema(dict(schema))
        except SchemaError as error:
            summary = f"the options schema of {self.kind} `{self.name}` is not a JSON Schema"
            detail = f"{error.json_path}: {error.message} (plugin {self.distribution} {self.version})"
            raise PluginError(self.distribution, self.version, summary, detail, _TELL_AUTHOR) from error
        return schema


@dataclass(frozen=True, slots=True)
class Hook(Generic[Class]):
    """One hook that offers classes.

    Attributes:
        name: of the hook.
        kind: what the classes are, in one word.
        members: what each of them must have besides `name` and `options_schema`.
        checked: takes a class with its plugin's distribution and version, and returns one that holds it to its
            contract.
    """

    name: str
    kind: str
    members: tuple[str, ...]
    checked: Callable[[Any, str, str], type[Class]]


@dataclass(slots=True)
class Offers(Generic[Class]):
    """What the plugins offer through one hook.

    Attributes:
        kind: what the classes are.
        usable: by name, sorted.
        refused: by name, those that can't be used, with the plugin whose fault that is and why.
        names: by the plugin's title, what it offers that can be used, sorted.
        problems: by the plugin's title, what is wrong with the rest.
    """

    kind: str
    usable: dict[str, Offer[Class]] = field(default_factory=dict)
    refused: dict[str, PluginInfo] = field(default_factory=dict)
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    problems: dict[str, list[str]] = field(default_factory=dict)

    def named(self, name: str, plugins: Sequence[PluginInfo]) -> Offer[Class]:
        """Return what is called `name`.

        Args:
            name: as written after `plugin:`.
            plugins: all that are installed, broken and disabled ones too.

        Raises:
            ConfigError: no plugin offers it; the detail lists those there are.
            PluginError: the plugin that offers it, or seems to, can't be used; says why.
        """
        if name in self.usable:
            return self.usable[name]
        if name in self.refused:
            info = self.refused[name]
            summary = f"{self.kind} `{name}` can't be used"
            raise PluginError(info.distribution, info.version, summary, info.error, _TO_MEND)
        for info in plugins:
            if info.error and info.name == name:
                summary = f"plugin {info.title} can't be used, so there is no {self.kind} `{name}`"
                raise PluginError(info.distribution, info.version, summary, info.error, _TO_MEND)
        raise self._unknown(name, plugins)

    def _unknown(self, name: str, plugins: Sequence[PluginInfo]) -> ConfigError:
        from difflib import get_close_matches

        names = list(self.usable)
        close = get_close_matches(name, names, n=1)
        found = f"installed are {', '.join(f'`{each}`' for each in names)}" if names else "none is installed"
        disabled = [f"`{info.name}`" for info in plugins if info.is_disabled]
        if disabled:
            found += f"; {DISABLE} leaves out {', '.join(disabled)}"
        broken = [f"{info.title} ({info.error})" for info in plugins if info.error]
        if broken:
            found += f"; can't be used: {', '.join(broken)}"
        hint = f"Did you mean `{close[0]}`?" if close else "Install the plugin that brings it, or write another one."
        return ConfigError(f"there is no {self.kind} `{name}`", found, hint)


def collect(plugins: Sequence[LoadedPlugin], hook: Hook[Class]) -> Offers[Class]:
    """Ask every plugin for its classes. A name that two plugins offer can't be used, whoever came first."""
    asked = [(plugin.info, *_classes(plugin, hook)) for plugin in plugins]
    owners: dict[str, list[str]] = {}
    for info, classes, _ in asked:
        for cls in classes:
            owners.setdefault(cls.name, []).append(info.title)
    clashes = {
        name: f"{hook.kind} `{name}` is offered by {' and '.join(titles)}, so neither can be used"
        for name, titles in owners.items()
        if len(titles) > 1
    }
    offers: Offers[Class] = Offers(hook.kind)
    usable: dict[str, Offer[Class]] = {}
    for info, classes, problems in asked:
        refused = sorted({cls.name for cls in classes if cls.name in clashes})
        offers.problems[info.title] = [*problems, *(clashes[name] for name in refused)]
        offers.refused |= {name: replace(info, error=clashes[name]) for name in refused}
        good = sorted((cls for cls in classes if cls.name not in clashes), key=lambda cls: str(cls.name))
        offers.names[info.title] = tuple(cls.name for cls in good)
        for cls in good:
            made = hook.checked(cls, info.distribution or info.name, info.version)
            usable[cls.name] = Offer(hook.kind, cls.name, info.name, info.distribution, info.version, made)
    offers.usable = dict(sorted(usable.items()))
    return offers


def _classes(plugin: LoadedPlugin, hook: Hook[Class]) -> tuple[list[Any], list[str]]:
    """Return the classes a plugin offers, and what is wrong with the rest."""
    good: list[Any] = []
    problems: list[str] = []
    try:
        for result in plugin.call(hook.name):
            if not isinstance(result, Iterable) or isinstance(result, (str, Mapping)):
                problems.append(f"`{hook.name}` returned {_shown(result)}, expected {hook.kind} classes")
                continue
            for cls in result:
                problem = _problem_with(cls, hook)
                if problem:
                    problems.append(problem)
                else:
                    good.append(cls)
    except Exception as error:  # noqa: BLE001 - a stranger's code
        problems.append(f"`{hook.name}` raised {cause_of(error)}")
    return good, problems


def _problem_with(cls: object, hook: Hook[Class]) -> str:
    """Say why something that a plugin offers is not a class of its kind; empty if it is. The rest shows in use."""
    if not isinstance(cls, type):
        return f"{_shown(cls)} is offered as a {hook.kind}, expected a class"
    name = getattr(cls, "name", None)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return f"class `{cls.__qualname__}` has the name {name!r}, expected text like `rest`"
    if not isinstance(getattr(cls, "options_schema", None), Mapping):
        return f"{hook.kind} `{name}` has no `options_schema`, expected a JSON Schema"
    missing = [member for member in hook.members if not hasattr(cls, member)]
    return f"{hook.kind} `{name}` lacks {', '.join(f'`{each}`' for each in missing)}" if missing else ""


def _shown(value: object) -> str:
    return f"{type(value).__name__} {value!r}"[:120]
