#!/usr/bin/env bash
# Brings what two of the migration's tests need:
#
#   get-browser-and-dask.sh [DIR]     Chromium from the system's packages, DIR/bin/python with Dask   (DIR: .dask)
#
# Chromium is installed only where this runs as root and apt-get is there. Exits 1 if one of the two
# could not be had; the tests then say that they were skipped.
set -uo pipefail

dir=${1:-.dask}
status=0

if command -v chromium chromium-browser google-chrome >/dev/null; then
  echo "get-browser-and-dask: a browser is there already"
elif [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium) >/dev/null 2>&1 ||
    { echo "get-browser-and-dask: Chromium cannot be installed" >&2; status=1; }
else
  echo "get-browser-and-dask: no browser, and no right to install one" >&2
  status=1
fi

if "$dir/bin/python" -c 'import dask, distributed' 2>/dev/null; then
  echo "get-browser-and-dask: Dask is there already"
else
  { python3 -m venv "$dir" && "$dir/bin/python" -m pip install --quiet --disable-pip-version-check distributed; } ||
    { echo "get-browser-and-dask: Dask cannot be installed" >&2; status=1; }
fi
exit $status
