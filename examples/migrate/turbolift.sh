#!/usr/bin/env bash
# turbolift clones and raises the pull requests; spawnsafe makes the changes and the report.
#
#   turbolift init --name spawnsafe-migrate      # then list the repositories in repos.txt
#   cd spawnsafe-migrate && /path/to/turbolift.sh
set -euo pipefail

turbolift clone

# turbolift keeps its clones in work/ORG/REPOSITORY, on the branch that it will push.
spawnsafe migrate run work --result worktree --out migration

echo "Read migration/report.html and edit README.md, the text of the pull requests. Then:"
echo "  turbolift commit --message 'Make worker processes safe for spawn and forkserver'"
echo "  turbolift create-prs"
