"""Check a document against a JSON Schema (2020-12), with long lists of texts checked in bulk. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from groupsync.schema_words import diagnostics_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from jsonschema.protocols import Validator

    from groupsync.model import Diagnostic
    from groupsync.yaml.document import Document

_ANNOTATIONS: Final = frozenset(["title", "description", "examples", "default", "deprecated", "$comment"])
_DATA: Final = frozenset(["const", "enum", "default", "examples"])
"""Keywords whose values are no schemas."""
_NAMED: Final = frozenset(["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"])
"""Keywords whose values are mappings from names to schemas."""


def check(document: Document, schema: Mapping[str, Any]) -> list[Diagnostic]:
    """Return everything in which a document does not fit a schema; each finding at the value or key to mend.

    The schema may say two things more than JSON Schema does: `x-expected`, what is expected in words where types and
    patterns say it badly, and `x-null`, the hint for a value that was left out.

    Args:
        document: as read; it may be unsound.
        schema: a valid schema that refers to nothing outside itself. Must not change later: its validator is kept.
    """
    value: Any = document.value
    errors = list(_validator(_Kept(schema)).iter_errors(value))
    return diagnostics_of(errors, document) if errors else []


def sound_part(document: Document, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a mapping holds besides the keys that are unknown or that don't fit, to find what else is wrong.

    Args:
        document: as read.
        schema: of a mapping, with its `properties` at the top.
    """
    value: Any = document.value
    if not isinstance(value, dict):
        return {}
    faulty = {error.absolute_path[0] for error in _validator(_Kept(schema)).iter_errors(value) if error.absolute_path}
    return {key: held for key, held in value.items() if key in schema["properties"] and key not in faulty}


@lru_cache(maxsize=1)
def validator_class() -> type[Validator]:
    """Return jsonschema's class for draft 2020-12, with texts checked in bulk. For schemas made by `prepared`."""
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    keywords = {"items": _items, "properties": _properties}
    made: type[Validator] = extend(Draft202012Validator, keywords)  # type: ignore[no-untyped-call]
    return made


class PreparedSchema(dict[str, Any]):
    """A schema that knows what it asks of a text, where that is simple."""

    __slots__ = ("text_test",)

    def __init__(self, schema: Mapping[str, Any]) -> None:
        super().__init__(schema)
        self.text_test = _text_test(self)


def prepared(schema: object) -> Any:
    r"""Return a copy of a schema, ready for `validator_class`.

    It goes without its `$schema`, wherever that stands: where jsonschema follows a `$ref` to a schema that names its
    dialect, it goes on with the stock class of that dialect, silently and slowly. And a pattern's final `$` becomes
    `\Z`, which is what it means in JSON Schema (ECMA-262); Python's `$` lets a line break follow.
    """
    if isinstance(schema, list):
        return [prepared(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made: dict[str, Any] = {}
    for key, value in schema.items():
        if key in _NAMED and isinstance(value, dict):
            names = map(_anchored, value) if key == "patternProperties" else value
            made[key] = {name: prepared(rule) for name, rule in zip(names, value.values(), strict=True)}
        elif key == "pattern":
            made[key] = _anchored(value)
        elif key != "$schema":
            made[key] = value if key in _DATA else prepared(value)
    return PreparedSchema(made)


def _anchored(pattern: str) -> str:
    return pattern[:-1] + r"\Z" if pattern.endswith("$") and not pattern.endswith(r"\$") else pattern


@dataclass(frozen=True, slots=True, eq=False)
class _Kept:
    """A schema as a key of the cache, by identity; the cache keeps it alive, so that no other can take its place."""

    schema: Mapping[str, Any]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Kept) and self.schema is other.schema

    def __hash__(self) -> int:
        return id(self.schema)


@lru_cache(maxsize=64)
def _validator(kept: _Kept) -> Validator:
    return validator_class()(prepared(dict(kept.schema)))


class _TextTest:
    """What a schema of a simple shape asks of a text."""

    __slots__ = ("_allowed", "_max", "_min", "_search")

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._min = schema.get("minLength", 0)
        self._max = schema.get("maxLength", float("inf"))
        self._search = re.compile(schema["pattern"]).search if "pattern" in schema else None
        self._allowed = frozenset(schema["enum"]) if "enum" in schema else None

    def passes(self, text: str) -> bool:
        """Tell whether one text is valid."""
        return (
            self._min <= len(text) <= self._max
            and (self._search is None or self._search(text) is not None)
            and (self._allowed is None or text in self._allowed)
        )

    def all_pass(self, texts: Sequence[str]) -> bool:
        """Tell whether all texts (at least one) are valid."""
        lengths = set(map(len, texts))
        return (
            self._min <= min(lengths)
            and max(lengths) <= self._max
            and (self._search is None or all(map(self._search, texts)))
            and (self._allowed is None or self._allowed.issuperset(texts))
        )


def _text_test(schema: Mapping[str, Any]) -> _TextTest | None:
    """Return the test that alone decides about a text; None where the schema has no such simple shape."""
    rules = {key for key in schema if key not in _ANNOTATIONS and not key.startswith("x-")}
    if rules == {"anyOf"}:
        return next(filter(None, (getattr(branch, "text_test", None) for branch in schema["anyOf"])), None)
    if "enum" in rules and set(map(type, schema["enum"])) != {str}:
        return None
    is_simple = rules <= {"type", "minLength", "maxLength", "pattern", "enum"}
    return _TextTest(schema) if is_simple and (schema.get("type") == "string" or rules == {"enum"}) else None


def _items(validator: Any, items: Any, instance: Any, schema: Any) -> Iterator[Any]:
    """The keyword `items`: what a text has to be like is found out once, not once for each of 10,000 texts.

    Only texts that are valid are passed over, all else goes the usual way: verdict and errors are those of jsonschema.
    """
    from jsonschema import Draft202012Validator

    test: _TextTest | None = getattr(items, "text_test", None)
    if test is None or "prefixItems" in schema or not isinstance(instance, list):
        yield from Draft202012Validator.VALIDATORS["items"](validator, items, instance, schema) or ()
        return
    if set(map(type, instance)) == {str} and test.all_pass(instance):
        return
    for index, item in enumerate(instance):
        if type(item) is not str or not test.passes(item):
            yield from validator.descend(item, items, path=index)


def _properties(validator: Any, properties: Any, instance: Any, _schema: Any) -> Iterator[Any]:
    """The keyword `properties`, the same way."""
    if not isinstance(instance, dict):
        return
    for key, rule in properties.items():
        if key in instance:
            value = instance[key]
            test: _TextTest | None = getattr(rule, "text_test", None)
            if test is None or type(value) is not str or not test.passes(value):
                yield from validator.descend(value, rule, path=key, schema_path=key)
