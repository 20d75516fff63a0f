"""The backend `scim`: options, what the server can do, and reading; `writing` does the rest."""

from __future__ import annotations

import importlib.util
import math
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from groupsync.backend import Capabilities, Check
from groupsync.errors import BackendError, ConfigError, GroupsyncError, StaleRead
from groupsync.http import HTTP_OPTIONS
from groupsync.model import ATTRIBUTES, Action, Group, Members, Snapshot
from groupsync.wording import counted
from groupsync_scim import convert
from groupsync_scim.client import GROUPS, USERS, WITHOUT_MEMBERS, Listing, ScimClient
from groupsync_scim.odd import Oddities
from groupsync_scim.options import OPTIONS, ScimOptions
from groupsync_scim.people import People
from groupsync_scim.writing import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from groupsync.backend import BackendContext, JsonSchema, Step
    from groupsync.model import Change, Scope
    from groupsync_scim.convert import Found, Resource
    from groupsync_scim.features import Features

_EXTENDED: Final = frozenset(ATTRIBUTES) - {"display_name"}
_ALWAYS: Final = frozenset({Action.CREATE, Action.UPDATE, Action.DELETE})


class ScimBackend:
    """Groups on a SCIM 2.0 server; satisfies `SupportsSteps` and `SupportsCheck`."""

    name: ClassVar[str] = "scim"
    options_schema: ClassVar[JsonSchema] = {
        "type": "object",
        "properties": {**HTTP_OPTIONS, **OPTIONS},
        "required": ["url"],
        "additionalProperties": False,
    }

    def __init__(self, client: ScimClient, options: ScimOptions, context: BackendContext, concurrent: int) -> None:
        self._client = client
        self._options = options
        self._context = context
        self._concurrent = concurrent
        self._mutex = threading.Lock()
        self._found: Writer | None = None
        self._pages = math.inf

    @classmethod
    def from_options(cls, options: Mapping[str, Any], context: BackendContext) -> Self:
        """Make the client; nothing is asked of the server yet."""
        from groupsync.http import client_from_options

        if importlib.util.find_spec("scim2_models") is None:
            raise ConfigError(
                f"the target `{context.target}` needs a library that is not installed",
                "`scim2-models` makes what is sent to SCIM servers.",
                "Install it: `pip install 'groupsync[scim]'`.",
            )
        client = ScimClient(client_from_options(options, context))
        concurrent = options.get("max_in_flight", HTTP_OPTIONS["max_in_flight"]["default"])
        return cls(client, ScimOptions.of(options), context, concurrent)

    @classmethod
    def identity_of(cls, options: Mapping[str, Any]) -> Mapping[str, object]:
        """The server."""
        from groupsync.http import http_place

        return http_place(options)

    @property
    def capabilities(self) -> Capabilities:
        """What the server says of itself, asked on first use."""
        features, naming = self._server.features, self._server.naming
        renames = features.renames or naming.attribute == "externalId"
        marks = {Action.ADOPT, Action.FORGET} if features.stores_marks else set()
        display = {"display_name"} if naming.keeps_display_names and features.renames else set()
        return Capabilities(
            actions=_ALWAYS | marks | ({Action.RENAME} if renames else set()),
            bulk_limit=self._options.members_per_patch if features.patch else None,
            revisions=features.etag,
            ownership=features.stores_marks,
            remembers=features.stores_marks and features.remembers,
            concurrent=self._concurrent,
            attributes=frozenset(display | (_EXTENDED if features.stores_marks else set())),
        )

    @property
    def features(self) -> Features:
        """What may be used of the server, asked on first use."""
        return self._server.features

    @property
    def _server(self) -> Writer:
        with self._mutex:
            if self._found is None:
                features = self._client.discover(self._options.without)
                attribute = self._options.name_in if features.keeps_external_id else "displayName"
                derives = attribute == "externalId" and (features.stores_marks or self._options.adopt_by_display_name)
                naming = convert.Naming(attribute, derives)
                people = People(self._client, features, self._options, self._context.canonical)
                self._found = Writer(self._client, features, self._options, naming, people)
            return self._found

    def check(self) -> Iterator[Check]:
        """Tell what the server can do, where names are, and whether users can be seen."""
        try:
            found, naming = str(self.features), self._server.naming
        except GroupsyncError:
            return  # the core has told
        yield Check("it says what may be used of it", f"{found}; names are in `{naming.attribute}`")
        try:
            total, _ = self._client.first_page(USERS, 1, {})
        except GroupsyncError as error:
            yield Check("its users can be looked for", problem=str(error), hint=error.hint)
        else:
            yield Check("its users can be looked for", counted(total, "user"))

    # --- Reading ------------------------------------------------------------------------------------------------------

    def read(self, scope: Scope) -> Snapshot:
        """Read the groups in scope, and who their members are, a batch of users at a time."""
        odd = Oddities(self._context.target)
        listing = self._listed(scope.names)
        found = self._named(listing.resources, odd)
        addresses = self._server.people.addresses_of({value for each in found for value in each.values})
        groups = [replace(each.group, members=self._members_of(each, addresses, odd)) for each in found]
        self._server.seen.update({group.id or "": group for group in groups})
        return Snapshot(
            tuple(sorted(groups, key=lambda group: group.name)),
            complete=not listing.problem,
            reason=listing.problem and f"the groups were not listed wholly: {listing.problem}",
            diagnostics=odd.findings(),
        )

    def members(self, group: Group) -> Iterator[str]:
        """Read the members of one group, if it is still the one that was read."""
        path = convert.path_of(GROUPS, group.id or "")
        resource = self._client.get(path, doing=f"show `{group.name}`", name=group.name)
        if resource is None or (group.revision is not None and convert.version_of(resource) != group.revision):
            raise StaleRead(f"`{group.name}` changed since it was read", hint="Plan again.", name=group.name)
        values, _ = convert.member_values(resource)
        yield from sorted(set(self._server.people.addresses_of(set(values)).values()))

    def _listed(self, names: frozenset[str] | None) -> Listing:
        """Return the groups of these names, or all where that takes fewer requests."""
        if names is None or self._pages < math.ceil(len(names) / self._options.people_per_request):
            return self._all()
        listing = self._searched(sorted(names)) if self.features.filter else self._known(names)
        there = {self._server.naming.name_of(each)[0] for each in listing.resources}
        must_look = self._server.naming.derives or not self.features.filter
        return self._all() if must_look and names - there else listing

    def _all(self) -> Listing:
        size = self.features.page(self._options.page_size)
        listing = self._client.list_all(GROUPS, size, self._parameters)
        self._pages = math.ceil(len(listing.resources) / size)
        return listing

    def _searched(self, names: Sequence[str]) -> Listing:
        resources: list[Resource] = []
        size = self.features.page(self._options.page_size)
        attribute = self._server.naming.attribute
        for text in convert.filters((attribute,), names, self._options.people_per_request):
            params = {**self._parameters, "filter": text}
            listing = self._client.list_all(GROUPS, size, params)
            resources += listing.resources
            if listing.problem:
                return Listing(tuple(resources), listing.problem)
        return Listing(tuple(resources))

    def _known(self, names: frozenset[str]) -> Listing:
        """Read the groups that were seen under these names one by one, where that is less than to list all."""
        ids = [group.id for group in self._server.seen.values() if group.name in names and group.id]
        if len(ids) != len(names) or len(ids) > 1:
            return Listing(())
        found = [self._client.get(convert.path_of(GROUPS, id_), doing="show a group") for id_ in ids]
        return Listing(tuple(resource for resource in found if resource is not None))

    @property
    def _parameters(self) -> Mapping[str, str]:
        return {} if self._options.members_in_list else WITHOUT_MEMBERS

    def _named(self, resources: Sequence[Resource], odd: Oddities) -> list[Found]:
        """Return the groups that have a name, no name twice."""
        found: dict[str, Found] = {}
        naming, has_versions = self._server.naming, self.features.etag
        read = [convert.read_group(each, naming, has_versions=has_versions) for each in resources]
        for each in sorted(filter(None, read), key=lambda each: (each.is_derived, each.group.id)):
            first = found.setdefault(each.group.name, each)
            if first is not each:
                odd.namesake(first, each)
        if has_versions and any(each.group.revision is None for each in found.values()):
            detail = "It announces versions of resources (`etag`), and sends groups without `meta.version`."
            raise BackendError(f"{self._context.target} does not do what it says", detail, "Set `without: [etag]`.")
        return list(found.values())

    def _members_of(self, found: Found, addresses: Mapping[str, str], odd: Oddities) -> Members:
        name = found.group.name
        if odd.is_ambiguous(name):
            return Members(lambda: odd.refuse(name))
        if not self._options.members_in_list:
            return Members.unread()
        known = {addresses[value] for value in found.values if value in addresses}
        odd.strangers(name, [value for value in found.values if value not in addresses], found.nested)
        return Members.of(known)

    # --- Writing ------------------------------------------------------------------------------------------------------

    def apply(self, change: Change) -> Group | None:
        """Carry out one change; a large one takes several writes."""
        return self.apply_in_steps(change, lambda _: None)

    def apply_in_steps(self, change: Change, note: Callable[[Step], None]) -> Group | None:
        """Carry out one change, each write held against the version that the one before it left."""
        if change.action not in self.capabilities.actions:
            summary = f"{change.target} can't {change.action.value} a group"
            raise BackendError(summary, "the server does not offer what it takes", name=change.name)
        return self._server.carry_out(change, note)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
