#!/usr/bin/env bash
# Plans, saves the plan, and shows it on the page of the run. How it ended is an output: the last step ends the job by it,
# after the comment.
set -euo pipefail
# shellcheck source=action/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
needs jq

work=$(mktemp -d "$RUNNER_TEMP/groupsync-plan.XXXXXX")
plan=$work/groupsync.plan
args=(plan "--out=$plan" --detailed-exitcode)
add_config
add_targets
add_consent
add_redact
add_fail_on
add_by_person
if [ -n "${INPUT_COMPARE:-}" ]; then args+=("--compare=$INPUT_COMPARE"); fi

code=0
quoted in_project groupsync "${args[@]}" || code=$?
output exit-code "$code"
if [ ! -s "$plan" ]; then
  fail "There is no plan; \`groupsync plan\` ended with $code."
fi

args=(report "$plan")
add_redact
in_project groupsync "${args[@]}" --format=github "--output=$work/notes" >"$work/log" 2>&1 || true
add_by_person
in_project groupsync "${args[@]}" --format=markdown "--output=$work/plan.md" >"$work/log" 2>&1 || true
annotate "$work/notes"
summary "$work/plan.md"
plan_facts "$plan"
output plan "$plan"
output body "$work/plan.md"
