#!/usr/bin/env bash
# Builds and tests HEAD on other platforms, in root file systems that mmdebstrap makes, before a release and by hand. Without names, all:
#
#   debian12        amd64: unit tests, the simulation and the end-to-end tests, with g++ 12 and Prometheus 2.42
#   debian13        amd64: the same, with g++ 14 and Prometheus 2.53
#   unstable        amd64: unit tests, and of the end-to-end tests formats, Prometheus and lifecycle
#   arm64-debian12  cross-built; unit tests under qemu-user-static
#   arm64-debian13  the same
#   clang           amd64: Debian 13 with clang 19 and libstdc++: unit tests
#
# Where no end-to-end tests run, the exporter polls the simulator, and the formats are read. --smoke: nothing but that.
# Needs root. Prints a table.
#
# ROOTS            a directory in which root file systems are kept for the next run
# CCACHE_DIR       where compiled objects are kept
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/packages.sh
source scripts/packages.sh
# shellcheck source=scripts/roots.sh
source scripts/roots.sh

known=(debian12 debian13 unstable arm64-debian12 arm64-debian13 clang)
smoke=false
wanted=()
for argument in "$@"; do
  if [ "$argument" = --smoke ]; then
    smoke=true
  elif [[ " ${known[*]} " == *" $argument "* ]]; then
    wanted+=("$argument")
  else
    print_help
    exit 2
  fi
done
[ "${#wanted[@]}" -gt 0 ] || wanted=("${known[@]}")
[ "$(id -u)" -eq 0 ] || {
  echo "Run it as root: it makes root file systems and enters them." >&2
  exit 1
}
ensure_packages ccache git mmdebstrap qemu-user-static

cache=${CCACHE_DIR:-$HOME/.cache/telnyx_exporter_release}
work=$(mktemp -d --tmpdir=/var/tmp)
roots=${ROOTS:-$work/roots}
mkdir -p "$cache" "$roots"
report=$(printf '%-16s %-22s %8s %8s %8s  %s' platform compiler build tests seconds result)
trap 'echo "$report"; rm -rf --one-file-system "$work"' EXIT

# prepare_root NAME RELEASE ARCHITECTURES PACKAGE…: sets `root`, with the sources of HEAD in /src.
prepare_root() {
  root=$roots/platform-$1
  keep_root "$root" "${@:2}"
  rm -rf "$root/src"
  mkdir "$root/src"
  git archive HEAD | tar -x -C "$root/src"
}

# shellcheck disable=SC2016  # expanded by the inner shells
# build_and_test NAME LABELS TESTS CMAKE-OPTION…: both are regular expressions of ctest; TESTS limits what is not a unit test. The tests
# in EXCLUDED, another one, are left out.
build_and_test() {
  local name=$1 labels=$2 tests=$3 began=$SECONDS built result=passed log=$work/$1.log count compiler
  shift 3
  ! $smoke || set -- "$@" -DTELNYX_EXPORTER_TESTS=OFF -DTELNYX_EXPORTER_E2E=OFF
  BIND="$cache:/ccache" enter_root "$root" CCACHE_DIR=/ccache CCACHE_COMPILERCHECK=content CCACHE_BASEDIR=/src CCACHE_NOHASHDIR=1 \
    CCACHE_SLOPPINESS=pch_defines,time_macros bash -euc '
      cd /src
      targets=()
      if [ "$1" = programs ]; then targets=(--target telnyx_exporter telnyx_simulator); fi
      shift
      cmake --preset test -DCMAKE_CXX_COMPILER_LAUNCHER=ccache "$@"
      cmake --build --preset test "${targets[@]}"' - "$($smoke && echo programs || echo all)" "$@" >"$log" 2>&1 || result="build failed"
  built=$((SECONDS - began))
  compiler=$(sed -n 's/^-- The CXX compiler identification is //p' "$log")
  if [ "$result" = passed ]; then
    if ! $smoke; then
      enter_root "$root" bash -euc '
        cd /src
        ctest --preset test --output-on-failure --parallel 4 --label-regex "$1" --exclude-regex "${3:-^$}"
        [ -z "$2" ] || ctest --preset test --output-on-failure --parallel 4 --label-regex e2e --tests-regex "$2"' \
        - "$labels" "$tests" "${EXCLUDED-}" >>"$log" 2>&1 || result="tests failed"
    fi
    # Where end-to-end tests run, they do more than this.
    if [ "$result" = passed ] && { $smoke || [[ "$labels $tests" != *e2e* ]]; }; then
      enter_root "$root" bash -euc "$smoke_test" >>"$log" 2>&1 || result="smoke test failed"
    fi
  fi
  count=$(sed -nE 's/^[0-9]+% tests passed, .* out of ([0-9]+)$/\1/p' "$log" | awk '{ sum += $1 } END { print sum + 0 }')
  ! grep -q 'warning:' "$log" || result+=", with warnings"
  report+=$(printf '\n%-16s %-22s %6d s %8d %6d s  %s' "$name" "$compiler" "$built" "$count" $((SECONDS - began)) "$result")
  if [[ $result != passed* ]]; then
    tail -n 60 "$log" >&2
    failed=true
  fi
}

