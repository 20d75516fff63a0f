"""The page of all groups, as a browser shows it."""

from __future__ import annotations

import pytest

from groupsync.catalog import Catalog, CatalogEntry, Link, Shared, Standing
from groupsync.model import SourceRange
from groupsync.report.catalog_html import render_catalog_html
from groupsync.report.markdown_escape import MAX_NAME, clip
from tests.browser.conftest import PHONE
from tests.plans import AS_OF, CORPUS


def entry(name, count=5, **rest):
    return CatalogEntry(name, "known-user-group", SourceRange("a.yaml", 1), Standing.ACTIVE, count=count, **rest)


def small_catalog():
    entries = (
        entry("beta", 40, owners=("growth@contoso.com",), labels=(("ring", "1"),), description="Early builds"),
        entry("press", 3, owners=("press@contoso.com",), built_from=(Link("include", "beta"),)),
        CatalogEntry(
            "spenders",
            "segment",
            SourceRange("b.yaml", 3),
            Standing.INACTIVE,
            note="it has 2 of at least 5 members",
            source="customers",
            criteria="store_spend_usd > 10",
            owners=("growth@contoso.com",),
        ),
        entry("winback", 12),
    )
    return Catalog("shop", AS_OF, entries, ("blocked",), ("beta", "winback", "press"), (Shared("beta", "winback", 7),))


def names(page):
    return [each.text_content().split()[0] for each in page.locator("summary .name").all()]


def found(page):
    return page.get_by_role("status").inner_text()


def test_groups_are_filtered_by_kind_status_owner_and_label(opened):
    """Each filter lists its values with their counts, and they work together."""
    page = opened(render_catalog_html(small_catalog()))
    assert ["beta", "press", "spenders", "winback"] == names(page)
    page.get_by_label("Owner").select_option("growth@contoso.com")
    assert (["beta", "spenders"], "2 of 4 groups") == (names(page), found(page))
    page.get_by_label("Kind").select_option("segment")
    assert ["spenders"] == names(page)
    page.get_by_label("Status").select_option("active")
    assert ([], "0 of 4 groups") == (names(page), found(page))
    page.get_by_label("Status").select_option("")
    page.get_by_label("Kind").select_option("")
    page.get_by_label("Label").select_option("ring: 1")
    assert ["beta"] == names(page)
    assert "growth@contoso.com (2)" in page.get_by_label("Owner").inner_text()


def test_search_looks_at_all_that_is_said_of_a_group(opened):
    """A name, a condition or what a group is built from; `/` leads to it."""
    page = opened(render_catalog_html(small_catalog()))
    page.keyboard.press("/")
    page.keyboard.type("SPEND_USD")
    assert ["spenders"] == names(page)
    page.get_by_role("searchbox").fill("beta")
    assert ["beta", "press"] == names(page)


def test_order_is_by_name_or_size(opened):
    """Groups whose size nobody knows are the smallest."""
    page = opened(render_catalog_html(small_catalog()))
    page.get_by_label("Order").select_option("large")
    assert ["beta", "winback", "press", "spenders"] == names(page)
    page.get_by_label("Order").select_option("small")
    assert ["spenders", "press", "winback", "beta"] == names(page)


def test_a_group_opens_to_all_there_is_to_say(opened):
    """With a key, as with the pointer."""
    page = opened(render_catalog_html(small_catalog()))
    page.locator("summary").nth(2).focus()
    page.keyboard.press("Enter")
    told = page.locator("details[open] .detail").inner_text()
    assert "it has 2 of at least 5 members" in told
    assert "customers: store_spend_usd > 10" in told
    assert "b.yaml:3" in told


def test_groups_that_one_is_built_from_are_links(opened):
    """A link leads to its group, whatever is searched for and however far down it stands; without a script, too."""
    page = opened(render_catalog_html(small_catalog()))
    page.get_by_role("searchbox").fill("press")
    page.locator("summary").first.click()
    page.get_by_role("link", name="beta").click()
    assert ["beta", "press", "spenders", "winback"] == names(page)
    assert "Early builds" in page.locator("details[open] .detail").inner_text()
    entries = (*(entry(f"a-{number:04}") for number in range(500)), entry("z", built_from=(Link("include", "a-0499"),)))
    page = opened(render_catalog_html(Catalog("shop", AS_OF, entries)))
    page.get_by_role("searchbox").fill("z")
    page.locator("summary").first.click()
    page.get_by_role("link", name="a-0499").click()
    assert "a-0499" == page.locator("details[open] .name").inner_text()


def test_the_heat_map_is_a_table_that_can_be_read(opened):
    """Its cells are named by their groups, and say how many members these have in common."""
    page = opened(render_catalog_html(small_catalog()))
    rows = [" ".join(each.inner_text().split()) for each in page.locator(".heat tbody tr").all()]
    assert ["1 beta (40)", "2 winback (12) 7", "3 press (3) · ·"] == rows
    assert "7 members of winback and beta" == page.locator(".heat td").first.get_attribute("title")


@pytest.mark.parametrize("text", CORPUS, ids=lambda text: ascii(text[:12]))
def test_hostile_texts_are_text(opened, text):
    """Whatever is written into a definition is shown, and does nothing."""
    hostile = entry(
        *(text,),
        display_name=text,
        description=text,
        owners=(text,),
        labels=((text, text),),
        criteria=text,
        files=(text,),
        targets=(text,),
        built_from=(Link("include", text),),
        note=text,
    )
    page = opened(render_catalog_html(Catalog(text, AS_OF, (hostile, entry("other")), (text,), (text, "other"), ())))
    page.locator("summary").first.click()
    assert 0 == page.locator("main script, main img, main iframe, main a:not([href^='#group-']), main style").count()
    assert (
        clip(text, MAX_NAME).split()
        == page.locator("summary .name").first.evaluate("each => each.firstChild.textContent").split()
    )
    assert 2 == page.locator("summary").count()


def test_ten_thousand_groups_are_found(opened):
    """They are made as they are needed, and searched at once."""
    entries = tuple(entry(f"group-{number:05}", number) for number in range(10_000))
    page = opened(render_catalog_html(Catalog("shop", AS_OF, entries)))
    assert (100, "10,000 groups") == (page.locator("summary").count(), found(page))
    page.get_by_role("button", name="Show 100 more").click()
    assert 200 == page.locator("summary").count()
    page.get_by_role("searchbox").fill("group-09999")
    assert (["group-09999"], "1 of 10,000 groups") == (names(page), found(page))


def test_a_phone_needs_no_sideways_scrolling(opened):
    """The page is as wide as the screen."""
    page = opened(render_catalog_html(small_catalog()), viewport=PHONE)
    page.locator("summary").first.click()
    assert PHONE["width"] == page.evaluate("document.documentElement.scrollWidth")


def test_without_javascript_the_groups_are_there(opened):
    """Tools that need a script are hidden, and the groups can be opened."""
    page = opened(render_catalog_html(small_catalog()), java_script_enabled=False)
    assert ["beta", "press", "spenders", "winback"] == names(page)
    assert not page.get_by_label("Owner").is_visible()
    page.locator("summary").first.click()
    assert "Early builds" in page.locator("details[open]").inner_text()
