"""Who is who: users by what stands for them in groups, and by address. Asked for once a run, many at a time."""

from __future__ import annotations

import json
import math
import threading
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from groupsync.errors import BackendError, IncompleteRead
from groupsync.wording import counted
from groupsync_scim.client import BULK, USERS
from groupsync_scim.convert import Person, Resource, field, filters, read_person

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence, Set

    from groupsync_scim.client import ScimClient
    from groupsync_scim.features import Features
    from groupsync_scim.options import ScimOptions

_WANTED: Final = {"attributes": "userName,emails"}
_FEW_PAGES: Final = 3
"""So many pages of all users are read rather than searching again and again."""
_WHERE: Final = {"any": ("userName", "emails.value"), "userName": ("userName",), "emails": ("emails.value",)}
_SHOWN: Final = 5


class People:
    """The users of one server, as far as they were needed. Safe to use from several threads."""

    def __init__(
        self, client: ScimClient, features: Features, options: ScimOptions, canonical: Callable[[str], str]
    ) -> None:
        self._client = client
        self._features = features
        self._options = options
        self._canonical = canonical
        self._mutex = threading.RLock()
        self._by_id: dict[str, Person] = {}
        self._by_user_name: dict[str, Person] = {}
        self._by_address: dict[str, dict[str, Person]] = {}
        self._nobody: set[str] = set()
        self._are_all = False
        self._total: int | None = None
        self._has_searched = False
        self._has_user_names = options.member_value == "userName"

    # --- Finding ------------------------------------------------------------------------------------------------------

    def addresses_of(self, values: Set[str]) -> dict[str, str]:
        """Return the addresses of the users who are members by these values; those without one are left out."""
        with self._mutex:
            unknown = sorted(value for value in values if value not in self._nobody and not self._person(value))
            if unknown and not self._are_all and not self._all_read(len(unknown)):
                there, other = ("userName", "id") if self._has_user_names else ("id", "userName")
                self._search((there,), unknown)
                self._search((other,), [value for value in unknown if not self._person(value)])
            self._nobody.update(value for value in unknown if not self._person(value))
            people = {value: self._person(value) for value in values}
            return {value: person.address for value, person in people.items() if person and person.address}

    def find(self, addresses: Set[str]) -> dict[str, list[Person]]:
        """Return the users who have these addresses; those that nobody has are left out."""
        with self._mutex:
            unknown = sorted(addresses - self._by_address.keys())
            if unknown and not self._are_all and not self._all_read(len(unknown)):
                self._search(_WHERE[self._options.address_in], unknown)
            return {each: list(self._by_address[each].values()) for each in addresses if each in self._by_address}

    def value_of(self, person: Person) -> str:
        """Return what stands for a user in a group."""
        return person.user_name if self._has_user_names else person.id

    def _person(self, value: str) -> Person | None:
        """Return who is a member by this value: the user with that id or, on servers that break the RFC, user name."""
        if value in self._by_id:
            return self._by_id[value]
        found = self._by_user_name.get(value.lower())
        self._has_user_names |= found is not None
        return found

    def _all_read(self, wanted: int) -> bool:
        """Read all users where that takes fewer requests than to search for those wanted; tell whether it was so."""
        searches = math.ceil(wanted / self._options.people_per_request)
        if self._features.filter and searches == 1 and not self._has_searched:
            return False
        page = self._features.page()
        if self._features.filter and self._total is None:
            self._total, resources = self._client.first_page(USERS, page, _WANTED)
            self._take(resources)
            self._are_all = len(resources) == self._total
        is_little = not self._features.filter or (self._total or 0) <= page * max(searches, _FEW_PAGES)
        if is_little and not self._are_all:
            self._list({})
            self._are_all = True
        return self._are_all

    def _search(self, attributes: tuple[str, ...], values: Sequence[str]) -> None:
        self._has_searched = True
        for text in filters(attributes, values, self._options.people_per_request):
            self._list({"filter": text})

    def _list(self, params: dict[str, str]) -> None:
        listing = self._client.list_all(USERS, self._features.page(), {**_WANTED, **params})
        if listing.problem:
            raise IncompleteRead("the users were not read wholly", listing.problem, "Plan again.", retryable=True)
        self._take(listing.resources)

    def _take(self, resources: Iterable[Resource]) -> None:
        for resource in resources:
            self._know(read_person(resource, self._options.address_in, self._canonical))

    def _know(self, person: Person) -> None:
        self._by_id[person.id] = person
        self._by_user_name[person.user_name.lower()] = person
        self._nobody -= {person.id, person.user_name}
        if person.address:
            self._by_address.setdefault(person.address, {})[person.id] = person

    # --- Creating -----------------------------------------------------------------------------------------------------

    def all_of(self, addresses: Set[str], name: str) -> dict[str, Person]:
        """Return the one user who has each of these addresses, created where the options want that.

        Raises:
            BackendError: there is no such user, or more than one; nothing was written to the group `name`.
        """
        with self._mutex:
            found = self.find(addresses)
            missing = sorted(addresses - found.keys())
            if missing and self._options.create_missing_users:
                self._create(missing, name)
                found = self.find(addresses)
                missing = sorted(addresses - found.keys())
        if missing:
            summary = f"`{name}` can't get members that the server has no user for"
            hint = "Have the users made, take the addresses out, or set `create_missing_users: true` for the target."
            raise BackendError(summary, _shown(missing), hint, name=name)
        unclear = sorted(address for address, people in found.items() if len(people) > 1)
        if unclear:
            summary = f"`{name}` can't get members whose address several users have"
            hint = "Have the users put right, or say with `address_in` which attribute holds their address."
            raise BackendError(summary, _shown(unclear), hint, name=name)
        return {address: people[0] for address, people in found.items()}

    def _create(self, addresses: Sequence[str], name: str) -> None:
        from groupsync_scim.messages import user_body

        bodies = [user_body(address) for address in addresses]
        taken: list[str] = []
        if self._features.bulk_operations and len(bodies) > 1:
            for lot in _lots(bodies, self._features.bulk_operations, self._features.bulk_bytes):
                taken += self._create_many(lot, name)
        else:
            taken += [body["userName"] for body in bodies if not self._create_one(body)]
        if taken:  # by somebody else since we looked
            self._are_all = False
            if self._features.filter:
                self._search(_WHERE[self._options.address_in], taken)
            else:
                self._list({})

    def _create_one(self, body: dict[str, Any]) -> bool:
        address = body["userName"]
        resource = self._client.send(USERS, body, doing=f"create the user {address}", accepts=409)
        if resource is not None:
            self._know(Person(str(field(resource, "id")), address, address))
        return resource is not None

    def _create_many(self, bodies: list[dict[str, Any]], name: str) -> list[str]:
        """Create users in one request and return the addresses that are taken."""
        from groupsync_scim.messages import bulk_body

        answer = self._client.send(BULK, bulk_body(bodies), doing=f"create {counted(len(bodies), 'user')}") or {}
        done = {field(each, "bulkId"): each for each in field(answer, "Operations") or ()}
        taken: list[str] = []
        for number, body in enumerate(bodies):
            address, result = body["userName"], done.get(f"user-{number}")
            status, location = str(field(result, "status")), str(field(result, "location"))
            if status == "201":
                self._know(Person(unquote(location.rpartition("/")[2]), address, address))
            elif status == "409":
                taken.append(address)
            else:
                detail = f"status {status}: {field(field(result, 'response'), 'detail') or 'no reason given'}"
                raise BackendError(f"the user {address} could not be created", detail, name=name)
        return taken


def _lots(bodies: list[dict[str, Any]], most: int, most_bytes: int) -> Iterator[list[dict[str, Any]]]:
    """Give the bodies in lots that fit one bulk request each."""
    lot: list[dict[str, Any]] = []
    size = 0
    for body in bodies:
        length = len(json.dumps(body)) + 100
        if lot and (len(lot) == most or (most_bytes and size + length > most_bytes)):
            yield lot
            lot, size = [], 0
        lot.append(body)
        size += length
    if lot:
        yield lot


def _shown(addresses: Sequence[str]) -> str:
    more = f" and {len(addresses) - _SHOWN} more" if len(addresses) > _SHOWN else ""
    return ", ".join(addresses[:_SHOWN]) + more
