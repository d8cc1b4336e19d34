#!/usr/bin/env bash
# Builds the exporter on a fresh Debian 12 and runs it: against the real API when TELNYX_API_KEY is set, else
# against the simulator. Arguments are handed to the exporter.
#
#   scripts/run.sh                                           made-up calls
#   TELNYX_API_KEY=… scripts/run.sh                          all connections of the account
#   TELNYX_API_KEY=… scripts/run.sh --config.file=my.yml     what the file says
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/packages.sh
source scripts/packages.sh

listen=${TELNYX_EXPORTER_LISTEN:-:10035}

has_config=false
for argument in "$@"; do
  case $argument in --config.file | --config.file=*) has_config=true ;; esac
done

ensure_packages "${build_packages[@]}" "${run_packages[@]}"
configure_and_build release -DTELNYX_EXPORTER_TESTS=OFF -DTELNYX_EXPORTER_BENCH=OFF

work=$(mktemp -d)
children=()
cleanup() {
  trap - EXIT INT TERM
  [ "${#children[@]}" -eq 0 ] || kill "${children[@]}" 2>/dev/null || true
  wait || true
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 0' INT TERM

arguments=(--web.listen-address="$listen" "$@")
if ! $has_config; then
  settings='poll: {interval: 15s}'
  api=https://api.telnyx.com/v2
  if [ -n "${TELNYX_API_KEY-}" ]; then
    echo "Polling all connections of the account whose key is in TELNYX_API_KEY."
  else
    build/release/telnyx_simulator --web.listen-address=127.0.0.1:0 >"$work/simulator.log" &
    children+=($!)
    until grep -q '^listening on ' "$work/simulator.log"; do
      kill -0 "${children[0]}" 2>/dev/null || {
        echo "The simulator did not start." >&2
        exit 1
      }
      sleep 0.1
    done
    settings='poll: {interval: 5s}'
    api=$(sed -n 's/^listening on //p' "$work/simulator.log")
    export TELNYX_API_KEY=KEY_SIMULATOR
    echo "Made-up calls from a simulated API at $api (set TELNYX_API_KEY for real ones)."
  fi
  printf '%s\naccounts:\n  - base_url: %s\n    discovery: {enabled: true, channel_limits: true}\n' \
    "$settings" "$api" >"$work/telnyx_exporter.yml"
  arguments=(--config.file="$work/telnyx_exporter.yml" "${arguments[@]}")
fi
build/release/telnyx_exporter "${arguments[@]}" &
children+=($!)
cat <<MESSAGE
Look at   http://localhost:${listen##*:}/          what there is
          http://localhost:${listen##*:}/metrics   the numbers: telnyx_active_calls and more
Stop with Ctrl-C.
MESSAGE
wait "${children[-1]}"
