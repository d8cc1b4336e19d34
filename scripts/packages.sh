# shellcheck shell=bash
# Sourced by the other scripts: which Debian packages the project needs, and how to get the missing ones.
# shellcheck disable=SC2034  # the lists are for those scripts

build_packages=(
  ca-certificates ccache cmake g++ git ninja-build pkg-config
  golang-github-prometheus-client-model-dev libcli11-dev libcrypt-dev libcurl4-openssl-dev libfmt-dev
  libgnutls28-dev libmicrohttpd-dev libprotobuf-dev libre2-dev libsimdjson-dev
  libsystemd-dev libxxhash-dev libyaml-cpp-dev prometheus-cpp-dev protobuf-compiler zlib1g-dev
)
# cross_packages ARCHITECTURE: the same for building on this machine for another one: tools of this one, libraries of the other.
# The two that have no architecture stay as they are.
cross_packages() {
  local package
  echo "crossbuild-essential-$1"
  for package in "${build_packages[@]}"; do
    case $package in
      g++) ;;
      libcli11-dev | golang-*) echo "$package" ;;
      *-dev | pkg-config) echo "$package:$1" ;;
      *) echo "$package" ;;
    esac
  done
}
run_packages=(curl)
# What scripts/test.sh needs besides: to check the format and the changed files, for the unit tests, and for the
# end-to-end tests labelled e2e.
program_test_packages=(
  apache2-utils binutils curl jsonnet libgmock-dev libgtest-dev man-db nginx-light openssl procps prometheus prometheus-alertmanager python3
  python3-jsonschema python3-prometheus-client python3-requests python3-yaml strace systemd valgrind wrk zsh
)
test_packages=(clang-format-19 clang-tidy-19 "${program_test_packages[@]}")
# What the tests labelled browser, npm, package and container need.
all_packages=(
  buildah chromium debhelper docker-compose dpkg-dev lintian mmdebstrap podman qemu-user-static runc
)
bench_packages=(
  golang-github-prometheus-client-golang-dev golang-go libbenchmark-dev nginx-light openssl python3 python3-matplotlib
  python3-prometheus-client python3-requests valgrind wrk
)
fuzz_packages=(clang-19 libclang-rt-19-dev)
# Node.js often comes from elsewhere, and then Debian's npm cannot be installed beside it.
command -v npm >/dev/null || all_packages+=(nodejs npm)

# print_help: the comment at the head of the script that runs.
print_help() { sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "scripts/${0##*/}"; }

# ensure_packages NAME…: installs what is missing. Services that come with a package are not started: a test
# needs the program, not a daemon on this machine.
ensure_packages() {
  local missing=() package
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
      missing+=("$package")
  done
  [ "${#missing[@]}" -gt 0 ] || return 0

  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
      echo "Missing packages: ${missing[*]}. Install them as root, or install sudo." >&2
      return 1
    }
    as_root=(sudo)
  fi
  echo "Installing ${missing[*]}"
  local policy=/usr/sbin/policy-rc.d own_policy=false
  if [ ! -e "$policy" ]; then
    own_policy=true
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod +x "$policy"
  fi
  local status=0
  "${as_root[@]}" apt-get update -qq &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      "${missing[@]}" >/dev/null || status=$?
  if $own_policy; then "${as_root[@]}" rm -f "$policy"; fi
  return "$status"
}

# ensure_build_packages ARCHITECTURE [PACKAGE…]: what builds programs for that architecture of Debian on this machine. As root.
ensure_build_packages() {
  local architecture=$1
  shift
  if [ "$architecture" = "$(dpkg --print-architecture)" ]; then
    ensure_packages "${build_packages[@]}" "$@"
  else
    dpkg --add-architecture "$architecture"
    # shellcheck disable=SC2046  # one word for each package
    ensure_packages $(cross_packages "$architecture") "$@"
  fi
}

# configure PRESET [CMAKE-OPTION…]: quiet unless it fails. Uses the compiler cache, and mold where it is installed.
configure() {
  local preset=$1 log
  shift
  # ccache refuses what uses a precompiled header unless it is told that nothing there depends on macros and times.
  export CCACHE_SLOPPINESS=${CCACHE_SLOPPINESS:-pch_defines,time_macros}
  # What one clone has compiled serves the next one, whatever folder it is in.
  export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$PWD} CCACHE_NOHASHDIR=${CCACHE_NOHASHDIR:-1}
  local options=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  if command -v mold >/dev/null; then options+=(-DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=mold); fi
  log=$(mktemp)
  if ! cmake --preset "$preset" "${options[@]}" "$@" >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
}

# configure_and_build PRESET [CMAKE-OPTION…] [-- TARGET…]
configure_and_build() {
  local preset=$1 options=()
  shift
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    options+=("$1")
    shift
  done
  [ "${1-}" != -- ] || shift
  configure "$preset" "${options[@]}" && cmake --build --preset "$preset" ${1:+--target "$@"}
}
