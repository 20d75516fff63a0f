"""Pages in a browser: nothing in them acts, everything can be found, with and without a mouse or a script."""

from __future__ import annotations

from dataclasses import replace

import pytest

from groupsync.model import Action, Change, Members, Verdict
from groupsync.report.html import render_drift_html, render_plan_html, render_report_html
from groupsync.report.markdown_escape import clip
from tests.browser.conftest import PHONE
from tests.plans import CORPUS, hostile_plan, hostile_report, plan_of, sample_plan, sample_report

ROWS = 100
"""How many groups the page makes at once."""


def update(name, add=(), remove=(), **rest):
    return Change(
        "local",
        name,
        Action.UPDATE,
        name,
        reason="members differ",
        add=Members.of(add),
        remove=Members.of(remove),
        prior_count=10,
        **rest,
    )


def small_plan():
    """Make a plan in which somebody moves."""
    return plan_of(
        update("alpha", ["ada@contoso.com", "zoe@contoso.com"], owners=("growth@contoso.com",)),
        update("beta", ["linus@contoso.com"], ["ada@contoso.com"]),
        update("gamma", remove=["grace@contoso.com"]),
    )


def shown(page):
    """Return the groups that are shown, whatever is marked in their names."""
    texts = page.locator("details.group .name").all_text_contents()
    return [text.partition(" on ")[0] for text in texts]


def opened_up(page):
    """Wait until what was opened has its names: a page makes them when it is told that somebody opened a group."""
    page.evaluate("() => new Promise(done => setTimeout(() => setTimeout(done)))")


def search(page, text):
    """Type into the search, and wait for the answer."""
    page.get_by_role("searchbox").fill(text)
    page.get_by_role("status").filter(has_text=f"“{text}”").wait_for()


# --- Nothing acts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", CORPUS, ids=lambda text: ascii(text[:12]))
def test_hostile_texts_are_text(opened, text):
    """Whatever stands in a name or a message, it is shown as itself, opens nothing and makes no element."""
    plan = hostile_plan(text)
    for render in (
        lambda plan, text: render_plan_html(plan),
        lambda plan, text: render_drift_html(plan),
        lambda plan, text: render_report_html(hostile_report(text), plan),
    ):
        page = opened(render(plan, text))
        for group in page.locator("details.group > summary").all():
            group.click()
        opened_up(page)
        assert 0 == page.locator("img, iframe, object, embed, link, base, main a, style ~ style").count()
        assert 2 == page.locator("script").count()
        assert clip(text, 128) in page.locator("details.group .name").first.text_content()
        assert f"for {clip(text, 128)}" in page.locator("h1").text_content()


# --- Search -----------------------------------------------------------------------------------------------------------


def test_search_finds_a_member_in_all_its_groups(opened):
    """Only these groups stay, opened, with that member alone; and a table says what they come to and go from."""
    page = opened(render_plan_html(small_plan()))
    search(page, "ADA@")
    assert ["alpha", "beta"] == sorted(shown(page))
    assert ["+ada@contoso.com", "−ada@contoso.com"] == sorted(page.locator("#list .people li").all_text_contents())
    row = page.locator("#persons tbody tr")
    assert ["ada@contoso.com", "alpha", "beta"] == row.locator("th, td").all_text_contents()
    assert "2 of 3 groups with “ADA@”; 1 person matches" == page.text_content("#found")
    page.get_by_role("button", name="Show all 2").click()
    assert 3 == page.locator("#list .people li").count()


def test_search_finds_a_group_and_an_owner(opened):
    """By a part of the name, or of the address of who answers for it."""
    page = opened(render_plan_html(small_plan()))
    search(page, "gam")
    assert ["gamma"] == shown(page)
    search(page, "growth@")
    assert ["alpha"] == shown(page)


