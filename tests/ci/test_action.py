"""The GitHub Action: each step runs in bash, as on a runner, beside a server that answers as GitHub does."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from groupsync.errors import ExitCode
from groupsync.model import Members
from groupsync.plan import sealed
from groupsync.planfile import read_plan, write_plan
from tests.ci.conftest import HOSTILE, ROOT, SECRET
from tests.ci.github_api import BOT
from tests.ci.runner import read_yaml

SCRIPTS = sorted((ROOT / "action").glob("*.sh"))
ACTION = read_yaml(ROOT / "action.yml")
STEPS = ACTION["runs"]["steps"]
STAFF = "kind: known-user-group\nname: staff\nmembers: [alan@contoso.com]\n"
MARKER = "<!-- groupsync: quickstart -->"
SOURCE = "sources:\n  crm: {plugin: duckdb, database: no-such.duckdb, query: select 1}\ntargets:\n"


# --- What is written --------------------------------------------------------------------------------------------------


def test_the_scripts_are_clean():
    """Shellcheck finds nothing in them."""
    command = [Path(sys.executable).parent / "shellcheck", "-x", "-P", "SCRIPTDIR/..", *SCRIPTS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stdout)


def test_scripts_are_strict():
    """A command that fails, or a name that is not set, ends a step."""
    steps = [path for path in SCRIPTS if path.name not in {"lib.sh", "github.sh"}]
    assert [] == [path.name for path in steps if "set -euo pipefail\n" not in path.read_text("utf-8")]


def test_inputs_and_outputs_are_documented_and_used():
    """Each has a description, docs/ci.md names it, and an input reaches a step."""
    steps = str(STEPS)
    page = (ROOT / "docs/ci.md").read_text("utf-8")
    for name, each in ACTION["inputs"].items():
        assert each["description"]
        assert "default" in each
        assert f"inputs.{name}" in steps, name
        assert f"| `{name}` |" in page, name
    for name, each in ACTION["outputs"].items():
        assert each["description"]
        assert f"| `{name}` |" in page, name


def test_no_value_is_part_of_a_script():
    """What somebody else can choose comes by the environment: in a script it could be a command."""
    assert [] == [step["name"] for step in STEPS if "${{" in step.get("run", "")]


def test_every_step_gets_the_inputs_that_its_script_reads_and_no_others():
    """A script takes an input that is missing for one that is empty, so forgetting one would be silent."""
    library = {
        name: body
        for file in ("lib.sh", "github.sh")
        for name, body in re.findall(
            r"^(\w+)\(\) \{(.*?)(?:^\}| \}$)", (ROOT / "action" / file).read_text("utf-8"), re.MULTILINE | re.DOTALL
        )
    }

    def reads(text: str) -> set[str]:
        called, more = {"": text}, True
        while more:
            said = "\n".join(called.values())
            found = {name: body for name, body in library.items() if re.search(rf"(?<![\w-]){name}(?![\w-])", said)}
            more = not found.keys() <= called.keys()
            called |= found
        return set(re.findall(r"INPUT_\w+", "\n".join(called.values())))

    for step in STEPS:
        if "run" in step:
            script = (ROOT / "action" / re.search(r"action/([\w-]+\.sh)", step["run"])[1]).read_text("utf-8")
            given = {name for name in step["env"] if name.startswith("INPUT_")}
            assert reads(script) == given, step["name"]


def test_actions_of_others_are_pinned_to_a_commit():
    """A tag can be moved, and would change what runs with the token."""
    used = [step["uses"] for step in STEPS if "uses" in step]
    assert used
    assert [] == [each for each in used if not re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", each)]


# --- Installing and validating ----------------------------------------------------------------------------------------


def test_it_installs_itself_from_its_own_checkout(repository):
    """Into an environment of its own, with the versions that it is tested with."""
    shutil.rmtree(repository.runner.temp / "groupsync")
    done = repository.act("validate")
    steps = {"Look at the event", "Install groupsync", "Validate", "End as groupsync ended"}
    assert (0, steps) == (done.code, set(done.codes))
    found = repository.runner.temp / "groupsync/venv/bin/groupsync"
    version = subprocess.run([found, "version"], check=True, capture_output=True, text=True).stdout
    assert version.splitlines()[0] in done.log
    assert f"{repository.runner.temp}/groupsync/bin\n" == (repository.runner.temp / "path").read_text("utf-8")


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ({"mode": "destroy"}, "`destroy`. Expected validate, plan, apply or drift."),
        ({"mode": HOSTILE}, "Expected validate, plan, apply or drift."),
        ({"extras": "rest]; touch pwned"}, "Expected names with commas between them"),
        ({"packages": "crm==1.0 --index-url=https://evil.example.com"}, "`--index-url=https://evil.example.com`"),
        ({"redact": "yes"}, "The input `redact` is `yes`. Expected true or false."),
    ],
    ids=lambda each: None if isinstance(each, str) else next(iter(each)),
)
def test_wrong_inputs_are_told(repository, inputs, told):
    """Nothing is guessed: what was found, and what was expected."""
    done = repository.act(**inputs)
    assert 1 == done.code
    assert told in done.told("error")
    assert not list(repository.folder.rglob("pwned*"))


def test_an_event_that_gives_secrets_to_strangers_is_refused(repository):
    """`pull_request_target` runs with the secrets of the repository on what a fork wrote."""
    done = repository.act(event="pull_request_target")
    assert 1 == done.code
    assert "pull_request_target gives secrets" in done.told("error")
    assert ["Look at the event", "End as groupsync ended"] == list(done.codes)


@pytest.mark.parametrize("mode", ["plan", "apply", "drift"])
@pytest.mark.parametrize("event", ["workflow_run", "issue_comment", "pull_request_review", "release", "", HOSTILE])
def test_an_event_that_may_be_of_a_stranger_is_refused(repository, mode, event):
    """Only what is known to be of the repository itself gets secrets: of a `workflow_run` nobody can tell."""
    done = repository.act(mode, event, expect="0" * 64 if mode == "apply" else "")
    assert 1 == done.code
    assert "Expected push, schedule, workflow_dispatch, merge_group or pull_request" in done.told("error")
    assert ["Look at the event", "End as groupsync ended"] == list(done.codes)
    assert [] == repository.hub.asked


def test_any_event_may_be_validated(repository):
    """Without sources, as whatever came with it may be a stranger's."""
    repository.replace("groupsync.yaml", "targets:\n", SOURCE)
    done = repository.act("validate", "workflow_run")
    assert (0, "0") == (done.code, done.outputs["exit-code"])


