#!/usr/bin/env bash
# Proves what the README says on a Debian that has nothing but git: bookworm, or the one that RELEASE names. Tells how long it
# takes from the clone on:
#   run      scripts/run.sh shows numbers
#   package  the Debian package is built, installed and shows numbers
#   image    the images are built, and the demonstration that deploy/compose runs of them shows numbers; the base image is
#            made here instead of downloaded
#   tests    scripts/test.sh passes
#   all      scripts/test.sh all passes
# Each in a root file system of its own, made with mmdebstrap, with a clone of HEAD in a chroot. Without arguments: all
# but the tests. Needs root. Uses this machine's apt configuration, inside the chroot too.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- run package image
for way in "$@"; do
  case $way in run | package | image | tests | all) ;; *)
    echo "What is \"$way\"? Known are run, package, image, tests and all." >&2
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

tree=
runner=
copied_sources=
cleanup() {
  [ -z "$runner" ] || {
    # The whole process group, inside the chroot.
    kill -TERM -- "-$runner" 2>/dev/null || true
    wait "$runner" 2>/dev/null || true
    runner=
  }
  [ -n "$tree" ] || return 0
  for mounted in dev/pts dev proc sys; do
    if mountpoint -q "$tree/$mounted"; then umount -l "$tree/$mounted"; fi
  done
  if mountpoint -q "$tree"; then umount -l "$tree"; fi
  rm -rf --one-file-system "$tree"
  tree=
}
trap 'cleanup; rm -rf "$copied_sources"' EXIT
trap 'exit 1' INT TERM

release=${RELEASE:-bookworm}
this_release=$(. /etc/os-release && echo "$VERSION_CODENAME")
copied_sources=$(mktemp -d)
sources=()
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
  [ -s "$file" ] || continue
  sources+=("$copied_sources/$(basename "$file")")
  sed "s/$this_release/$release/g" "$file" >"${sources[-1]}"
done

make_tree() {
  tree=$(mktemp -d)
  mmdebstrap --quiet --variant=minbase --include=git,ca-certificates "$release" "$tree" "${sources[@]}"
  cp -a /etc/apt/apt.conf.d/. "$tree/etc/apt/apt.conf.d/"
  [ ! -e /etc/apt/auth.conf.d ] || cp -a /etc/apt/auth.conf.d/. "$tree/etc/apt/auth.conf.d/"
  cp -a /usr/local/share/ca-certificates/. "$tree/usr/local/share/ca-certificates/" 2>/dev/null || true
  cp -L /etc/ssl/certs/ca-certificates.crt "$tree/etc/ssl/certs/ca-certificates.crt"
  cp -L /etc/resolv.conf /etc/hosts "$tree/etc/"
  # A mount of its own, without which the tests could run no container in there.
  mount --bind "$tree" "$tree"
  mount --make-private "$tree"
  mount -t proc proc "$tree/proc"
  mount --rbind --make-rslave /dev "$tree/dev"
  mount --rbind --make-rslave /sys "$tree/sys"
  git clone -q . "$tree/src"
}

in_chroot() {
  env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
    "${proxy_settings[@]}" chroot "$tree" "$@"
}
# What this machine needs to reach its package sources.
mapfile -t proxy_settings < <(env | grep -iE '^(https?_proxy|no_proxy|npm_config_[a-z_]*)=' || true)

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
    PYTHONPATH=tests/deploy python3 -c 'import sys, bare_debian; bare_debian.make_bare_debian(sys.argv[1], with_settings=True, release="bookworm")' \
      "$tree/base.tar"
    sed "s|http://simulator:10036/v2|http://127.0.0.1:$((port + 1))/v2|" deploy/compose/demo.yml >"$tree/demo.yml"
    shows_numbers env DEBIAN_FRONTEND=noninteractive bash -euc "
      apt-get update -q
      apt-get install -q -y --no-install-recommends buildah podman runc
      export STORAGE_DRIVER=vfs
      podman import --quiet /base.tar docker.io/library/debian:bookworm-slim
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
