# shellcheck shell=bash
# Asks GitHub's REST API. Sourced after lib.sh.

needs curl jq
: "${GITHUB_API_URL:?}" "${GITHUB_REPOSITORY:?}"
# shellcheck disable=SC2034 # for whoever sources this
api=$GITHUB_API_URL/repos/$GITHUB_REPOSITORY
wait_seconds=${GROUPSYNC_WAIT_SECONDS:-5}
tries=3
status=''

# ask METHOD URL FILE [curl's own options …]: the answer goes into FILE, its status into `status`; 000 for none at all.
# The token is on no command line, where every process of the machine could read it, and is not sent on to another host.
ask() {
  local method=$1 url=$2 file=$3
  shift 3
  status=$(curl --silent --show-error --globoff --max-time 120 --request "$method" --output "$file" --write-out '%{http_code}' \
    --header @<(printf 'Authorization: Bearer %s\n' "${INPUT_TOKEN:-}") \
    --header 'Accept: application/vnd.github+json' --header 'X-GitHub-Api-Version: 2022-11-28' \
    "$@" -- "$url") || status=000
}

is_good() { case $status in 2??) ;; *) return 1 ;; esac; }
may_pass() { case $status in 000 | 408 | 429 | 5??) ;; *) return 1 ;; esac; }

# get URL FILE: with patience.
get() {
  local try
  for ((try = 1; try <= tries; try++)); do
    ask GET "$1" "$2" "${@:3}"
    if is_good; then return 0; fi
    if ! may_pass; then return 1; fi
    if [ "$try" -lt "$tries" ]; then sleep $((wait_seconds * try)); fi
  done
  return 1
}

# What an answer that is not good means, with the permission it takes.
refused() {
  case $status in
    000) echo "GitHub at $GITHUB_API_URL does not answer." ;;
    401 | 403 | 404) echo "GitHub answers $status: the token may not do this. The job needs \`permissions: {$1}\`." ;;
    *) echo "GitHub answers $status." ;;
  esac
}
