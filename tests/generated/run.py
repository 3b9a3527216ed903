"""Generates programs, repairs them, and compares what they print before and after.

    run.py --tool target/debug/spawnsafe [--seed 1] [--count 300] [--python PYTHON]… [--keep DIR] [--only STEM…]

Counts are printed as JSON: repaired, clean, refused (by reason), impossible (refused, and rightly so, since no rewrite would print
the same), dropped (promised by `check`, and not done), wrong (the
result prints something else than the original meant, or does not run), missed (it fails, and nothing was found), false
(nothing fails, and something was found). Programs that are wrong, dropped, missed or false are shrunk and printed.
"""

import argparse
import collections
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

import programs
import rare_scenes
import scenes

HERE = pathlib.Path(__file__).resolve().parent
FAULTS = ("wrong", "dropped", "missed", "false", "unsettled")


def chosen_by(seed, index, kind, names):
    """The choices of one program: every other one is composed, the rest are scenes, of those names if there are any."""
    if not names and (kind == "composed" or (kind == "all" and index % 2 == 0)):
        return programs.choose(seed, index)
    return scenes.choose(random.Random(f"{seed}/{index}"), names)


def files_of(chosen, stem):
    return (scenes if "scene" in chosen else programs).program(chosen, stem)


def rightly_refused(chosen, reason):
    """Whether no rewrite would print the same."""
    if "scene" in chosen:
        return scenes.never(chosen)
    return (programs.impossible(chosen) or ("",))[0] == reason


def write(root, stem, files):
    folder = root / stem
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_bytes(text.encode())


def staged(python, kind, root, stems):
    """What the programs print, by stem."""
    found = {}
    waiting = list(stems)
    while waiting:
        command = [python, str(HERE / "stage.py"), kind, str(root), *waiting]
        try:
            run = subprocess.run(command, capture_output=True, text=True, timeout=60 + 5 * len(waiting))
            output, trouble = run.stdout, run.stderr
        except subprocess.TimeoutExpired as error:
            output, trouble = (error.stdout or b"").decode(), "took too long"
        for line in output.splitlines():
            if line.startswith("{"):
                row = json.loads(line)
                found[row["stem"]] = row
        left = [stem for stem in waiting if stem not in found]
        if left == waiting or left:
            # The interpreter ended with the first that is missing.
            if left:
                found[left[0]] = {"printed": "", "ended": f"interpreter ended: {trouble[-200:]}"}
                left = left[1:]
        waiting = left
    return found


def checked(tool, root):
    """The findings, by stem."""
    run = subprocess.run([tool, "check", "--output-format", "json", str(root)], capture_output=True, text=True)
    report = json.loads(run.stdout)
    by_stem = collections.defaultdict(list)
    for finding in report["findings"]:
        by_stem[pathlib.Path(finding["path"]).parent.name].append(finding)
    return by_stem


def judge(tool, pythons, cases):
    """The verdict on each program: `cases` are choices by stem."""
    with tempfile.TemporaryDirectory() as place:
        before, after = pathlib.Path(place) / "before", pathlib.Path(place) / "after"
        for stem, chosen in cases.items():
            write(before, stem, files_of(chosen, stem))
        shutil.copytree(before, after)
        found = checked(tool, before)
        subprocess.run([tool, "fix", "--write", str(after)], capture_output=True, text=True)
        left = checked(tool, after)
        again = subprocess.run([tool, "fix", "--diff", str(after)], capture_output=True, text=True).stdout
        meant = staged(pythons[0], "value", before, cases)
        as_it_is = staged(pythons[0], "reference", before, cases)
        repaired = [staged(python, "reference", after, cases) for python in pythons]
        verdicts = {}
        for stem in cases:
            changed = any(
                (before / stem / name).read_bytes() != (after / stem / name).read_bytes()
                for name in os.listdir(before / stem)
            )
            verdicts[stem] = verdict(
                found.get(stem, []), left.get(stem, []), changed, meant[stem], as_it_is[stem],
                [run[stem] for run in repaired], f"/{stem}/" in again,
            )
        return verdicts


