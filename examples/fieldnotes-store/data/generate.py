"""Write the customers of this example, as the night's export of a store would: one row each, as of 2026-11-20.

Who they are follows from hashes alone, so every run writes the same rows, whatever the machine. What belongs together
fits together: a low rating and a long silence make churn likely, nobody buys before they came, whoever is not signed
in has no address. About one in twelve has told no age.

Needs pyarrow. Usage: generate.py [FOLDER OF THE EXAMPLE]
"""

from __future__ import annotations

import hashlib
import math
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

AS_OF = date(2026, 11, 20)
SEED = "fieldnotes"
CUSTOMERS = 5_000
OLDEST_DAYS = 1_095
WEB_LOG_DAYS = 90
"""How long is kept who came from where to look at the Store's page."""
GIVEN = """
    ada alan alonzo anita annie barbara beatrice ben bertrand betty carol claude dana david dennis donald dorothy
    edith edsger elena emil emmy evelyn fatima fran frances george gerald grace hana hedy henri ida ines ivan jean
    joan john joseph judea karen katherine ken kurt lena leslie lin lotfi lynn margaret maria marvin mary max mei
    nadia niklaus noor olga omar pat paul peter radia raj rosa ruth sara shafi sophie stephen tim tony valerie vera
    vint yuki zoe
""".split()  # noqa: SIM905 -- one line a name would be no easier to read
FAMILY = """
    adler ahmed almeida bauer becker bell berg bianchi brandt brown cheng chopra costa cruz diaz dubois ebert ekman
    farah fischer fuchs garcia gomez gupta haas hansen hoang huang ito jensen kaya keller khan kim koch kowalski
    lang larsen lee lehmann lopez maier marino martin meyer moreau mori muller nagy nakamura novak nunes okafor
    olsen park patel pereira petrov quinn rao reyes ricci roth ruiz sato schmidt silva singh smith suzuki tanaka
    torres vogel wang
""".split()  # noqa: SIM905 -- the same
DOMAINS = {"example.com": 70, "fabrikam.com": 18, "contoso.com": 12}
COUNTRIES = {
    "US": 30, "DE": 13, "GB": 9, "IN": 8, "FR": 7, "BR": 6, "JP": 6, "CA": 5, "AT": 3, "CH": 3, "ES": 3, "MX": 3,
    "NL": 3, None: 1,
}  # fmt: skip
AGE_GROUPS = {17: "13-17", 24: "18-24", 34: "25-34", 44: "35-44", 54: "45-54", 64: "55-64", 200: "65 and over"}
"""The last age of each group; an age is in one of them."""
ACQUISITION_TYPES = {
    "Free": 60, "Trial": 14, "Paid": 12, "Promotional code": 4, "Subscription Iap": 4, "Pre Order": 2,
    "Prepaid Code": 2, "Private Audience": 1, "Disk": 1,
}  # fmt: skip
BOUGHT = {"Paid", "Subscription Iap", "Pre Order", "Disk"}
CAMPAIGNS = (
    ("spring-2025", date(2025, 3, 1), date(2025, 5, 31)),
    ("autumn-2025", date(2025, 9, 15), date(2025, 11, 30)),
    ("spring-2026", date(2026, 3, 1), date(2026, 5, 31)),
    ("back-to-school-2026", date(2026, 8, 10), date(2026, 9, 14)),
    ("autumn-2026", date(2026, 9, 15), date(2026, 11, 30)),
)
REFERRERS = {
    None: 50, "search.example.com": 24, "reviews.example.com": 9, "www.fabrikam.com": 6, "Fabrikam.com": 4,
    "blog.contoso.com": 7,
}  # fmt: skip
"""Web servers write down a domain as it came, so one has a capital letter."""
DEVICES = {"PC": 600, "Phone": 240, "Console": 80, "IoT": 10, "Holographic": 12, "Unknown": 58}
OS_VERSIONS = {
    "PC": {"10.0.26200.7019": 28, "10.0.26100.6899": 32, "10.0.22631.5909": 18, "10.0.19045.6456": 22},
    "Phone": {"10.0.15254.603": 92, "10.0.15063.1868": 8},
    "Console": {"10.0.26100.6712": 90, "10.0.25398.4909": 10},
    "IoT": {"10.0.26100.6899": 60, "10.0.17763.7314": 40},
    "Holographic": {"10.0.22621.1409": 75, "10.0.20348.1543": 25},
    "Unknown": {None: 1},
}

