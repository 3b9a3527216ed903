#!/usr/bin/env bash
# Brings CPython 3.14 and 3.15 from Debian's newest suite into a folder of their own:
#
#   get-python-next.sh [DIR]     DIR/bin/python3.14 and DIR/bin/python3.15   (DIR: .python-next)
#
# 3.14 is where forkserver became the default start method on Linux. The system is not touched and
# nothing needs root: the packages and all they depend on are unpacked into DIR/root, and bin/ holds
# small scripts that start the interpreter with the loader and the libraries it was built for.
# Needs apt-get, dpkg-deb and a Debian source in the system's apt configuration; exits 1 with the
# reason if that cannot be had.
set -euo pipefail

versions=(3.14 3.15)
dir=${1:-.python-next}
fail() { echo "get-python-next: $*" >&2; exit 1; }

works() { "$dir/bin/python$1" -c 'import ctypes, multiprocessing, ssl' 2>/dev/null; }

mkdir -p "$dir"/{bin,root,apt/lists/partial,apt/cache/archives/partial}
dir=$(cd "$dir" && pwd)
if works 3.14; then
  echo "get-python-next: $("$dir/bin/python3.14" -V) is there already"
  exit 0
fi
for tool in apt-get apt-cache dpkg-deb; do
  command -v "$tool" >/dev/null || fail "$tool is missing: Python 3.14 is taken from Debian's packages"
done

# The mirror that this system uses: the first Debian archive of its configuration.
mirror=$(sed -nE 's/^(URIs:|deb )[^#]*(https?:\/\/[^ ]+).*/\2/p' /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list /etc/apt/sources.list 2>/dev/null |
  grep -vE 'security|snapshot|backports' | grep -m 1 debian || true)
[ -n "$mirror" ] || fail "the apt configuration names no Debian archive"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -r "$keyring" ] || fail "$keyring is missing (package debian-archive-keyring)"
echo "deb [signed-by=$keyring] $mirror sid main" >"$dir/apt/sources.list"

# An apt of its own: other lists, other cache, no packages installed.
apt_options=(-qq -o "Dir::Etc::sourcelist=$dir/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::preferencesparts=/dev/null
  -o "Dir::State::lists=$dir/apt/lists" -o Dir::State::status=/dev/null -o "Dir::Cache=$dir/apt/cache"
  -o Acquire::Check-Valid-Until=false -o Acquire::Languages=none -o APT::Sandbox::User=)
apt-get "${apt_options[@]}" update || fail "the package lists of Debian sid cannot be had"

# Everything the interpreters need, by the packages' own word; virtual packages are shown in <>.
wanted=()
for version in "${versions[@]}"; do
  wanted+=("python$version")
done
mapfile -t packages < <(apt-cache "${apt_options[@]}" depends --recurse --no-recommends --no-suggests --no-conflicts \
  --no-breaks --no-replaces --no-enhances "${wanted[@]}" 2>/dev/null | grep -E '^[a-z0-9]' | sort -u |
  grep -vE '^(debconf|cdebconf|dpkg|perl|perl-base|tar|media-types|tzdata|netbase|gcc-.*-base)$' || true)
[ "${#packages[@]}" -gt 0 ] || fail "Debian sid has no ${wanted[*]}"
(cd "$dir/apt/cache" && for package in "${packages[@]}"; do
  apt-get "${apt_options[@]}" download "$package" || echo "get-python-next: $package was not had" >&2
done)
for package in "$dir"/apt/cache/*.deb; do
  dpkg-deb --extract "$package" "$dir/root"
done
rm -rf "$dir/apt"

loader=$(find "$dir/root" -name 'ld-linux*.so.*' | head -n 1)
[ -n "$loader" ] || fail "the C library's loader is not among the packages"
libraries=$(find "$dir/root" -name '*.so.*' -path '*/lib/*' -printf '%h\n' | sort -u | paste -sd :)
# The interpreter finds its modules beside bin/, as lib/python3.14.
ln -sfn root/usr/lib "$dir/lib"
for version in "${versions[@]}"; do
  [ -x "$dir/root/usr/bin/python$version" ] || continue
  cat >"$dir/bin/python$version" <<START
#!/bin/sh
# Written by get-python-next.sh. --argv0 makes this script sys.executable, so that children start the same way.
exec "$loader" --library-path "$libraries" --argv0 "$dir/bin/python$version" "$dir/root/usr/bin/python$version" "\$@"
START
  chmod +x "$dir/bin/python$version"
  works "$version" || fail "python$version does not start: $("$dir/bin/python$version" -c 'import ctypes, multiprocessing, ssl' 2>&1 | tail -n 1)"
  "$dir/bin/python$version" -c 'import sys, multiprocessing as m; print("get-python-next: Python", sys.version.split()[0], "with", m.get_start_method(), "as default")'
done
