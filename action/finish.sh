#!/usr/bin/env bash
# Ends the job as groupsync ended. Changes are what a plan is made for; drift fails the job.
set -euo pipefail
# shellcheck source=action/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

code=${CODE:-0}
case $INPUT_MODE/$code in
  */0 | plan/2) exit 0 ;;
  */1) ;; # the step that found it said so
  drift/2) error 'Somebody else changed groups on a target since the last apply; the page of this run shows which.' ;;
  plan/3 | drift/3) error 'Something is refused, or is what fail-on stops at; log and page of this run show what.' ;;
  apply/3) error 'Something is refused and was not applied, or nothing was because of fail-on; log and page of this run show what.' ;;
  plan/4 | drift/4) error 'A group or target could not be read wholly; the page of this run shows which.' ;;
  apply/4) error 'Some groups were left alone: they moved since the review, or failed. Plan again, review, and apply that plan by its digest.' ;;
  *) error "\`groupsync $INPUT_MODE\` ended with $code." ;;
esac
exit "$code"
