"""Carry out one change as the requests that it takes, each noted once the service has confirmed it.

Members go in lots of as many as one request takes. Where one request carries members, attributes and mark, they go
together, and the first of several carries an unfinished mark; otherwise attributes and mark go last. A new group gets a
mark as early as it can, an unfinished one where members are still to come, so that no mark claims who is not there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from groupsync.backend import Step, member_chunks
from groupsync.errors import BackendError, StalePlanError
from groupsync.http.failures import failure_of
from groupsync.model import ATTRIBUTES, Action
from groupsync.wording import counted
from groupsync_rest.client import is_done, meaning
from groupsync_rest.convert import changed_values, mark_values, whole_values
from groupsync_rest.profile import MARKS, MEMBERS
from groupsync_rest.template import kept

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from groupsync.http import Answer
    from groupsync.model import Change, Group
    from groupsync_rest.client import Wire
    from groupsync_rest.profile import Call

    Lot = tuple[list[str], list[str]]

_SETTINGS: Final = frozenset(ATTRIBUTES) | MARKS
_ACCOUNTS: Final = 100
"""So many accounts are asked for at once: making one takes a service far longer than adding it to a group."""


@dataclass(slots=True)
class Writing:
    """One change that is under way.

    Attributes:
        wire: to the service.
        change: what to do.
        note: told of each write.
        spelled: gives how the service writes a member.
        look: makes a group of one as the service tells it, and of the revision that came in a header.
        create_missing_users: whether accounts may be made.
        name, revision: the group's, as they are after the last write.
        raw: the group as the service told it last; None where it did not.
    """

    wire: Wire
    change: Change
    note: Callable[[Step], None]
    spelled: Callable[[str], str]
    look: Callable[[object, str | None], Group]
    create_missing_users: bool = False
    name: str = ""
    revision: str | None = None
    raw: Any = None

    def __post_init__(self) -> None:
        self.name = self.change.prior_name or self.change.name
        self.revision = self.change.precondition

    @property
    def _calls(self) -> Mapping[str, Call]:
        return self.wire.profile.calls

    def carry_out(self) -> None:
        """Make all requests.

        Raises:
            StalePlanError: the group is not as it was planned.
            BackendError: a request failed; what was noted is done.
        """
        lots = self._lots()
        match self.change.action:
            case Action.DELETE:
                self._write(self._calls["delete"], {}, ([], []))
            case Action.CREATE:
                self._create(lots)
            case Action.RENAME:
                self._rename(lots)
            case _:
                self._update(lots)

    def _lots(self) -> list[Lot]:
        """Return who goes in which request. Loads the names, before anything is written."""
        change, profile = self.change, self.wire.profile
        if change.action is Action.DELETE:
            return []
        if profile.combined is not None:
            return list(member_chunks(change, profile.limits.bulk))
        add, remove = sorted(change.add.load()), sorted(change.remove.load())
        if change.action is Action.CREATE and "add" not in self._calls:
            return self._at_once(add)
        return [(each, []) for each in self._cut(add, "add")] + [([], each) for each in self._cut(remove, "remove")]

    def _at_once(self, add: list[str]) -> list[Lot]:
        """Return the one lot of a service where members come with a new group, and in no other way."""
        limit = self.wire.profile.limits.bulk
        if limit is not None and len(add) > limit:
            summary = f"`{self.change.name}` can't be made with {counted(len(add), 'member')}"
            detail = f"one request takes {limit:,}, and the profile has no call that adds more later"
            raise BackendError(summary, detail, "Describe `add` and `remove` in the profile.", name=self.change.name)
        return [(add, [])] if add else []

    def _cut(self, members: list[str], name: str) -> list[list[str]]:
        call = self._calls.get(name)
        if not members or call is None:
            return []
        size = (self.wire.profile.limits.bulk or len(members)) if call.takes_many else 1
        return [members[start : start + size] for start in range(0, len(members), size)]

    # --- The actions --------------------------------------------------------------------------------------------------

    def _create(self, lots: list[Lot]) -> None:
        call, update = self._calls["create"], self._calls.get("update")
        first: Lot = ([], [])
        rest = lots
        if "add" in call.carries and lots:
            first, rest = lots[0], lots[1:]
        self._write(call, self._settings(call, is_last=not rest), first)
        left = self._left(update, call)
        if update is not None and left:
            settings = self._settings(update, is_last=not rest)
            self._write(update, {name: value for name, value in settings.items() if name in left})
        if rest:
            self._finish(rest)

    def _finish(self, lots: list[Lot]) -> None:
        """Write who is still missing from a new group, and with the last of them, or after them, its finished mark."""
        combined, update = self.wire.profile.combined, self._calls.get("update")
        if combined is not None:
            self._members(lots[:-1])
            self._write(combined, self._mark(combined), lots[-1])
            return
        self._members(lots)
        if update is not None and update.carries & MARKS:
            self._write(update, self._mark(update))

    def _left(self, update: Call | None, create: Call) -> frozenset[str]:
        """Return what of attributes and mark the request that makes a group can't carry, but another can."""
        if update is None:
            return frozenset()
        wanted = changed_values(self.change).keys() | MARKS
        missing = (update.carries & wanted) - create.carries
        return frozenset() if not missing else update.carries & _SETTINGS if update.sends_whole else missing

    def _rename(self, lots: list[Lot]) -> None:
        call = self._calls["rename"]
        is_combined = self.wire.profile.combined is not None and call.carries >= MEMBERS
        values: dict[str, Any] = {"new_name": self.change.name}
        if is_combined:
            first, rest = (lots[0], lots[1:]) if lots else (([], []), lots)
            settings = self._mark(call, is_last=False) if rest else self._settings(call)
            self._write(call, values | settings, first)
            self.name = self.change.name
            if rest:
                self._update(rest)
            return
        self._write(call, values)
        self.name = self.change.name
        self._update(lots)

    def _update(self, lots: list[Lot]) -> None:
        combined, update = self.wire.profile.combined, self._calls.get("update")
        if combined is not None:
            self._members(lots[:-1], begins=True)
            self._write(combined, self._settings(combined), lots[-1] if lots else ([], []))
            return
        self._members(lots)
        settings = self._settings(update) if update is not None else {}
        if update is not None and self._says_something(update, settings):
            self._write(update, settings)
        elif not lots:
            self._look_again()  # nothing is written that would tell whether it is still there

    def _members(self, lots: Sequence[Lot], *, begins: bool = False) -> None:
        """Write lots of members that are not the last; where they begin a change, the first says so if it can."""
        combined = self.wire.profile.combined
        for number, (add, remove) in enumerate(lots):
            if combined is not None:
                says = combined.sends_whole or (begins and number == 0)
                self._write(combined, self._mark(combined, is_last=False) if says else {}, (add, remove))
            else:
                self._write(self._calls["add" if add else "remove"], {}, (add, remove))

    def _mark(self, call: Call, *, is_last: bool = True) -> dict[str, Any]:
        """Return the mark alone, where the call does not send all that a group shall have."""
        settings = self._settings(call, is_last=is_last)
        return settings if call.sends_whole else {name: settings[name] for name in MARKS & settings.keys()}

    def _settings(self, call: Call, *, is_last: bool = True) -> dict[str, Any]:
        """Return attributes and mark as the call sends them; the mark is unfinished where other members follow."""
        sends = call.carries & MARKS and (is_last or self.change.mark is not None)
        marks = mark_values(self.change, is_last=is_last) if sends else {}
        if not call.sends_whole:
            return changed_values(self.change) | marks
        prior = None
        if self.change.action is not Action.CREATE:
            prior = self.look(self._held(), None)
        return {name: value for name, value in (whole_values(self.change, prior) | marks).items() if value is not None}

    def _says_something(self, update: Call, settings: dict[str, Any]) -> bool:
        changes = changed_values(self.change).keys() | (MARKS if update.carries & MARKS else frozenset())
        return bool(update.carries & changes) and (update.sends_whole or bool(settings))

    # --- One request --------------------------------------------------------------------------------------------------

    def _write(self, call: Call, values: dict[str, Any], lot: Lot | None = None) -> None:
        add, remove = lot or ([], [])
        sent = [*map(self.spelled, add)], [*map(self.spelled, remove)]
        if self.revision is None and self.change.precondition is not None:
            self._look_again()  # the write before told none
        answer = self._send(call, self._values(call, values, *sent))
        if meaning(call, answer) == "unknown_member" and not is_done(call, answer):
            answer = self._send_with_accounts(call, values, sent, answer)
        is_one = bool(lot) and not call.takes_many and call.name in MEMBERS
        if is_done(call, answer):
            self._learn(call, answer)
        else:
            self._judge(call, answer, is_one=is_one)  # what it says is not the group
        self.note(Step(len(add), len(remove), self.revision))

    def _values(self, call: Call, values: dict[str, Any], add: list[str], remove: list[str]) -> dict[str, Any]:
        made: dict[str, Any] = {"name": self.name, **values}
        made |= {"id": self.change.id} if self.change.id is not None else {}
        made |= {"revision": self.revision} if self.revision is not None else {}
        made |= {"add": add} if add or (call.name == "create" and "add" in call.carries) else {}
        made |= {"remove": remove} if remove else {}
        made |= {"member": (add or remove)[0]} if add or remove else {}
        return made

    def _send(self, call: Call, values: dict[str, Any]) -> Answer:
        held = self._held() if any(kept(call.body)) and call.name != "create" else None
        return self.wire.send(call, values, group=held)

    def _send_with_accounts(
        self, call: Call, values: dict[str, Any], sent: tuple[list[str], list[str]], answer: Answer
    ) -> Answer:
        """Make accounts for those who are to be added, where that may be done, and send it again."""
        create = self._calls.get("create_members")
        if create is None or not sent[0]:
            return answer
        if not self.create_missing_users:
            detail = str(failure_of(answer, "add them").detail)
            hint = "Let them sign up first; or write `create_missing_users: true` into the target's options."
            summary = f"the target does not know everybody who is to be in `{self.change.name}`"
            raise BackendError(summary, detail, hint, name=self.change.name)
        size = _ACCOUNTS if create.takes_many else 1
        for start in range(0, len(sent[0]), size):
            lot = sent[0][start : start + size]
            made = self.wire.send(create, {"add": lot, "member": lot[0]})
            if not is_done(create, made) and meaning(create, made) != "exists":
                raise failure_of(made, f"make accounts for members of `{self.change.name}`", self.change.name)
        return self._send(call, self._values(call, values, *sent))

    def _judge(self, call: Call, answer: Answer, *, is_one: bool) -> None:
        """Raise what an answer means that is no success; return where all is as it shall be nevertheless."""
        match meaning(call, answer):
            case "exists" if call.name == "add" and is_one:
                return
            case "absent" if call.name == "remove" and is_one:
                self._look_again()  # it may be the group that is not there
            case "absent" if call.name != "create":
                raise self._stale("it is not there any more")
            case "exists" if call.name == "create":
                raise self._stale("it exists by now")
            case "exists" if call.name == "rename":
                raise self._stale(f"there is a group called `{self.change.name}` by now")
            case "conflict":
                raise self._stale("somebody changed it since it was read")
            case _:
                raise failure_of(answer, f"{self.change.action} `{self.change.name}`", self.change.name)

    def _learn(self, call: Call, answer: Answer) -> None:
        """Take from an answer what the next request needs: the group as it is now, and its revision."""
        self.raw = call.group.of(answer.json()) if call.group is not None and call.name != "delete" else None
        self.revision = self._revision_in(answer)

    def _revision_in(self, answer: Answer) -> str | None:
        """Return the group's revision as the last answer tells it, in the group or in a header."""
        profile = self.wire.profile
        revision = profile.fields["revision"].of(self.raw) if "revision" in profile.fields else None
        header = answer.headers.get(profile.revision_header) if profile.revision_header else None
        return str(revision) if revision is not None else header

    def _held(self) -> Any:
        """Return the group as the service tells it now; asks where the last answer did not have it."""
        if self.raw is None:
            self._look_again()
        return self.raw

    def _look_again(self) -> None:
        """Ask for the group, if there is a way; StalePlanError where it is gone."""
        get = self._calls.get("get")
        if get is None:
            return
        answer = self.wire.send(get, self._values(get, {}, [], []))
        if not is_done(get, answer):
            if meaning(get, answer) == "absent":
                raise self._stale("it is not there any more")
            raise failure_of(answer, f"tell of `{self.name}`", self.change.name)
        self.raw = get.group.of(answer.json()) if get.group is not None else answer.json()
        if self.revision is None:
            self.revision = self._revision_in(answer)

    def _stale(self, problem: str) -> StalePlanError:
        name = self.change.prior_name or self.change.name
        summary = f"`{name}` on {self.change.target} is not as planned"
        return StalePlanError(summary, problem, "Plan again, and review what is different.", name=self.change.name)
