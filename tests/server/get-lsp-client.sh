#!/usr/bin/env bash
# Brings the editor of the language server's tests: pytest-lsp, a client that is not ours.
#
#   get-lsp-client.sh [DIR]     DIR/bin/python with pytest-lsp   (DIR: .lsp-client)
#
# Exits 1 if it could not be had; the tests then say that they were skipped.
set -uo pipefail

dir=${1:-.lsp-client}

if "$dir/bin/python" -c 'import pytest_lsp' 2>/dev/null; then
  echo "get-lsp-client: pytest-lsp is there already"
  exit 0
fi
{ python3 -m venv "$dir" &&
  "$dir/bin/python" -m pip install --quiet --disable-pip-version-check 'pytest-lsp>=1.0,<2'; } ||
  { echo "get-lsp-client: pytest-lsp cannot be installed" >&2; exit 1; }
