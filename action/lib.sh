# shellcheck shell=bash
# What the steps of the action share. Sourced. Inputs come as INPUT_…, from `env:` in action.yml: no text that somebody
# wrote is ever part of a script.
# The checkout is data, which nobody may have reviewed: no step works in it, and every Python has -I, so that a file there
# is never taken for a module.

: "${RUNNER_TEMP:?}" "${GITHUB_OUTPUT:?}" "${GITHUB_WORKSPACE:?}"
cd -- "$RUNNER_TEMP" || exit 1
home=$PWD/groupsync
PATH=$home/bin:$PATH

random() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }

# Text for the message of a workflow command.
message_of() {
  local text=${1//'%'/'%25'}
  text=${text//$'\r'/'%0D'}
  printf '%s' "${text//$'\n'/'%0A'}"
}

notice() { printf '::notice title=groupsync::%s\n' "$(message_of "$1")"; }
error() { printf '::error title=groupsync::%s\n' "$(message_of "$1")"; }
fail() {
  error "$1"
  exit 1
}

# output NAME VALUE: the edge is random, so that no value can end early and set another output.
output() {
  local edge
  edge=$(random)
  printf '%s<<%s\n%s\n%s\n' "$1" "$edge" "$2" "$edge" >>"$GITHUB_OUTPUT"
}

# Adds a file to the page of the run.
summary() {
  { cat "$1" && echo; } >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
}

# Runs a command whose output quotes what others wrote: meanwhile the runner takes no line for a workflow command.
quoted() {
  local edge code=0
  edge=$(random)
  echo "::stop-commands::$edge"
  "$@" 2>&1 || code=$?
  printf '\n::%s::\n' "$edge"
  return "$code"
}

# Runs a command in the folder that the input names; for groupsync, and nothing else.
in_project() {
  (
    if [ -n "${INPUT_SECRETS:-}" ]; then export GROUPSYNC_SECRETS=$INPUT_SECRETS; fi
    cd -- "$GITHUB_WORKSPACE" && cd -- "${INPUT_WORKING_DIRECTORY:-.}" && "$@"
  )
}

needs() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || fail "The runner has no \`$tool\`, which this step needs. Install it in a step before."
  done
}

# is_on NAME VALUE: whether a switch is on; anything but true and false is a mistake that must not pass for false.
is_on() {
  case $2 in
    true) return 0 ;;
    false | '') return 1 ;;
    *) fail "The input \`$1\` is \`$2\`. Expected true or false." ;;
  esac
}

# The arguments that an input with one entry a line stands for, into `args`: repeated OPTION LINES
repeated() {
  local line
  while IFS= read -r line; do
    line=${line#"${line%%[![:space:]]*}"}
    line=${line%"${line##*[![:space:]]}"}
    if [ -n "$line" ]; then args+=("$1=$line"); fi
  done <<<"$2"
}

# Options that several commands have, into `args`, and only where an input asks for them.
add_config() { if [ -n "${INPUT_CONFIG:-}" ]; then args+=("--config=$INPUT_CONFIG"); fi; }
add_redact() { if is_on redact "${INPUT_REDACT:-}"; then args+=(--redact); fi; }
add_by_person() { if is_on by-person "${INPUT_BY_PERSON:-}"; then args+=(--by-person); fi; }
add_fail_on() {
  local kinds=${INPUT_FAIL_ON:-}
  repeated --fail-on "${kinds//[, ]/$'\n'}"
}
add_targets() { repeated --target "${INPUT_TARGETS:-}"; }
add_allow() { repeated --allow "${INPUT_ALLOW:-}"; }
add_consent() {
  add_allow
  if is_on adopt "${INPUT_ADOPT:-}"; then args+=(--adopt); fi
}

# Prints annotations with paths from the root of the repository, where GitHub looks for them.
annotate() {
  local line folder root prefix=''
  folder=$(project_folder)
  root=$(cd -- "$GITHUB_WORKSPACE" && pwd -P)
  case $folder/ in
    "$root"/?*) prefix=${folder#"$root"/}/ ;;
  esac
  prefix=$(message_of "$prefix")
  prefix=${prefix//:/'%3A'}
  prefix=${prefix//,/'%2C'}
  while IFS= read -r line; do
    case $line in
      '::'*' file='*) printf '%s file=%s%s\n' "${line%% file=*}" "$prefix" "${line#* file=}" ;;
      *) printf '%s\n' "$line" ;;
    esac
  done <"$1"
}

# The folder of the config that groupsync finds: here or above.
project_folder() { in_project folder_here; }
folder_here() {
  local folder
  if [ -n "${INPUT_CONFIG:-}" ]; then
    folder=$(cd -- "$(dirname -- "$INPUT_CONFIG")" && pwd -P)
  else
    folder=$(pwd -P)
    until [ -e "$folder/groupsync.yaml" ] || [ -e "$folder/.git" ] || [ "$folder" = / ]; do
      folder=$(dirname -- "$folder")
    done
  fi
  printf '%s' "$folder"
}

# Digest and number of changes of a saved plan, from its last line, as outputs.
plan_facts() {
  output digest "$(tail -n 1 -- "$1" | jq -r .digest)"
  output changes "$(tail -n 1 -- "$1" | jq -r .changes)"
}
