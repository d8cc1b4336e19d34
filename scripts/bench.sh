#!/usr/bin/env bash
# Installs what the benchmarks need, builds the release and measures: prints a Markdown table of all rows and their goals.
# Arguments go to bench/run.py, for example: rows far start
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/packages.sh
source scripts/packages.sh
ensure_packages "${build_packages[@]}" "${bench_packages[@]}"
cmake --preset bench >&2
cmake --build --preset bench >&2
exec /usr/bin/python3 bench/run.py --build-dir build/bench "$@"