SCHEMA = pa.schema(
    [
        ("email", pa.string()),
        ("age", pa.int32()),
        ("age_group", pa.string()),
        ("gender", pa.string()),
        ("country", pa.string()),
        ("acquired_on", pa.date32()),
        ("acquisition_type", pa.string()),
        ("campaign_id", pa.string()),
        ("referrer_domain", pa.string()),
        ("store_page_view_on", pa.date32()),
        ("last_used_at", pa.timestamp("us", tz="UTC")),
        ("sessions_30d", pa.int32()),
        ("device_type", pa.string()),
        ("os_version", pa.string()),
        ("last_rating", pa.int32()),
        ("churn_risk", pa.string()),
        ("churn_score", pa.float64()),
        ("first_purchase_on", pa.date32()),
        ("purchases", pa.int32()),
        ("store_spend_usd", pa.float64()),
        ("app_spend_usd", pa.float64()),
        ("signed_in", pa.bool_()),
        ("consented", pa.bool_()),
        ("updated_at", pa.timestamp("us", tz="UTC")),
    ]
)


@dataclass(frozen=True)
class Usage:
    """How much somebody uses the app; `silent_days` is None for somebody who never opened it."""

    silent_days: int | None
    sessions_30d: int


def share(*what: object) -> float:
    """Return a number from 0 up to, but not, 1 that depends on nothing but `what`."""
    digest = hashlib.sha256("/".join(map(str, (SEED, *what))).encode()).digest()
    return int.from_bytes(digest[:6]) / 256**6


def pick(weights: dict[Any, int], *what: object) -> Any:
    """Return one of the keys, each as often as its weight says; always the same for `what`."""
    left = share(*what) * sum(weights.values())
    for option, weight in weights.items():
        left -= weight
        if left < 0:
            return option
    return option


def customer(number: int) -> dict[str, Any]:
    """Make one row."""
    days = 1 + int(OLDEST_DAYS * share("days", number) ** 1.7)
    arrival = _acquisition(number, AS_OF - timedelta(days))
    usage = _usage(number, days)
    rating = _rating(number, usage)
    signed_in = share("signed in", number) < 0.95
    last_used_at = None
    if usage.silent_days is not None:
        day_end = datetime(AS_OF.year, AS_OF.month, AS_OF.day, tzinfo=UTC) - timedelta(usage.silent_days)
        last_used_at = day_end - timedelta(seconds=1 + int(86_399 * share("time", number)))
    return {
        "email": _address(number) if signed_in or share("known", number) < 0.5 else None,
        **_demography(number),
        **arrival,
        "last_used_at": last_used_at,
        "sessions_30d": usage.sessions_30d,
        **_device(number),
        "last_rating": rating,
        **_churn(number, days, usage, rating),
        **_purchases(number, days, arrival["acquisition_type"], usage),
        "signed_in": signed_in,
        "consented": pick({True: 58, False: 34, None: 8}, "consented", number),
        "updated_at": _next_midnight(last_used_at, arrival["acquired_on"]),
    }


