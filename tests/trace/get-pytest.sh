#!/usr/bin/env bash
# Brings a Python with pytest, for the test of the pytest plugin:
#
#   get-pytest.sh [DIR]     DIR/bin/python   (DIR: .pytest-python)
set -uo pipefail

dir=${1:-.pytest-python}
if "$dir/bin/python" -c 'import pytest' 2>/dev/null; then
  echo "get-pytest: it is there already"
  exit 0
fi
{ python3 -m venv "$dir" && "$dir/bin/python" -m pip install --quiet --disable-pip-version-check pytest; } ||
  { echo "get-pytest: pytest cannot be installed" >&2; exit 1; }
