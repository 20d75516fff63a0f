"""The values that flow through groupsync: frozen, sorted, free of I/O.

Every stage takes some of these and returns others. Nothing here imports a module of ours outside this room.
"""

from __future__ import annotations

from groupsync.model.definition import (
    ALWAYS,
    Definition,
    InlineMembers,
    Lifecycle,
    MemberFile,
    Mode,
    Period,
    Reference,
    State,
    TimedMember,
)
from groupsync.model.findings import (
    Diagnostic,
    Severity,
    SourceRange,
)
from groupsync.model.group import (
    ATTRIBUTES,
    KNOWN_USER_GROUP,
    SEGMENT,
    AttributeValue,
    Group,
    Mark,
    Scope,
    Snapshot,
)
from groupsync.model.guards import (
    DEFAULT_GUARDS,
    KINDS,
    RULES,
    RUN_KINDS,
    Allowance,
    Emptied,
    GroupGuards,
    Guards,
    Kind,
    Level,
    Limit,
    Tiers,
)
from groupsync.model.members import (
    EMPTY_DIGEST,
    NO_MEMBERS,
    Members,
    decode_members,
    digest_bytes,
    encode_members,
)
from groupsync.model.outcome import (
    Outcome,
    Report,
    Result,
)
from groupsync.model.plan import (
    Action,
    AttributeChange,
    Change,
    Drift,
    Plan,
    Refusal,
    TargetState,
    Verdict,
)
from groupsync.model.run import Run, RunEntry, RunKind

__all__ = [
    "ALWAYS",
    "ATTRIBUTES",
    "DEFAULT_GUARDS",
    "EMPTY_DIGEST",
    "KINDS",
    "KNOWN_USER_GROUP",
    "NO_MEMBERS",
    "RULES",
    "RUN_KINDS",
    "SEGMENT",
    "Action",
    "Allowance",
    "AttributeChange",
    "AttributeValue",
    "Change",
    "Definition",
    "Diagnostic",
    "Drift",
    "Emptied",
    "Group",
    "GroupGuards",
    "Guards",
    "InlineMembers",
    "Kind",
    "Level",
    "Lifecycle",
    "Limit",
    "Mark",
    "MemberFile",
    "Members",
    "Mode",
    "Outcome",
    "Period",
    "Plan",
    "Reference",
    "Refusal",
    "Report",
    "Result",
    "Run",
    "RunEntry",
    "RunKind",
    "Scope",
    "Severity",
    "Snapshot",
    "SourceRange",
    "State",
    "TargetState",
    "Tiers",
    "TimedMember",
    "Verdict",
    "decode_members",
    "digest_bytes",
    "encode_members",
]
