#!/usr/bin/env bash
# Shows what somebody else changed on the targets.
set -euo pipefail
# shellcheck source=action/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

work=$(mktemp -d "$RUNNER_TEMP/groupsync-drift.XXXXXX")
args=(drift --detailed-exitcode --format=markdown "--output=$work/drift.md")
add_config
add_targets
add_redact
add_fail_on
add_by_person

code=0
quoted in_project groupsync "${args[@]}" || code=$?
output exit-code "$code"
if [ ! -s "$work/drift.md" ]; then
  fail "Nothing is known of drift; \`groupsync drift\` ended with $code."
fi
quoted cat "$work/drift.md"
summary "$work/drift.md"
