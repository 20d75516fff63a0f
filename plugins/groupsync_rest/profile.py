"""What a profile says, as values: how one kind of service is spoken to. Pure.

`schemas/profile.v1.schema.json` says what each part means; `loading` makes these values of a file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from groupsync.backend import Capabilities
from groupsync.model import ATTRIBUTES, Action
from groupsync_rest.template import path_variables, variables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groupsync.yaml.document import Document
    from groupsync_rest.expression import Expression

MEMBERS: Final = frozenset({"add", "remove"})
MARKS: Final = frozenset({"mark", "mark_text", "mark_past"})
READING: Final = ("list", "get", "members", "check")
"""The calls that plans and checks make, which must change nothing."""
_READING_METHODS: Final = frozenset({"GET", "HEAD"})
_WRITES: Final = ("update", "rename", "add", "remove", "delete")


@dataclass(frozen=True, slots=True)
class Meaning:
    """An answer that means something: a status and, where one status means several things, what its body says."""

    status: int
    says: str = ""

    def fits(self, status: int, body: bytes) -> bool:
        """Tell whether an answer is one of these; upper and lower case are the same."""
        return status == self.status and self.says.casefold() in body.decode("utf-8", "replace").casefold()


@dataclass(frozen=True, slots=True)
class Pages:
    """How a list that is longer than one answer goes on.

    Attributes:
        by: `offset`, `page`, `cursor` or `link`.
        parameter: of the query, where the next one is asked for; empty for `link`.
        next: of `cursor`, where the next cursor is in an answer.
        first: of `page` and `offset`, the number of the first.
    """

    by: str
    parameter: str = ""
    next: Expression | None = None
    first: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """One request and what its answer means.

    Attributes:
        name: in the profile, such as `create`.
        method, path: what is sent; the path has templates in it.
        query, headers: templates by name.
        body: template, None for none.
        is_form: whether the body is sent as a form and not as JSON.
        sends_whole: whether attributes are sent as all that they shall be and not only as far as they change.
        done: the statuses of success; empty for any 2xx.
        meanings: by `absent`, `exists`, `conflict`, `unknown_member`: the answers that mean that.
        group: where the answer has the group; None where it doesn't.
        items, total, revision: of a list, where the answer has them.
        pages: of a list, None for all in one answer.
        shows: of `check`, what of the answer to show.
        reads: whether it only reads though it is a POST.
        then_get: of `list`, whether each group has to be asked for by `get` to know all of it.
    """

    name: str
    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, Any] = field(default_factory=dict)
    body: object = None
    is_form: bool = False
    sends_whole: bool = True
    done: frozenset[int] = frozenset()
    meanings: Mapping[str, tuple[Meaning, ...]] = field(default_factory=dict)
    group: Expression | None = None
    items: Expression | None = None
    total: Expression | None = None
    revision: Expression | None = None
    shows: Expression | None = None
    pages: Pages | None = None
    then_get: bool = False
    reads: bool = False

    @property
    def carries(self) -> frozenset[str]:
        """The names of all that is sent with it."""
        return frozenset([*path_variables(self.path), *variables([self.query, self.headers, self.body])])

    @property
    def only_reads(self) -> bool:
        """Whether it may be sent where nothing is to be changed."""
        return self.method in _READING_METHODS or (self.method == "POST" and self.reads)

    @property
    def takes_many(self) -> bool:
        """Whether it takes many members at once."""
        return bool(self.carries & MEMBERS)


@dataclass(frozen=True, slots=True)
class Parameter:
    """Something that the profile leaves to the target's options. `default` None: it must be given."""

    name: str
    description: str = ""
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that the service takes or gives in one request; None for no limit."""

    page: int | None = None
    member_page: int | None = None
    bulk: int | None = None
    in_flight: int = 1


@dataclass(frozen=True, slots=True)
class Profile:
    """How one kind of service is spoken to.

    Attributes:
        name: the shipped profile's name, or the file's path in the project.
        title: of the service, for people.
        parameters: sorted by name.
        headers: templates, sent with every request.
        limits: see there.
        fields: where a group has its `name`, `id`, attributes, `members`, `member_count`, `member_digest`, `mark`,
            `revision`.
        revision_header: the header that has the revision of the one group an answer is about; empty for none.
        calls: by name.
        document: where all that is written.
    """

    name: str
    title: str
    parameters: tuple[Parameter, ...]
    headers: Mapping[str, Any]
    limits: Limits
    fields: Mapping[str, Expression]
    revision_header: str
    calls: Mapping[str, Call]
    document: Document = field(repr=False, compare=False)

    def capabilities(self) -> Capabilities:
        """Return what follows from the profile: what it doesn't describe can't be done."""
        update = self.calls.get("update")
        carried = update.carries if update else frozenset()
        marks = "mark" in self.fields and bool(carried & MARKS)
        return Capabilities(
            actions=frozenset(self._actions(marks=marks)),
            member_page_size=self.limits.member_page,
            bulk_limit=self.limits.bulk if self._is_bulk() else 1,
            digests="member_digest" in self.fields,
            revisions=self._has_revisions(),
            ownership=marks,
            remembers=marks and all(call.carries & MARKS <= {"mark_past"} for call in self.calls.values()),
            concurrent=self.limits.in_flight,
            attributes=frozenset(ATTRIBUTES) & self.fields.keys() & carried,
        )

    @property
    def combined(self) -> Call | None:
        """The call that carries members together with all else; None where there is none."""
        update = self.calls.get("update")
        return update if update is not None and update.carries >= MEMBERS else None

    def _actions(self, *, marks: bool) -> list[Action]:
        has_members = self.combined is not None or self.calls.keys() >= MEMBERS
        can = [action for action in (Action.CREATE, Action.RENAME, Action.DELETE) if action.value in self.calls]
        if Action.CREATE in can and not has_members and "add" not in self.calls["create"].carries:
            can.remove(Action.CREATE)  # nobody would get into it
        can += [Action.UPDATE] if has_members else []
        return [*can, Action.ADOPT, Action.FORGET] if marks and has_members else can

    def _is_bulk(self) -> bool:
        return self.combined is not None or all(self.calls[name].takes_many for name in MEMBERS & self.calls.keys())

    def _has_revisions(self) -> bool:
        is_told = "revision" in self.fields or (self.revision_header and self.calls["list"].then_get)
        written = [self.calls[name] for name in _WRITES if name in self.calls]
        return bool(is_told) and all("revision" in call.carries for call in written)
