#!/usr/bin/env bash
# Proves scripts/run.sh, and with --with-tests also scripts/test.sh, on a Debian 12 that has nothing but git:
# makes such a root file system with mmdebstrap, clones HEAD into it and runs the script there in a chroot.
# Needs root and Debian's mmdebstrap. Uses this machine's apt configuration, inside the chroot too.
set -euo pipefail
cd "$(dirname "$0")/.."
with_tests=false
[ "${1-}" != --with-tests ] || with_tests=true

[ "$(id -u)" -eq 0 ] || {
  echo "Run it as root: it makes a root file system and enters it." >&2
  exit 1
}
# shellcheck source=scripts/packages.sh
source scripts/packages.sh
ensure_packages mmdebstrap curl

root=$(mktemp -d)
runner=
cleanup() {
  trap - EXIT INT TERM
  [ -z "$runner" ] || {
    # The run script's whole process group, inside the chroot.
    kill -TERM -- "-$runner" 2>/dev/null || true
    wait "$runner" 2>/dev/null || true
  }
  for mounted in dev/pts dev proc sys; do
    mountpoint -q "$root/$mounted" && umount -l "$root/$mounted"
  done
  if mountpoint -q "$root"; then umount -l "$root"; fi
  rm -rf --one-file-system "$root"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

SECONDS=0
sources=()
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
  [ ! -s "$file" ] || sources+=("$file")
done
mmdebstrap --quiet --variant=minbase --include=git,ca-certificates bookworm "$root" "${sources[@]}"
cp -a /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/"
[ ! -e /etc/apt/auth.conf.d ] || cp -a /etc/apt/auth.conf.d/. "$root/etc/apt/auth.conf.d/"
cp -a /usr/local/share/ca-certificates/. "$root/usr/local/share/ca-certificates/" 2>/dev/null || true
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
# A mount of its own, without which the tests could run no container in there.
mount --bind "$root" "$root"
mount --make-private "$root"
mount -t proc proc "$root/proc"
mount --rbind --make-rslave /dev "$root/dev"
mount --rbind --make-rslave /sys "$root/sys"
git clone -q . "$root/src"
echo "bare Debian 12 made in ${SECONDS} s"

in_chroot() {
  env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
    "${proxy_settings[@]}" chroot "$root" "$@"
}
# What this machine needs to reach its package sources.
mapfile -t proxy_settings < <(env | grep -iE '^(https?_proxy|no_proxy|npm_config_[a-z_]*)=' || true)

SECONDS=0
port=$((20000 + RANDOM % 10000))
set -m
in_chroot env "TELNYX_EXPORTER_LISTEN=127.0.0.1:$port" /src/scripts/run.sh >"$root/run.log" 2>&1 &
runner=$!
set +m
numbers() {
  curl -sS --noproxy '*' "http://127.0.0.1:$port/metrics" 2>/dev/null | grep '^telnyx_active_calls{' || true
}
first=
until [ -n "$first" ]; do
  kill -0 "$runner" 2>/dev/null || {
    tail -n 40 "$root/run.log" >&2
    echo "scripts/run.sh ended before there were numbers" >&2
    exit 1
  }
  sleep 1
  first=$(numbers)
done
echo "scripts/run.sh showed its first numbers after ${SECONDS} s:"
echo "$first"
until [ "$(numbers)" != "$first" ]; do sleep 1; done
echo "and they are alive: they have changed since."
kill -TERM -- "-$runner" 2>/dev/null || true
wait "$runner" 2>/dev/null || true
runner=

if $with_tests; then
  SECONDS=0
  in_chroot /src/scripts/test.sh
  echo "scripts/test.sh passed after ${SECONDS} s"
fi
