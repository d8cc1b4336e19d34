#!/usr/bin/env bash
# Guards against work that creeps in: counts the instructions of a call, a poll and a scrape with callgrind, and fails if one
# takes 3 % more than bench/guard.json says. docs/performance.md explains it.
#
#   scripts/guard.sh             compares; says "NOT COMPARED" where nothing is recorded for this compiler and these libraries
#   scripts/guard.sh --update    records what it counts, after a change that is meant to cost that much
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/packages.sh
source scripts/packages.sh

ensure_packages "${build_packages[@]}" "${test_packages[@]}"
configure_and_build test -- telnyx_exporter
status=0
/usr/bin/python3 bench/guard.py --build-dir build/test "$@" || status=$?
# Where nothing is recorded, nothing is wrong either.
[ "$status" -ne 77 ] || status=0
exit "$status"
