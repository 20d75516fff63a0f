#!/usr/bin/env bash
# Checks config, definitions and member files; what is wrong is annotated where it is written.
set -euo pipefail
# shellcheck source=action/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
needs jq

if ! in_project true; then
  fail "The input \`working-directory\` is \`${INPUT_WORKING_DIRECTORY:-}\`. Expected a folder of the checkout."
fi
args=(validate)
add_config
add_redact
# No secrets reach a fork, so there may be no way to the sources; and nothing of it should be sent anywhere.
is_last=false
if [ "${TRUSTED:-}" != true ]; then
  args+=(--no-sources)
  is_last=true
fi
if [ "${INPUT_MODE:-}" = validate ]; then is_last=true; fi

code=0
quoted in_project groupsync "${args[@]}" || code=$?
# What a plan warns of is annotated with the plan.
if [ "$code" != 0 ] || [ "$is_last" = true ]; then
  notes=$(mktemp "$RUNNER_TEMP/notes.XXXXXX")
  in_project groupsync "${args[@]}" --format=github "--output=$notes" >"$notes.log" 2>&1 || true
  annotate "$notes"
fi
output exit-code "$code"
output last "$is_last"
exit "$code"