@pytest.mark.parametrize("event", ["push", "schedule", "workflow_dispatch", "merge_group"])
def test_an_event_of_the_repository_itself_is_planned(repository, event):
    """As a pull request from one of its own branches is."""
    assert "2" == repository.act(event=event).outputs["exit-code"]


@pytest.mark.parametrize("mode", ["apply", "drift"])
def test_a_fork_neither_applies_nor_looks_for_drift(repository, mode):
    """Not with the right digest, either."""
    repository.event["pull_request"]["head"]["repo"] = {"id": 666, "full_name": "mallory/groups"}
    done = repository.act(mode, expect="0" * 64 if mode == "apply" else "")
    assert 1 == done.code
    assert f"there is no {mode}" in done.told("error")
    assert ["Look at the event", "End as groupsync ended"] == list(done.codes)


def test_what_is_wrong_is_annotated_where_it_is_written(repository):
    """With the path from the root of the repository, where GitHub looks for it; nothing is planned."""
    (repository.folder / "shop, new").mkdir()
    for name in ("groupsync.yaml", "groups"):
        (repository.folder / name).rename(repository.folder / "shop, new" / name)
    repository.replace("shop, new/groups/staff.yaml", "kind: known-user-group", "kind: known-group")
    for inputs in ({"working_directory": "shop, new"}, {"config": "shop, new/groupsync.yaml"}):
        done = repository.act(**inputs)
        assert ("1", ExitCode.ERROR) == (done.outputs["exit-code"], done.code)
        _command, properties, message = next(each for each in done.commands if each[0] == "error")
        assert re.match(r"file=shop%2C new/groups/staff\.yaml,line=\d+,", properties), properties
        assert "known-group" in message
        assert "Plan" not in done.codes


def test_pull_requests_of_forks_are_only_validated(repository):
    """No secrets reach them, and whatever they could save is never applied."""
    repository.event["pull_request"]["head"]["repo"] = {"id": 666, "full_name": "mallory/groups"}
    done = repository.act()
    assert (0, "0", "") == (done.code, done.outputs["exit-code"], done.outputs["plan"])
    assert "only validated" in done.told("notice")
    assert [] == repository.hub.asked + repository.hub.artifacts


