#!/usr/bin/env bash
# Proves what the README says on a Debian that has nothing but git: bookworm, or the one that RELEASE names. Tells how long it
# takes from the clone on:
#   run      scripts/run.sh shows numbers
#   build    it is built and installed as docs/building.md says
#   tarball  the tarball that scripts/release.sh has left in dist/ is unpacked and shows numbers
#   package  the Debian package is built, installed and shows numbers
#   image    the images are built, and the demonstration that deploy/compose runs of them shows numbers; the base image is
#            made here instead of downloaded
#   tests    scripts/test.sh passes
#   all      scripts/test.sh all passes
# Each in a root file system of its own, made with mmdebstrap, with a clone of HEAD in a chroot. Without arguments: run,
# build, package and image. Needs root. Uses this machine's apt configuration, inside the chroot too.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- run build package image
for way in "$@"; do
  case $way in run | build | tarball | package | image | tests | all) ;; *)
    echo "What is \"$way\"? Known are run, build, tarball, package, image, tests and all." >&2
    exit 2
    ;;
  esac
done

[ "$(id -u)" -eq 0 ] || {
  echo "Run it as root: it makes a root file system and enters it." >&2
  exit 1
}
# shellcheck source=scripts/packages.sh
source scripts/packages.sh
ensure_packages mmdebstrap curl

# shellcheck source=scripts/roots.sh
source scripts/roots.sh

tree=
runner=
cleanup() {
  [ -z "$runner" ] || {
    # The whole process group, inside the chroot.
    kill -TERM -- "-$runner" 2>/dev/null || true
    wait "$runner" 2>/dev/null || true
    runner=
  }
  [ -z "$tree" ] || rm -rf --one-file-system "$tree"
  tree=
}
trap cleanup EXIT
trap 'exit 1' INT TERM

make_tree() {
  tree=$(mktemp -d)
  make_root "$tree" "${RELEASE:-bookworm}" "$(dpkg --print-architecture)" git
  git clone -q . "$tree/src"
}

in_chroot() { enter_root "$tree" "$@"; }

port=
numbers() {
  curl -sS --noproxy '*' "http://127.0.0.1:$port/metrics" 2>/dev/null | grep '^telnyx_active_calls{' || true
}

# Runs a command in the chroot until the exporter that it starts, listening on $port, shows numbers that change.
shows_numbers() {
  local first=
  SECONDS=0
  set -m
  in_chroot "$@" >"$tree/output.log" 2>&1 &
  runner=$!
  set +m
  until [ -n "$first" ]; do
    kill -0 "$runner" 2>/dev/null || {
      tail -n 40 "$tree/output.log" >&2
      echo "it ended before there were numbers" >&2
      exit 1
    }
    sleep 1
    first=$(numbers)
  done
  echo "first numbers after $SECONDS s:"
  echo "$first"
  until [ "$(numbers)" != "$first" ]; do sleep 1; done
  echo "and they are alive: they have changed since."
}

for way in "$@"; do
  make_tree
  port=$((20000 + RANDOM % 10000))
  echo "=== $way"
  case $way in
  run) shows_numbers env "TELNYX_EXPORTER_LISTEN=127.0.0.1:$port" /src/scripts/run.sh ;;
  build)
    # The first block of the page, without its marks.
    in_chroot bash -euc '
      cd /src
      bash -c ". scripts/packages.sh && ensure_packages \"\${build_packages[@]}\""
      sed -n "/^\`\`\`sh$/,/^\`\`\`$/p;/^\`\`\`$/q" docs/building.md | grep -v "^\`" >/block.sh
      cat /block.sh
      bash -eu /block.sh
      ~/.local/bin/telnyx_exporter --version'
    ;;
  tarball)
    cp dist/telnyx_exporter-*-linux-"$(dpkg --print-architecture)".tar.gz "$tree/tarball.tar.gz"
    # As the README.md in it says.
    shows_numbers bash -euc "
      mkdir /telnyx_exporter
      tar -xzf /tarball.tar.gz -C /telnyx_exporter --strip-components=1
      cd /telnyx_exporter
      mkdir simulated
      ./telnyx_simulator --web.listen-address=127.0.0.1:0 --exporter-config=simulated --scenario=share/scenarios/demo.yml &
      until [ -s simulated/telnyx_exporter.yml ]; do sleep 0.1; done
      exec ./telnyx_exporter --config.file=simulated/telnyx_exporter.yml --web.listen-address=127.0.0.1:$port"
    ;;
  package)
    # As docs/install.md says, with the packaged simulator for the API and a command line for systemd.
    shows_numbers env DEBIAN_FRONTEND=noninteractive bash -euc "
      cd /src
      apt-get update -q
      apt-get install -q -y dpkg-dev
      apt-get build-dep -q -y .
      dpkg-buildpackage --build=binary --no-sign
      apt-get install -q -y ../telnyx-exporter_*.deb
      mkdir /tmp/simulated
      telnyx_simulator --web.listen-address=127.0.0.1:0 --exporter-config=/tmp/simulated &
      until [ -s /tmp/simulated/telnyx_exporter.yml ]; do sleep 0.1; done
      exec telnyx_exporter --config.file=/tmp/simulated/telnyx_exporter.yml --web.listen-address=127.0.0.1:$port"
    ;;
  image)
    PYTHONPATH=tests/deploy python3 -c 'import sys, bare_debian; bare_debian.make_bare_debian(sys.argv[1], with_settings=True, release="trixie")' \
      "$tree/base.tar"
    sed "s|http://simulator:10036/v2|http://127.0.0.1:$((port + 1))/v2|" deploy/compose/demo.yml >"$tree/demo.yml"
    shows_numbers env DEBIAN_FRONTEND=noninteractive bash -euc "
      apt-get update -q
      apt-get install -q -y --no-install-recommends buildah podman runc
      export STORAGE_DRIVER=vfs
      podman import --quiet /base.tar docker.io/library/debian:trixie-slim
      cd /src
      for image in exporter simulator; do
        buildah bud --isolation=chroot --network=host --pull-never --format=docker --layers --target=\$image \
          --tag=localhost/\$image .
      done
      run() {
        podman --runtime=/usr/sbin/runc --cgroup-manager=cgroupfs run --rm --network=host --no-healthcheck --read-only \
          --cap-drop=ALL --ulimit=nofile=1024:1024 --ulimit=nproc=1024:1024 \"\$@\"
      }
      run localhost/simulator --scenario=/usr/share/telnyx_exporter/scenarios/demo.yml \
        --web.listen-address=127.0.0.1:$((port + 1)) &
      run --env=TELNYX_API_KEY=KEY_MAIN --volume=/demo.yml:/etc/telnyx_exporter/telnyx_exporter.yml:ro localhost/exporter \
        --config.file=/etc/telnyx_exporter/telnyx_exporter.yml --web.listen-address=127.0.0.1:$port"
    ;;
  tests)
    SECONDS=0
    in_chroot /src/scripts/test.sh
    echo "scripts/test.sh passed after $SECONDS s"
    ;;
  all)
    SECONDS=0
    in_chroot /src/scripts/test.sh all
    echo "scripts/test.sh all passed after $SECONDS s"
    ;;
  esac
  cleanup
done
