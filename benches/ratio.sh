#!/usr/bin/env bash
# How spawnsafe's time compares with ripgrep and ruff on the same tree.
#
#   benches/ratio.sh TREE [ROUNDS]
#
# The three programs run by turns, so that a busy machine slows all of them alike; for each round the ratio to
# each of the others is taken, and the median over all rounds is printed. This is no test: times depend on the machine.
#
#   rg    reads every Python file once: the floor          cargo install ripgrep
#   ruff  parses every Python file and runs some rules     pip install ruff
#
# Without one of them its column is left out. SPAWNSAFE names the binary to measure
# (target/dist/spawnsafe, which `cargo build --profile dist` makes: it is what wheels hold).
set -euo pipefail

tree=${1:?usage: benches/ratio.sh TREE [ROUNDS]}
rounds=${2:-15}
binary=${SPAWNSAFE:-target/dist/spawnsafe}
[ -x "$binary" ] || { echo "ratio.sh: $binary is missing; run cargo build --profile dist" >&2; exit 2; }

# Milliseconds that a command takes; its exit code says what was found, not whether it worked.
time_of() {
  local from to
  from=$(date +%s%N)
  "$@" >/dev/null 2>&1 || true
  to=$(date +%s%N)
  echo $(((to - from) / 1000))
}

ours=("$binary" check --no-cache --exit-zero --quiet "$tree")
names=()
rg_words=(rg --type py --count-matches 'ProcessPoolExecutor|multiprocessing' "$tree")
ruff_words=(ruff check --isolated --no-cache --quiet --exit-zero --select F,E9 "$tree")
command -v rg >/dev/null && names+=(rg)
command -v ruff >/dev/null && names+=(ruff)

# One round unmeasured, to warm the file cache.
time_of "${ours[@]}" >/dev/null
table=$(mktemp)
trap 'rm -f "$table"' EXIT
for ((round = 0; round < rounds; round++)); do
  mine=$(time_of "${ours[@]}")
  echo "spawnsafe $mine 1" >>"$table"
  for name in ${names[@]+"${names[@]}"}; do
    declare -n words="${name}_words"
    theirs=$(time_of "${words[@]}")
    awk -v name="$name" -v mine="$mine" -v theirs="$theirs" 'BEGIN { print name, theirs, mine / theirs }' >>"$table"
  done
done

printf '%-10s %12s %22s\n' program 'median ms' "spawnsafe's time / its"
for name in spawnsafe ${names[@]+"${names[@]}"}; do
  time=$(awk -v name="$name" '$1 == name { print $2 }' "$table" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] / 1000 }')
  ratio=$(awk -v name="$name" '$1 == name { print $3 }' "$table" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }')
  printf '%-10s %12.1f %22.2f\n' "$name" "$time" "$ratio"
done
