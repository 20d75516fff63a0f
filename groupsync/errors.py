"""Exceptions that stop a run, and the exit codes they carry.

    GroupsyncError
    ├── ConfigError               the command, the project or its surroundings are out of order
    ├── InvalidDefinitions        what the user's files get wrong, all of it at once
    ├── PluginError               a plugin broke a promise; names it and its version
    ├── BackendError              a target did not do what was asked
    │   ├── AuthenticationError   it does not accept the credentials
    │   ├── StalePlanError        the group moved since it was read; nothing was written
    │   ├── IncompleteRead        fewer members came than the target announced
    │   ├── StaleRead             the group changed while its members were read
    │   └── LockHeldError         somebody else holds the target's lock
    ├── GuardRefused              a guard, policy or protection refused something
    ├── PlanStopped               a plan has what the command line says to stop at
    └── ApplyFailed               some changes were not applied; carries the report

What a user's files get wrong is a `Diagnostic`, collected and shown together; only `InvalidDefinitions` raises them.
Anything that is not a GroupsyncError is a bug and keeps its traceback.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from groupsync.model import Diagnostic, Report, SourceRange, Verdict


class ExitCode(enum.IntEnum):
    """Every exit code of the command line."""

    OK = 0
    ERROR = 1
    CHANGES = 2
    REFUSED = 3
    INCOMPLETE = 4
    USAGE = 64
    INTERRUPTED = 130


class GroupsyncError(Exception):
    """Something stopped the run; the person who started it can do something about it.

    Attributes:
        summary: one line that names the thing.
        detail: what was found, what was expected.
        hint: the command or edit that mends it.
        at: where, None if no file is to blame.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.ERROR

    def __init__(self, summary: str, detail: str = "", hint: str = "", *, at: SourceRange | None = None) -> None:
        super().__init__(summary)
        self.summary = summary
        self.detail = detail
        self.hint = hint
        self.at = at

    def __str__(self) -> str:
        return f"{self.summary}: {self.detail}" if self.detail else self.summary


class ConfigError(GroupsyncError):
    """The command, the project or its surroundings are out of order."""


class OutputError(GroupsyncError):
    """What a command has to say can't be written where it is to go."""


class InvalidDefinitions(GroupsyncError):
    """The user's files hold errors. `diagnostics` has all findings of the run, warnings too, sorted for people."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(sorted(diagnostics, key=lambda found: found.sort_key))
        errors = sum(found.severity == "error" for found in self.diagnostics)
        super().__init__(f"{errors} error{'s' if errors != 1 else ''} found")


class PluginError(GroupsyncError):
    """A plugin broke a promise of its contract, or could not be used."""

    def __init__(self, plugin: str, version: str, summary: str, detail: str = "", hint: str = "") -> None:
        super().__init__(summary, detail, hint)
        self.plugin = plugin
        self.version = version


class SourceError(GroupsyncError):
    """A source of customers did not answer, or has not what was asked for.

    Attributes:
        option: which option of the source in the config names what is not there, or can't be; empty where the source or
            its data are out of order.
        key: which key of that option, where it is a mapping; empty for all of it.
    """

    def __init__(self, summary: str, detail: str = "", hint: str = "", *, option: str = "", key: str = "") -> None:
        super().__init__(summary, detail, hint)
        self.option = option
        self.key = key


class BackendError(GroupsyncError):
    """A target did not do what was asked.

    Attributes:
        name: of the group it was about; empty for the target as a whole.
        retryable: whether the very same call may succeed later.
        retry_after_seconds: how long the target asked to wait before that; None where it did not say.
    """

    def __init__(
        self,
        summary: str,
        detail: str = "",
        hint: str = "",
        *,
        name: str = "",
        retryable: bool = False,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(summary, detail, hint)
        self.name = name
        self.retryable = retryable
        self.retry_after_seconds = retry_after_seconds


class AuthenticationError(BackendError):
    """The target does not accept the credentials."""


class StalePlanError(BackendError):
    """The precondition does not hold any more: the group moved since it was read. Nothing was written."""


class IncompleteRead(BackendError):
    """Fewer or more members came than the target announced."""


class StaleRead(BackendError):
    """The group changed while its members were read."""


class LockHeldError(BackendError):
    """Somebody else holds the target's lock."""


class GuardRefused(GroupsyncError):
    """A guard, policy or protection refused something."""

    exit_code = ExitCode.REFUSED

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(f"{len(verdict.refusals)} refused")
        self.verdict = verdict


class PlanStopped(GroupsyncError):
    """A plan has changes of a kind that the command line says to stop at (`--fail-on`). Nothing was changed."""

    exit_code = ExitCode.REFUSED


class ApplyFailed(GroupsyncError):
    """Some changes were not applied."""

    exit_code = ExitCode.INCOMPLETE

    def __init__(self, report: Report) -> None:
        super().__init__("not everything was applied")
        self.report = report
