"""The example with segments: its customers, and that its files show the whole language."""

from __future__ import annotations

import re
import runpy
import sys
from functools import lru_cache
from pathlib import Path

import pytest

from groupsync.model.criteria import FROM_NOW, Operator
from groupsync.yaml.events import parse_yaml

EXAMPLE = Path(__file__).parents[1] / "examples/fieldnotes-store"
COMBINATIONS = {"all", "any", "not", "in_group", "not_in_group", "everyone"}
SOURCE_KEYS = {"plugin", "url", "table", "id", "updated_at", "eligible", "min_rows", "max_shrink", "max_null_ids"}


def documents_of(path):
    """Load a file that is expected to be sound."""
    documents, findings = parse_yaml(path.read_bytes(), path.name)
    assert [] == findings
    return [document.value for document in documents]


def definitions():
    """Load all definitions of the example."""
    return [each for path in sorted((EXAMPLE / "groups").glob("*.yaml")) for each in documents_of(path)]


def segments():
    """Load the definitions that have criteria."""
    return [each for each in definitions() if each["kind"] == "segment"]


def config():
    """Load the config of the example."""
    return documents_of(EXAMPLE / "groupsync.yaml")[0]


def parts_of(condition):
    """Give what a condition is made of: `(attribute, operator, value)`, or a combination in place of the operator."""
    for key, value in condition.items():
        if key in COMBINATIONS:
            yield None, key, value
        if key in {"all", "any"}:
            for each in value:
                yield from parts_of(each)
        elif key == "not":
            yield from parts_of(value)
        elif key not in COMBINATIONS:
            shorthand = {"in": value} if isinstance(value, list) else {"eq": value}
            for operator, operand in (value if isinstance(value, dict) else shorthand).items():
                yield key, operator, operand


@lru_cache(maxsize=1)
def customers():
    """Read the rows."""
    import pyarrow.parquet as pq

    return pq.read_table(EXAMPLE / "data/customers.parquet")


@lru_cache(maxsize=1)
def rows():
    """Read the rows as mappings."""
    return customers().to_pylist()


def test_the_generator_writes_what_is_committed(tmp_path, monkeypatch):
    """Rows and lists follow from the script alone."""
    import pyarrow.parquet as pq

    monkeypatch.setattr(sys, "argv", ["generate.py", str(tmp_path)])
    runpy.run_path(str(EXAMPLE / "data/generate.py"), run_name="__main__")
    assert customers().equals(pq.read_table(tmp_path / "data/customers.parquet"), check_metadata=False)
    assert (EXAMPLE / "data/customers.parquet").stat().st_size <= 300_000
    lists = sorted(path.name for path in (tmp_path / "groups/members").iterdir())
    assert ["beta-testers.txt", "staff.txt"] == lists
    for name in lists:
        committed = EXAMPLE / "groups/members" / name
        assert committed.read_bytes() == (tmp_path / "groups/members" / name).read_bytes(), name


def test_customers_are_who_they_could_be():
    """No row contradicts itself: nobody buys or opens the app before they came; age, risk and spend fit together."""
    for row in rows():
        assert row["first_purchase_on"] is None or row["acquired_on"] <= row["first_purchase_on"]
        assert row["last_used_at"] is None or row["acquired_on"] <= row["last_used_at"].date()
        assert row["store_page_view_on"] is None or row["store_page_view_on"] <= row["acquired_on"]
        assert (row["purchases"] == 0) == (row["first_purchase_on"] is None) == (row["store_spend_usd"] == 0)
        assert 0 <= row["app_spend_usd"] <= row["store_spend_usd"]
        assert (row["age"] is None) == (row["age_group"] == "Unknown")
        assert row["age"] is None or row["age"] in age_range(row["age_group"])
        assert (row["churn_risk"] is None) == (row["churn_score"] is None)
        assert row["last_used_at"] is None or row["last_used_at"] < row["updated_at"]


def age_range(group):
    """Return the ages of an age group."""
    first, last = re.fullmatch(r"(\d+)(?:-(\d+)| and over)", group).groups()
    return range(int(first), int(last or 150) + 1)


def test_whoever_is_signed_in_has_an_address_of_their_own():
    """Identifiers are unique without regard to case, and missing only where nobody is signed in."""
    known = [row["email"].lower() for row in rows() if row["email"]]
    assert sorted(set(known)) == sorted(known)
    assert all(row["email"] for row in rows() if row["signed_in"])
    assert any(address != address.lower() for address in (row["email"] for row in rows() if row["email"]))


