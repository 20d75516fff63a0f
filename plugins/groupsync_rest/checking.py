"""Try the calls of a profile that only read, and tell where the service's answers don't fit what the profile says."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from groupsync.backend import Check
from groupsync.errors import AuthenticationError, GroupsyncError
from groupsync.http.failures import failure_of
from groupsync.secrets import scrub
from groupsync.wording import counted
from groupsync_rest.client import Refused, is_done, meaning
from groupsync_rest.convert import canonical_members, group_of
from groupsync_rest.pages import NotWhole
from groupsync_rest.profile import READING
from groupsync_rest.template import as_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from groupsync.http import Answer
    from groupsync.model import Group
    from groupsync_rest.client import Wire
    from groupsync_rest.profile import Call, Profile

_COMPARED: Final = ("id", "kind", "display_name", "description", "owners", "labels", "mark", "revision")
_TWO: Final = 2
_WRITES: Final = {
    "create": "groups can't be made",
    "update": "attributes and marks can't be changed",
    "add": "members can't be added one way or the other",
    "rename": "groups can't be renamed",
    "delete": "groups can't be deleted",
}


@dataclass(frozen=True, slots=True)
class Checking:
    """Tries one service; see `checks`."""

    wire: Wire
    canonical: Callable[[str], str]

    def checks(self) -> Iterator[Check]:
        """Give what came of each thing that was tried; a handful of requests, none of which writes."""
        yield self._described()
        if "check" in self.wire.profile.calls:
            yield self._shown()
        raws: list[Any] = []
        yield self._listed(raws)
        yield from self._goes_on("list", {}, len(raws))
        if raws:
            yield from self._one(raws)
        if "get" in self.wire.profile.calls:
            yield self._absent()

    def _described(self) -> Check:
        profile = self.wire.profile
        can = profile.capabilities()
        lacking = [why for name, why in _WRITES.items() if name not in profile.calls]
        if profile.combined is not None:
            lacking = [why for why in lacking if why != _WRITES["add"]]
        lacking += [] if can.ownership else [f"{_why_no_marks(profile)}, so the target needs `owns`"]
        lacking += [] if can.revisions else ["there are no revisions, so groups are compared right before a write"]
        posts = [name for name in READING if name in profile.calls and profile.calls[name].method == "POST"]
        lacking += [f"`{name}` is a POST, of which the profile says that it only reads" for name in posts]
        return Check(f"the profile `{profile.name}` is sound", "; ".join(lacking))

    def _shown(self) -> Check:
        call = self.wire.profile.calls["check"]
        what = f"`check` is answered ({self._at('calls', 'check')})"
        answer = self._asked(call, {})
        if isinstance(answer, Check):
            return answer
        found = call.shows.of(answer.json()) if call.shows is not None else None
        return Check(what, "" if found is None else scrub(as_text(found))[:500])

    # --- The list and what is in it -----------------------------------------------------------------------------------

    def _listed(self, raws: list[Any]) -> Check:
        """Ask for the first page of groups, and keep them."""
        call = self.wire.profile.calls["list"]
        what = f"the first groups can be listed ({self._at('calls', 'list')})"
        size = self.wire.profile.limits.page
        first: dict[str, str] = {}
        if call.pages is not None and call.pages.by in {"offset", "page"}:
            first = {call.pages.parameter: str(call.pages.first)}
        answer = self._asked(call, {} if size is None else {"limit": size}, first)
        if isinstance(answer, Check):
            return answer
        try:
            body = answer.json()
        except GroupsyncError as error:
            return Check(what, problem=str(error), hint=error.hint)
        items = call.items.of(body) if call.items is not None else None
        if not isinstance(items, list):
            where = self._at("calls", "list", "items")
            problem = f"there is no list at `{call.items.text if call.items else ''}` ({where})"
            return Check(what, problem=problem, hint=f"The answer has {_keys(body)}.")
        total = call.total.of(body) if call.total is not None else None
        if call.total is not None and (isinstance(total, bool) or not isinstance(total, int)):
            problem = f"there is no total at `{call.total.text}` ({self._at('calls', 'list', 'total')})"
            return Check(what, problem=problem, hint=f"The answer has {_keys(body)}.")
        raws += items
        return Check(what, f"{len(items):,} came" + (f" of {total:,}" if total is not None else ""))

    def _fields(self, raws: list[Any]) -> Check:
        """Tell for each field of a group whether anything is found where the profile says it is."""
        empty = []
        for name, expression in self.wire.profile.fields.items():
            if not any(expression.of(raw) is not None or _has_key(raw, expression.text) for raw in raws):
                empty.append(f"`{name}` at `{expression.text}` ({self._at('group', name)})")
        nothing = f"found nothing, in none of {len(raws):,}: {', '.join(empty)}" if empty else ""
        what = f"fields are where the profile says ({self._at('group')})"
        problem = self._problem_with(raws)
        hint = f"A group has {_keys(raws[0])}." if empty or problem else ""
        return Check(what, nothing, problem, hint)

    def _problem_with(self, raws: list[Any]) -> str:
        for raw in raws:
            try:
                group_of(raw, self.wire.profile, lambda _, member: self.canonical(member))
            except NotWhole as error:
                return str(error)
        return ""

    # --- One group ----------------------------------------------------------------------------------------------------

    def _one(self, raws: list[Any]) -> Iterator[Check]:
        then_get = self.wire.profile.calls["list"].then_get
        if not then_get:
            yield self._fields(raws)
        try:
            group = self._group(raws[0])
            fullest = group if then_get else max(map(self._group, raws), key=_size)
        except NotWhole as error:
            if then_get:
                yield Check(f"the list names groups ({self._at('group')})", problem=str(error))
            return
        if "get" in self.wire.profile.calls:
            got: list[Any] = []
            yield self._got(group, got)
            if then_get and got:
                yield self._fields(got)
        if "members" in self.wire.profile.calls:
            yield from self._members(fullest)

    def _got(self, listed: Group, got: list[Any]) -> Check:
        """Ask for a group, and keep what came."""
        call = self.wire.profile.calls["get"]
        what = f"`get` tells of `{listed.name}` ({self._at('calls', 'get')})"
        answer = self._asked(call, _values(listed))
        if isinstance(answer, Check):
            return answer
        header = self.wire.profile.revision_header
        if header and header not in answer.headers:
            problem = f"the answer has no header `{header}` ({self._at('revision_header')})"
            return Check(what, problem=problem, hint=f"It has {', '.join(sorted(answer.headers))}.")
        try:
            body = answer.json()
            raw = call.group.of(body) if call.group is not None else body
            found = self._group(raw)
        except (NotWhole, GroupsyncError) as error:
            hint = "See `group` of the call: where the group is in the answer."
            return Check(what, problem=str(error), hint=hint)
        got.append(raw)
        differing = [name for name in _COMPARED if getattr(listed, name) != getattr(found, name)]
        if differing and not self.wire.profile.calls["list"].then_get:
            hint = "If the list tells less, write `then_get: true` into `list`."
            return Check(what, problem=f"`list` tells something else: {', '.join(differing)}", hint=hint)
        return Check(what)

    def _members(self, group: Group) -> Iterator[Check]:
        call = self.wire.profile.calls["members"]
        what = f"the first members of `{group.name}` can be read ({self._at('calls', 'members')})"
        size = self.wire.profile.limits.member_page
        try:
            page = next(self.wire.pages(call, _values(group), size))
            members = canonical_members(page.items, group.name, lambda _, member: self.canonical(member))
        except NotWhole as error:
            yield Check(what, problem=str(error), hint=f"See `items` and `total` ({self._at('calls', 'members')}).")
            return
        except GroupsyncError as error:
            yield Check(what, problem=str(error), hint=error.hint)
            return
        shown = f"such as {members[0][0]}" if members else "it is empty"
        yield Check(what, f"{len(members):,} came, {shown}" if members else shown)
        yield from self._goes_on("members", _values(group), len(members))

    def _goes_on(self, name: str, values: dict[str, Any], came: int) -> Iterator[Check]:
        """Ask for two pages of one item each: the second has to be there, and to be another."""
        call = self.wire.profile.calls[name]
        if call.pages is None:
            return
        what = f"pages of `{name}` lead on ({self._at('calls', name, 'pages')})"
        if "limit" not in call.carries or came < _TWO:
            why = "fewer than two came" if came < _TWO else "the request does not say `$limit`"
            yield Check(what, f"not tried: {why}")
            return
        hint = f"There are {came:,} at least. Compare `pages` with what the service answers."
        try:
            found = [page.items for page in islice(self.wire.pages(call, values, 1), _TWO)]
        except (NotWhole, Refused) as error:
            yield Check(what, problem=str(error), hint=hint)
        except GroupsyncError as error:
            yield Check(what, problem=str(error), hint=error.hint)
        else:
            yield self._led_on(what, found, hint)

    @staticmethod
    def _led_on(what: str, found: list[list[Any]], hint: str) -> Check:
        first, second = found[0], found[1] if len(found) > 1 else []
        if len(first) > 1:
            return Check(what, f"not tried: one was asked for, and {len(first):,} came")
        if not second:
            return Check(what, problem="one was asked for, and no second page came", hint=hint)
        if first == second:
            return Check(what, problem="the second page is the first once more", hint=hint)
        return Check(what)

    def _absent(self) -> Check:
        """Ask for a group that can't be there."""
        call = self.wire.profile.calls["get"]
        name = f"no-such-group-{secrets.token_hex(6)}"
        what = f"a group that is not there is told as absent ({self._at('calls', 'get')})"
        try:
            answer = self.wire.send(call, {"name": name, "id": name})
        except GroupsyncError as error:
            return Check(what, problem=str(error), hint=error.hint)
        if is_done(call, answer):
            return Check(what, problem=f"`{name}` was answered with {answer.status}", hint="Is the path right?")
        if meaning(call, answer) != "absent":
            failure = failure_of(answer, "")
            hint = f"If that means that it is not there, write `errors: {{absent: [{answer.status}]}}`."
            is_other = isinstance(failure, AuthenticationError) or failure.retryable
            return Check(what, problem=failure.detail, hint=failure.hint if is_other else hint)
        return Check(what, f"by {answer.status}")

    # --- What all of them need ----------------------------------------------------------------------------------------

    def _asked(self, call: Call, values: dict[str, Any], page: dict[str, str] | None = None) -> Answer | Check:
        """Make a request; where it goes wrong, return that."""
        what = f"`{call.name}` is answered ({self._at('calls', call.name)})"
        try:
            answer = self.wire.send(call, values, page=page)
        except GroupsyncError as error:
            return Check(what, problem=str(error), hint=error.hint)
        if not is_done(call, answer):
            failure = failure_of(answer, call.name)
            return Check(what, problem=failure.detail, hint=failure.hint or "Compare the path with the service's own.")
        return answer

    def _group(self, raw: Any) -> Group:
        return group_of(raw, self.wire.profile, lambda _, member: self.canonical(member))

    def _at(self, *pointer: str) -> str:
        place = self.wire.profile.document.locate(pointer, key=True)
        return f"{place.path}:{place.line}"


def _why_no_marks(profile: Profile) -> str:
    if "mark" not in profile.fields:
        return "there is no room for marks"
    return "`update` sends no `$mark` or `$mark_text`" if "update" in profile.calls else "no `update` sends marks"


def _size(group: Group) -> int:
    return (group.members and group.members.known_count) or 0


def _values(group: Group) -> dict[str, Any]:
    return {"name": group.name} | ({"id": group.id} if group.id is not None else {})


def _has_key(raw: object, text: str) -> bool:
    """Tell whether a group has a key of that name, if only with null for its value."""
    return isinstance(raw, dict) and text in raw


def _keys(value: object) -> str:
    """Name what is in an answer, without telling what it says."""
    match value:
        case dict():
            return ", ".join(f"`{key}`" for key in list(value)[:20]) or "nothing"
        case list():
            return counted(len(value), "item") + (f", with {_keys(value[0])}" if value else "")
        case _:
            return f"no mapping, but {type(value).__name__}"
