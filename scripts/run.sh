#!/usr/bin/env bash
# Builds the exporter on a fresh Debian 12 or 13 and runs it: against the real API when TELNYX_API_KEY is set, else
# against the simulator. Arguments are handed to the exporter. Ubuntu 24.04 and later has the same packages; it is not tested.
#
#   scripts/run.sh                                           made-up calls: a weekday morning of two accounts
#   SCENARIO=flash-crowd scripts/run.sh                      another one of config/scenarios, or a file of your own
#   SCENARIO=toll-fraud SPEED=60 scripts/run.sh              the same, a minute a second
#   TELNYX_API_KEY=… scripts/run.sh                          all connections of the account
#   TELNYX_API_KEY=… scripts/run.sh --config.file=my.yml     what the file says
#
# TELNYX_EXPORTER_LISTEN      where to listen, instead of on :10035
# TELNYX_EXPORTER_BUILD_DIR   a directory with telnyx_exporter and telnyx_simulator: nothing is installed or built
set -euo pipefail
scenario=${SCENARIO:-demo}
[[ $scenario != *.yml ]] || scenario=$(realpath "$scenario")
build=${TELNYX_EXPORTER_BUILD_DIR:+$(realpath "$TELNYX_EXPORTER_BUILD_DIR")}
cd "$(dirname "$0")/.."
# shellcheck source=scripts/packages.sh
source scripts/packages.sh

listen=${TELNYX_EXPORTER_LISTEN:-:10035}
[[ $scenario == *.yml ]] || scenario=config/scenarios/$scenario.yml

has_config=false
for argument in "$@"; do
  case $argument in --config.file | --config.file=*) has_config=true ;; esac
done

if [ -z "$build" ]; then
  build=build/release
  ensure_packages "${build_packages[@]}" "${run_packages[@]}"
  configure_and_build release
fi

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

# Leaves a configuration for all that the scenario has in $work.
start_simulator() {
  local speed=()
  [ -z "${SPEED-}" ] || speed=(--time-scale="$SPEED")
  : >"$work/simulator.log"
  "$build/telnyx_simulator" --web.listen-address=127.0.0.1:0 --exporter-config="$work" \
    --scenario="$scenario" "${speed[@]}" >"$work/simulator.log" &
  children+=($!)
  until grep -q '^listening on ' "$work/simulator.log"; do
    kill -0 "${children[0]}" 2>/dev/null || {
      echo "The simulator did not start." >&2
      exit 1
    }
    sleep 0.1
  done
  echo "Made-up calls of $scenario from a simulated API at" \
    "$(sed -n 's/^listening on //p' "$work/simulator.log") (set TELNYX_API_KEY for real ones)."
}

arguments=(--web.listen-address="$listen" "$@")
if ! $has_config; then
  if [ -n "${TELNYX_API_KEY-}" ]; then
    echo "Polling all connections of the account whose key is in TELNYX_API_KEY."
    cat >"$work/telnyx_exporter.yml" <<'CONFIG'
accounts:
  - discovery: {enabled: true, channel_limits: true}
CONFIG
  else
    start_simulator
  fi
  arguments=(--config.file="$work/telnyx_exporter.yml" "${arguments[@]}")
fi
"$build/telnyx_exporter" "${arguments[@]}" &
children+=($!)
cat <<MESSAGE
Look at   http://localhost:${listen##*:}/          what there is
          http://localhost:${listen##*:}/metrics   the numbers: telnyx_active_calls and more
Stop with Ctrl-C.
MESSAGE
wait "${children[-1]}"
