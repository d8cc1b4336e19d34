#!/usr/bin/env bash
# Polls and scrapes at an accelerated pace against a simulated API whose faults come and go at random, and
# tells whether memory, open files and threads ended where they began: exit code 1 when they did not.
#
#   scripts/soak.sh [DURATION [SEED]]      30m and 1 when left out
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/packages.sh
source scripts/packages.sh

ensure_packages "${build_packages[@]}" python3
configure_and_build release -- telnyx_exporter telnyx_simulator

export TELNYX_EXPORTER=$PWD/build/release/telnyx_exporter TELNYX_SIMULATOR=$PWD/build/release/telnyx_simulator
export PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 tests/e2e/soak.py "$@"
