"""What comes in and goes out, as JSON: the contract's schemas come from here."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"
_LINE = r"^[^\x00-\x1f\x7f]+$"
_COUNT = 2**53 - 1
"""The largest whole number that every reader of JSON has."""

Line = Annotated[str, Field(min_length=1, max_length=320, pattern=_LINE)]
Text = Annotated[str, Field(max_length=4000)]
Labels = Annotated[
    dict[Line, Text],
    Field(max_length=100),
    # Pydantic writes `patternProperties`, which lets every other key through.
    WithJsonSchema(
        {
            "type": "object",
            "propertyNames": {"minLength": 1, "maxLength": 320, "pattern": _LINE},
            "additionalProperties": {"type": "string", "maxLength": 4000},
            "maxProperties": 100,
        }
    ),
]
Name = Annotated[
    str,
    Field(
        pattern=NAME_PATTERN,
        description="The group's name, unique among all groups; capital letters count.",
        examples=["beta-testers"],
    ),
]
DIGEST = Field(
    pattern="^[0-9a-f]{64}$",
    description="SHA-256, in hexadecimal, over the members sorted by code points, each in UTF-8 and ended by a line "
    "feed. Kept in the same transaction as the members.",
    examples=["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
)
REVISION = Field(
    description="Says which state of the group this is. Every change moves it, and it never comes back. In quotes it "
    "is the ETag.",
    examples=["42-9f86d081"],
)


def _whole(value: Any) -> Any:
    # 50.0 is an integer, for JSON Schema and for JSON.
    return int(value) if isinstance(value, float) and value.is_integer() else value


class Model(BaseModel):
    """What all have in common: nothing is converted, nothing unknown is accepted."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Mark(Model):
    """Says who manages the group, and what it held when that last happened. The service only keeps it."""

    project: Line = Field(description="The project that manages the group.", examples=["contoso-store"])
    digest: str = Field(
        pattern="^([0-9a-f]{64})?$",
        description="The `member_digest` last applied; empty where that is not known, or not all of it is applied yet.",
        examples=["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    )
    count: Annotated[int, BeforeValidator(_whole)] = Field(
        ge=0, le=_COUNT, description="How many members were last applied.", examples=[50]
    )
    identity: Line = Field(description="How identifiers were made canonical then.", examples=["email/fold"])
    prevent_delete: bool = Field(description="Whether the group is not to be deleted.", examples=[False])
    name: Line | None = Field(
        default=None, description="The name of the group that the mark was written for.", examples=["beta-testers"]
    )
    past: Annotated[str, Field(min_length=1, max_length=2048, pattern=_LINE)] | None = Field(
        default=None,
        description="What guards compare with where no earlier run is known, as JSON. It names nobody.",
        examples=['{"at":"2026-11-23T12:00:00Z","rows":[["0a1b2c3d4e5f6071","8293a4b5c6d7e8f9",4310]],"counts":[]}'],
    )


class Attributes(Model):
    """What people see of a group. null, and at creation what is left out, means not set."""

    kind: Line | None = Field(
        default_factory=lambda: None, description="What sort of group.", examples=["known-user-group"]
    )
    display_name: Text | None = Field(
        default_factory=lambda: None, description="The name that people see.", examples=["Beta testers"]
    )
    description: Text | None = Field(
        default_factory=lambda: None,
        description="What the group is for.",
        examples=["People who asked for early builds."],
    )
    owners: list[Line] | None = Field(
        default_factory=lambda: None,
        max_length=100,
        description="Who answers for the group. The order is kept.",
        examples=[["growth@contoso.com"]],
    )
    labels: Labels | None = Field(
        default_factory=lambda: None, description="Labels by their keys.", examples=[{"product": "fieldnotes"}]
    )
    mark: Mark | None = Field(default_factory=lambda: None, description="The ownership mark; null for none.")


class NewGroup(Attributes):
    """A group to create."""

    name: Name
    members: list[Line] = Field(
        default_factory=list,
        description="Its first members, at most `limits.bulk`; more are added by PATCH.",
        examples=[["ada@contoso.com", "grace@fabrikam.com"]],
    )


class MemberChanges(Model):
    """Members to remove and to add, together at most `limits.bulk`."""

    add: list[Line] = Field(
        default_factory=list,
        description="Who is to be in the group. Who is in it already is no error.",
        examples=[["ada@contoso.com"]],
    )
    remove: list[Line] = Field(
        default_factory=list,
        description="Who is not to be in it. Who is not in it is no error; who is named in `add` as well stays.",
        examples=[["mallory@example.com"]],
    )


class GroupChange(Attributes):
    """What to change of a group. What is left out stays as it is."""

    name: Name = Field(
        default_factory=str,
        description="The group's new name. Its id, members and everything else stay.",
        examples=["early-access"],
    )
    members: MemberChanges = Field(default_factory=MemberChanges, description="Changes of the members.")


class Group(Model):
    """A group without its members."""

    id: str = Field(description="The service's own name of the group; stays when it is renamed.", examples=["17"])
    name: Name
    kind: Line | None = Field(description="What sort of group; null: not set.", examples=["known-user-group"])
    display_name: Text | None = Field(description="The name that people see; null: not set.", examples=["Beta testers"])
    description: Text | None = Field(
        description="What the group is for; null: not set.", examples=["People who asked for early builds."]
    )
    owners: list[Line] | None = Field(
        description="Who answers for the group; null: not set.", examples=[["growth@contoso.com"]]
    )
    labels: Labels | None = Field(
        description="Labels by their keys; null: not set.", examples=[{"product": "fieldnotes"}]
    )
    member_count: int = Field(ge=0, description="How many members it has.", examples=[50])
    member_digest: str = DIGEST
    mark: Mark | None = Field(description="The ownership mark; null: none.")
    revision: str = REVISION


class Groups(Model):
    """A page of groups."""

    groups: list[Group] = Field(description="Groups, sorted by name.")
    total: int = Field(ge=0, description="How many groups all pages have together.", examples=[200])
    next_cursor: str | None = Field(
        description="Give it as `cursor` for the next page; null: this is the last one.",
        examples=["WyJncm91cHMiLCI0MiJd"],
    )


class Members(Model):
    """A page of a group's members."""

    members: list[Line] = Field(
        description="Members, sorted by code points.", examples=[["ada@contoso.com", "grace@fabrikam.com"]]
    )
    total: int = Field(ge=0, description="How many members all pages have together.", examples=[50])
    revision: str = REVISION
    next_cursor: str | None = Field(
        description="Give it as `cursor` for the next page; null: this is the last one.", examples=["WyJtZW1iZXJzIl0"]
    )


class Limits(Model):
    """What the service takes and gives at most."""

    page: int = Field(ge=1, description="Groups in one page.", examples=[500])
    member_page: int = Field(ge=1, description="Members in one page.", examples=[1000])
    bulk: int = Field(ge=1, description="Members in one request, added and removed together.", examples=[1000])
    in_flight: int = Field(ge=1, description="Requests that are worked on at once; more have to wait.", examples=[8])


class About(Model):
    """What this is."""

    service: str = Field(description="Always this text.", examples=["groupsync group service"])
    version: str = Field(description="Version of the contract.", examples=["1"])
    limits: Limits = Field(description="The limits of this very service.")


class Problem(Model):
    """What is wrong, for programs and for people."""

    code: str = Field(description="Never changes its meaning.", examples=["not_found"])
    message: str = Field(description="Says it in words.", examples=["there is no group `beta-testers`"])


class Error(Model):
    """The answer of everything that did not go well."""

    error: Problem = Field(description="What is wrong.")


def given_values(body: NewGroup | GroupChange) -> dict[str, Any]:
    """Return what a body says of everything but members, by name, as plain values."""
    return body.model_dump(exclude_unset=True, exclude={"members"})
