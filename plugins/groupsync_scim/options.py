"""The options of a SCIM target, besides those of every HTTP target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

OPTIONS: Final[Mapping[str, Any]] = {
    "create_missing_users": {
        "type": "boolean",
        "title": "Create missing users",
        "description": "Whether a user is created for a member that the server has none for. Without it, a change that "
        "adds such a member is refused and names the addresses.",
        "default": False,
        "examples": [True],
    },
    "address_in": {
        "enum": ["any", "userName", "emails"],
        "title": "Address in",
        "description": "Where a user's address is: in `userName`, in `emails` (the primary one, else the first), or in "
        "any of them: `userName` where that is an address, else `emails`.",
        "default": "any",
        "examples": ["emails"],
    },
    "name_in": {
        "enum": ["externalId", "displayName"],
        "title": "Name in",
        "description": "Which attribute of a group holds its name. `displayName` is for servers that do not keep "
        "`externalId`; one whose schema says so is treated like that anyway.",
        "default": "externalId",
        "examples": ["displayName"],
    },
    "adopt_by_display_name": {
        "type": "boolean",
        "title": "Adopt by display name",
        "description": "Whether a group without a usable `externalId` is found by its `displayName`, spelled as a name "
        "(`Beta testers` is `beta-testers`), and gets the name as `externalId` with its first change. Only of use on a "
        "server without the extension for ownership marks; with it, such groups are always seen, and adopted.",
        "default": False,
        "examples": [True],
    },
    "members_per_patch": {
        "type": "integer",
        "minimum": 1,
        "maximum": 100_000,
        "title": "Members per PATCH",
        "description": "How many members one request adds or removes. Some servers silently drop what goes beyond 100.",
        "default": 100,
        "examples": [1000],
    },
    "people_per_request": {
        "type": "integer",
        "minimum": 1,
        "maximum": 500,
        "title": "People per request",
        "description": "How many users or groups are looked for with one filter, joined by `or`; fewer where the URL "
        "would grow too long.",
        "default": 40,
        "examples": [1],
    },
    "page_size": {
        "type": "integer",
        "minimum": 1,
        "maximum": 10_000,
        "title": "Page size",
        "description": "How many groups to ask for at once; the server's `maxResults` is kept to.",
        "default": 100,
        "examples": [20],
    },
    "members_in_list": {
        "type": "boolean",
        "title": "Members in list",
        "description": "Whether the members come with the list of groups. Without it those of each group are read by a "
        "request of their own: for servers that leave them out of lists, and for groups of very many members.",
        "default": True,
        "examples": [False],
    },
    "member_value": {
        "enum": ["id", "userName"],
        "title": "Member value",
        "description": "What the `value` of a group's member is. RFC 7643 says the user's `id`; some servers have "
        "`userName` there.",
        "default": "id",
        "examples": ["userName"],
    },
    "without": {
        "type": "array",
        "items": {"enum": ["patch", "bulk", "filter", "etag"]},
        "uniqueItems": True,
        "title": "Without",
        "description": "Features that the server announces, and that are not to be used because they do not work. "
        "`etag` belongs here where two changes within a second leave a group's version the same.",
        "default": [],
        "examples": [["etag"]],
    },
}
"""JSON Schema properties."""


@dataclass(frozen=True, slots=True)
class ScimOptions:
    """The same as values; see `OPTIONS` for what each means."""

    create_missing_users: bool = False
    address_in: str = "any"
    name_in: str = "externalId"
    adopt_by_display_name: bool = False
    members_per_patch: int = 100
    people_per_request: int = 40
    page_size: int = 100
    members_in_list: bool = True
    member_value: str = "id"
    without: frozenset[str] = frozenset()

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """Take them out of the options of a target, which fit the schema."""
        own = {key: options[key] for key in OPTIONS if key in options}
        return cls(**{**own, "without": frozenset(own.get("without", ()))})