# Run inside a root: the simulator, the exporter, the formats. RUN goes before each program.
# shellcheck disable=SC2016  # expanded by the inner shell
smoke_test='
cd /src/build/test
mkdir /tmp/simulated.$$
${RUN-} ./telnyx_simulator --web.listen-address=127.0.0.1:0 --exporter-config=/tmp/simulated.$$ >/dev/null &
trap "kill %1 2>/dev/null || true" EXIT
until [ -s /tmp/simulated.$$/telnyx_exporter.yml ]; do kill -0 %1; sleep 0.1; done
${RUN-} ./telnyx_exporter --config.file=/tmp/simulated.$$/telnyx_exporter.yml --once >/tmp/once.$$
[ "$(grep -c "^telnyx_active_calls{" /tmp/once.$$)" -eq 3 ]
${RUN-} ./telnyx_exporter --config.file=/tmp/simulated.$$/telnyx_exporter.yml --web.listen-address=127.0.0.1:10935 2>/tmp/log.$$ &
trap "kill %1 %2 2>/dev/null || true" EXIT
python3 - <<PYTHON
import time, urllib.request
def get(path, accept="*/*"):
    request = urllib.request.Request("http://127.0.0.1:10935" + path, headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.headers["Content-Type"], answer.read()
for _ in range(600):
    try:
        get("/-/ready")
        break
    except OSError:
        time.sleep(0.1)
kind, body = get("/metrics")
assert kind.startswith("text/plain") and body.count(b"\ntelnyx_active_calls{") == 3, body
kind, body = get("/metrics", "application/openmetrics-text;version=1.0.0")
assert kind.startswith("application/openmetrics-text") and body.endswith(b"# EOF\n"), kind
kind, body = get("/metrics", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited")
assert kind.startswith("application/vnd.google.protobuf") and b"telnyx_active_calls" in body, kind
assert get("/")[0].startswith("text/html")
print("100% tests passed, 0 tests failed out of 1")
PYTHON
kill %2
wait %2'

# prepare_native NAME RELEASE [PACKAGE…]
prepare_native() {
  local name=$1 release=$2 packages=("${build_packages[@]}" python3)
  shift 2
  $smoke || packages+=("${program_test_packages[@]}")
  prepare_root "$name" "$release" "$(dpkg --print-architecture)" "${packages[@]}" "$@"
}

# check_arm64 NAME RELEASE
check_arm64() {
  local packages
  mapfile -t packages < <(cross_packages arm64)
  $smoke || packages+=(libgmock-dev:arm64 libgtest-dev:arm64)
  prepare_root "$1" "$2" amd64,arm64 "${packages[@]}" python3 qemu-user-static openssl nginx-light
  # GoogleTest's programs run under qemu, as ctest starts them; so do the programs of the smoke test. A program in qemu cannot start
  # itself, and what the kernel says of it is about qemu.
  EXCLUDED='WritesNoSessionKeys|ReadsTheStandardSet' smoke_test="RUN=qemu-aarch64-static; $smoke_test" build_and_test "$1" '^unit$' '' --toolchain cmake/Cross.cmake \
    -DTELNYX_EXPORTER_PROCESSOR=aarch64 -DCMAKE_CROSSCOMPILING_EMULATOR=qemu-aarch64-static -DTELNYX_EXPORTER_E2E=OFF
}

failed=false
for name in "${wanted[@]}"; do
  echo "=== $name"
  case $name in
    debian12)
      prepare_native "$name" bookworm
      build_and_test "$name" '^(unit|simulation|e2e)$' ''
      ;;
    debian13)
      prepare_native "$name" trixie
      build_and_test "$name" '^(unit|simulation|e2e)$' ''
      ;;
    unstable)
      prepare_native "$name" sid
      build_and_test "$name" '^unit$' '^e2e\.(formats|prometheus|lifecycle)'
      ;;
    clang)
      prepare_native "$name" trixie clang-19
      build_and_test "$name" '^unit$' '' -DCMAKE_CXX_COMPILER=clang++-19
      ;;
    arm64-debian12) check_arm64 "$name" bookworm ;;
    arm64-debian13) check_arm64 "$name" trixie ;;
  esac
done
! $failed
