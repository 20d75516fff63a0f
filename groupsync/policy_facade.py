"""Policies as the core asks them: each plugin alone, its answer checked, and the plugin blamed for what is wrong."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from groupsync.discovery import DISABLE, cause_of
from groupsync.errors import GroupsyncError
from groupsync.model import Diagnostic, Severity, SourceRange
from groupsync.policy import PolicyAnswer, PolicyFinding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from groupsync.discovery import LoadedPlugin, PluginInfo
    from groupsync.policy import PolicyContext

HOOK: Final = "groupsync_check_plan"
_CODE: Final = re.compile(r"[A-Z]{2,8}[0-9]{1,5}")
_TO_MEND: Final = "Nothing is applied while a policy can't be asked: mend or remove the plugin."


def ask_policies(
    plugins: Sequence[LoadedPlugin], context: PolicyContext
) -> tuple[list[PolicyFinding], list[Diagnostic]]:
    """Ask every plugin what speaks against a plan; one that fails costs nobody else's findings.

    Returns:
        What they found, plugin by plugin; and an error for each plugin that failed or broke its contract, and for each
        policy of the config that nobody enforces.

    Raises:
        GroupsyncError: members that a policy asked for could not be loaded.
    """
    findings: list[PolicyFinding] = []
    problems: list[Diagnostic] = []
    enforced: set[str] = set()
    for plugin in plugins:
        try:
            answers = plugin.call(HOOK, context=context)
        except GroupsyncError:
            raise
        except Exception as error:  # noqa: BLE001 - a stranger's code
            problems.append(_blame(plugin.info, f"`{HOOK}` raised {cause_of(error)}"))
            continue
        for answer in answers:
            wrong = _wrong_with(answer, context)
            if wrong:
                problems.append(_blame(plugin.info, f"`{HOOK}` returned {wrong}"))
            else:
                findings += [_signed(each, plugin.info) for each in answer.findings]
                enforced |= answer.enforced
    if not problems:
        problems = list(_unenforced(plugins, context, enforced))
    return findings, problems


def _blame(info: PluginInfo, cause: str) -> Diagnostic:
    summary = f"plugin {info.title} could not check the plan"
    return Diagnostic("GS703", Severity.ERROR, summary, cause, _TO_MEND, plugin=_origin(info))


def _origin(info: PluginInfo) -> str:
    return f"{info.distribution} {info.version}".strip() or info.name


def _signed(each: PolicyFinding, info: PluginInfo) -> PolicyFinding:
    return replace(each, found=replace(each.found, plugin=_origin(info)))


def _unenforced(plugins: Sequence[LoadedPlugin], context: PolicyContext, enforced: set[str]) -> Iterator[Diagnostic]:
    absent = [f"{each.info.title} can't be used: {each.info.error}" for each in plugins if each.info.error]
    absent += [f"{each.info.title} is left out by {DISABLE}" for each in plugins if each.info.is_disabled]
    for key in sorted(context.options.keys - enforced):
        yield Diagnostic(
            "GS704",
            Severity.ERROR,
            f"No plugin enforces `policies.{key}`",
            "\n".join(["No plugin that could be asked knows this policy.", *absent]),
            "Install or mend the plugin that brings it, or take the policy out of the config.",
            context.options.locate(key.split(".", 1)),
        )


# --- What a plugin answers --------------------------------------------------------------------------------------------


def _wrong_with(answer: object, context: PolicyContext) -> str:
    """Say what is wrong with an answer; empty if nothing is."""
    if not isinstance(answer, PolicyAnswer):
        return f"{_shown(answer)}, expected a PolicyAnswer"
    if (type(answer.findings), type(answer.enforced)) != (tuple, frozenset):
        return "a PolicyAnswer whose findings are no tuple, or whose enforced is no frozenset"
    known = {definition.name for definition in context.definitions} | {change.name for change in context.plan.changes}
    for each in answer.findings:
        wrong = _wrong_with_finding(each, known)
        if wrong:
            return wrong
    return ""


def _wrong_with_finding(each: object, known: set[str]) -> str:
    if not isinstance(each, PolicyFinding) or not isinstance(each.found, Diagnostic):
        return f"{_shown(each)} among its findings, expected a PolicyFinding with a Diagnostic"
    if type(each.count) is not int or type(each.limit) is not int:
        return "a finding whose count or limit is no int"
    if each.is_about_members not in {True, False}:
        return "a finding whose is_about_members is no bool"
    if not isinstance(each.groups, tuple) or not known.issuperset(each.groups):
        return f"a finding about {_shown(each.groups)}, expected names of groups of the definitions or the plan"
    return _wrong_with_diagnostic(each.found)


def _wrong_with_diagnostic(found: Diagnostic) -> str:
    places = (found.subject or SourceRange(""), *found.related)
    if not isinstance(found.severity, Severity) or not all(isinstance(each, SourceRange) for each in places):
        return f"a finding with a severity or places of the wrong type: {_shown(found)}"
    if not isinstance(found.code, str) or not _CODE.fullmatch(found.code):
        return f"a finding with the code {found.code!r}, expected capital letters and digits such as `ACME12`"
    texts = (found.summary, found.detail, found.hint)
    if not all(isinstance(text, str) for text in texts) or not found.summary.strip() or "\n" in found.summary:
        return f"a finding with the summary {found.summary!r}, expected one line of text"
    return ""


def _shown(value: object) -> str:
    return f"{type(value).__name__} {value!r}"[:120]
