#!/usr/bin/env bash
# Asks an installation from outside whether it works, after a deployment: signs a guest in, sends a message, waits for the answer.
#   deploy/smoke.sh https://chat.example.org      CURL_OPTIONS=-k for a certificate of one's own
# Without guests (GUESTS=off) set SMOKE_TOKEN to an access token.
set -euo pipefail
url=${1:?usage: deploy/smoke.sh URL}
url=${url%/}
# ask METHOD PATH [BODY]
ask() {
  # shellcheck disable=SC2086
  curl ${CURL_OPTIONS:-} -fsS --max-time 20 -X "$1" "$url$2" -H 'content-type: application/json' \
    ${SMOKE_TOKEN:+-H "authorization: Bearer $SMOKE_TOKEN"} ${3:+-d "$3"} "${@:4}"
}
# field NAME: a string or a number out of JSON
field() { sed -n "s/.*\"$1\":\"\{0,1\}\([^,\"}]*\).*/\1/p" | head -1; }

ask GET /livez >/dev/null
ask GET /health | grep -qE '"status":"(healthy|degraded)"' || { echo 'smoke: /health is not well' >&2; exit 1; }
if [ -z "${SMOKE_TOKEN:-}" ]; then
  SMOKE_TOKEN=$(ask POST /api/v1/auth/guest '{"gdpr_consent":true,"data_processing_consent":true}' | field access_token)
fi
[ -n "$SMOKE_TOKEN" ] || { echo 'smoke: nobody could sign in' >&2; exit 1; }
run=$(ask POST /api/v1/chat/send '{"content":"Are you there?"}' -H "idempotency-key: smoke-$(date +%s%N)" | field run_id)
for _ in $(seq 60); do
  status=$(ask GET "/api/v1/runs/$run" | field status)
  case $status in
    completed) echo "smoke: run $run was answered"; exit 0 ;;
    queued | in_progress | waiting) sleep 1 ;;
    *) echo "smoke: run $run ended $status" >&2; exit 1 ;;
  esac
done
echo "smoke: run $run was not answered within a minute" >&2
exit 1
