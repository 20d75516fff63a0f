#!/usr/bin/env bash
# Decides by what happened whether this run may have secrets, before anything is installed. Only events that are known to
# be of this repository may: all else is none of ours.
set -euo pipefail
# shellcheck source=action/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
needs jq

case ${INPUT_MODE:-} in
  validate | plan | apply | drift) ;;
  *) fail "The input \`mode\` is \`${INPUT_MODE:-}\`. Expected validate, plan, apply or drift." ;;
esac

# Who can't be told from a fork is one: a repository that is gone has no id.
is_own() {
  [ "$(jq -r '(.repository.id | type) == "number" and .pull_request.head.repo.id == .repository.id' \
    "$GITHUB_EVENT_PATH")" = true ]
}

trusted=false
case ${GITHUB_EVENT_NAME:-} in
  push | schedule | workflow_dispatch | merge_group) trusted=true ;;
  pull_request) if is_own; then trusted=true; fi ;;
  pull_request_target) fail 'The event pull_request_target gives secrets to whoever opens a pull request. Use pull_request.' ;;
  *)
    if [ "$INPUT_MODE" != validate ]; then
      fail "The event is \`${GITHUB_EVENT_NAME:-}\`. Expected push, schedule, workflow_dispatch, merge_group or pull_request: of others nobody can tell here whose files they bring."
    fi
    ;;
esac
if [ "$trusted" = false ]; then
  case $INPUT_MODE in
    plan) notice 'A pull request from a fork is only validated: it gets no secrets, and so no plan.' ;;
    apply | drift) fail "This is a pull request from a fork. Nothing of it gets secrets, so there is no $INPUT_MODE." ;;
  esac
fi
output trusted "$trusted"
