#!/usr/bin/env bash
# Writes a comment on the pull request, or updates the one that is there: found by its hidden first line, and by its
# author, as anybody can write such a line.
set -euo pipefail
# shellcheck source=action/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
if ! is_on comment "${INPUT_COMMENT:-}"; then exit 0; fi
# shellcheck source=action/github.sh
source "${BASH_SOURCE[0]%/*}/github.sh"

number=${NUMBER:-}
commit=''
if [ -z "$number" ]; then
  number=$(jq -r '.pull_request.number // empty' "$GITHUB_EVENT_PATH")
  commit=$(jq -r '.pull_request.head.sha // empty' "$GITHUB_EVENT_PATH")
fi
if [[ ! $number =~ ^[0-9]+$ ]]; then
  notice 'This run is of no pull request, so there is nowhere to comment.'
  exit 0
fi

work=$(mktemp -d "$RUNNER_TEMP/groupsync-comment.XXXXXX")
cp -- "${BODY:?}" "$work/body.md"
if [ -n "$commit" ]; then
  printf '\nFor commit %s.\n' "$commit" >"$work/footer"
  # 65,536 characters are what GitHub takes; the plan itself goes before the footer.
  if [ "$(cat "$work/body.md" "$work/footer" | jq -Rs length)" -le 65536 ]; then
    cat "$work/footer" >>"$work/body.md"
  fi
fi
marker=$(head -n 1 "$work/body.md")
jq -Rs '{body: .}' "$work/body.md" >"$work/body.json"

# The comment to update, into `id`; empty where there is none. Fails where that can't be told: a second comment would
# leave the first one to be taken for the plan.
find_comment() {
  local page
  id=''
  for ((page = 1; page <= 100; page++)); do
    get "$api/issues/$number/comments?per_page=100&page=$page" "$work/comments" || return 1
    id=$(jq -r --arg marker "$marker" --arg author "${INPUT_COMMENT_AUTHOR:?}" 'map(select(.user.login == $author
        and (.body // "" | split("\n")[0] // "" | rtrimstr("\r")) == $marker)) | first | .id // empty' "$work/comments")
    if [ -n "$id" ] || [ "$(jq length "$work/comments")" -lt 100 ]; then return 0; fi
  done
}

# An answer that was lost may have been a yes: before each new try the comment is looked for again.
for ((attempt = 1; attempt <= tries; attempt++)); do
  find_comment || break
  if [ -n "$id" ]; then
    ask PATCH "$api/issues/comments/$id" "$work/answer" --data-binary "@$work/body.json"
  else
    ask POST "$api/issues/$number/comments" "$work/answer" --data-binary "@$work/body.json"
  fi
  if is_good; then
    output comment "$(jq -r '.html_url // empty' "$work/answer")"
    exit 0
  fi
  if ! may_pass; then break; fi
  if [ "$attempt" -lt "$tries" ]; then sleep $((wait_seconds * attempt)); fi
done
fail "The comment on pull request $number can't be written; one that is there may show an older plan. $(refused 'pull-requests: write')"