@pytest.mark.parametrize("own", ["told", "untold"])
@pytest.mark.parametrize("head", [None, {}], ids=["deleted", "untold"])
def test_whoever_can_not_be_told_from_a_fork_is_one(repository, head, own):
    """A fork that is gone has no repository any more; and two that aren't told are not the same."""
    repository.event["pull_request"]["head"]["repo"] = head
    repository.event["repository"] = repository.event["repository"] if own == "told" else {}
    done = repository.act()
    assert "only validated" in done.told("notice")
    assert "Plan" not in done.codes


# --- Planning ---------------------------------------------------------------------------------------------------------


def test_a_plan_is_saved_shown_and_commented(repository):
    """Changes are no failure; digest, count and file are there for other steps."""
    done = repository.act()
    assert (0, "2", "4") == (done.code, done.outputs["exit-code"], done.outputs["changes"])
    (comment,) = repository.hub.comments
    first, *_, last = comment["body"].rstrip("\n").split("\n")
    assert (MARKER, f"For commit {repository.head}.") == (first, last)
    assert f"Plan digest: `{done.outputs['digest']}`" in comment["body"]
    assert "Plan: 4 to create" in repository.runner.summary()
    assert "+ create beta-testers" in done.log
    assert ["groupsync-plan"] == [each["name"] for each in repository.hub.artifacts]
    packed = zipfile.ZipFile(io.BytesIO(repository.hub.files[1]))
    assert Path(done.outputs["plan"]).read_bytes() == packed.read("groupsync.plan")


def test_the_next_run_updates_the_same_comment(repository):
    """One comment a project, whatever else was said meanwhile; it shows the newest plan."""
    for number in range(150):
        repository.hub.comment(f"Comment {number}", "ada")
    repository.act()
    repository.hub.comment("Looks good", "ada")
    repository.replace("groups/staff.yaml", "Staff", "Everybody here")
    repository.commit()
    assert 0 == repository.act().code
    assert 152 == len(repository.hub.comments)
    assert "Everybody here" in repository.hub.comments[150]["body"]
    assert repository.head in repository.hub.comments[150]["body"]


def test_a_comment_of_somebody_else_is_not_written_into(repository):
    """Whoever owns a comment can edit it later: a plan that is shown there would be theirs."""
    for login in ("mallory", f"{BOT}2"):
        repository.hub.comment(f"{MARKER}\nPlan: nothing to see", login)
    repository.hub.comment("<!-- groupsync: quickstart-2 -->\n")
    repository.hub.comment(f"See {MARKER}")
    repository.act()
    assert 5 == len(repository.hub.comments)
    assert f"{MARKER}\nPlan: nothing to see" == repository.hub.comments[0]["body"]


def test_no_comment_is_written_where_none_is_wanted(repository):
    """`comment: false` asks GitHub nothing."""
    assert 0 == repository.act(comment="false").code
    assert [] == repository.hub.asked


def test_a_run_of_no_pull_request_does_not_comment(repository):
    """A plan that is made by hand is on the page of the run."""
    done = repository.act(event="workflow_dispatch")
    assert (0, []) == (done.code, repository.hub.comments)
    assert "Plan: 4 to create" in repository.runner.summary()


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_token_that_may_not_comment_fails_with_the_permission_it_needs(repository, status):
    """An old plan may stand there, so the job does not pass."""
    repository.hub.failures = [["POST", status]]
    done = repository.act()
    assert (1, "2") == (done.code, done.outputs["exit-code"])
    assert f"GitHub answers {status}" in done.told("error")
    assert "permissions: {pull-requests: write}" in done.told("error")
    assert 1 == sum(each.startswith("POST") for each in repository.hub.asked)


@pytest.mark.parametrize("failure", [["GET .*comments", 502], ["POST", 503], ["POST", 429]], ids=str)
def test_what_may_pass_is_tried_again(repository, failure):
    """An answer of 5xx or 429 is no reason to leave the comment as it is."""
    repository.hub.failures = [list(failure), list(failure)]
    assert 0 == repository.act().code
    assert 1 == len(repository.hub.comments)


def test_an_answer_that_was_lost_leads_to_no_second_comment(repository):
    """The comment was written, and nobody said so."""
    repository.hub.loses = ["POST"]
    assert 0 == repository.act().code
    assert 1 == len(repository.hub.comments)


