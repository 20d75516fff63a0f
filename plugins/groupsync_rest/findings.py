"""What is wrong with a profile besides what its schema tells: names, expressions, calls that don't fit. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from groupsync.http.headers import EXPECTED, may_be_set, overrides_method
from groupsync.model import ATTRIBUTES, Diagnostic, Severity, SourceRange
from groupsync.schema_words import closest, pointer_words
from groupsync.wording import counted
from groupsync_rest.expression import Expression
from groupsync_rest.profile import READING
from groupsync_rest.template import kept, path_variables, variables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from groupsync.yaml.document import Document

KNOWN: Final = frozenset(
    [
        *ATTRIBUTES,
        "name",
        "id",
        "mark",
        "mark_text",
        "mark_past",
        "revision",
        "new_name",
        "add",
        "remove",
        "member",
        "names",
        "limit",
    ]
)
"""The names that a template may have, besides the profile's parameters."""

_EXPRESSIONS: Final = ("group", "items", "total", "revision", "shows")
_DECLARED: Final = "A value that the target shall give is declared under `parameters`."
_INSTEAD: Final = {
    "members": "`$add` and `$remove` are who comes and who goes. A whole list can't be sent.",
}
"""What to write for names that people look for."""
_TEMPLATES: Final = ("query", "headers", "body", "form")
_ONE_OF: Final = {
    "rename": (frozenset({"new_name"}), "`$new_name`"),
    "add": (frozenset({"add", "member"}), "`$add`, or `{member}` for one a request"),
    "remove": (frozenset({"remove", "member"}), "`$remove`, or `{member}` for one a request"),
    "create_members": (frozenset({"add", "member"}), "`$add`"),
}


def no_profile(path: str, count: int) -> Diagnostic:
    """Return the finding about a file that is not one document."""
    hint = "Write one mapping; `groupsync schema profile` says what belongs into it."
    found = f"Found {counted(count, 'document')}, expected one."
    return Diagnostic("GS505", Severity.ERROR, "The profile is not one document", found, hint, SourceRange(path, 1, 1))


def problems_of(document: Document) -> list[Diagnostic]:
    """Return what is wrong with a profile that fits its schema, each finding at the place to mend."""
    kinds = (
        _wrong_expressions,
        _wrong_names,
        _wrong_headers,
        _wrong_calls,
        _writing_reads,
        _other_methods,
        _wrong_pages,
    )
    return [found for each in kinds for found in each(document)]


def _wrong_expressions(document: Document) -> Iterator[Diagnostic]:
    for pointer, text in _expressions(document.value):
        problem = Expression(text).problem()
        if problem:
            hint = "See https://jmespath.org; a name with other characters than letters stands in double quotes."
            yield _finding(document, pointer, f"`{text}` is no JMESPath expression", problem, hint)


