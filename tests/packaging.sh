#!/usr/bin/env bash
# Installs the package as its users do: pip, python -m, cargo install, and both pre-commit hooks.
# Run by hand before a release: it needs the package index and builds the program several times
# (about 6 minutes on two cores, without optimisation; the target folder can be given as $1).
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CARGO_TARGET_DIR=${1:-$work/target} PRE_COMMIT_HOME=$work/pre-commit
export CARGO_PROFILE_RELEASE_OPT_LEVEL=0
export CARGO_PROFILE_DIST_OPT_LEVEL=0 CARGO_PROFILE_DIST_LTO=off CARGO_PROFILE_DIST_CODEGEN_UNITS=16
unset GITHUB_ACTIONS PYTHONPATH

fail() { echo "FAILED: $*" >&2; exit 1; }
same() { [ "$1" = "$2" ] || fail "$3: '$1' is not '$2'"; }
version="spawnsafe $(sed -n 's/^version = "\(.*\)"/\1/p' "$top/Cargo.toml" | head -1)"

echo "== pip install . and python -m"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check "$top" maturin pre-commit
cd "$work"
same "$("$work/venv/bin/spawnsafe" --version)" "$version" "the program"
same "$("$work/venv/bin/python" -m spawnsafe --version)" "$version" "python -m spawnsafe"
same "spawnsafe $("$work/venv/bin/python" -c 'from importlib.metadata import version; print(version("spawnsafe"))')" "$version" "the metadata"
printf 'from concurrent.futures import ProcessPoolExecutor\nProcessPoolExecutor().submit(lambda: 1)\n' > "$work/x.py"
code=0; "$work/venv/bin/python" -m spawnsafe check --isolated x.py > /dev/null || code=$?
same "$code" 1 "the exit code through python -m"

echo "== a wheel from the source distribution, in a folder of its own"
(cd "$top" && "$work/venv/bin/maturin" sdist --out "$work/sdist" 2> "$work/log") || fail "the source distribution: $(cat "$work/log")"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --target "$work/target-folder" "$work"/sdist/*.tar.gz
same "$(PYTHONPATH=$work/target-folder python3 -m spawnsafe --version)" "$version" "pip install --target"

echo "== cargo install"
cargo install --quiet --locked --path "$top" --root "$work/cargo"
same "$("$work/cargo/bin/spawnsafe" --version)" "$version" "cargo install"

echo "== pre-commit, in so many files that they come in parts"
mkdir "$work/project" && cd "$work/project" && git init -q
folder="a folder/with a long name so that the files do not fit into one command line of the system"
mkdir -p "$folder"
for number in $(seq 1500); do printf 'x = %d\n' "$number" > "$folder/module_$number.py"; done
for number in 1 700 1400; do cp "$work/x.py" "$folder/module_$number.py"; done
git add -A
run() { "$work/venv/bin/pre-commit" try-repo "$top" "$@" > "$work/log" 2>&1; }
code=0; run spawnsafe --all-files --verbose || code=$?
same "$code" 1 "the check hook"
same "$(grep -c '^error\[SP' "$work/log" || true)" "$(grep -o 'Found [0-9]* finding' "$work/log" | awk '{ sum += $2 } END { print sum }')" "the sum of the parts"
[ "$(grep -c '^Found \|^No findings' "$work/log")" -gt 1 ] || fail "the files came in one part"
code=0; run spawnsafe-fix --all-files || code=$?
same "$code" 1 "the fix hook, which changed files"
grep -q 'files were modified by this hook' "$work/log" || fail "the fix hook changed nothing"
git add -A
run spawnsafe-fix --all-files || fail "the fix hook changes files a second time: $(tail -20 "$work/log")"
echo "all well: $version"
