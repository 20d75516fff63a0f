#!/usr/bin/env bash
# Applies the plan that was reviewed, or a new one if it has the digest that is expected. How it ended is an output.
set -euo pipefail
# shellcheck source=action/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

work=$(mktemp -d "$RUNNER_TEMP/groupsync-apply.XXXXXX")
if [ -z "${PLAN:-}${INPUT_EXPECT:-}" ]; then
  fail 'There is neither a reviewed plan nor the digest of one. Nothing is applied.'
fi
if [ -n "${PLAN:-}" ]; then
  args=(report "$PLAN")
  add_redact
  quoted groupsync "${args[@]}" || true
  args=(apply "$PLAN" "--expect=${DIGEST:?}")
else
  args=(apply "--expect=$INPUT_EXPECT")
fi
add_consent
args+=(--yes --format=markdown "--output=$work/apply.md")
add_config
add_targets
add_redact
add_fail_on

code=0
quoted groupsync "${args[@]}" || code=$?
output exit-code "$code"
if [ ! -s "$work/apply.md" ]; then
  error "Nothing was applied; \`groupsync apply\` ended with $code."
  exit "$code"
fi
quoted cat "$work/apply.md"
summary "$work/apply.md"
output body "$work/apply.md"