def test_filters_and_order(opened):
    """Buttons keep what is refused or of one action; the list can be put in another order."""
    page = opened(render_plan_html(sample_plan()))
    assert "legacy" == shown(page)[0]
    refused = page.get_by_role("button", name="refused 1")
    refused.click()
    assert ("true", ["legacy"]) == (refused.get_attribute("aria-pressed"), shown(page))
    refused.click()
    assert 7 == len(shown(page))
    page.get_by_role("button", name="on crm 1").click()
    assert ["trial"] == shown(page)
    page.get_by_role("button", name="on crm 1").click()
    page.get_by_label("Order").select_option("added")
    assert ["beta-testers", "staff"] == shown(page)[:2]


def test_ten_thousand_groups_open_and_are_searched(opened):
    """The page makes as many rows as can be seen, more when asked, and search goes through all of them."""
    plan = plan_of(
        *(
            update(f"group-{number:05}", [f"person-{number:05}-{each}@contoso.com" for each in range(10)])
            for number in range(10_000)
        )
    )
    page = opened(render_plan_html(plan))
    assert (ROWS, "10,000 groups") == (len(shown(page)), page.text_content("#found"))
    assert page.locator("*").count() < 50 * ROWS
    page.get_by_role("button", name="Show 100 more of 9,900 groups").click()
    assert 2 * ROWS == len(shown(page))
    assert "group-00100" in page.evaluate("document.activeElement.textContent")
    search(page, "person-07654-3@")
    assert ["group-07654"] == shown(page)
    search(page, "contoso")
    assert "10,000 groups with “contoso”; 100,000 people match" == page.text_content("#found")
    assert ROWS == len(shown(page))
    search(page, "group-0999")
    assert [f"group-{number:05}" for number in range(9990, 10_000)] == shown(page)


def test_a_long_list_of_names_is_made_piece_by_piece(opened):
    """Of a thousand names two hundred are there, and the button brings the next and the focus with them."""
    page = opened(render_plan_html(plan_of(update("large", [f"p{number:04}@contoso.com" for number in range(1000)]))))
    page.locator("details.group > summary").click()
    page.locator(".people li").first.wait_for()
    assert 200 == page.locator(".people li").count()
    page.get_by_role("button", name="Show 200 more of 800").click()
    assert 400 == page.locator(".people li").count()


# --- Without a mouse, in the dark, on a phone -------------------------------------------------------------------------


def test_the_keyboard_does_all(opened):
    """`/` goes to the search, Escape empties it, Tab leads to groups and Enter opens them; the first Tab skips."""
    page = opened(render_plan_html(small_plan()))
    page.keyboard.press("Tab")
    assert "Skip to the content" == page.evaluate("document.activeElement.textContent")
    page.keyboard.press("/")
    page.keyboard.type("beta/")
    page.wait_for_function("document.querySelectorAll('details.group').length === 0")
    page.keyboard.press("Escape")
    page.wait_for_function("document.querySelectorAll('details.group').length === 3")
    assert ("", 3) == (page.input_value("#search"), len(shown(page)))
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert "SUMMARY" == page.evaluate("document.activeElement.tagName")
    assert "none" != page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    page.keyboard.press("Enter")
    page.locator("details[open] .people li").first.wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_follows_the_system_and_the_button(opened, scheme):
    """The background is that of the system's scheme, and the button changes it to the other."""
    page = opened(render_plan_html(small_plan()), color_scheme=scheme)
    brightness = (
        "getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).slice(0, 3).every(each => each > 128)"
    )
    assert (scheme == "light") == page.evaluate(brightness)
    page.get_by_role("button", name="Light theme" if scheme == "dark" else "Dark theme").click()
    assert (scheme == "dark") == page.evaluate(brightness)


@pytest.mark.parametrize("text", ["name", "x" * 1_000, "<" * 1_000, "wide 広い " * 100])
def test_a_phone_needs_no_sideways_scrolling(opened, text):
    """Not even for names without any place to break."""
    for rendered in (render_plan_html(hostile_plan(text)), render_plan_html(sample_plan())):
        page = opened(rendered, viewport=PHONE)
        for group in page.locator("details.group > summary").all():
            group.click()
        opened_up(page)
        assert PHONE["width"] == page.evaluate("document.documentElement.scrollWidth")