def _expressions(value: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for name, text in value["group"].items():
        yield ("group", name), text
    for name, call in value["calls"].items():
        for key in _EXPRESSIONS:
            if key in call:
                yield ("calls", name, key), call[key]
        if "next" in call.get("pages", {}):
            yield ("calls", name, "pages", "next"), call["pages"]["next"]
        for text in kept(call.get("body")):
            yield ("calls", name, "body"), text


def _wrong_names(document: Document) -> Iterator[Diagnostic]:
    value: Any = document.value
    parameters = value.get("parameters", {}).keys()
    known = KNOWN | parameters
    for name in sorted(parameters & KNOWN):
        summary = f"The parameter `{name}` has a name that means something else"
        yield _finding(document, ("parameters", name), summary, "", "Give it another name.", key=True)
    places = [("headers",), *(("calls", name, key) for name in value["calls"] for key in ("request", *_TEMPLATES))]
    for pointer in places:
        found = _at(value, pointer)
        names = path_variables(found) if pointer[-1] == "request" else variables(found)
        for each in sorted(set(names) - known):
            hint = _INSTEAD.get(each) or closest(each, known) or _DECLARED
            yield _finding(document, pointer, f"Nothing is called `{each}`", f"There are {_listed(known)}.", hint)


def _wrong_headers(document: Document) -> Iterator[Diagnostic]:
    value: Any = document.value
    for pointer in (("headers",), *(("calls", name, "headers") for name in value["calls"])):
        for header in _at(value, pointer):
            if not may_be_set(header):
                summary = f"The header `{header}` can't be set"
                yield _finding(document, (*pointer, header), summary, f"Expected {EXPECTED}.", "Take it out.", key=True)


def _wrong_calls(document: Document) -> Iterator[Diagnostic]:
    value: Any = document.value
    calls = value["calls"]
    for name, (needed, words) in _ONE_OF.items():
        if name in calls and not needed & _carried(calls[name]):
            summary = f"`{name}` does not say what to send"
            yield _finding(document, ("calls", name), summary, f"Expected {words} in it.", "", key=True)
    for name, other in (("add", "remove"), ("remove", "add")):
        if name in calls and other not in calls:
            detail = "Who can be added must be able to be removed, and the other way round."
            yield _finding(document, ("calls", name), f"There is no call `{other}`", detail, "Describe it.", key=True)
    for name in calls:
        if {"body", "form"} <= calls[name].keys():
            summary = f"`{name}` has both a `body` and a `form`"
            yield _finding(document, ("calls", name, "form"), summary, "", "Take one of the two out.", key=True)
    if calls["list"].get("then_get") and "get" not in calls:
        pointer = ("calls", "list", "then_get")
        yield _finding(document, pointer, "There is no call `get`", "`then_get` asks for it.", "Describe it.")
    for name in sorted(calls.keys() & {"update", "rename"} if "get" not in calls else ()):
        is_whole = calls[name].get("sends", "" if calls[name]["request"].startswith("PATCH ") else "whole") == "whole"
        if (is_whole and _carried(calls[name]) & set(ATTRIBUTES)) or any(kept(calls[name].get("body"))):
            detail = f"`{name}` sends all that the group shall have, and has to know what it has."
            yield _finding(document, ("calls", name), "There is no call `get`", detail, "Describe it.", key=True)
    if "members" in calls and "members" in value["group"]:
        summary = "The members are both in the group and in a call of their own"
        yield _finding(document, ("calls", "members"), summary, "", "Take one of the two out.", key=True)


def _writing_reads(document: Document) -> Iterator[Diagnostic]:
    value: Any = document.value
    for name in READING:
        call = value["calls"].get(name, {})
        if call.get("request", "").startswith("POST ") and not call.get("reads"):
            detail = f"Plans and checks send `{name}`, and must change nothing by it."
            hint = "Write `reads: true` beside it, if this POST only reads; otherwise ask by GET."
            yield _finding(document, ("calls", name, "request"), f"`{name}` is a POST, which may write", detail, hint)


def _other_methods(document: Document) -> Iterator[Diagnostic]:
    """Find what has a service take a request that reads for one that writes."""
    value: Any = document.value
    reading = [("calls", name) for name in READING if name in value["calls"]]
    places = [("headers",), *((*call, key) for call in reading for key in ("query", "headers"))]
    fields = [(*pointer, name) for pointer in places for name in _at(value, pointer)]
    addressed = [
        (*call, "request")
        for call in reading
        for name, _ in parse_qsl(_at(value, call)["request"].partition("?")[2], keep_blank_values=True)
        if overrides_method(name)
    ]
    paged = [
        (*call, "pages", "parameter")
        for call in reading
        if overrides_method(_at(value, call).get("pages", {}).get("parameter", ""))
    ]
    for pointer in (*(each for each in fields if overrides_method(each[-1])), *addressed, *paged):
        summary = f"{pointer_words(pointer)} may have a request that reads taken for one that writes"
        detail = "Plans and checks send it, and must change nothing by it."
        yield _finding(document, pointer, summary, detail, "Take it out.", key=pointer in fields)


def _wrong_pages(document: Document) -> Iterator[Diagnostic]:
    value: Any = document.value
    for name, call in value["calls"].items():
        pages = call.get("pages", {})
        needed = {"cursor": ("parameter", "next"), "link": ()}.get(pages.get("by", "link"), ("parameter",))
        for key in needed:
            if key not in pages:
                summary = f"Pages by {pages['by']} need `{key}`"
                yield _finding(document, ("calls", name, "pages"), summary, "", f"Write `{key}`.", key=True)


def _carried(call: dict[str, Any]) -> frozenset[str]:
    return frozenset([*path_variables(call["request"]), *variables([call.get(key) for key in _TEMPLATES])])


def _at(value: Any, pointer: tuple[str, ...]) -> Any:
    for key in pointer:
        value = value.get(key, {})
    return value


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))


def _finding(
    document: Document, pointer: tuple[str | int, ...], summary: str, detail: str, hint: str, *, key: bool = False
) -> Diagnostic:
    return Diagnostic("GS505", Severity.ERROR, summary, detail, hint, document.locate(pointer, key=key))
