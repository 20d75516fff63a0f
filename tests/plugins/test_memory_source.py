"""The reference source: it keeps the contract, types its rows, and fails on demand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from jsonschema import Draft202012Validator

from groupsync.errors import ConfigError, PluginError, SourceError
from groupsync.identity import Identity
from groupsync.model import SourceRange
from groupsync.model.criteria import Everyone, Type
from groupsync.plugins import Plugins
from groupsync.source import Question, SourceContext
from groupsync.source_facade import checked_source
from groupsync.testing import SourceContract
from groupsync_memory.source import MemorySource
from groupsync_memory.store import MemoryStore

CHECKED = checked_source(MemorySource, "groupsync", "0")
EVERYONE = Everyone(SourceRange("a.yaml", 1, 1))


def source(tmp_path, rows, **options):
    context = SourceContext(tmp_path, "customers", Identity(), datetime(2026, 11, 25, tzinfo=UTC))
    return CHECKED.from_options({"rows": rows, "id": "email", **options}, context)


def types_of(found):
    return {each.name: each.type for each in found.attributes()}


def test_types_are_inferred_from_the_values(tmp_path):
    """Whole numbers, numbers, flags and texts; nulls say nothing, and a column of nulls is text."""
    rows = [
        {"email": "ada@example.com", "age": 36, "score": 1, "paid": True, "note": None},
        {"email": "bob@example.com", "score": 2.5},
    ]
    expected = {"age": "integer", "email": "text", "note": "text", "paid": "boolean", "score": "number"}

    assert expected == types_of(source(tmp_path, rows))


def test_values_become_those_of_their_types(tmp_path):
    """Dates, instants and decimals are written as texts in YAML, and are values afterwards."""
    types = {"born": "date", "seen": "instant", "spend": "decimal", "lat": "number"}
    row = {
        "email": "ada@example.com",
        "born": "1990-02-28",
        "seen": "2026-01-01T01:00:00+01:00",
        "spend": 1.1,
        "lat": 1,
    }
    found = source(tmp_path, [row], types=types).rows(["ada@example.com"], sorted(types))

    assert {
        "born": date(1990, 2, 28), "seen": datetime(2026, 1, 1, tzinfo=UTC), "spend": Decimal("1.1"), "lat": 1.0
    } == found["ada@example.com"]  # fmt: skip


def test_everything_that_does_not_fit_is_told_at_once(tmp_path):
    """Each value with its row and attribute, and an attribute of two kinds."""
    rows = [{"email": "a@example.com", "age": "old", "mixed": 1, "born": "yesterday"}, {"email": 5, "mixed": "x"}]
    with pytest.raises(ConfigError) as caught:
        source(tmp_path, rows, types={"age": "integer", "born": "date", "email": "text"})

    for part in ("`mixed` has numbers and texts", "row 1, `age`: old is no whole", "row 1, `born`", "row 2, `email`"):
        assert part in caught.value.detail


def test_a_missing_column_is_named_with_what_was_meant(tmp_path):
    """Of the identifier, and of the time of the last change, which must be an instant."""
    rows = [{"email": "a@example.com", "seen": "2026-01-01"}]
    with pytest.raises(SourceError) as misspelt:
        source(tmp_path, rows, id="e-mail").attributes()
    with pytest.raises(SourceError, match="`updated_at` of source `customers` is no instant"):
        source(tmp_path, rows, updated_at="seen").attributes()

    assert ("source `customers` has no column `e-mail`", "Did you mean `email`?") == (
        misspelt.value.summary, misspelt.value.hint
    )  # fmt: skip


def test_the_newest_row_tells_how_fresh_the_source_is(tmp_path):
    """Of the attribute that `updated_at` names; without it nobody knows."""
    rows = [{"email": "a@example.com", "seen": "2026-01-01"}, {"email": "b@example.com", "seen": "2026-03-01"}]
    fresh = source(tmp_path, rows, types={"seen": "instant"}, updated_at="seen")
    (tmp_path / "new").mkdir()

    assert datetime(2026, 3, 1, tzinfo=UTC) == fresh.evaluate([], {}, tmp_path / "new").census.newest
    assert source(tmp_path, rows).evaluate([], {}, tmp_path / "new").census.newest is None


def test_a_call_fails_at_the_time_asked_for_and_only_then(tmp_path):
    """`fail("evaluate", 2)` lets the first call pass and fails the second; its store says so by name."""
    asked = source(tmp_path, [{"email": "a@example.com"}], store="failing")
    MemoryStore.named("failing").fail("evaluate", 2)
    asked.evaluate([Question("a", EVERYONE)], {}, tmp_path)
    with pytest.raises(SourceError, match="evaluate failed on demand"):
        asked.evaluate([Question("a", EVERYONE)], {}, tmp_path)

    assert 1 == asked.evaluate([Question("a", EVERYONE)], {}, tmp_path).answers["a"].members.count
    MemoryStore.drop("failing")


@pytest.mark.parametrize(
    ("call", "ask"),
    [
        ("attributes", lambda asked: asked.attributes()),
        ("rows", lambda asked: asked.rows([], [])),
        ("count", lambda asked: asked.count([], {})),
        ("shares", lambda asked: asked.shares(EVERYONE, "email", {})),
    ],
)
def test_every_call_can_be_told_to_fail(tmp_path, call, ask):
    """An exception that is not ours blames the plugin."""
    asked = source(tmp_path, [{"email": "a@example.com"}], store="failing")
    MemoryStore.named("failing").fail(call, error=ZeroDivisionError("by zero"))
    with pytest.raises(PluginError, match="`memory` of groupsync 0 failed while") as caught:
        ask(asked)

    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    MemoryStore.drop("failing")


def test_it_is_offered_beside_the_backend_of_its_name():
    """The hook `groupsync_register_sources` finds it."""
    plugins = Plugins.discover({})

    assert "memory" in plugins.sources
    assert "memory" in plugins.backends


@pytest.mark.parametrize("wrong", [{"rows": []}, {"id": "a", "rows": [5]}, {"id": "a", "rows": [{"a": [1]}]}])
def test_options_are_checked_by_their_schema(wrong):
    """Rows are mappings of plain values, and the identifier is named."""
    assert list(Draft202012Validator(dict(MemorySource.options_schema)).iter_errors(wrong))


class TestContract(SourceContract):
    """The memory source keeps the contract."""

    types = frozenset(Type) - {Type.OTHER}

    @pytest.fixture
    def make_source(self, context):
        def make(rows, types):
            options = {"rows": rows, "id": "email", "types": {name: kind.value for name, kind in types.items()}}
            return CHECKED.from_options(options, context)

        return make


def test_a_date_is_the_beginning_of_its_day_in_the_zone(tmp_path):
    """Where an attribute is an instant; one with a zone of its own stays what it is."""
    zone = ZoneInfo("Europe/Berlin")
    context = SourceContext(tmp_path, "customers", Identity(), datetime(2026, 11, 25, tzinfo=zone))
    rows = [{"email": "a@example.com", "seen": "2026-07-01", "left": "2026-07-01T00:00:00Z"}]
    options = {"id": "email", "rows": rows, "types": {"seen": "instant", "left": "instant"}}
    found = MemorySource.from_options(options, context).rows(["a@example.com"], ["seen", "left"])["a@example.com"]
    assert {"seen": datetime(2026, 6, 30, 22, tzinfo=UTC), "left": datetime(2026, 7, 1, tzinfo=UTC)} == found
