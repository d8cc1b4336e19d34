#!/usr/bin/env bash
# Installs what the benchmarks need, builds the release and measures everything: prints Markdown tables.
# Arguments go to bench/run.py, for example: --only polling --rounds 3
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/packages.sh
source scripts/packages.sh
ensure_packages "${build_packages[@]}" "${bench_packages[@]}"
cmake --preset bench >&2
cmake --build --preset bench >&2
exec /usr/bin/python3 bench/run.py --build-dir build/bench "$@"
