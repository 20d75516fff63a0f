"""Policies over who belongs to a group, now and on written dates. Each loads only the groups that it is about."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

from groupsync.model import Action
from groupsync.records import instant_words
from groupsync_policies import dates
from groupsync_policies.breach import SHOWN, Breach, because, counted, entry_of, listed, picked

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime

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
        yield from _foreign_to_come(context, definition, rule, at)
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


def _foreign_to_come(
    context: PolicyContext, definition: Definition, rule: Mapping[str, Any], at: SourceRange
) -> Iterator[Breach]:
    """Find whom a written date lets in, and whose domain is not allowed."""
    allowed, come = _Domains(rule["domains"]), dates.entering(context, definition.name)
    domains = {name: name.rpartition("@")[2] for name in come}
    wrong = {name: come[name] for name, domain in domains.items() if not allowed.has(domain)}
    if wrong:
        yield Breach(
            (definition.name,),
            f"{counted(len(wrong), 'member')} who will come to `{definition.name}` by a written date "
            f"{'is' if len(wrong) == 1 else 'are'} in domains that are not allowed: "
            f"{listed({domains[name] for name in wrong})}",
            at,
            f"{dates.when(wrong)}; allowed: {', '.join(rule['domains'])}.{because(rule)}",
            "Take them out, or add the domain to `policies.allowed_domains`.",
            entry_of(definition, wrong),
            count=len(wrong),
            until=max(wrong.values()),
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
        gone_later = dates.leaving(context, name)
        lost = {person: gone_later[person] for person in wanted if person in gone_later}
        if lost:
            yield Breach(
                (name,),
                f"{counted(len(lost), 'member')} who must stay in `{name}` will leave it by a written date: "
                f"{listed(lost)}",
                at,
                f"{dates.when(lost)}.{because(rule)}",
                "Take the `until` out, or take them out of `policies.pinned`.",
                entry_of(definitions[name], lost),
                count=len(lost),
                until=max(lost.values()),
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
        dated = {name for name in held if context.dates_of(name)}
        loaded = {name: each.load() for name, each in held.items() if each.known_count != 0 or name in dated}
        for one, other in combinations(loaded, 2):
            shared = loaded[one] & loaded[other]
            if shared:
                yield _overlap(
                    definitions[one],
                    definitions[other],
                    f"`{one}` and `{other}` must not share members, and share {len(shared):,}",
                    f"In both: {listed(shared)}.",
                    at,
                    people=shared,
                )
            if later := dates.sharing(context, {one: loaded[one], other: loaded[other]}):
                yield _overlap(
                    definitions[one],
                    definitions[other],
                    f"`{one}` and `{other}` must not share members, and will share {len(later):,} by a written date",
                    f"In both: {dates.when(later)}.",
                    at,
                    people=frozenset(later),
                    until=max(later.values()),
                )


def _overlap(
    one: Definition,
    other: Definition,
    summary: str,
    detail: str,
    at: SourceRange,
    *,
    people: frozenset[str],
    until: datetime | None = None,
) -> Breach:
    blamed = entry_of(other, people)
    if blamed == other.at:
        blamed = entry_of(one, people)
    return Breach(
        (one.name, other.name),
        summary,
        at,
        detail,
        "Take them out of one of the two.",
        blamed,
        (one.at, other.at),
        count=len(people),
        people=people if until is None else frozenset(),
        until=until,
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
            elif "max" in rule and (later := dates.growing(context, definition.name, count, rule["max"])):
                yield _sized(context, definition, (index, rule, "max"), later[1], later[0])


def _sized(
    context: PolicyContext,
    definition: Definition,
    broken: tuple[int, Mapping[str, Any], str],
    count: int,
    until: datetime | None = None,
) -> Breach:
    index, rule, bound = broken
    side, less = ("at least", "fewer") if bound == "min" else ("at most", "more")
    has = "has" if until is None else f"will have, on {instant_words(until)},"
    return Breach(
        (definition.name,),
        f"`{definition.name}` {has} {counted(count, 'member')}, and may have {side} {rule[bound]:,}",
        context.options.locate(("size", index, bound)),
        f"A group that `policies.size` is about must not have {less}.{because(rule)}",
        f"Change who belongs, or `{bound}` in `policies.size`.",
        definition.at,
        count=count,
        limit=rule[bound],
        until=until,
    )