def _address(number: int) -> str:
    given, family = GIVEN[number % len(GIVEN)], FAMILY[number // len(GIVEN)]
    if share("capitals", number) < 0.01:  # as they typed it
        given, family = given.title(), family.title()
    return f"{given}.{family}@{pick(DOMAINS, 'domain', number)}"


def _demography(number: int) -> dict[str, Any]:
    age = None
    if share("tells age", number) >= 0.08:
        age = 13 + int(70 * ((share("age", number) + share("age again", number)) / 2) ** 1.2)
    unknown = 6 if age is not None else 150
    return {
        "age": age,
        "age_group": "Unknown" if age is None else next(name for last, name in AGE_GROUPS.items() if age <= last),
        "gender": pick({"m": 48, "f": 46, "Unknown": unknown}, "gender", number),
        "country": pick(COUNTRIES, "country", number),
    }


def _acquisition(number: int, acquired_on: date) -> dict[str, Any]:
    running = [name for name, first, last in CAMPAIGNS if first <= acquired_on <= last]
    campaign = running[0] if running and share("campaign", number) < 0.4 else None
    if campaign is None and share("newsletter", number) < 0.06:
        campaign = "newsletter"
    referrer = "news.contoso.com" if campaign == "newsletter" else pick(REFERRERS, "referrer", number)
    page_view_on = acquired_on - timedelta(int(6 * share("looked", number) ** 2))
    is_logged = page_view_on >= AS_OF - timedelta(WEB_LOG_DAYS) and share("page view", number) >= 0.12
    return {
        "acquired_on": acquired_on,
        "acquisition_type": pick(ACQUISITION_TYPES, "type", number),
        "campaign_id": campaign,
        "referrer_domain": referrer if is_logged else None,
        "store_page_view_on": page_view_on if is_logged else None,
    }


def _usage(number: int, days: int) -> Usage:
    if share("opened", number) < 0.06:
        return Usage(None, 0)
    regular = share("regular", number) < 0.55
    silent = int(-6 * math.log(1 - share("silent", number))) if regular else int(days * share("left", number))
    silent = min(silent, days - 1)
    if silent >= 30:
        return Usage(silent, 0)
    keen = share("keen", number) ** 2 * (1 - silent / 40)
    return Usage(silent, 1 + int(min(days, 30) * (2.2 if regular else 0.8) * keen))


def _rating(number: int, usage: Usage) -> int | None:
    if usage.silent_days is None or share("rates", number) >= 0.22:
        return None
    happy = {5: 50, 4: 26, 3: 12, 2: 6, 1: 6}
    gone = {5: 14, 4: 18, 3: 20, 2: 20, 1: 28}
    return int(pick(happy if usage.silent_days < 45 else gone, "rating", number))


def _device(number: int) -> dict[str, Any]:
    device = pick(DEVICES, "device", number)
    return {"device_type": device, "os_version": pick(OS_VERSIONS[device], "os", number)}


def _churn(number: int, days: int, usage: Usage, rating: int | None) -> dict[str, Any]:
    """The model says nothing of people who came in the last two weeks or never opened the app."""
    if days < 14 or usage.silent_days is None:
        return {"churn_risk": None, "churn_score": None}
    logit = -1.8 + min(usage.silent_days, 200) / 70 - usage.sessions_30d / 15 + 3 * (share("churn", number) - 0.5)
    logit += {1: 1.6, 2: 0.9, 3: 0.2, None: 0}.get(rating, -0.6)
    score = round(1 / (1 + math.exp(-logit)), 3)
    return {"churn_risk": "low" if score < 0.33 else "medium" if score < 0.66 else "high", "churn_score": score}


def _purchases(number: int, days: int, acquisition_type: str, usage: Usage) -> dict[str, Any]:
    keen = min(usage.sessions_30d / 30, 1)
    if acquisition_type not in BOUGHT and share("buys", number) >= 0.22 + 0.3 * keen:
        return {"first_purchase_on": None, "purchases": 0, "store_spend_usd": 0.0, "app_spend_usd": 0.0}
    count = 1 + int(-(1.2 + 2 * keen) * math.log(1 - share("again", number)))
    each = math.exp(2.1 + 0.9 * (share("price", number) + share("price again", number) - 1) * 2)
    spent = round(count * each, 2)
    waited = 0 if acquisition_type in BOUGHT else int((days - 1) * share("waited", number) ** 2)
    return {
        "first_purchase_on": AS_OF - timedelta(days - waited),
        "purchases": count,
        "store_spend_usd": spent,
        "app_spend_usd": round(spent * (0.3 + 0.7 * share("here", number)), 2),
    }


def _next_midnight(last_used_at: datetime | None, acquired_on: date) -> datetime:
    """A row was last written in the night after somebody last did something."""
    day = max(acquired_on, last_used_at.date() if last_used_at else acquired_on)
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(1)


def write_list(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write addresses as `groupsync fmt` would: lower case, sorted, one a line."""
    addresses = sorted({row["email"].lower() for row in rows})
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{address}\n" for address in addresses), "utf-8", newline="\n")


def main() -> None:
    """Write the table, and the members of two known user groups, who are customers as well."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1]
    rows = [customer(number) for number in range(CUSTOMERS)]
    (folder / "data").mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    pq.write_table(table, folder / "data/customers.parquet", compression="zstd", compression_level=19)
    known = [row for row in rows if row["email"]]
    testers = [row for row in known if row["sessions_30d"] >= 12 and share("tests", row["email"]) < 0.2]
    write_list(folder / "groups/members/beta-testers.txt", testers)
    staff = [row for row in known if row["email"].endswith("@contoso.com") and share("staff", row["email"]) < 0.1]
    write_list(folder / "groups/members/staff.txt", staff)


if __name__ == "__main__":
    main()