def test_it_gives_up_in_the_end(repository):
    """Three tries, then the job fails."""
    repository.hub.failures = [["POST", 500]] * 3
    done = repository.act()
    assert 1 == done.code
    assert "GitHub answers 500." in done.told("error")


def test_a_server_that_is_not_there_fails_the_job(repository):
    """It is said who does not answer."""
    repository.runner.environment["GITHUB_API_URL"] = "http://127.0.0.1:9"
    done = repository.act()
    assert 1 == done.code
    assert "http://127.0.0.1:9 does not answer" in done.told("error")


def test_the_longest_plan_is_a_comment(repository):
    """GitHub takes 65,536 characters; the commit is left out before anything of the plan."""
    for number in range(400):
        text = f"kind: known-user-group\nname: g{number}\ndescription: {'d' * 300}\nmembers: [a{number}@contoso.com]\n"
        repository.write(f"groups/more/{number}.yaml", text)
    repository.commit()
    assert 0 == repository.act().code
    (comment,) = repository.hub.comments
    assert 60_000 < len(comment["body"]) <= 65_536
    assert "Plan digest" in comment["body"]


def test_nothing_that_somebody_wrote_is_a_command(repository):
    """Neither for bash nor for the runner: names of branches, inputs, texts of groups."""
    words = HOSTILE.replace("\n", " ").replace("'", "").replace('"', "").replace("`", "")
    repository.write("groups/staff.yaml", f"{STAFF}description: '{words} {words} {words}'\n")
    repository.commit()
    done = repository.act(targets="local\n\n", compare="HEAD")
    assert 0 == done.code
    assert "::error::owned" in done.log
    assert [] == [each for each in done.commands if each[0] != "notice"]
    for inputs in (
        {"targets": HOSTILE},
        {"compare": HOSTILE},
        {"config": HOSTILE},
        {"allow": HOSTILE},
        {"artifact": HOSTILE},
    ):
        done = repository.act(**inputs)
        assert "a" != done.outputs.get("name")
        assert {"error", "notice"} >= {command for command, _, _ in done.commands}, done.commands
        assert not done.told("error").startswith("owned")
    for folder in (repository.folder, repository.runner.temp, ROOT / "action"):
        assert [] == list(folder.rglob("pwned*"))


def test_a_refusal_fails_the_job_and_is_commented_and_annotated(repository):
    """The exit code is that of groupsync; who reviews sees why."""
    _apply_here(repository)
    for name in ("early-access", "beta-testers"):
        (repository.folder / f"groups/{name}.yaml").unlink()
    repository.commit()
    done = repository.act()
    assert (ExitCode.REFUSED, "3") == (done.code, done.outputs["exit-code"])
    assert "Refused" in repository.hub.comments[0]["body"]
    assert "title=refused/removed_members" in str([each for each in done.commands if each[0] == "error"])


def test_what_could_not_be_read_fails_the_job(repository):
    """An incomplete read is 4, and the comment says what is missing."""
    _apply_here(repository)
    (repository.folder / "state/groups/staff.txt").unlink()
    done = repository.act()
    assert (ExitCode.INCOMPLETE, "4") == (done.code, done.outputs["exit-code"])
    assert "staff" in repository.hub.comments[0]["body"]
    assert "could not be read wholly" in done.told("error")


def test_no_changes_are_0(repository):
    """The comment says so."""
    _apply_here(repository)
    done = repository.act()
    assert (0, "0", "0") == (done.code, done.outputs["exit-code"], done.outputs["changes"])
    assert "No changes" in repository.hub.comments[0]["body"]


def test_secrets_are_never_printed(repository):
    """Neither that of a target nor the token of the job; and the token is on no command line."""
    url = "http://127.0.0.1:9"
    crm = f'crm: {{plugin: rest, profile: jupyterhub, url: "{url}", auth: {{bearer: "${{env:CRM_TOKEN}}"}}}}'
    repository.replace("groupsync.yaml", "  local:", f"  {crm}\n  local:")
    repository.commit()
    done = repository.act()
    assert 0 != done.code
    assert SECRET not in done.log + repository.runner.summary()
    assert "job-token" not in done.log
    done = repository.act(targets="local")
    assert (0, False) == (done.code, "job-token" in done.log)


