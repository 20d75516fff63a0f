#!/usr/bin/env bash
# Finds the plan that was reviewed: the one saved for the last commit of the pull request that was merged as this commit.
# Nothing else will do. Without one there is nothing to apply.
set -euo pipefail
# shellcheck source=action/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
# shellcheck source=action/github.sh
source "${BASH_SOURCE[0]%/*}/github.sh"

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

# A run for a fork could save whatever it likes under this name: only runs of this repository's own branches count.
id=''
for ((page = 1; page <= 10; page++)); do
  get "$api/actions/artifacts?name=$artifact&per_page=100&page=$page" "$work/artifacts" ||
    fail "Saved plans can't be listed. $(refused 'actions: read')"
  id=$(jq -r --arg sha "$head_sha" '[.artifacts[] | select(.workflow_run.head_sha == $sha and (.expired | not)
      and .workflow_run.head_repository_id == .workflow_run.repository_id) | .id] | max // empty' "$work/artifacts")
  if [ -n "$id" ] || [ "$(jq '.artifacts | length' "$work/artifacts")" -lt 100 ]; then break; fi
done
if [ -z "$id" ]; then
  fail "There is no plan \`$artifact\` for $head_sha, the last commit of pull request $number: it was never made, is of a fork, or has expired. Nothing is applied. $by_hand"
fi

get "$api/actions/artifacts/$id/zip" "$work/plan.zip" --location ||
  fail "The plan of pull request $number can't be fetched. $(refused 'actions: read')"
mkdir "$work/plan"
"$home/venv/bin/python" -m zipfile -e "$work/plan.zip" "$work/plan" || fail 'The saved plan is no ZIP file.'
if [ ! -f "$work/plan/groupsync.plan" ]; then
  fail "The artifact \`$artifact\` has no file groupsync.plan."
fi
plan_facts "$work/plan/groupsync.plan"
output plan "$work/plan/groupsync.plan"
