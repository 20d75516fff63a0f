"""Tell what a JSON Schema validator found in words and with places: what was found, expected, and to do. Pure."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any, Final, cast

from groupsync.model import Diagnostic, Severity
from groupsync.wording import counted, nearest_name
from groupsync.yaml.scalars import kind_of, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from jsonschema import ValidationError

    from groupsync.yaml.document import Document

_TYPE_WORDS: Final = {
    "string": "a text", "integer": "a whole number", "number": "a number", "boolean": "true or false",
    "array": "a list", "object": "a mapping", "null": "null",
}  # fmt: skip
_FEW: Final = 4
"""So many choices are told where a key is missing."""


def diagnostics_of(errors: Iterable[ValidationError], document: Document) -> list[Diagnostic]:
    """Return what the errors say, each thing once, in the order of the document."""
    found: dict[tuple[object, ...], Diagnostic] = {}
    for error in errors:
        for diagnostic in _told(error, document):
            found.setdefault((diagnostic.subject, diagnostic.code, diagnostic.summary), diagnostic)
    return sorted(found.values(), key=lambda diagnostic: diagnostic.sort_key)


def closest(word: object, known: Iterable[object]) -> str:
    """Return `Did you mean …?` with the known word that is most like `word`, or nothing."""
    matches = difflib.get_close_matches(str(word).lower(), [str(one) for one in known], n=1, cutoff=0.6)
    return f"Did you mean `{matches[0]}`?" if matches else ""


def pointer_words(pointer: Sequence[str | int]) -> str:
    """Return a pointer as people write it: `members[3].until`; counts from 0. `The document` for the root."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in pointer).removeprefix(".")
    return f"`{shown(text, 200)}`" if text else "The document"


def _told(error: ValidationError, document: Document) -> list[Diagnostic]:
    if error.instance is None and error.validator in {"type", "enum", "const", "anyOf", "oneOf"}:
        return [_null(error, document)]
    if list(error.schema_path)[-2:-1] == ["propertyNames"]:
        return _bad_key(error, document)
    tell = _TELLERS.get(str(error.validator), _anything)
    return tell(error, document)


def _finding(
    code: str, error: ValidationError, document: Document, summary: str, *, detail: str = "", hint: str = ""
) -> list[Diagnostic]:
    at = document.locate(tuple(error.absolute_path))
    return [Diagnostic(code, Severity.ERROR, summary, detail, hint, at)]


def _thing(error: ValidationError) -> str:
    return pointer_words(tuple(error.absolute_path))


def _expected(error: ValidationError, otherwise: str) -> str:
    schema: Any = error.schema
    words = schema.get("x-expected", otherwise) if isinstance(schema, dict) else otherwise
    return f"Expected {words}."


def _null(error: ValidationError, document: Document) -> Diagnostic:
    schema: Any = error.schema
    hint = schema.get("x-null", "Write a value, or leave the key out.")
    if error.absolute_path and isinstance(error.absolute_path[-1], int):
        hint = "Write a value, or delete the item."
    summary = f"{_thing(error)} has no value"
    (found,) = _finding("GS204", error, document, summary, detail="Found null, or nothing at all.", hint=hint)
    return found


def _unknown_keys(error: ValidationError, document: Document) -> list[Diagnostic]:
    schema: Any = error.schema
    known = sorted(schema.get("properties", {}))
    patterns = schema.get("patternProperties", {})
    mapping: Any = error.instance
    path = tuple(error.absolute_path)
    where = f" in {pointer_words(path)}" if path else ""
    return [
        Diagnostic(
            "GS201",
            Severity.ERROR,
            f"The key `{shown(key)}` is unknown{where}",
            f"Known keys: {', '.join(known)}." if known else "No key is expected.",
            closest(key, [one for one in known if one not in mapping] or known),
            document.locate((*path, key), key=True),
        )
        for key in mapping
        if key not in known and not any(re.search(pattern, key) for pattern in patterns)
    ]


