#!/usr/bin/env bash
# Installs groupsync from the action's own checkout into an environment of its own, with the versions it is tested with.
set -euo pipefail
# shellcheck source=action/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

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

# What is installed may run code of its own, and so gets nothing of what `env:` of the step has, but what pip goes by.
# setup-python's Python finds its own library by LD_LIBRARY_PATH where the tool cache lies elsewhere.
bare() {
  local name kept=("PATH=$PATH" "HOME=${HOME:-}")
  for name in "${!PIP_@}" LD_LIBRARY_PATH HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY http_proxy https_proxy all_proxy no_proxy; do
    if [ -n "${!name+set}" ]; then kept+=("$name=${!name}"); fi
  done
  env -i "${kept[@]}" "$@"
}

# A job may use the action for several projects.
wanted=$(printf '%s\n' "${requirements[@]}")
if [ ! -f "$home/installed" ] || [ "$(cat "$home/installed")" != "$wanted" ]; then
  bare python3 -I -m venv "$home/venv"
  # What builds a package is held to the same versions: by these variables, which part several files at blanks.
  cp -- "$folder/constraints.txt" "$home/constraints.txt"
  bare env PIP_CONSTRAINT=groupsync/constraints.txt PIP_BUILD_CONSTRAINT=groupsync/constraints.txt \
    "$home/venv/bin/python" -I -m pip --disable-pip-version-check install --quiet "${requirements[@]}"
  mkdir -p "$home/bin"
  printf '#!/usr/bin/env bash\nexec %q -I %q "$@"\n' "$home/venv/bin/python" "$home/venv/bin/groupsync" >"$home/bin/groupsync"
  chmod +x "$home/bin/groupsync"
  printf '%s\n' "$wanted" >"$home/installed"
fi
echo "$home/bin" >>"${GITHUB_PATH:-/dev/null}"
quoted groupsync version