def test_what_comes_of_edits_is_told_from_the_rest(repository):
    """`compare: HEAD^1` in a pull request compares with the branch that it goes to."""
    repository.replace("groups/members/staff.txt", "alan@contoso.com\n", "")
    repository.commit()
    done = repository.act(compare="HEAD^1")
    assert 0 == done.code
    assert "edits since HEAD^1" in done.log


# --- Applying ---------------------------------------------------------------------------------------------------------


def test_what_was_reviewed_is_applied_on_merge(repository):
    """The plan comes from the last run of the pull request; what became of it is commented there."""
    reviewed = repository.act().outputs["digest"]
    repository.merge()
    done = repository.act("apply", "push")
    assert (0, "0", reviewed) == (done.code, done.outputs["exit-code"], done.outputs["digest"])
    assert "tim@contoso.com" in repository.held("staff")
    assert ["<!-- groupsync: quickstart -->", "<!-- groupsync: quickstart apply -->"] == [
        each["body"].partition("\n")[0] for each in repository.hub.comments
    ]
    assert "Applied 4 changes" in repository.runner.summary()


def test_a_commit_without_a_pull_request_is_not_applied(repository):
    """Nobody reviewed a plan for it; what to do is told."""
    repository.act()
    repository.merge()
    for pulls in (
        [],
        [{**repository.hub.pulls[0], "merged_at": None}],
        [{**repository.hub.pulls[0], "merge_commit_sha": repository.head}],
    ):
        repository.hub.pulls = pulls
        done = repository.act("apply", "push")
        assert 1 == done.code
        assert "so nobody reviewed a plan for it. Nothing is applied." in done.told("error")
    assert not (repository.folder / "state").exists()


@pytest.mark.parametrize("what", ["missing", "another commit", "another name", "a fork", "expired"])
def test_without_the_plan_that_was_reviewed_nothing_is_applied(repository, what):
    """Neither an older plan will do, nor one that a fork saved."""
    repository.act()
    repository.merge()
    (plan,) = repository.hub.artifacts
    match what:
        case "missing":
            repository.hub.artifacts.clear()
        case "another commit":
            plan["workflow_run"]["head_sha"] = "0" * 40
        case "another name":
            plan["name"] = "groupsync-plan-2"
        case "a fork":
            plan["workflow_run"]["head_repository_id"] = 666
            repository.hub.runs[0]["head_repository"] = {"id": 666}
        case "expired":
            plan["expired"] = True
    done = repository.act("apply", "push")
    assert 1 == done.code
    assert "There is no plan `groupsync-plan`" in done.told("error")
    assert not (repository.folder / "state").exists()


def test_the_newest_plan_of_a_commit_is_taken(repository):
    """A job that was run again planned again, and that was shown last."""
    repository.hub.save("groupsync-plan", b"old", repository.head)
    newest = repository.act().outputs["digest"]
    for number in range(120):
        repository.hub.save("groupsync-plan", b"other", f"{number:040}", repository.hub.runs[0])
    repository.merge()
    done = repository.act("apply", "push")
    assert (0, newest) == (done.code, done.outputs["digest"])


FORGED = "mallory@evil.example.com"


def forged(repository, **more):
    """Return a packed plan of the pull request in which somebody else comes, too, with digests that fit."""
    with zipfile.ZipFile(io.BytesIO(repository.hub.files[1])) as file:
        place = repository.runner.temp / "forged.plan"
        place.write_bytes(file.read("groupsync.plan"))
    plan = read_plan(place)
    changes = tuple(
        replace(change, add=Members.of(change.add.load() | {FORGED})) if change.name == "staff" else change
        for change in plan.changes
    )
    write_plan(sealed(replace(plan, changes=changes, **more)), place)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.write(place, "groupsync.plan")
    return packed.getvalue()


def save_forged(repository, pull, **more):
    """Let a run of another pull request with the same last commit save a forged plan, newer than the honest one."""
    run = repository.hub.run(pull, repository.head, **more)
    repository.hub.save("groupsync-plan", forged(repository), repository.head, run)


@pytest.mark.parametrize(
    "more",
    [
        {"path": ".github/workflows/evil.yml"},
        {"event": "push"},
        {"event": "workflow_dispatch"},
        {"head_branch": "evil"},
        {"head_repository": {"id": 666}},
        {"created_at": "2026-11-25T18:00:00Z"},
    ],
    ids=str,
)
def test_a_plan_that_another_run_saved_does_not_count(repository, more):
    """However new it is: the one that the plan workflow saved for the pull request is applied."""
    reviewed = repository.act().outputs["digest"]
    save_forged(repository, repository.hub.pulls[0], **more)
    repository.merge()
    done = repository.act("apply", "push")
    assert (0, reviewed) == (done.code, done.outputs["digest"])
    assert FORGED not in repository.held("staff")


