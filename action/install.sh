#!/usr/bin/env bash
# Installs groupsync from the action's own checkout into an environment of its own, with the versions it is tested with.
set -euo pipefail
# shellcheck source=action/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

case ${INPUT_MODE:-} in
  validate | plan | apply | drift) ;;
  *) fail "The input \`mode\` is \`${INPUT_MODE:-}\`. Expected validate, plan, apply or drift." ;;
esac
# With secrets and a token that writes, on definitions that nobody has reviewed.
case ${GITHUB_EVENT_NAME:-} in
  pull_request_target) fail 'The event pull_request_target gives secrets to whoever opens a pull request. Use pull_request.' ;;
esac
if [[ ! ${INPUT_EXTRAS:-} =~ ^[a-z0-9,\ _-]*$ ]]; then
  fail "The input \`extras\` is \`$INPUT_EXTRAS\`. Expected names with commas between them, such as \`rest, segments\`."
fi

folder=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd -P)
extras=${INPUT_EXTRAS:-}
extras=${extras// /}
requirements=("$folder${extras:+[$extras]}")
while read -r -a words; do
  for word in ${words[@]+"${words[@]}"}; do
    case $word in
      -*) fail "The input \`packages\` has \`$word\`. Expected requirements, such as \`groupsync-crm==1.2.0\`." ;;
      *) requirements+=("$word") ;;
    esac
  done
done <<<"${INPUT_PACKAGES:-}"

# A job may use the action for several projects.
wanted=$(printf '%s\n' "${requirements[@]}")
if [ ! -f "$home/installed" ] || [ "$(cat "$home/installed")" != "$wanted" ]; then
  python3 -m venv "$home/venv"
  "$home/venv/bin/python" -m pip --disable-pip-version-check install --quiet \
    --constraint "$folder/constraints.txt" "${requirements[@]}"
  mkdir -p "$home/bin"
  ln -sf "$home/venv/bin/groupsync" "$home/bin/groupsync"
  printf '%s\n' "$wanted" >"$home/installed"
fi
echo "$home/bin" >>"${GITHUB_PATH:-/dev/null}"
quoted groupsync version