def same(one, other):
    return one["printed"] == other["printed"] and one["ended"] == other["ended"]


def verdict(found, left, changed, meant, as_it_is, repaired, again):
    """One word, and what there is to say about it."""
    if meant["ended"] != "well":
        return "unusable", meant["ended"]
    works = same(meant, as_it_is)
    reasons = [finding["fix"].get("reason") or finding["fix"]["applicability"] for finding in left]
    promised = sum(finding["fix"]["applicability"] == "safe" for finding in found)
    if again:
        return "unsettled", "a second run changes it again"
    if any(finding["fix"]["applicability"] == "safe" for finding in left):
        return "dropped", f"{len(left)} left"
    if promised and len(left) > len(found) - promised:
        return "dropped", f"{promised} promised, {len(found)} found, {len(left)} left"
    if changed:
        for run in repaired:
            if same(meant, run):
                continue
            if left and run["ended"] != "well" and loud(run):
                return "refused", reasons[0]
            return "wrong", f"meant {meant}, got {run}"
        return "repaired", ""
    if works:
        return ("false", found[0]["message"]) if found and not changed else ("clean", "")
    if not found:
        return "missed", f"meant {meant}, got {as_it_is}"
    return "refused", reasons[0] if reasons else "none"


def loud(run):
    """Whether a program fails as it failed before: what is sent cannot be pickled."""
    return "pickle" in run["ended"] or "get local object" in run["ended"]


def shrunk(tool, pythons, chosen, word):
    """The plainest choices with the same verdict."""
    for name, values in (scenes.dimensions(chosen) if "scene" in chosen else programs.DIMENSIONS).items():
        if chosen[name] == values[0]:
            continue
        plainer = {**chosen, name: values[0]}
        if judge(tool, pythons, {"shrunk": plainer})["shrunk"][0] == word:
            chosen = plainer
    return chosen


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tool", required=True)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--python", action="append")
    parser.add_argument("--no-shrink", action="store_true")
    parser.add_argument("--kind", choices=["all", "composed", "scenes", "rare"], default="all")
    parser.add_argument("--scene", action="append", help="only scenes of this name")
    parser.add_argument("--explain", action="store_true", help="what is refused or cannot be run is printed, too")
    parser.add_argument("--show", type=int, default=20, help="so many faults are shrunk and printed")
    args = parser.parse_args()
    pythons = args.python or [sys.executable]
    names = sorted(rare_scenes.NAMES) if args.kind == "rare" else args.scene
    tool = str(pathlib.Path(args.tool).resolve())
    counts, reasons, faults = collections.Counter(), collections.Counter(), []
    for first in range(args.first, args.first + args.count, args.batch):
        last = min(first + args.batch, args.first + args.count)
        cases = {f"p{index:06}": chosen_by(args.seed, index, args.kind, names) for index in range(first, last)}
        for stem, (word, why) in judge(tool, pythons, cases).items():
            if word == "refused" and rightly_refused(cases[stem], why):
                word = "impossible"
            counts[word] += 1
            if args.explain and word in ("refused", "unusable", "impossible"):
                print(f"{word}: {stem}: {why}: {cases[stem]}")
            if word == "refused":
                reasons[why] += 1
            if word in FAULTS:
                faults.append((stem, cases[stem], word, why))
    seen = set()
    for stem, chosen, word, why in faults:
        if len(seen) >= args.show:
            break
        small = chosen if args.no_shrink else shrunk(tool, pythons, chosen, word)
        key = (word, *small.values())
        if key in seen:
            continue
        seen.add(key)
        print(f"== {word}: {stem}: {why}")
        for name, text in files_of(small, "shrunk").items():
            print(f"-- {name}\n{text}")
    print(json.dumps({"seed": args.seed, "programs": args.count, **counts, "reasons": dict(reasons.most_common())}))
    return 1 if any(counts[word] for word in FAULTS) else 0


if __name__ == "__main__":
    sys.exit(main())
