#!/usr/bin/env bash
# Builds everything on a fresh Debian 12 and runs every test: format, lint, the optimised build with the
# end-to-end tests, the unit tests under the address, undefined-behaviour and thread sanitizers, and two seconds
# of each fuzz target.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/packages.sh
source scripts/packages.sh

section() { printf '\n=== %s (%ss)\n' "$1" "$SECONDS"; }

section "packages"
ensure_packages "${build_packages[@]}" "${test_packages[@]}" "${fuzz_packages[@]}"

section "format and lint"
scripts/lint.sh

for sanitizer in asan tsan; do
  section "build $sanitizer"
  configure_and_build "$sanitizer"
  section "test $sanitizer"
  ctest --preset "$sanitizer" --label-exclude e2e --output-on-failure --progress
done

section "fuzz"
FUZZ_SEED=1 scripts/fuzz.sh 2

section "build release"
configure_and_build release -DTELNYX_EXPORTER_TESTS=ON -DTELNYX_EXPORTER_BENCH=ON
section "test release"
ctest --preset release --output-on-failure
