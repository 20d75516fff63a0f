"""What a server says it can do (RFC 7643, 5 to 7). Pure; tolerant: what is not said is not used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from groupsync_scim.convert import EXTENSION, GROUP, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Set

_USERS_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class Features:
    """What may be used of a server.

    Attributes:
        patch, filter: as announced.
        etag: groups have versions, and a write is held against one.
        bulk_operations: in one bulk request; 0 where there is no bulk.
        bulk_bytes: how long such a request may be; 0 for any length.
        max_results: resources in one answer at most; 0 where none is told.
        keeps_external_id: a group's `externalId` is not said to be dropped.
        renames: a group's `displayName` may change.
        needs_members: a group can't be written without members by PATCH: `members` is required, and none is no value.
        needs_ref: a member must come with the user's address.
        stores_marks: groups have our extension.
        names_marks: it has room for the name that a mark was written for.
        remembers: it has room for a mark's past.
    """

    patch: bool = True
    filter: bool = True
    etag: bool = False
    bulk_operations: int = 0
    bulk_bytes: int = 0
    max_results: int = 0
    keeps_external_id: bool = True
    renames: bool = True
    needs_members: bool = False
    needs_ref: bool = False
    stores_marks: bool = False
    names_marks: bool = False
    remembers: bool = False

    def page(self, wanted: int = _USERS_PAGE) -> int:
        """Return how many resources to ask for at once."""
        return min(wanted, self.max_results) if self.max_results else wanted

    def __str__(self) -> str:
        bulk = f"bulk of {self.bulk_operations:,}" if self.bulk_operations else ""
        has = [("PATCH", self.patch), ("filters", self.filter), ("versions", self.etag), (bulk, bulk)]
        has += [("ownership marks", self.stores_marks)]
        return ", ".join(name for name, is_there in has if is_there) or "reading alone"


def features_of(
    config: Mapping[str, Any],
    schemas: Iterable[Mapping[str, Any]] = (),
    types: Iterable[Mapping[str, Any]] = (),
    without: Set[str] = frozenset(),
) -> Features:
    """Read a server's own description.

    Args:
        config: its ServiceProviderConfig.
        schemas: its Schemas; none where it doesn't tell.
        types: its ResourceTypes; none where it doesn't tell.
        without: features that are announced and not to be used: `patch`, `bulk`, `filter`, `etag`.
    """

    def has(name: str) -> bool:
        return name not in without and _flag(_part(config, name), "supported")

    bulk = _part(config, "bulk")
    told = tuple(schemas)
    group, extension = (next((each for each in told if field(each, "id") == id_), {}) for id_ in (GROUP, EXTENSION))
    external_id, display_name, members = (_attribute(group, each) for each in ("externalId", "displayName", "members"))
    of_mark = _attribute(extension, "mark")
    return Features(
        patch=has("patch"),
        filter=has("filter"),
        etag=has("etag"),
        bulk_operations=_number(bulk, "maxOperations") if has("bulk") else 0,
        bulk_bytes=_number(bulk, "maxPayloadSize"),
        max_results=_number(_part(config, "filter"), "maxResults"),
        keeps_external_id=_text(external_id, "mutability") != "readonly" and _text(external_id, "returned") != "never",
        renames=_text(display_name, "mutability") not in ("immutable", "readonly"),
        needs_members=_flag(members, "required"),
        needs_ref=_flag(_attribute(members, "$ref", "subAttributes"), "required"),
        stores_marks=any(_extends(each) for each in types),
        names_marks=bool(_attribute(of_mark, "name", "subAttributes")),
        remembers=bool(_attribute(of_mark, "past", "subAttributes")),
    )


def _extends(resource_type: Mapping[str, Any]) -> bool:
    extensions = field(resource_type, "schemaExtensions") or ()
    return field(resource_type, "schema") == GROUP and any(field(each, "schema") == EXTENSION for each in extensions)


def _attribute(schema: Mapping[str, Any], name: str, key: str = "attributes") -> Mapping[str, Any]:
    return next((each for each in field(schema, key) or () if field(each, "name") == name), {})


def _part(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = field(values, name)
    return found if isinstance(found, dict) else {}


def _flag(values: Mapping[str, Any], name: str) -> bool:
    return str(field(values, name)).lower() == "true"


def _number(values: Mapping[str, Any], name: str) -> int:
    found = field(values, name)
    return found if isinstance(found, int) and found > 0 else 0


def _text(values: Mapping[str, Any], name: str) -> str:
    return str(field(values, name)).lower()