def test_a_plan_of_the_same_commit_for_another_base_is_not_applied(repository):
    """A second pull request of the branch runs the workflows of its own base: nobody can tell whose a run then was."""
    repository.act()
    hub = repository.hub
    other = hub.open(8, hub.pulls[0]["head"]["ref"], "evil-base")
    save_forged(repository, other)
    hub.close(other)
    repository.merge()
    done = repository.act("apply", "push")
    assert (0, True) == (done.code, FORGED not in repository.held("staff"))
    assert repository.hub.told(hub.runs[1])["pull_requests"] == []

    hub.artifacts = hub.artifacts[:1]
    done = repository.act("apply", "push")
    assert (1, True) == (
        done.code,
        "had another pull request, to another branch, when it was made" in done.told("error"),
    )


def test_a_plan_from_before_the_pull_request_was_retargeted_is_not_applied(repository):
    """Opened to a branch with other workflows, then moved, without a new run."""
    repository.act()
    hub = repository.hub
    hub.retarget(hub.pulls[0], "evil-base")
    save_forged(repository, hub.pulls[0])
    hub.retarget(hub.pulls[0], "main")
    repository.merge()
    done = repository.act("apply", "push")
    assert (1, True) == (done.code, "went to another branch when it was made" in done.told("error"))
    assert not (repository.folder / "state").exists()


def test_a_pull_request_into_another_branch_is_not_applied(repository):
    """A commit that was merged elsewhere has no plan for this branch."""
    repository.act()
    repository.merge()
    repository.hub.pulls[0]["base"] = {"ref": "develop"}
    done = repository.act("apply", "push")
    assert (1, True) == (done.code, "was merged into another branch than main" in done.told("error"))


def test_a_forged_plan_of_the_right_run_is_refused_by_the_definitions(repository):
    """Whoever gets as far as that meets the check of saved plans; and a plan that takes a run back is never applied."""
    repository.act()
    packed = {"added": forged(repository), "undoes": forged(repository, undoes="20261125T200200Z-088419b4")}
    repository.merge()
    repository.hub.files[1] = packed["undoes"]
    done = repository.act("apply", "push")
    assert (1, True) == (done.code, "takes back a run, which no pull request does" in done.told("error"))
    repository.hub.files[1] = packed["added"]
    done = repository.act("apply", "push")
    assert (ExitCode.REFUSED, True) == (done.code, "the saved plan is not what" in done.log)
    assert not (repository.folder / "state/groups/staff.txt").exists()


@pytest.mark.parametrize("verified", [True, False])
def test_an_attestation_is_asked_for_where_a_signer_is_named(repository, verified):
    """GitHub's own tool is asked whether that workflow attested the plan, in a run for this very pull request."""
    repository.act()
    repository.merge()
    tool = repository.runner.temp / "groupsync/bin/gh"
    tool.write_text(f'#!/bin/sh\necho "$@" >"{repository.runner.temp}/asked"\n{"true" if verified else "false"}\n')
    tool.chmod(0o700)
    signer = "contoso/ci/.github/workflows/plan.yml"
    done = repository.act("apply", "push", signer_workflow=signer)
    asked = (repository.runner.temp / "asked").read_text()
    assert f"--repo contoso/groups --signer-workflow {signer} --source-ref refs/pull/7/merge" in asked
    assert (0 if verified else 1, verified) == (done.code, (repository.folder / "state").exists())


def test_what_moved_since_the_review_is_left_alone(repository):
    """Another merge was applied in between: the rest is applied, the job ends with 4 and says how to go on."""
    _apply_here(repository)
    repository.replace("groups/members/staff.txt", "alan@contoso.com\n", "")
    repository.replace("groups/opted-out.yaml", "members:\n", "members:\n  - grace@fabrikam.com\n")
    repository.commit()
    repository.act()
    with (repository.folder / "state/groups/staff.txt").open("a") as file:
        file.write("somebody@example.com\n")
    repository.merge()
    done = repository.act("apply", "push")
    assert (ExitCode.INCOMPLETE, "4") == (done.code, done.outputs["exit-code"])
    assert "moved since the review" in done.told("error")
    assert "grace@fabrikam.com" in repository.held("opted-out")
    assert "alan@contoso.com" in repository.held("staff")
    assert "staff" in repository.hub.comments[1]["body"]


