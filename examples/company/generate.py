"""Write the lists of this example: 5,000 customers, and which of them are in what.

Who is where follows from hashes alone, so every run writes the same files, whatever the machine. The definitions that
combine these lists are written by hand and left alone.

Usage: generate.py [FOLDER]
"""

from __future__ import annotations

import csv
import hashlib
import io
import sys
from dataclasses import dataclass
from pathlib import Path

CUSTOMERS = 5_000
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
""".split()  # noqa: SIM905 -- one line a name would be no easier to read
DOMAINS = ("example.com", "contoso.com", "fabrikam.com")
COUNTRIES = {
    "emea": ("AT", "CH", "DE", "FR", "GB", "NG", "PL", "ZA"),
    "americas": ("AR", "BR", "CA", "CL", "MX", "US"),
    "apac": ("AU", "IN", "JP", "KR", "NZ", "VN"),
}
PRODUCTS = {
    "atlas": "Maps", "beacon": "Alerts", "cadence": "Calendars", "fieldnotes": "Notes", "ledger": "Invoices",
    "lumen": "Dashboards", "parcel": "Deliveries", "quarry": "Search",
}  # fmt: skip
RENAMED = {"fieldnotes": "fieldnotes-testers", "quarry": "search-preview"}
TEAMS = {"engineering": 45, "marketing": 18, "sales": 24, "support": 30}
MODELINE = "# yaml-language-server: $schema=../../../schemas/group.v1.schema.json"


@dataclass(frozen=True)
class Customer:
    """One row of the customer list."""

    number: int
    name: str
    email: str
    region: str
    country: str
    signed_up: str


def share(*what: object) -> float:
    """Return a number from 0 to 1 that depends on nothing but `what`."""
    digest = hashlib.sha256("/".join(map(str, what)).encode()).digest()
    return int.from_bytes(digest[:6]) / 256**6


def pick(options: tuple[str, ...], *what: object) -> str:
    """Return one of `options`, always the same for `what`."""
    return options[int(share(*what) * len(options))]


def customers() -> list[Customer]:
    """Return everybody, each with a name of their own."""
    everyone = []
    for number in range(CUSTOMERS):
        given, family = GIVEN[number % len(GIVEN)], FAMILY[number // len(GIVEN)]
        region = pick(("emea", "emea", "americas", "apac"), "region", number)
        everyone.append(
            Customer(
                number,
                f"{given.title()} {family.title()}",
                f"{given}.{family}@{pick(DOMAINS, 'domain', number)}",
                region,
                pick(COUNTRIES[region], "country", number),
                f"{2019 + number % 7}-{1 + int(share('month', number) * 12):02}-{1 + number % 28:02}",
            )
        )
    return everyone


def some(everyone: list[Customer], what: str, count: int) -> list[str]:
    """Return the addresses of `count` customers, sorted, always the same ones for `what`."""
    chosen = sorted(everyone, key=lambda customer: share(what, customer.number))[:count]
    return sorted(customer.email for customer in chosen)


def table(rows: list[Customer], delimiter: str) -> str:
    """Return customers as a table with a header, as an export from another system has it."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(["customer", "name", "email", "country", "signed_up"])
    for row in rows:
        writer.writerow([f"C{row.number:05}", row.name, row.email, row.country, row.signed_up])
    return text.getvalue()


def lines(addresses: list[str]) -> str:
    """Return a bare list, which `groupsync fmt` would leave as it is."""
    return "".join(f"{address}\n" for address in addresses)


def beta_definition(product: str, everyone: list[Customer]) -> str:
    """Return the definition of a product's testers, with a few people who come or go by date."""
    members = some(everyone, f"beta/{product}", 30 + int(share("size", product) * 30))
    dates = {
        members[3]: "until: 2099-01-01, reason: contractor",
        members[11]: "until: 2021-07-01, reason: left the test",
        members[17]: "from: 2098-01-01, reason: next wave",
    }
    entries = [f"  - {{email: {each}, {dates[each]}}}" if each in dates else f"  - {each}" for each in members]
    renamed = [f"previously: [{RENAMED[product]}]"] if product in RENAMED else []
    return "\n".join(
        [
            MODELINE,
            "kind: known-user-group",
            f"name: beta-{product}",
            f"display_name: {product.title()} beta",
            f"description: Customers who test {product.title()} before its release.",
            f"owners: [{product}@contoso.com]",
            f"labels: {{area: {PRODUCTS[product].lower()}, product: {product}, stage: beta}}",
            "members:",
            *entries,
            "include: [advisory-board]",
            "exclude: [opted-out]",
            *renamed,
            "",
        ]
    )


def staff_definitions() -> str:
    """Return the teams and the group of all of them, as one file with several documents."""
    documents = [
        [
            MODELINE,
            "kind: known-user-group",
            "name: staff",
            "display_name: Staff",
            "owners: [people@contoso.com]",
            "labels: {audience: internal}",
            f"include: [{', '.join(f'staff-{team}' for team in TEAMS)}]",
        ]
    ]
    for index, (team, size) in enumerate(TEAMS.items()):
        names = ((GIVEN[(index * 17 + n) % len(GIVEN)], FAMILY[(n * 7 + index) % len(FAMILY)]) for n in range(size))
        people = sorted(f"{given}.{family}-staff@contoso.com" for given, family in names)
        documents.append(
            [
                "kind: known-user-group",
                f"name: staff-{team}",
                f"display_name: {team.title()}",
                f"owners: [{team}@contoso.com]",
                f"labels: {{audience: internal, team: {team}}}",
                "members:",
                *(f"  - {person}" for person in people),
            ]
        )
    return "\n---\n".join("\n".join(document) for document in documents) + "\n"


def files() -> dict[str, str]:
    """Return every generated file, by its path in the example."""
    everyone = customers()
    plans: dict[str, list[str]] = {"enterprise": [], "pro": [], "free": []}
    for customer in everyone:
        plan = "enterprise" if share("plan", customer.number) < 0.1 else "pro" if customer.number % 3 == 0 else "free"
        plans[plan].append(customer.email)
    result = {f"members/plan-{plan}.txt": lines(sorted(emails)) for plan, emails in plans.items()}
    for region in COUNTRIES:
        rows = [customer for customer in everyone if customer.region == region]
        result[f"members/region-{region}.csv"] = table(rows, ";" if region == "emea" else ",")
    partners = set(some(everyone, "partners", 240))
    result["members/partners.tsv"] = table([each for each in everyone if each.email in partners], "\t")
    result["members/consented.txt"] = lines(some(everyone, "consented", 3_900))
    result["members/trial-2026.txt"] = lines(some(everyone, "trial", 400))
    opted_out = some(everyone, "opted-out", 120)
    result["members/opted-out.txt"] = (
        "# Kept by support. The newest at the end; write where the request came from.\n"
        + "".join(f"{each}{' # by letter' if share('letter', each) < 0.1 else ''}\n" for each in opted_out)
    )
    result |= {f"beta-{product}.yaml": beta_definition(product, everyone) for product in PRODUCTS}
    result["staff.yaml"] = staff_definitions()
    return {f"groups/{path}": text for path, text in sorted(result.items())}


def main() -> None:
    """Write the files."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for path, text in files().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
