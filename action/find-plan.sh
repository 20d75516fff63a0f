#!/usr/bin/env bash
# Finds the plan that was reviewed: the one that the plan workflow saved for the last commit of the pull request that was
# merged as this commit, when it was to go to this branch. Nothing else will do. Without one there is nothing to apply.
set -euo pipefail
# shellcheck source=action/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
# shellcheck source=action/github.sh
source "${BASH_SOURCE[0]%/*}/github.sh"

if is_on resume "${INPUT_RESUME:-}"; then
  if [ -n "${INPUT_EXPECT:-}" ]; then
    fail "The inputs \`expect\` and \`resume\` don't go together: what is left of a run has a digest of its own."
  fi
  notice 'The last run that left something to do is gone on with, as it was planned.'
  exit 0
fi
if [ -n "${INPUT_EXPECT:-}" ]; then
  if [[ ! $INPUT_EXPECT =~ ^[0-9a-f]{64}$ ]]; then
    fail "The input \`expect\` is \`$INPUT_EXPECT\`. Expected the whole digest of a plan, 64 digits, as its page of the run shows it."
  fi
  notice 'A digest is expected: a new plan is made, and applied if it has that digest.'
  exit 0
fi

artifact=${INPUT_ARTIFACT:-}
if [[ ! $artifact =~ ^[A-Za-z0-9._-]+$ ]]; then
  fail "The input \`artifact\` is \`$artifact\`. Expected letters, digits, dots, dashes and underscores."
fi
workflow=${INPUT_PLAN_WORKFLOW:-}
if [[ ! $workflow =~ ^[A-Za-z0-9._/-]+\.ya?ml$ ]]; then
  fail "The input \`plan-workflow\` is \`$workflow\`. Expected a path from the root of the repository, such as \`.github/workflows/plan.yml\`."
fi
by_hand='Make a plan by hand, review it, and apply it by its digest, with the input expect.'
work=$(mktemp -d "$RUNNER_TEMP/groupsync-apply.XXXXXX")

# GitHub knows a moment late which pull request a commit came with.
merged=''
for ((again = 1; again <= tries; again++)); do
  get "$api/commits/${GITHUB_SHA:?}/pulls" "$work/pulls" ||
    fail "The pull request of $GITHUB_SHA can't be looked up. $(refused 'pull-requests: read')"
  merged=$(jq -c --arg sha "$GITHUB_SHA" \
    'map(select(.merged_at != null and .merge_commit_sha == $sha)) | first // empty' "$work/pulls")
  if [ -n "$merged" ]; then break; fi
  if [ "$again" -lt "$tries" ]; then sleep $((wait_seconds * again)); fi
done
if [ -z "$merged" ]; then
  fail "No pull request was merged as $GITHUB_SHA, so nobody reviewed a plan for it. Nothing is applied. $by_hand"
fi
number=$(jq -r .number <<<"$merged")
head_sha=$(jq -r .head.sha <<<"$merged")
output number "$number"
if [ "$(jq -r .base.ref <<<"$merged")" != "${GITHUB_REF_NAME:?}" ]; then
  fail "Pull request $number was merged into another branch than $GITHUB_REF_NAME, for which this runs. Nothing is applied. $by_hand"
fi

# What decides which pull request and base a run was for. Once a pull request is merged, GitHub does not tell it of the run
# itself any more: `pull_requests` is empty then. So it is told by when the branch had which pull requests, and to where.
get "$api/issues/$number/events?per_page=100" "$work/events" ||
  fail "The events of pull request $number can't be read. $(refused 'pull-requests: read')"
branch=$(jq -r '"\(.head.repo.full_name | split("/")[0]):\(.head.ref)" | @uri' <<<"$merged")
get "$api/pulls?state=all&head=$branch&per_page=100" "$work/siblings" ||
  fail "The pull requests of the branch of $number can't be listed. $(refused 'pull-requests: read')"
if [ "$(jq length "$work/events")" -ge 100 ] || [ "$(jq length "$work/siblings")" -ge 100 ]; then
  fail "Pull request $number has too long a history to tell which run was for it. Nothing is applied. $by_hand"
fi