def _missing_keys(error: ValidationError, document: Document) -> list[Diagnostic]:
    wanted: Any = error.validator_value
    mapping: Any = error.instance
    schema: Any = error.schema
    path = tuple(error.absolute_path)
    where = f" in {pointer_words(path)}" if path else ""
    found = []
    for key in wanted:
        if key not in mapping:
            about = (
                schema.get("properties", {}).get(key, {}).get("description", "").partition(". ")[0].rstrip(".") + "."
            )
            summary = f"The key `{key}` is missing{where}"
            choices = schema.get("properties", {}).get(key, {}).get("enum", ["…"])
            lines = " or ".join(f"`{key}: {choice}`" for choice in choices[:_FEW])
            found += _finding("GS202", error, document, summary, detail=about, hint=f"Add a line {lines}.")
    return found


def _wrong_type(error: ValidationError, document: Document) -> list[Diagnostic]:
    types: Any = error.validator_value
    words = [_TYPE_WORDS.get(one, one) for one in ([types] if isinstance(types, str) else types)]
    return _not_of_kind(error, document, _expected(error, " or ".join(words)), words)


def _not_of_kind(error: ValidationError, document: Document, expected: str, words: Sequence[str]) -> list[Diagnostic]:
    value: Any = error.instance
    hint = ""
    if "a text" in words and isinstance(value, int | float):
        hint = f'Put quotes around it: "{shown(value)}".'
    elif "a list" in words and not isinstance(value, dict):
        hint = f"Write it as a list: [{_items(error)}]."
    elif words == ["a mapping"] and isinstance(value, str) and len(wanted := _required(error)) == 1:
        hint = f"Write it as a mapping: {{{wanted[0]}: {shown(value)}}}."
    elif "true or false" in words and str(value).lower() in {"yes", "no", "on", "off", "true", "false"}:
        hint = "YAML 1.2 knows only true and false, without quotes."
    scalar = f" `{shown(value)}`" if not isinstance(value, list | dict) else ""
    detail = f"Found {kind_of(value)}{scalar}. {expected}"
    return _finding("GS203", error, document, f"{_thing(error)} is {kind_of(value)}", detail=detail, hint=hint)


def _items(error: ValidationError) -> str:
    """Return a value that stands in the place of a list as its items, written as the schema's examples have them."""
    value, schema = shown(error.instance), cast("dict[str, Any]", error.schema)
    examples = [item for example in schema.get("examples", ()) for item in example]
    if examples and isinstance(examples[0], dict):
        return f"{{{next(iter(examples[0]))}: {value}}}"
    several = value.split()
    return ", ".join(several) if all("@" in each for each in several) else value


def _required(error: ValidationError) -> list[str]:
    schema: Any = error.schema
    return list(schema.get("required", ())) if isinstance(schema, dict) else []


def _not_listed(error: ValidationError, document: Document) -> list[Diagnostic]:
    allowed = _allowed(error)
    listed = ", ".join(f"`{shown(one)}`" for one in allowed)
    if isinstance(error.instance, list | dict):
        expected = _expected(error, f"one of {listed}" if len(allowed) > 1 else listed)
        return _not_of_kind(error, document, expected, ())
    summary = f"{_thing(error)} is `{shown(error.instance)}`"
    detail = _expected(error, f"one of {listed}" if len(allowed) > 1 else listed)
    return _finding("GS205", error, document, summary, detail=detail, hint=closest(error.instance, allowed))


def _bad_text(error: ValidationError, document: Document) -> list[Diagnostic]:
    expected = _expected(error, f"a text that matches {error.validator_value}")
    near = nearest_name(str(error.instance))
    is_near = near and re.search(str(error.validator_value), near) and not near.isdigit()
    hint = f"Such as `{near}`." if is_near else ""
    return _finding(
        "GS206", error, document, f"{_thing(error)} is `{shown(error.instance)}`", detail=expected, hint=hint
    )


def _bad_key(error: ValidationError, document: Document) -> list[Diagnostic]:
    path = tuple(error.absolute_path)
    key: Any = error.instance
    expected = _expected(error, "another name")
    at = document.locate((*path, key), key=True)
    summary = f"The key `{shown(key)}` in {pointer_words(path)} can't be used"
    return [Diagnostic("GS206", Severity.ERROR, summary, expected, "", at)]


