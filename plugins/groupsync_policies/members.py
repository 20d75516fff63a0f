"""Policies over who belongs to a group. Each loads only the groups that it is about, one after the other."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

from groupsync.model import Action
from groupsync_policies.breach import SHOWN, Breach, because, counted, entry_of, listed, picked

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from groupsync.model import Definition, SourceRange
    from groupsync.policy import PolicyContext


def allowed_domains(context: PolicyContext, rules: list[Any]) -> Iterator[Breach]:
    """Find members whose address is in no domain that is allowed to them."""
    locate = context.options.locate
    everywhere = [rule for rule in rules if isinstance(rule, str)]
    first = next((index for index, rule in enumerate(rules) if isinstance(rule, str)), 0)
    if everywhere:
        yield from _domains(context, {"domains": everywhere}, locate(("allowed_domains", first)))
    for index, rule in enumerate(rules):
        if isinstance(rule, dict):
            yield from _domains(context, rule, locate(("allowed_domains", index)))


def _domains(context: PolicyContext, rule: Mapping[str, Any], at: SourceRange) -> Iterator[Breach]:
    allowed = _Domains(rule["domains"])
    for definition in picked(rule, context):
        members = context.members_of(definition.name)
        if members is None:
            continue
        names = members.load()
        foreign = {domain for domain in {name.rpartition("@")[2] for name in names} if not allowed.has(domain)}
        wrong = [name for name in names if name.rpartition("@")[2] in foreign] if foreign else []
        if wrong:
            yield Breach(
                (definition.name,),
                f"{counted(len(wrong), 'member')} of `{definition.name}` {'is' if len(wrong) == 1 else 'are'} in "
                f"domains that are not allowed: {listed(foreign)}",
                at,
                f"{listed(wrong)}; allowed: {', '.join(rule['domains'])}.{because(rule)}",
                "Take them out, or add the domain to `policies.allowed_domains`.",
                entry_of(definition, wrong),
                count=len(wrong),
                people=frozenset(wrong),
            )


class _Domains:
    """Domains as the config has them: in canonical form, `*.` for all below one."""

    def __init__(self, written: Collection[str]) -> None:
        plain = [self._canonical(each) for each in written]
        self._whole = frozenset(each for each in plain if not each.startswith("*."))
        self._below = tuple(each[1:] for each in plain if each.startswith("*."))

    @staticmethod
    def _canonical(domain: str) -> str:
        if domain.isascii():
            return domain.lower()
        import idna

        prefix = "*." if domain.startswith("*.") else ""
        try:
            return prefix + idna.encode(domain.removeprefix("*."), uts46=True).decode()
        except idna.IDNAError:
            return domain  # no address has such a domain: nothing is allowed by it

    def has(self, domain: str) -> bool:
        return domain in self._whole or domain.endswith(self._below)


def pinned(context: PolicyContext, rules: list[Any]) -> Iterator[Breach]:
    """Find members that must stay and would not, because of an edit, an expiry, an alias or a deletion.

    They are compared as they are written: an alias must not put somebody else in the place of who is pinned.
    """
    definitions = {definition.name: definition for definition in context.definitions}
    gone = {change.name for change in context.plan.changes if change.action is Action.DELETE}
    for index, rule in enumerate(rules):
        at = context.options.locate(("pinned", index, "group"))
        name, wanted = rule["group"], [_canonical(context, each) for each in rule["members"]]
        if name in gone:
            yield Breach(
                (name,),
                f"`{name}` would go, with {counted(len(wanted), 'member')} who must stay in it",
                at,
                f"Pinned: {listed(wanted)}.{because(rule)}",
                "Keep the group, or take it out of `policies.pinned` first.",
                definitions[name].at if name in definitions else at,
                count=len(wanted),
            )
        members = context.members_of(name)
        missing = set(wanted) - members.load() if members is not None else set()
        if missing:
            yield Breach(
                (name,),
                f"{counted(len(missing), 'member')} who must stay in `{name}` {'is' if len(missing) == 1 else 'are'} "
                f"not in it: {listed(missing)}",
                at,
                f"What the definition says now leaves them out{_renamed(context, missing)}.{because(rule)}",
                "Put them back, or take them out of `policies.pinned`.",
                entry_of(definitions[name], missing),
                count=len(missing),
                people=frozenset(missing),
            )


def _canonical(context: PolicyContext, member: str) -> str:
    try:
        return context.as_written(member)
    except ValueError:
        return member  # nobody is called so: it shows as missing


def _renamed(context: PolicyContext, missing: Collection[str]) -> str:
    """Say who of the missing has another address by an alias: the policy has to name that one."""
    moved = {name: now for name in missing if (now := _present(context, name)) != name}
    words = ", ".join(f"`{name}` is `{moved[name]}`" for name in sorted(moved)[:SHOWN])
    more = f" and {len(moved) - SHOWN:,} more" if len(moved) > SHOWN else ""
    return f", or `aliases` says that they have another address: {words}{more}" if moved else ""


def _present(context: PolicyContext, member: str) -> str:
    try:
        return context.canonical(member)
    except ValueError:
        return member


def no_overlap(context: PolicyContext, rules: list[Any]) -> Iterator[Breach]:
    """Find people who are in two groups that must not share anybody."""
    definitions = {definition.name: definition for definition in context.definitions}
    for index, names in enumerate(rules):
        at = context.options.locate(("no_overlap", index))
        held = {name: members for name in names if (members := context.members_of(name)) is not None}
        loaded = {name: each.load() for name, each in held.items() if each.known_count != 0}
        for one, other in combinations(loaded, 2):
            shared = loaded[one] & loaded[other]
            if shared:
                blamed = entry_of(definitions[other], shared)
                if blamed == definitions[other].at:
                    blamed = entry_of(definitions[one], shared)
                yield Breach(
                    (one, other),
                    f"`{one}` and `{other}` must not share members, and share {len(shared):,}",
                    at,
                    f"In both: {listed(shared)}.",
                    "Take them out of one of the two.",
                    blamed,
                    (definitions[one].at, definitions[other].at),
                    count=len(shared),
                    people=shared,
                )


def size(context: PolicyContext, rules: list[Any]) -> Iterator[Breach]:
    """Find groups with too few or too many members."""
    for index, rule in enumerate(rules):
        for definition in picked(rule, context):
            count = context.count_of(definition.name)
            if count is None:
                continue
            if count < rule.get("min", 0):
                yield _sized(context, definition, (index, rule, "min"), count)
            elif count > rule.get("max", count):
                yield _sized(context, definition, (index, rule, "max"), count)


def _sized(
    context: PolicyContext, definition: Definition, broken: tuple[int, Mapping[str, Any], str], count: int
) -> Breach:
    index, rule, bound = broken
    side, less = ("at least", "fewer") if bound == "min" else ("at most", "more")
    return Breach(
        (definition.name,),
        f"`{definition.name}` has {counted(count, 'member')}, and may have {side} {rule[bound]:,}",
        context.options.locate(("size", index, bound)),
        f"A group that `policies.size` is about must not have {less}.{because(rule)}",
        f"Change who belongs, or `{bound}` in `policies.size`.",
        definition.at,
        count=count,
        limit=rule[bound],
    )
