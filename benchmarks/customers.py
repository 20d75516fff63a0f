"""Customers of a given number and segments of them, made by a fixed recipe: the same people each time."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

SEGMENTS: Final = 100
SMALLEST, LARGEST = 0.001, 0.3
"""The least and the most of all customers that a segment has, as far as one can tell beforehand."""

_CONFIG = """\
version: 1
project: bench
definitions: [groups/*.yaml]
sources:
  customers: {plugin: ibis, url: "duckdb://", table: customers.parquet, id: email}
targets:
  local: {plugin: file, path: state/}
"""

# {0} to {24} are chances from 0 to 1 that say nothing of one another.
_COLUMNS: Final = """
    'user' || i || '@example.com' AS email,
    CASE WHEN {0} < 0.92 THEN (13 + 70 * {1} * (0.3 + 0.7 * {2}))::INTEGER END AS age,
    ['13-17', '18-24', '25-34', '35-44', '45-54', '55-64', '65 and over', 'Unknown'][1 + (8 * {3})::INTEGER % 8]
        AS age_group,
    CASE WHEN {4} < 0.48 THEN 'm' WHEN {4} < 0.94 THEN 'f' ELSE 'Unknown' END AS gender,
    ['US', 'US', 'US', 'US', 'US', 'US', 'DE', 'DE', 'GB', 'GB', 'IN', 'IN', 'FR', 'BR', 'JP', 'CA', 'AT', 'CH', 'MX',
        NULL][1 + (20 * {5})::INTEGER % 20] AS country,
    DATE '2026-11-20' - (1095 * {6} ** 1.7)::INTEGER AS acquired_on,
    ['Free', 'Free', 'Free', 'Free', 'Free', 'Free', 'Trial', 'Trial', 'Paid', 'Promotional code']
        [1 + (10 * {7})::INTEGER % 10] AS acquisition_type,
    CASE WHEN {8} < 0.3 THEN ['spring-2025', 'autumn-2025', 'spring-2026', 'back-to-school-2026', 'autumn-2026',
        'newsletter'][1 + (20 * {8})::INTEGER] END AS campaign_id,
    CASE WHEN {9} < 0.5 THEN ['search.example.com', 'reviews.example.com', 'www.fabrikam.com', 'Fabrikam.com',
        'blog.contoso.com'][1 + (10 * {9})::INTEGER % 5] END AS referrer_domain,
    CASE WHEN {10} < 0.94
        THEN to_timestamp(1795132800 - (60000000 * {11} ** 3)::BIGINT) END AS last_used_at,
    (40 * {12} ** 2)::INTEGER AS sessions_30d,
    ['PC', 'PC', 'PC', 'PC', 'PC', 'PC', 'Phone', 'Phone', 'Console', 'Unknown'][1 + (10 * {13})::INTEGER % 10]
        AS device_type,
    '10.0.' || [26200, 26100, 22631, 19045][1 + (4 * {14})::INTEGER % 4] || '.' || (9000 * {15})::INTEGER AS os_version,
    CASE WHEN {16} < 0.4 THEN 1 + (12 * {16})::INTEGER END AS last_rating,
    CASE WHEN {17} < 0.5 THEN 'low' WHEN {17} < 0.75 THEN 'medium' WHEN {17} < 0.9 THEN 'high' END AS churn_risk,
    CASE WHEN {18} < 0.9 THEN round({18} / 0.9, 3) END AS churn_score,
    CASE WHEN {19} < 0.3 THEN DATE '2026-11-20' - (2500 * {19})::INTEGER END AS first_purchase_on,
    CASE WHEN {19} < 0.3 THEN 1 + (20 * {20} ** 3)::INTEGER ELSE 0 END AS purchases,
    CASE WHEN {19} < 0.3 THEN round(200 * {21} ** 2, 2) ELSE 0 END::DECIMAL(12, 2) AS store_spend_usd,
    CASE WHEN {22} < 0.95 THEN {22} < 0.9 END AS signed_in,
    CASE WHEN {23} < 0.92 THEN {23} < 0.58 END AS consented,
    to_timestamp(1795132800 - (30000000 * {24} ** 3)::BIGINT) AS updated_at
"""


@dataclass(frozen=True, slots=True)
class _Test:
    """One test as a definition and as SQL have it, and the share of customers that it is true for, about."""

    where: dict[str, Any]
    sql: str
    share: float


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment, and the condition that somebody would write by hand for it."""

    name: str
    where: dict[str, Any]
    sql: str


_TESTS: Final = (
    _Test({"age": {"gte": 50}}, "age >= 50", 0.17),
    _Test({"age": {"between": [25, 34]}}, "age BETWEEN 25 AND 34", 0.2),
    _Test({"age": {"lt": 21}}, "age < 21", 0.22),
    _Test({"age_group": ["18-24", "25-34"]}, "age_group IN ('18-24', '25-34')", 0.25),
    _Test({"age_group": {"ne": "Unknown"}}, "age_group <> 'Unknown'", 0.87),
    _Test({"gender": "f"}, "gender = 'f'", 0.46),
    _Test({"gender": "m"}, "gender = 'm'", 0.48),
    _Test({"country": ["DE", "AT", "CH"]}, "country IN ('DE', 'AT', 'CH')", 0.2),
    _Test({"country": "US"}, "country = 'US'", 0.3),
    _Test({"country": {"not_in": ["BR", "MX"]}}, "country NOT IN ('BR', 'MX')", 0.85),
    _Test({"country": {"is_null": True}}, "country IS NULL", 0.05),
    _Test({"acquired_on": {"after": "2026-09-14"}}, "acquired_on > DATE '2026-09-14'", 0.19),
    _Test({"acquired_on": {"before": "2026-01-01"}}, "acquired_on < DATE '2026-01-01'", 0.51),
    _Test({"acquisition_type": {"ne": "Free"}}, "acquisition_type <> 'Free'", 0.4),
    _Test({"acquisition_type": {"contains": "code"}}, "contains(acquisition_type, 'code')", 0.1),
    _Test({"campaign_id": {"starts_with": "autumn-"}}, "starts_with(campaign_id, 'autumn-')", 0.1),
    _Test({"campaign_id": "newsletter"}, "campaign_id = 'newsletter'", 0.05),
    _Test({"campaign_id": {"is_null": True}}, "campaign_id IS NULL", 0.7),
    _Test({"referrer_domain": {"ends_with": "fabrikam.com"}}, "suffix(referrer_domain, 'fabrikam.com')", 0.1),
    _Test({"referrer_domain": "search.example.com"}, "referrer_domain = 'search.example.com'", 0.1),
    _Test(
        {"last_used_at": {"after": "2026-10-21T00:00:00Z"}},
        "last_used_at > TIMESTAMPTZ '2026-10-21 00:00:00+00'",
        0.33,
    ),
    _Test(
        {"last_used_at": {"before": "2026-08-01T00:00:00Z"}},
        "last_used_at < TIMESTAMPTZ '2026-08-01 00:00:00+00'",
        0.42,
    ),
    _Test({"last_used_at": {"is_null": True}}, "last_used_at IS NULL", 0.06),
    _Test({"sessions_30d": {"gt": 7}}, "sessions_30d > 7", 0.57),
    _Test({"sessions_30d": {"gte": 25}}, "sessions_30d >= 25", 0.21),
    _Test({"device_type": "PC"}, "device_type = 'PC'", 0.6),
    _Test({"device_type": ["Phone", "Console"]}, "device_type IN ('Phone', 'Console')", 0.3),
    _Test({"os_version": {"starts_with": "10.0.26"}}, "starts_with(os_version, '10.0.26')", 0.5),
    _Test(
        {"os_version": {"matches": r"^10\.0\.22631\.[0-9]+$"}},
        r"regexp_matches(os_version, '^10\.0\.22631\.[0-9]+$')",
        0.25,
    ),
    _Test({"last_rating": {"lte": 2}}, "last_rating <= 2", 0.13),
    _Test({"last_rating": {"gte": 4}}, "last_rating >= 4", 0.19),
    _Test({"last_rating": {"is_null": True}}, "last_rating IS NULL", 0.6),
    _Test({"churn_risk": "high"}, "churn_risk = 'high'", 0.15),
    _Test({"churn_risk": ["low", "medium"]}, "churn_risk IN ('low', 'medium')", 0.75),
    _Test({"churn_score": {"lt": 0.33}}, "churn_score < 0.33", 0.3),
    _Test({"first_purchase_on": {"after": "2026-01-01"}}, "first_purchase_on > DATE '2026-01-01'", 0.13),
    _Test({"purchases": 0}, "purchases = 0", 0.7),
    _Test({"purchases": {"gte": 3}}, "purchases >= 3", 0.17),
    _Test({"store_spend_usd": {"gt": 50}}, "store_spend_usd > 50", 0.15),
    _Test({"signed_in": True}, "signed_in", 0.9),
    _Test({"consented": True}, "consented", 0.58),
)
_TESTS_OF: Final = {name: [test for test in _TESTS if name in test.where] for test in _TESTS for name in test.where}


def write_customers(path: Path, customers: int) -> None:
    """Write a Parquet file of so many rows with a distinct `email` each, in no order."""
    import duckdb

    chances = [f"(hash(25 * i + {column}) / 18446744073709551616)" for column in range(25)]
    numbers = f"SELECT range AS i FROM range({customers}) ORDER BY hash(range)"
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute(
            f"COPY (SELECT {_COLUMNS.format(*chances)} FROM ({numbers})) TO '{path}' (FORMAT parquet)",
        )


def segments() -> list[Segment]:
    """Return `SEGMENTS` combinations of one to four tests, from `SMALLEST` to `LARGEST` of all customers."""
    chance = random.Random(39)
    found: dict[str, Segment] = {}
    while len(found) < SEGMENTS:
        where, sql, share = _combined(chance)
        if SMALLEST <= share <= LARGEST and sql not in found:
            found[sql] = Segment(f"segment-{len(found):03}", where, sql)
    return list(found.values())


def columns_used() -> list[str]:
    """Return the columns that the tests and the lists are made of, sorted."""
    return sorted({"email", *_TESTS_OF})


def write_segment_project(folder: Path) -> None:
    """Write a project with one definition for each segment of `folder`/customers.parquet."""
    (folder / "groups").mkdir(parents=True)
    (folder / "groupsync.yaml").write_text(_CONFIG, "utf-8")
    text = "---\n".join(
        f"kind: segment\nname: {each.name}\ndisplay_name: {each.name}\nsource: customers\n"
        f"where: {json.dumps(each.where)}\n"
        for each in segments()
    )
    (folder / "groups" / "segments.yaml").write_text(text, "utf-8")


def _combined(chance: random.Random) -> tuple[dict[str, Any], str, float]:
    columns = chance.sample(sorted(_TESTS_OF), 4)
    tests = [chance.choice(_TESTS_OF[column]) for column in columns]
    shape = chance.randrange(5)
    first, second, third, fourth = tests
    if shape == 0:
        return first.where, first.sql, first.share
    if shape in (1, 2):
        return _all(tests[: shape + 1])
    either = 1 - (1 - third.share) * (1 - fourth.share)
    if shape == 3:
        where = {"all": [first.where, {"any": [third.where, fourth.where]}]}
        return where, f"{first.sql} AND ({third.sql} OR {fourth.sql})", first.share * either
    where = {"all": [first.where, second.where, {"not": third.where}]}
    return where, f"{first.sql} AND {second.sql} AND NOT ({third.sql})", first.share * second.share * (1 - third.share)


def _all(tests: list[_Test]) -> tuple[dict[str, Any], str, float]:
    share = 1.0
    for test in tests:
        share *= test.share
    return {"all": [test.where for test in tests]}, " AND ".join(test.sql for test in tests), share