# Why a run is not one of the plan workflow for this very pull request into this very base; empty where it is.
# A run for a fork, or of another workflow or branch, could save whatever it likes under this name.
wrong_with() {
  jq -r --arg path "$workflow" --argjson pull "$merged" --slurpfile events "$work/events" --slurpfile siblings "$work/siblings" '
    .created_at as $at
    | if .event != "pull_request" then "its run is of the event \(.event)"
      elif (.path | split("@")[0]) != $path then "it was saved by \(.path), and not by \($path)"
      elif .head_sha != $pull.head.sha or .head_branch != $pull.head.ref then "its run is of another branch"
      elif .head_repository.id != .repository.id then "its run is of a fork"
      elif any(.pull_requests[]?; .number == $pull.number and .base.ref == $pull.base.ref | not) then
        "its run is of another pull request"
      elif $at < $pull.created_at then "its run is older than the pull request"
      elif any($events[0][]; .event == "base_ref_changed" and .created_at >= $at) then
        "the pull request went to another branch when it was made"
      elif any($siblings[0][]; .number != $pull.number and .base.ref != $pull.base.ref
          and .created_at <= $at and (.closed_at == null or .closed_at >= $at)) then
        "the branch had another pull request, to another branch, when it was made"
      else empty end' "$1"
}

: >"$work/candidates"
for ((page = 1; page <= 10; page++)); do
  get "$api/actions/artifacts?name=$artifact&per_page=100&page=$page" "$work/artifacts" ||
    fail "Saved plans can't be listed. $(refused 'actions: read')"
  jq -r --arg sha "$head_sha" '.artifacts[] | select(.workflow_run.head_sha == $sha and (.expired | not)
      and .workflow_run.head_repository_id == .workflow_run.repository_id) | "\(.id) \(.workflow_run.id)"' \
    "$work/artifacts" >>"$work/candidates"
  if [ "$(jq '.artifacts | length' "$work/artifacts")" -lt 100 ]; then break; fi
done

id='' newest=''
while read -r candidate run; do
  get "$api/actions/runs/$run" "$work/run" || fail "The run that saved a plan can't be read. $(refused 'actions: read')"
  wrong=$(wrong_with "$work/run") || wrong="nobody can tell what its run was for"
  if [ -z "$wrong" ]; then
    id=$candidate
    break
  fi
  newest=${newest:-$wrong}
done < <(sort -rn "$work/candidates" | head -n 50)
if [ -z "$id" ]; then
  why='it was never made, is of a fork, or has expired'
  if [ -n "$newest" ]; then why="the newest that is there does not count, as $newest"; fi
  fail "There is no plan \`$artifact\` for $head_sha, the last commit of pull request $number: $why. Nothing is applied. $by_hand"
fi

get "$api/actions/artifacts/$id/zip" "$work/plan.zip" --location ||
  fail "The plan of pull request $number can't be fetched. $(refused 'actions: read')"
mkdir "$work/plan"
"$home/venv/bin/python" -I -m zipfile -e "$work/plan.zip" "$work/plan" || fail 'The saved plan is no ZIP file.'
if [ ! -f "$work/plan/groupsync.plan" ]; then
  fail "The artifact \`$artifact\` has no file groupsync.plan."
fi
if [ -n "$(head -n 1 -- "$work/plan/groupsync.plan" | jq -r '.undoes // empty')" ]; then
  fail "The plan of pull request $number takes back a run, which no pull request does. Nothing is applied."
fi
if [ -n "${INPUT_SIGNER_WORKFLOW:-}" ]; then
  needs gh
  GH_TOKEN=${INPUT_TOKEN:-} quoted gh attestation verify "$work/plan/groupsync.plan" --repo "$GITHUB_REPOSITORY" \
    --signer-workflow "$INPUT_SIGNER_WORKFLOW" --source-ref "refs/pull/$number/merge" ||
    fail "The plan of pull request $number has no attestation of $INPUT_SIGNER_WORKFLOW for it. Nothing is applied. The job needs \`permissions: {attestations: read}\`."
fi
plan_facts "$work/plan/groupsync.plan"
output plan "$work/plan/groupsync.plan"
