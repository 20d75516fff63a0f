"""A list that is cut and moved, renamed or given a target in one edit is held against what was applied last."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from groupsync.errors import ExitCode
from tests.cli.conftest import Quick

CONFIG = """\
version: 1
project: shop
definitions: [groups/*.yaml]
targets:
  local: {plugin: file, path: state/, select: {labels: {go: "yes"}}}
  other: {plugin: file, path: elsewhere/, select: {labels: {go: "other"}}}
"""
ALL = [f"u{number:02}@example.com" for number in range(60)]


@pytest.fixture
def shop(tmp_path):
    """A project in which `news` is everybody but 40 people of a list, and that was applied."""
    made = Quick(tmp_path / "shop", None)
    made.write("groupsync.yaml", CONFIG)
    made.write("groups/all.txt", "\n".join(ALL) + "\n")
    made.write("groups/zed.yaml", "kind: known-user-group\nname: zed\nlabels: {go: 'yes'}\nmembers: [z@example.com]\n")
    return made


def cut(shop, size, name="optout", go="nowhere"):
    """Define the list, with so many people and for that target, and what is built on it."""
    for old in (shop.folder / "groups").glob("opt*"):
        old.unlink()
    shop.write(f"groups/{name}.txt", "\n".join(ALL[:size]) + "\n")
    text = f"kind: known-user-group\nname: {name}\nlabels: {{go: {go}}}\nmembers_from: [{{path: {name}.txt}}]\n"
    shop.write(f"groups/{name}.yaml", text)
    text = "kind: known-user-group\nname: news\nlabels: {go: 'yes'}\nmembers_from: [{path: all.txt}]\n"
    shop.write("groups/news.yaml", f"{text}exclude: [{name}]\n")


def members(shop, group="news"):
    return len((shop.folder / f"state/groups/{group}.txt").read_text().split())


@pytest.mark.parametrize("go", ["other", "nowhere"])
@pytest.mark.parametrize("is_fresh", [False, True], ids=["journal", "marks alone"])
def test_a_list_that_comes_to_a_target_as_it_is_cut_lets_nobody_in(shop, go, is_fresh):
    """It is new on the target, and not new to those who are kept out by it."""
    cut(shop, 40, go=go)
    assert ExitCode.OK == shop("apply", "--yes").code
    if is_fresh:
        shutil.rmtree(shop.folder / ".groupsync")
    cut(shop, 20, go="'yes'")
    done = shop("apply", "--yes")
    assert ExitCode.REFUSED == done.code, done.out
    assert "built on `optout`, which is refused" in " ".join(done.out.split())
    assert 20 == members(shop)


def test_a_list_that_moves_whole_is_no_reason_to_stop(shop):
    """Nor is one that comes to a target for the first time."""
    cut(shop, 40, go="other")
    assert ExitCode.OK == shop("apply", "--yes").code
    cut(shop, 40, go="'yes'")
    assert ExitCode.OK == shop("apply", "--yes").code
    assert (20, 40) == (members(shop), members(shop, "optout"))


@pytest.mark.parametrize("narrowed", [("-s", "zed"), ("-t", "other")])
def test_a_run_that_looks_at_other_groups_forgets_no_list(shop, narrowed):
    """A list that was renamed and cut is refused after it as before."""
    cut(shop, 40)
    assert ExitCode.OK == shop("apply", "--yes").code
    cut(shop, 20, name="opt2")
    assert ExitCode.REFUSED == shop("plan").code
    assert ExitCode.OK == shop("apply", *narrowed, "--yes", "--allow-empty-selection").code
    assert ExitCode.REFUSED == shop("plan").code
    shop("apply", "--yes")
    assert 20 == members(shop)


def test_a_list_that_was_taken_over_only_now_is_not_believed_for_that(shop):
    """What a stranger's group holds proves nothing about the definition."""
    cut(shop, 40, go="'yes'")
    shop.write("state/groups/optout.txt", "\n".join(ALL[:40]) + "\n")
    assert ExitCode.OK == shop("apply", "-s", "news", "--yes").code
    cut(shop, 20, go="'yes'")
    assert ExitCode.REFUSED == shop("apply", "--adopt", "--yes").code
    assert 20 == members(shop)


def test_a_list_that_is_gone_with_the_journal_is_told(shop):
    """The mark of whom it kept people out of names a group that nobody defines any more."""
    cut(shop, 40)
    shop.write("groups/optb.yaml", "kind: known-user-group\nname: optb\nmembers: [b@example.com]\n")
    news = (shop.folder / "groups/news.yaml").read_text()
    shop.write("groups/news.yaml", news.replace("exclude: [optout]", "exclude: [{match: 'opt*'}]"))
    assert ExitCode.OK == shop("apply", "--yes").code
    shutil.rmtree(shop.folder / ".groupsync")
    assert "GS818" not in shop("plan").err
    (shop.folder / "groups/optout.yaml").unlink()
    planned = shop("plan")
    assert "40 members added" in planned.out
    assert "what groups were built on when they were applied last" in " ".join(planned.err.split())


def test_a_refusal_by_a_comparison_is_not_used_up_by_an_apply(shop):
    """What was refused is not what the group was built on from then on."""
    cut(shop, 40)
    assert ExitCode.OK == shop("apply", "--yes").code
    for typed in ("init -q", "add -A", "-c user.name=a -c user.email=a@example.com commit -qm first"):
        subprocess.run(["git", *typed.split()], cwd=shop.folder, check=True)
    shutil.rmtree(shop.folder / ".groupsync")
    cut(shop, 20, name="opt2")
    assert ExitCode.REFUSED == shop("plan", "--compare", "HEAD", "--out", "c.plan").code
    assert ExitCode.REFUSED == shop("apply", "c.plan", "--yes").code
    assert ExitCode.REFUSED == shop("plan", "--compare", "HEAD").code
    assert 20 == members(shop)
