#!/usr/bin/env bash
# Checks config, definitions and member files; what is wrong is annotated where it is written.
set -euo pipefail
# shellcheck source=action/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
needs jq

args=(validate)
add_config
add_redact
# No secrets reach a fork, so there may be no way to the sources; and nothing of it should be sent anywhere.
is_last=false
if from_fork; then
  args+=(--no-sources)
  is_last=true
  notice 'A pull request from a fork is only validated: it gets no secrets, and so no plan.'
fi
if [ "${INPUT_MODE:-}" = validate ]; then is_last=true; fi

code=0
quoted groupsync "${args[@]}" || code=$?
# What a plan warns of is annotated with the plan.
if [ "$code" != 0 ] || [ "$is_last" = true ]; then
  notes=$(mktemp "$RUNNER_TEMP/notes.XXXXXX")
  groupsync "${args[@]}" --format=github "--output=$notes" >"$notes.log" 2>&1 || true
  annotate "$notes"
fi
output exit-code "$code"
output last "$is_last"
exit "$code"
