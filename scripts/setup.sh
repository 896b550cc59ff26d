#!/bin/sh
# Makes sure Debian packages are installed: setup.sh PACKAGE...
# As root, or where sudo needs no password, it installs what is missing; otherwise it prints the command and fails.
set -eu

if ! command -v dpkg-query >/dev/null; then
    echo "setup: this is not a Debian system; make sure you have the equivalents of: $*" >&2
    exit 0
fi

installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p' || true)
missing=$(for package in "$@"; do
    echo "$installed" | grep -qxF "$package" || echo "$package"
done | paste -sd' ' -)
[ -n "$missing" ] || exit 0

install="apt-get install -y --no-install-recommends $missing"
if [ "$(id -u)" = 0 ]; then
    as_root=env
elif sudo -n true 2>/dev/null; then
    as_root="sudo -n env"
else
    echo "setup: packages are missing; install them with: sudo sh -c 'apt-get update && $install'" >&2
    exit 1
fi
echo "setup: installing $missing"
$as_root DEBIAN_FRONTEND=noninteractive apt-get update -q
$as_root DEBIAN_FRONTEND=noninteractive $install