def test_what_a_guard_refuses_is_not_applied(repository):
    """The exit code is 3; the others are applied."""
    _apply_here(repository)
    (repository.folder / "groups/beta-testers.yaml").unlink()
    repository.replace("groups/early-access.yaml", "beta-testers", "staff")
    repository.commit()
    assert ExitCode.REFUSED == repository.act().code
    repository.merge()
    done = repository.act("apply", "push")
    assert (ExitCode.REFUSED, "3") == (done.code, done.outputs["exit-code"])
    assert (repository.folder / "state/groups/beta-testers.txt").exists()


def test_a_plan_made_by_hand_is_applied_by_its_digest(repository):
    """Without a pull request: the plan is made again, and must be the one that was looked at."""
    digest = repository.act(event="workflow_dispatch").outputs["digest"]
    done = repository.act("apply", "workflow_dispatch", expect="0" * 64)
    assert 1 == done.code
    assert "not the plan that was expected" in done.log
    assert not (repository.folder / "state/groups").exists()
    for short in (digest[:16], digest[:63], digest.upper()):
        done = repository.act("apply", "workflow_dispatch", expect=short)
        assert (1, True) == (done.code, "Expected the whole digest of a plan, 64 digits" in done.log)
    done = repository.act("apply", "workflow_dispatch", expect=digest)
    assert (0, []) == (done.code, repository.hub.comments)
    assert "tim@contoso.com" in repository.held("staff")


@pytest.mark.parametrize(
    ("failure", "permission"),
    [
        ("commits/.*/pulls", "pull-requests: read"),
        ("issues/7/events", "pull-requests: read"),
        ("/groups/pulls", "pull-requests: read"),
        ("actions/artifacts$", "actions: read"),
        ("actions/runs", "actions: read"),
        ("/zip", "actions: read"),
    ],
)
def test_a_token_that_may_not_read_fails_with_the_permission_it_needs(repository, failure, permission):
    """Nothing is applied for want of a permission."""
    repository.act()
    repository.merge()
    repository.hub.failures = [[failure, 403]]
    done = repository.act("apply", "push")
    assert 1 == done.code
    assert f"permissions: {{{permission}}}" in done.told("error")
    assert not (repository.folder / "state").exists()


@pytest.mark.parametrize("packed", [b"", b"no zip", "no plan", "damaged"], ids=str)
def test_an_artifact_that_is_no_plan_is_not_applied(repository, packed):
    """Whatever is in it."""
    repository.act()
    repository.merge()
    if isinstance(packed, str):
        name, data = ("../groupsync.plan", b"{}") if packed == "no plan" else ("groupsync.plan", b'{"record": "end"}\n')
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as file:
            file.writestr(name, data)
        packed = made.getvalue()
    repository.hub.files[1] = packed
    done = repository.act("apply", "push")
    assert 1 == done.code
    assert done.told("error")
    assert not (repository.folder / "state").exists()


# --- Drift ------------------------------------------------------------------------------------------------------------


def test_drift_fails_the_job_and_is_on_its_page(repository):
    """Exit code 2, and 0 when it is gone."""
    _apply_here(repository)
    assert 0 == repository.act("drift", "schedule").code
    with (repository.folder / "state/groups/staff.txt").open("a") as file:
        file.write("mallory@example.com\n")
    done = repository.act("drift", "schedule")
    assert (ExitCode.CHANGES, "2") == (done.code, done.outputs["exit-code"])
    assert "mallory@example.com" in repository.runner.summary()
    assert "Somebody else changed groups" in done.told("error")
    assert [] == repository.hub.asked


def test_bad_definitions_are_told_in_every_mode(repository):
    """Exit code 1 comes through."""
    repository.write("groups/staff.yaml", "kind: nothing\n")
    repository.commit()
    for mode in ("validate", "plan", "apply", "drift"):
        done = repository.act(mode, "push")
        assert (ExitCode.ERROR, "1") == (done.code, done.outputs["exit-code"])


def _apply_here(repository) -> None:
    command = [Path(sys.executable).parent / "groupsync", "apply", "--yes"]
    subprocess.run(command, cwd=repository.folder, check=True, capture_output=True)
