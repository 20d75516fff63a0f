"""Hypothesis strategies for what flows through groupsync: names, addresses, groups, states, definitions.

Everything they give is valid and canonical. Sizes are small, and names and addresses often come from small pools, so
that two sides of a comparison have much in common.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from groupsync.identity import Identity
from groupsync.model import (
    KNOWN_USER_GROUP,
    Definition,
    Group,
    InlineMembers,
    Lifecycle,
    Members,
    Period,
    Reference,
    SourceRange,
    TimedMember,
)
from groupsync.testing.target import mark_for

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

State = dict[str, Group]
"""What a target holds: groups by name, in the order of their names."""

_POOL = tuple(f"{name}@example.com" for name in ("ada", "bob", "cy", "di", "eve", "flo", "gus", "hal"))


def names() -> SearchStrategy[str]:
    """Names of groups, short ones more often than long ones."""
    return st.one_of(
        st.sampled_from(["a", "b", "c", "a.b", "a-b", "null", "1e5"]),
        st.from_regex(r"[a-z0-9][a-z0-9._-]{0,127}", fullmatch=True),
    )


def addresses() -> SearchStrategy[str]:
    """Canonical addresses; most from a small pool."""
    written = st.builds(
        "{}@{}.example".format,
        st.from_regex(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,12}(\.[a-zäöü0-9+]{1,8})?", fullmatch=True),
        st.from_regex(r"[a-z0-9]{1,10}(-[a-z0-9]{1,5})?", fullmatch=True),
    )
    return st.one_of(st.sampled_from(_POOL), written.filter(_is_address).map(Identity().canonical))


def member_sets(max_size: int = 8) -> SearchStrategy[frozenset[str]]:
    """Memberships, the empty one too."""
    return st.frozensets(addresses(), max_size=max_size)


def texts() -> SearchStrategy[str]:
    """What people write in a display name or description: any character that YAML and JSON can carry."""
    return st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t"), max_size=30)


def attributes() -> SearchStrategy[dict[str, Any]]:
    """Attributes of a group but its kind; each set, empty, or left out."""
    return st.fixed_dictionaries(
        {},
        optional={
            "display_name": texts(),
            "description": texts(),
            "owners": st.frozensets(addresses(), max_size=3).map(lambda owners: tuple(sorted(owners))),
            "labels": st.dictionaries(names(), texts(), max_size=3).map(lambda labels: tuple(sorted(labels.items()))),
        },
    )


@st.composite
def groups(draw: DrawFn, name: SearchStrategy[str] | None = None, *, marked: bool | None = None) -> Group:
    """Groups as a target holds them.

    Args:
        draw: given by Hypothesis.
        name: where names come from; None for `names()`.
        marked: whether they carry an ownership mark; None for either. A mark may be of other members: drift.
    """
    members = draw(member_sets())
    mark = None
    if marked or (marked is None and draw(st.booleans())):
        applied = draw(st.one_of(st.just(members), member_sets()))
        mark = mark_for(applied, prevent_delete=draw(st.booleans()))
    chosen = draw(names() if name is None else name)
    return Group(chosen, members=Members.of(members), mark=mark, **draw(attributes()))


def states(max_size: int = 6, *, marked: bool | None = None) -> SearchStrategy[State]:
    """States of a target."""
    chosen = st.lists(names(), unique=True, max_size=max_size)
    return chosen.flatmap(
        lambda found: st.tuples(*(groups(st.just(name), marked=marked) for name in sorted(found))).map(
            lambda held: {group.name: group for group in held}
        )
    )


@st.composite
def pairs_of_states(draw: DrawFn, max_size: int = 6, *, marked: bool | None = None) -> tuple[State, State]:
    """Two states that have groups in common: some equal, some changed, some on one side alone."""
    before, after = draw(states(max_size, marked=marked)), draw(states(max_size, marked=marked))
    for name, group in before.items():
        match draw(st.sampled_from(["leave", "keep", "change"])):
            case "keep":
                after[name] = group
            case "change":
                after[name] = draw(groups(st.just(name), marked=marked))
            case _:
                pass
    return before, dict(sorted(after.items()))


def periods() -> SearchStrategy[Period]:
    """When an entry holds: for ever, from, until, or both."""
    instants = st.one_of(
        st.none(),
        st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),
    )
    return st.builds(Period, instants, instants)


@st.composite
def definitions(draw: DrawFn, max_size: int = 6) -> tuple[Definition, ...]:
    """Definitions of known user groups, sorted by name. References lead to earlier names, so there are no cycles."""
    chosen = sorted(draw(st.sets(names(), max_size=max_size)))
    found: list[Definition] = []
    for line, name in enumerate(chosen, 1):
        at = SourceRange("groups/all.yaml", line, 1)
        others = chosen[: line - 1]
        references = st.lists(st.builds(Reference, st.sampled_from(others), st.just(at), period=periods()), max_size=2)
        refer = references.map(tuple) if others else st.just(())
        found.append(draw(_definition(name, at, refer)))
    return tuple(found)


@st.composite
def _definition(draw: DrawFn, name: str, at: SourceRange, refer: SearchStrategy[tuple[Reference, ...]]) -> Definition:
    plain = draw(member_sets())
    timed = draw(st.lists(st.builds(TimedMember, addresses(), periods(), texts(), st.just(at)), max_size=3))
    inline = InlineMembers("\n".join(sorted(plain)), tuple(timed))
    return Definition(
        KNOWN_USER_GROUP,
        name,
        at,
        members=inline,
        include=draw(st.one_of(st.none(), refer)),
        exclude=draw(refer),
        restrict_to=draw(refer),
        lifecycle=Lifecycle(prevent_delete=draw(st.booleans())),
        **draw(attributes()),
    )


def _is_address(text: str) -> bool:
    try:
        Identity().canonical(text)
    except ValueError:
        return False
    return True
