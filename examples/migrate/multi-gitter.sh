#!/usr/bin/env bash
# The program that multi-gitter runs in each of its clones. It leaves the change in the work tree;
# a non-zero exit code makes the repository a failed one, and a clean tree means nothing to do.
#
#   multi-gitter run "$PWD/multi-gitter.sh" --config multi-gitter.yaml
set -euo pipefail

spawnsafe fix --write --quiet .

# The project's own check, if it has one that is meant to run here.
if [ -x ./ci/check ] && ! git diff --quiet; then
  ./ci/check >&2
fi