def test_values_are_missing_where_they_would_be():
    """Every column that nobody has to fill has nulls, and no column is empty."""
    table = customers()
    filled = {"age_group", "gender", "acquired_on", "acquisition_type", "sessions_30d", "device_type", "purchases"}
    filled |= {"store_spend_usd", "app_spend_usd", "signed_in", "updated_at"}
    assert filled == {name for name in table.column_names if table[name].null_count == 0}
    assert all(table[name].null_count < len(table) for name in table.column_names)


def test_the_config_describes_every_column():
    """What people read about attributes is complete, and names nothing that is not there."""
    source = config()["sources"]["customers"]
    assert {*customers().column_names} == {*source["attributes"], source["id"], source["updated_at"]}
    assert {*source["eligible"]} <= {*source["attributes"]}
    assert all(each["description"] and each["category"] for each in source["attributes"].values())
    assert {*source} >= SOURCE_KEYS
    assert "max_age" not in source


def test_segments_ask_only_for_what_there_is():
    """Every attribute in a condition or an order is a column; every group referred to is defined."""
    columns, names = {*customers().column_names}, {each["name"] for each in definitions()}
    for segment in segments():
        used = list(parts_of(segment["where"]))
        assert {field for field, _, _ in used if field} <= columns, segment["name"]
        assert {*segment.get("limit", {}).get("order_by", {})} <= columns, segment["name"]
        referred = {value for _, operator, value in used if operator in {"in_group", "not_in_group"}}
        referred |= {each for key in ("include", "exclude", "restrict_to") for each in segment.get(key, ())}
        assert referred <= names, segment["name"]


def test_the_whole_language_is_shown():
    """Every operator and combination is somewhere in the files, and so is every key that works on a segment.

    One operator that counts from now is enough, as the README says.
    """
    shown = {operator for segment in segments() for _, operator, _ in parts_of(segment["where"])}
    assert {*Operator, *COMBINATIONS, "ignore_case"} - FROM_NOW | {Operator.WITHIN_DAYS} == shown
    keys = {key for segment in segments() for key in segment}
    assert {"members", "include", "exclude", "restrict_to", "holdout", "sample", "limit", "min_size"} <= keys
    assert {"keep", "empty"} == {each["min_size"]["below"] for each in segments() if "min_size" in each}
    assert {"count", "order_by", "keep_until_rank"} in [{*each["limit"]} for each in segments() if "limit" in each]


def test_only_one_segment_moves_with_the_clock():
    """The README says so: with old data, all others hold the same people whenever somebody looks."""
    moving = [each["name"] for each in segments() if FROM_NOW & {what for _, what, _ in parts_of(each["where"])}]
    assert ["active-this-month"] == moving


def test_the_readme_tells_of_every_group():
    """Twelve segments have a row each, and four known groups are named."""
    readme = (EXAMPLE / "README.md").read_text("utf-8")
    rows_of_table = re.findall(r"^\| `([a-z0-9-]+)` \|", readme, re.MULTILINE)
    assert sorted(each["name"] for each in segments()) == sorted(rows_of_table)
    known = [each["name"] for each in definitions() if each["kind"] != "segment"]
    assert [] == [name for name in known if f"`{name}`" not in readme]
    assert (12, 4) == (len(rows_of_table), len(known))


@pytest.mark.parametrize(
    "path", [EXAMPLE / "groupsync.yaml", *sorted((EXAMPLE / "groups").glob("*.yaml"))], ids=lambda path: path.name
)
def test_every_line_for_editors_leads_to_a_schema(path):
    """Completion works in the checkout."""
    found = re.match(r"# yaml-language-server: \$schema=(\S+)\n", path.read_text("utf-8"))
    assert found
    assert (path.parent / found[1]).is_file()


def test_only_sample_domains_are_used():
    """Nobody's real address or site is in the data or the files."""
    texts = [path.read_text("utf-8") for path in (EXAMPLE / "groups").rglob("*.*")]
    found = {domain.lower() for text in texts for domain in re.findall(r"@([\w.-]+\w)", text)}
    found |= {row["email"].partition("@")[2] for row in rows() if row["email"]}
    found |= {".".join(row["referrer_domain"].lower().split(".")[-2:]) for row in rows() if row["referrer_domain"]}
    assert {"example.com", "contoso.com", "fabrikam.com"} == found