def _out_of_bounds(error: ValidationError, document: Document) -> list[Diagnostic]:
    limit: Any = error.validator_value
    value: Any = error.instance
    if isinstance(value, str | list | dict):
        unit = "character" if isinstance(value, str) else "item" if isinstance(value, list) else "key"
        found, bound = counted(len(value), unit), counted(limit, unit)
        code = "GS206" if isinstance(value, str) else "GS207"
        summary = f"{_thing(error)} is empty" if not value else f"{_thing(error)} has {found}"
    else:
        found, bound, code, summary = shown(value), shown(limit), "GS207", f"{_thing(error)} is {shown(value)}"
    side = {
        "min": "at least",
        "max": "at most",
        "exc": "more than" if "Minimum" in str(error.validator) else "less than",
    }
    return _finding(
        code, error, document, summary, detail=_expected(error, f"{side[str(error.validator)[:3]]} {bound}")
    )


def _alternatives(error: ValidationError, document: Document) -> list[Diagnostic]:
    """Tell the errors of the alternative that was meant, if that can be told: the one of the right type."""
    branches: dict[Any, list[ValidationError]] = {}
    for inner in error.context or ():
        branches.setdefault(inner.schema_path[0], []).append(inner)
    if not branches:
        return _anything(error, document)
    meant = [inner for inner in branches.values() if not any(_is_type_error(one) for one in inner)]
    if not meant:
        types = {word: None for inner in branches.values() for word in _type_words(inner[0])}
        return _not_of_kind(error, document, _expected(error, " or ".join(types)), tuple(types))
    if len(meant) == len(branches) and all(_asks_for_one_key(inner) for inner in meant):
        keys = [str(inner[0].validator_value[0]) for inner in meant]  # type: ignore[index]
        detail = "Expected exactly one of the keys " + " and ".join(f"`{key}`" for key in keys) + "."
        summary = f"{_thing(error)} has none of the keys {', '.join(f'`{key}`' for key in keys)}"
        return _finding("GS202", error, document, summary, detail=detail)
    return [found for one in min(meant, key=len) for found in _told(one, document)]


def _is_type_error(error: ValidationError) -> bool:
    """Tell whether an alternative is for values of other types: a list of the values that it takes tells that, too."""
    if error.validator in {"const", "enum"}:
        return not error.relative_path and type(error.instance) not in set(map(type, _allowed(error)))
    return error.validator == "type" and not error.relative_path


def _type_words(error: ValidationError) -> list[str]:
    if error.validator != "type":
        return [f"`{shown(one)}`" for one in _allowed(error)]
    types: Any = error.validator_value
    return [_TYPE_WORDS[one] for one in ([types] if isinstance(types, str) else types)]


def _allowed(error: ValidationError) -> list[Any]:
    value: Any = error.validator_value
    return value if error.validator == "enum" else [value]


def _asks_for_one_key(errors: Sequence[ValidationError]) -> bool:
    return len(errors) == 1 and errors[0].validator == "required" and not errors[0].relative_path


def _one_too_many(error: ValidationError, document: Document) -> list[Diagnostic]:
    if error.context:
        return _alternatives(error, document)
    schema: Any = error.schema
    keys = [key for branch in schema["oneOf"] for key in branch.get("required", ()) if key in error.instance]  # type: ignore[operator]
    if not keys:
        return _anything(error, document)
    listed = " and ".join(f"`{key}`" for key in keys)
    return _finding("GS208", error, document, f"{_thing(error)} has both {listed}", detail="Expected one of them.")


def _repeated(error: ValidationError, document: Document) -> list[Diagnostic]:
    return _finding("GS208", error, document, f"{_thing(error)} has an item twice", detail="Expected every item once.")


def _anything(error: ValidationError, document: Document) -> list[Diagnostic]:
    return _finding(
        "GS208",
        error,
        document,
        f"{_thing(error)} breaks the rule `{error.validator}`",
        detail=shown(error.message, 300),
    )


_TELLERS: Final[dict[str, Callable[[ValidationError, Document], list[Diagnostic]]]] = {
    "additionalProperties": _unknown_keys,
    "required": _missing_keys,
    "type": _wrong_type,
    "enum": _not_listed,
    "const": _not_listed,
    "pattern": _bad_text,
    "anyOf": _alternatives,
    "oneOf": _one_too_many,
    "uniqueItems": _repeated,
    **dict.fromkeys(
        ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "minimum", "maximum",
         "exclusiveMinimum", "exclusiveMaximum"),
        _out_of_bounds,
    ),
}  # fmt: skip
