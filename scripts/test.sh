#!/usr/bin/env bash
# Installs what is missing on a fresh Debian 12 or 13, builds and tests (Ubuntu 24.04 and later has the same packages; it is not
# tested):
#
#   scripts/test.sh           what to run before a commit: format, clang-tidy over what the branch changes, all unit
#                             tests in an optimised build and under the address and undefined-behaviour sanitizers, the
#                             simulation, and the end-to-end tests that need no browser, npm, packages or containers
#   scripts/test.sh NAME…     the tests of the optimised build whose names match one of these regular expressions (ctest -R);
#                             builds only what they need
#   scripts/test.sh all       all of that, and the rest: clang-tidy over all sources, the thread sanitizer where there are
#                             threads, fuzzing, browser, dashboards, Kubernetes, packages, images, the newest Prometheus and
#                             VictoriaMetrics, a short run of the benchmark's rows, the guard of the instruction counts,
#                             the mutants, and a look at the programs for arm64
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/packages.sh
source scripts/packages.sh

# Four tests for each core: most end-to-end tests wait nearly all the time. Those that compute count for four
# (cmake/Libraries.cmake).
jobs=$((4 * $(nproc)))

work=$(mktemp -d)
title=
began=0
cpu_began=0
report=$(printf '%8s %8s  %s' 'seconds' 'of CPU' 'section')

# section TITLE: ends the section before it and notes what it took. Of CPU, too: that is the same on a busy machine.
section() {
  local cpu
  times >"$work/times"
  cpu=$(tr 'ms' '  ' <"$work/times" | awk '{ sum += 60 * ($1 + $3) + $2 + $4 } END { print int(sum) }')
  [ -z "$title" ] || report+=$(printf '\n%8d %8d  %s' $((SECONDS - began)) $((cpu - cpu_began)) "$title")
  title=$1 began=$SECONDS cpu_began=$cpu
  printf '\n=== %s (%ss)\n' "$title" "$SECONDS"
}

# However it ends: what took how long.
finish() {
  local status=$?
  if [ -n "$title" ]; then
    section "done"
    printf '%s\n' "$report"
    [ ! -e "$work/failures" ] || cat "$work/failures"
  fi
  jobs -p | xargs --no-run-if-empty kill 2>/dev/null || true
  rm -rf "$work"
  exit "$status"
}
trap finish EXIT

# run_tests PRESET CTEST-ARGUMENT…
run_tests() { ctest --preset "$1" --output-on-failure --progress --parallel "$jobs" "${@:2}"; }

install_packages() {
  section "packages"
  ensure_packages "${build_packages[@]}" "${test_packages[@]}" "$@"
}

test_default() {
  install_packages
  section "format and clang-tidy over what has changed"
  scripts/lint.sh --changed
  section "build test"
  # A quarter of the days that `all` simulates: each is another one, and the rest finds what is rare.
  configure_and_build test -DTELNYX_EXPORTER_SIMULATED_DAYS=200
  section "test"
  run_tests test --label-regex '^(unit|simulation|e2e)$'
  section "build asan"
  configure_and_build asan -- unit_tests
  section "test asan"
  run_tests asan --label-regex '^unit$'
}

# attempt COMMAND…: notes what a section that fails has said, and goes on: one long run should tell everything.
attempt() {
  "$@" 2>&1 | tee "$work/section.log" || note_failure "$work/section.log"
}

# note_failure LOG: keeps the output of the tests that failed, or without such the last lines, for the end of the run.
note_failure() {
  printf '\n=== failed: %s\n' "$title"
  # ctest shows a failed test's output after its line, and before the next test's.
  awk '/^ *[0-9]+\/[0-9]+ Test +#/ { failed = /\*\*\*/ } / Start +[0-9]+: / { next } failed { print; any = 1 } END { exit !any }' "$1" |
    cut -c-400 | tail -n 200 || tail -n 60 "$1"
} >>"$work/failures"

test_all() {
  install_packages "${fuzz_packages[@]}"
  section "format and clang-tidy over everything"
  # What only tests need is installed meanwhile.
  ensure_packages "${all_packages[@]}" "${bench_packages[@]}" >"$work/packages.log" 2>&1 &
  local packages=$!
  attempt scripts/lint.sh
  wait "$packages" || { cat "$work/packages.log" && return 1; }
  section "build test"
  attempt configure_and_build test -DTELNYX_EXPORTER_BENCH=ON -DTELNYX_EXPORTER_SIMULATED_DAYS=800
  section "test"
  attempt run_tests test
  section "build asan"
  attempt configure_and_build asan -DTELNYX_EXPORTER_E2E=ON
  section "test asan"
  # The others look at files, or need more than the programs. The seeds are the fuzzers' first inputs.
  attempt run_tests asan --label-regex '^(unit|simulation|e2e)$' --exclude-regex '^(bench|deploy|docs|release|FuzzSeeds)\.'
  section "build tsan"
  attempt configure_and_build tsan -- tests_with_threads
  section "test tsan"
  attempt run_tests tsan --label-regex '^threads$'
  section "fuzz"
  # The same inputs each time: what is new is for longer runs by hand.
  FUZZ_RUNS=20000 FUZZ_SEED=1 attempt scripts/fuzz.sh
  section "guard"
  attempt scripts/guard.sh
  section "mutants, and the programs for arm64"
  # At once, because neither keeps two cores busy.
  scripts/check_platforms.sh --smoke arm64-debian13 >"$work/arm64.log" 2>&1 &
  local arm64=$!
  attempt /usr/bin/python3 tests/simulation/mutants.py
  wait "$arm64" || note_failure "$work/arm64.log"
  cat "$work/arm64.log"
  [ ! -e "$work/failures" ]
}

# targets_and_labels_of REGULAR-EXPRESSION: two lines, the build targets that the matching tests run and the labels of those tests.
targets_and_labels_of() {
  ctest --preset test --show-only=json-v1 --tests-regex "$1" 2>/dev/null | /usr/bin/python3 -c '
import json, os, sys
targets, labels = set(), set()
for test in json.load(sys.stdin)["tests"]:
    properties = {p["name"]: p["value"] for p in test["properties"]}
    labels.update(properties.get("LABELS", []))
    targets.update(os.path.basename(path) for path in properties.get("REQUIRED_FILES", []))
print(*targets)
print(*labels)'
}

test_names() {
  local names found targets labels
  names="($(IFS='|' && echo "$*"))"
  install_packages
  section "build"
  configure test
  found=$(targets_and_labels_of "$names")
  read -ra targets <<<"$(head -n 1 <<<"$found")"
  labels=" $(tail -n 1 <<<"$found") "
  case $labels in *" browser "* | *" npm "* | *" package "* | *" container "*) ensure_packages "${all_packages[@]}" ;; esac
  [ "${#targets[@]}" -eq 0 ] || cmake --build --preset test --target "${targets[@]}"
  section "test"
  run_tests test --tests-regex "$names"
}

case ${1-} in
  '') test_default ;;
  all) test_all ;;
  -*) print_help && exit 2 ;;
  *) test_names "$@" ;;
esac
