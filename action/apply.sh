#!/usr/bin/env bash
# Applies the plan that was reviewed, or a new one if it has the digest that is expected, or what a run left to do. How it
# ended is an output.
set -euo pipefail
# shellcheck source=action/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

work=$(mktemp -d "$RUNNER_TEMP/groupsync-apply.XXXXXX")
if is_on resume "${INPUT_RESUME:-}"; then
  # As it was planned: its targets, and the consent that it had.
  args=(apply --resume)
  add_allow
else
  if [ -z "${PLAN:-}${INPUT_EXPECT:-}" ]; then
    fail 'There is neither a reviewed plan nor the digest of one. Nothing is applied.'
  fi
  if [ -n "${PLAN:-}" ]; then
    args=(report "$PLAN")
    add_redact
    quoted in_project groupsync "${args[@]}" || true
    args=(apply "$PLAN" "--expect=${DIGEST:?}")
  else
    args=(apply "--expect=$INPUT_EXPECT")
  fi
  add_consent
  add_targets
fi
args+=(--yes --format=markdown "--output=$work/apply.md")
add_config
add_redact
add_fail_on

code=0
quoted in_project groupsync "${args[@]}" || code=$?
output exit-code "$code"
if [ ! -s "$work/apply.md" ]; then
  if [ "$code" = 0 ]; then
    notice 'No run left anything to go on with. Nothing is applied.'
  elif [ "$code" -gt 128 ]; then
    error "\`groupsync apply\` was stopped ($code), and what it had begun may be done or not. Run this by hand with resume."
  else
    error "There is no report of an apply; \`groupsync apply\` ended with $code, and the log says why."
  fi
  exit "$code"
fi
quoted cat "$work/apply.md"
summary "$work/apply.md"
output body "$work/apply.md"
