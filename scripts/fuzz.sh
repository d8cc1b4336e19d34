#!/usr/bin/env bash
# Builds the fuzz targets with libFuzzer on a fresh Debian 12 or 13 and runs each, 60 s long unless told otherwise.
# What a run finds is kept in build/fuzz: inputs that reach something new in corpus/, failing ones in findings/.
#
#   scripts/fuzz.sh [SECONDS [TARGET…]]
#   scripts/fuzz.sh --merge [TARGET…]      # chooses the seeds again from them and all that was found
#
# FUZZ_RUNS=NUMBER     so many inputs for each target, however long that takes
# FUZZ_SEED=NUMBER     with that and without build/fuzz/corpus, a run repeats another one
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/packages.sh
source scripts/packages.sh

merge=false
seconds=60
case ${1-} in
  --merge) merge=true && shift ;;
  '') ;;
  *) seconds=$1 && shift ;;
esac
if [ "$#" -gt 0 ]; then targets=("$@"); else mapfile -t targets < <(ls tests/fuzz/corpus); fi

ensure_packages "${build_packages[@]}" "${fuzz_packages[@]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! configure_and_build fuzz -- "${targets[@]/#/fuzz_}" >"$log" 2>&1; then
  cat "$log" >&2
  exit 1
fi

# Chooses one target's seeds again: those with a name stay, and of all others, old and found, as few as reach all
# that can be reached are added, named by their hash.
merge_corpus() {
  local target=$1 seeds=tests/fuzz/corpus/$1 found=build/fuzz/corpus/$1 chosen
  chosen=$(mktemp -d)
  mkdir -p "$found"
  find "$seeds" -type f ! -name "$(printf '[0-9a-f]%.0s' {1..40})" -exec cp -t "$chosen" {} +
  if ! "build/fuzz/tests/fuzz/fuzz_$target" -merge=1 -set_cover_merge=1 -use_counters=0 -max_len=4096 \
    "$chosen" "$seeds" "$found" >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    return 1
  fi
  rm -rf "$seeds"
  mv "$chosen" "$seeds"
  chmod 755 "$seeds"
  echo "$target: $(find "$seeds" -type f | wc -l) seeds, $(cat "$seeds"/* | wc -c) bytes"
}

# Runs one target and prints its line of the table.
run_target() {
  local target=$1 findings=build/fuzz/findings/$1 dictionary=tests/fuzz/dictionaries/$1.dict
  mkdir -p "build/fuzz/corpus/$target" "$findings"
  local bound=-max_total_time=$seconds
  [ -z "${FUZZ_RUNS-}" ] || bound=-runs=$FUZZ_RUNS
  local options=("$bound" -seed="${FUZZ_SEED:-0}" -max_len=4096 -timeout=10
    -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$findings/")
  [ ! -e "$dictionary" ] || options+=(-dict="$dictionary")
  if ! "build/fuzz/tests/fuzz/fuzz_$target" "${options[@]}" "build/fuzz/corpus/$target" \
    "tests/fuzz/corpus/$target" >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    echo "$target found something: see $findings" >&2
    return 1
  fi
  awk -v target="$target" '
    /DONE/ { for (i = 1; i < NF; ++i) value[$i] = $(i + 1) }
    /^stat::number_of_executed_units/ { executions = $2 }
    /^stat::average_exec_per_sec/ { rate = $2 }
    END {
      printf "| %s | %d | %d | %d | %d | %s |\n", target, executions, rate, value["cov:"], value["ft:"],
        value["corp:"]
    }' "$log"
}

if $merge; then
  for target in "${targets[@]}"; do merge_corpus "$target"; done
  exit 0
fi
echo "| target | executions | per second | edges | features | corpus |"
echo "|---|---|---|---|---|---|"
status=0
for target in "${targets[@]}"; do run_target "$target" || status=1; done
exit "$status"