def test_what_a_screen_reader_is_told(opened):
    """Landmarks, one main heading, headings in their order, names for all controls, captions for all tables."""
    page = opened(render_plan_html(sample_plan()))
    page.locator("details.group > summary").first.click()
    opened_up(page)
    for role in ("banner", "main", "contentinfo", "search", "status"):
        assert 1 == page.get_by_role(role).count()
    levels = page.locator("h1, h2, h3, h4").evaluate_all("all => all.map(each => +each.tagName[1])")
    assert (1, 1) == (levels[0], levels.count(1))
    unnamed = page.locator("button, input, select").evaluate_all(
        "all => all.filter(each => !(each.labels && each.labels.length) && !each.textContent.trim()).length"
    )
    assert 0 == unnamed
    assert page.locator("table").count() == page.locator("table > caption").count()
    assert 0 == page.locator("th:not([scope])").count()
    ids = page.locator("[id]").evaluate_all("all => all.map(each => each.id)")
    assert len(ids) == len(set(ids))
    labelled = page.locator("[aria-labelledby], [aria-describedby]").evaluate_all(
        "all => all.map(each => each.getAttribute('aria-labelledby') || each.getAttribute('aria-describedby'))"
    )
    assert set(labelled) <= set(ids)


# --- Without a script, and on paper -----------------------------------------------------------------------------------


def test_without_javascript_the_facts_are_there(opened):
    """Groups, refusals and names can be read, and nothing is offered that would not work."""
    plan = sample_plan()
    page = opened(render_plan_html(replace(plan, verdict=Verdict(plan.verdict.refusals))), java_script_enabled=False)
    assert 7 == len(shown(page))
    assert 0 == page.locator("button:visible, input:visible, select:visible").count()
    for refusal in plan.verdict.refusals:
        assert page.get_by_text(refusal.summary.replace("`", ""), exact=True).is_visible()
    page.locator("details.group > summary", has_text="beta-testers").click()
    page.get_by_text("ada@contoso.com").wait_for()


def test_the_script_shows_what_the_page_has_without_it(opened):
    """Of a small plan both make the same text, group by group."""
    texts = []
    for runs in (True, False):
        page = opened(render_plan_html(small_plan()), java_script_enabled=runs)
        for group in page.locator("details.group > summary").all():
            group.click()
        if runs:  # without scripts nothing is made, and no timer ends
            opened_up(page)
        texts.append(["".join(each.split()) for each in page.locator("details.group").all_text_contents()])
    assert texts[0] == texts[1]


def test_an_apply_and_drift_are_told(opened):
    """What failed comes first and says what to do; drift names both directions."""
    plan = sample_plan()
    page = opened(render_report_html(sample_report(plan), plan))
    assert "4 changes were not applied" in page.get_by_role("heading", level=2).first.text_content()
    assert page.get_by_text("Free some space, then apply again.").first.is_visible()
    page = opened(render_drift_html(plan))
    page.locator("details.group > summary").first.click()
    opened_up(page)
    text = page.locator("details.group").first.text_content()
    assert ("2 defined, and not on the target" in text, "1,246 on the target, and not defined" in text) == (True, True)


def test_printed_groups_are_open(opened):
    """What is printed of a small plan has all its names."""
    page = opened(render_plan_html(small_plan()))
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert 5 == page.locator(".people li").count()


def test_figures_by_action_fit_a_phone(opened):
    """How many are removed and refused is in sight, as it is on a desk."""
    page = opened(render_plan_html(sample_plan()), viewport=PHONE)
    widths = "each => [each.scrollWidth, each.clientWidth]"
    whole, seen = page.get_by_role("region", name="Changes by action").evaluate(widths)
    assert whole == seen


def test_what_stands_between_backticks_is_code(opened):
    """With the script as without it; a backtick that is alone is one."""
    change = replace(update("beta", ["ada@contoso.com"]), reason="`previously: old` and a ` alone")
    for script in (True, False):
        page = opened(render_plan_html(plan_of(change)), java_script_enabled=script)
        page.locator("details.group > summary").click()
        line = page.locator(".detail > p").first
        assert ("previously: old and a ` alone", "previously: old") == (
            line.inner_text(), line.locator("code").inner_text()
        )  # fmt: skip
