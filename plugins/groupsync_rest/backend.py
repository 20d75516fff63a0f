"""The backend `rest`: options, and the calls of the contract; reading, writing and checking have rooms of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from groupsync.errors import BackendError, ConfigError
from groupsync.http.options import HTTP_OPTIONS
from groupsync.model import Action

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from groupsync.backend import BackendContext, Capabilities, Check, JsonSchema, Step
    from groupsync.model import Change, Group, Scope, Snapshot
    from groupsync_rest.client import Wire
    from groupsync_rest.profile import Profile
    from groupsync_rest.reading import Reader

_OPTIONS: Final[Mapping[str, Any]] = {
    "profile": {
        "type": "string",
        "minLength": 1,
        "title": "Profile",
        "description": "What kind of service it is: the name of a shipped profile (groupsync, jupyterhub, mailman3), "
        "or the path of one of your own, from the project's folder and inside it.",
        "examples": ["groupsync", "profiles/crm.yaml"],
    },
    "parameters": {
        "type": "object",
        "title": "Parameters",
        "description": "What the profile leaves to the target.",
        "additionalProperties": {"type": "string", "minLength": 1},
        "examples": [{"domain": "lists.example.com"}],
    },
    "create_missing_users": {
        "type": "boolean",
        "title": "Create missing users",
        "description": "Make accounts for members who have none, where the service needs them.",
        "default": False,
        "examples": [True],
    },
}


class RestBackend:
    """Groups in a REST service that a profile describes."""

    name: ClassVar[str] = "rest"
    options_schema: ClassVar[JsonSchema] = {
        "type": "object",
        "properties": {**_OPTIONS, **HTTP_OPTIONS},
        "required": ["profile", "url"],
        "additionalProperties": False,
    }

    def __init__(
        self,
        wire: Wire,
        canonical: Callable[[str], str],
        *,
        create_missing_users: bool = False,
        max_in_flight: int | None = None,
    ) -> None:
        from groupsync_rest.reading import Reader

        self.wire = wire
        self._reader: Reader = Reader(wire, canonical)
        self._create_missing_users = create_missing_users
        self._capabilities = wire.profile.capabilities()
        if max_in_flight is not None:
            concurrent = min(max_in_flight, self._capabilities.concurrent)
            self._capabilities = replace(self._capabilities, concurrent=concurrent)

    @classmethod
    def from_options(cls, options: Mapping[str, Any], context: BackendContext) -> Self:
        """Read the profile and get ready; sends nothing yet.

        Raises:
            ConfigError: there is no such profile, or its parameters are not those that were given.
            InvalidDefinitions: the profile has errors.
        """
        from groupsync.http import client_from_options
        from groupsync_rest.client import Wire
        from groupsync_rest.loading import load_profile

        profile = load_profile(_plain(options["profile"]), context.root)
        given = {name: _plain(value) for name, value in options.get("parameters", {}).items()}
        parameters = _parameters(profile, given)
        missing = bool(options.get("create_missing_users"))
        if missing and "create_members" not in profile.calls:
            detail = f"the profile `{profile.name}` has no call `create_members`"
            raise ConfigError("`create_missing_users` does nothing here", detail, "Take it out.")
        http = client_from_options(options, context, max_in_flight=profile.limits.in_flight)
        wire = Wire(http, profile, parameters)
        limit = options.get("max_in_flight")
        return cls(wire, context.canonical, create_missing_users=missing, max_in_flight=limit)

    @classmethod
    def identity_of(cls, options: Mapping[str, Any]) -> Mapping[str, object]:
        """The service, the profile by which it is spoken to, and what fills the profile in."""
        from groupsync.http import http_place

        parameters = {name: _plain(value) for name, value in options.get("parameters", {}).items()}
        return {**http_place(options), "profile": _plain(options["profile"]), "parameters": parameters}

    @property
    def capabilities(self) -> Capabilities:
        """What the profile describes."""
        return self._capabilities

    def read(self, scope: Scope) -> Snapshot:
        """Read the groups in scope; see `groupsync_rest.reading`."""
        return self._reader.read(scope.names)

    def members(self, group: Group) -> Iterator[str]:
        """Stream the members of a group, page by page."""
        return self._reader.members(group)

    def apply(self, change: Change) -> Group | None:
        """Carry out a change."""
        return self.apply_in_steps(change, lambda _: None)

    def apply_in_steps(self, change: Change, note: Callable[[Step], None]) -> Group | None:
        """Carry out a change request by request; see `groupsync_rest.writing`."""
        from groupsync_rest.writing import Writing

        self._refuse_undeclared(change)
        name = change.prior_name or change.name
        writing = Writing(
            self.wire,
            change,
            note,
            spelled=lambda member: self._reader.spellings.get((name, member), member),
            look=self._reader.group,
            create_missing_users=self._create_missing_users,
        )
        writing.carry_out()
        if change.action is Action.DELETE:
            return None
        if writing.raw is not None:
            return self._reader.group(writing.raw, writing.revision)
        return self._found(change)

    def check(self) -> Iterator[Check]:
        """Tell what the service says of itself, and where its answers don't fit the profile; only reads."""
        from groupsync_rest.checking import Checking

        return Checking(self.wire, self._reader.canonical).checks()

    def close(self) -> None:
        """Close the connections."""
        self.wire.http.close()

    def _refuse_undeclared(self, change: Change) -> None:
        if change.action not in self._capabilities.actions:
            summary = f"the target can't {change.action.value} a group"
            detail = f"the profile `{self.wire.profile.name}` does not describe how"
            raise BackendError(summary, detail, name=change.name)

    def _found(self, change: Change) -> Group:
        """Return a group that was written by a request whose answer does not have it."""
        snapshot = self._reader.read(frozenset({change.name}))
        for group in snapshot.groups:
            if group.name == change.name:
                return group
        detail = snapshot.reason or "it was written, and is not there"
        raise BackendError(f"`{change.name}` can't be read after the change", detail, "Plan again.", name=change.name)


def _plain(value: object) -> str:
    from groupsync.http.auth import plain
    from groupsync.secrets import Secret

    return plain(value) if isinstance(value, Secret) else str(value)


def _parameters(profile: Profile, given: Mapping[str, str]) -> dict[str, str]:
    """Return the value of each parameter of the profile; ConfigError for one that is missing or unknown."""
    declared = {each.name: each for each in profile.parameters}
    for name in sorted(given.keys() - declared):
        there = f"it has {', '.join(declared)}" if declared else "it has none"
        raise ConfigError(f"the profile `{profile.name}` has no parameter `{name}`", there, "Correct `parameters`.")
    values = {name: each.default for name, each in declared.items() if each.default is not None} | dict(given)
    for name in sorted(declared.keys() - values):
        hint = f"Write `parameters: {{{name}: …}}` into the target's options."
        summary = f"the profile `{profile.name}` needs the parameter `{name}`"
        raise ConfigError(summary, declared[name].description, hint)
    return values
