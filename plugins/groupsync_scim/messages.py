"""What is sent, made with `scim2-models`: a body that breaks the RFCs is a mistake of ours, found here.

Imported when something is written, since the library takes most of a second to import.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, TypeAlias

from scim2_models import (
    URN,
    BulkRequest,
    CaseExact,
    ComplexAttribute,
    Context,
    Email,
    Extension,
    Group,
    Name,
    PatchOp,
    PatchOperation,
    User,
)

from groupsync_scim.convert import EXTENSION

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


_Exact: TypeAlias = Annotated[str | None, CaseExact.true]


class GroupMark(ComplexAttribute):
    """The ownership mark."""

    project: _Exact = None
    """The project that manages the group."""
    digest: _Exact = None
    """SHA-256 of the members last applied; empty while not all of them are."""
    count: int | None = None
    """How many members were last applied."""
    identity: _Exact = None
    """The rule by which addresses were compared then."""
    prevent_delete: bool | None = None
    """Whether the group is protected from deletion."""
    name: _Exact = None
    """The name of the group that the mark was written for."""
    past: _Exact = None
    """What guards compare with where no earlier run is known, as JSON; at most 2,048 characters."""


class GroupLabel(ComplexAttribute):
    """One label."""

    name: _Exact = None
    value: _Exact = None


class GroupsyncGroup(Extension):
    """What groupsync keeps with a group that it manages."""

    __schema__: ClassVar[URN] = URN(EXTENSION)

    mark: GroupMark | None = None
    """The ownership mark; none on a group that nobody manages."""
    kind: _Exact = None
    """What the group is, such as known-user-group."""
    description: _Exact = None
    """What the group is for."""
    owners: Annotated[list[str] | None, CaseExact.true] = None
    """Addresses of those who answer for the group."""
    labels: list[GroupLabel] | None = None
    """Names and values to sort groups by."""


# Made at run time, where no type checker can follow.
_GROUP: Final[Any] = Group[GroupsyncGroup]  # type: ignore[misc]
_OPERATION: Final[Any] = PatchOperation[_GROUP]
_PATCH: Final[Any] = PatchOp[_GROUP]


def group_body(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body that creates a group, from the whole resource as plain values."""
    group = _GROUP.model_validate(values, scim_ctx=Context.RESOURCE_CREATION_REQUEST)
    return {"members": [], **group.model_dump(scim_ctx=Context.RESOURCE_CREATION_REQUEST)}


def patch_body(operations: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the body of a PATCH of a group."""
    patch = _PATCH(operations=[_OPERATION.model_validate(each) for each in operations])
    body: dict[str, Any] = patch.model_dump(scim_ctx=Context.RESOURCE_PATCH_REQUEST)
    return body


def user_body(address: str) -> dict[str, Any]:
    """Return the body that creates a user for an address, who can be found by it again.

    The names are there because some servers want them; what people are called is not ours to know.
    """
    name = address.partition("@")[0]
    user: User[Any] = User(
        user_name=address, name=Name(formatted=name, family_name=name), emails=[Email(value=address)], active=True
    )
    return user.model_dump(scim_ctx=Context.RESOURCE_CREATION_REQUEST)


def bulk_body(users: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the body that creates many users at once (RFC 7644, 3.7)."""
    operations = [
        {"method": "POST", "path": "/Users", "bulkId": f"user-{number}", "data": user}
        for number, user in enumerate(users)
    ]
    return BulkRequest[User[Any]].model_validate({"Operations": operations}).model_dump(scim_ctx=Context.DEFAULT)
