"""What is typed most, for the end of each command's help. A test types every line."""

from __future__ import annotations

from typing import Final

EXAMPLES: Final = {
    "init": ("groupsync init shop", "groupsync init store --template big-spenders"),
    "validate": ("groupsync validate", "groupsync validate --format json"),
    "plan": (
        "groupsync plan",
        "groupsync plan --select 'beta-*' --full",
        "groupsync plan --out monday.plan -o monday.html",
    ),
    "apply": ("groupsync apply", "groupsync apply monday.plan --yes", "groupsync apply --resume"),
    "drift": ("groupsync drift", "groupsync drift --detailed-exitcode"),
    "accept": ("groupsync accept", "groupsync accept staff --keep-all --dry-run"),
    "report": ("groupsync report monday.plan", "groupsync report monday.plan -o monday.md"),
    "approvers": ("groupsync approvers monday.plan",),
    "show": ("groupsync show", "groupsync show staff --members"),
    "why": ("groupsync why ada@contoso.com early-access",),
    "who": ("groupsync who ada@contoso.com",),
    "expiring": ("groupsync expiring", "groupsync expiring --within 30d"),
    "preview": ("groupsync preview big-spenders", "groupsync preview big-spenders --by country"),
    "catalog": ("groupsync catalog", "groupsync catalog -o groups.html"),
    "attributes": ("groupsync attributes",),
    "history": ("groupsync history", "groupsync history last --full", "groupsync history --who ada@contoso.com"),
    "undo": ("groupsync undo last",),
    "import": ("groupsync import --folder imported",),
    "add": ("groupsync add new@contoso.com staff", "groupsync add guest@contoso.com staff --until 30d --reason trial"),
    "remove": ("groupsync remove alan@contoso.com staff",),
    "offboard": ("groupsync offboard hedy@contoso.com --dry-run",),
    "rename": ("groupsync rename beta-testers early-birds --dry-run", "groupsync rename staff employees"),
    "fmt": ("groupsync fmt", "groupsync fmt --check"),
    "target": ("groupsync target check",),
    "target check": ("groupsync target check", "groupsync target check local"),
    "lock": ("groupsync lock status", "groupsync lock break --yes"),
    "lock status": ("groupsync lock status",),
    "lock break": ("groupsync lock break --yes",),
    "profile": ("groupsync profile check groupsync --url http://127.0.0.1:8000",),
    "profile check": ("groupsync profile check groupsync --url http://127.0.0.1:8000",),
    "templates": ("groupsync templates",),
    "plugins": ("groupsync plugins",),
    "schema": ("groupsync schema group",),
    "completion": ("groupsync completion bash",),
    "help": ("groupsync help", "groupsync help plan"),
    "version": ("groupsync version",),
}
"""By command, what is typed most."""


def epilog(name: str) -> str:
    """Return the end of a command's help; empty for a command of a plugin, which has its own."""
    lines = EXAMPLES.get(name, ())
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)]) if lines else ""
