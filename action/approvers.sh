#!/usr/bin/env bash
# Tells who answers for the groups of a plan.
set -euo pipefail
# shellcheck source=action/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
needs jq
if ! is_on approvers "${INPUT_APPROVERS:-}"; then exit 0; fi

args=(approvers --format=json "${PLAN:?}")
add_config
output approvers "$(in_project groupsync "${args[@]}" | jq -c .)"
