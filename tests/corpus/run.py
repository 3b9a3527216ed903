#!/usr/bin/env python3
"""Checks and repairs copies of real code, and looks for what must never happen.

    run.py --tool BINARY [TREE]…         these folders; without any, the standard libraries found and packages.txt
        --out DIR                        what was seen, one file for each tree (default: corpus-run); a second call goes on
        --minutes N                      stop before a new tree when so much time is over
        --compare DIR                    findings that are not those of an earlier run, one by one
        --against BINARY                 the same comparison with what another program (the last release) finds in the same copies
        --limit SECONDS                  CPU seconds of one command; a tree that meets them is given up (default: 1200)
        --threads N                      "many" threads (default: 4)

A tree is copied (its Python files only), and then:

    crash      the program ends by itself with 0 or 1, and no error of a file is a fault of its own
    json       reports are JSON, and their summaries agree with their lists
    threads    `check` and `fix --diff` print the same with one thread and with many
    compiles   no file that compiled before `fix --write --unsafe-fixes` fails to compile after it
    again      a second run changes nothing, and prints nothing
    outside    files without a fix keep every byte; where one pass did it all, the reported edits and nothing else were
               made; byte order mark, newlines, encoding and the missing last newline stay
    names      every global name that a changed file reads is bound, or was unbound before (symtable)
    applies    `git apply` makes of the original what `--write` made
    time       no command meets the limit

The tables and the comparison are printed at the end; the exit code is 1 if anything of this failed. Needs CPython 3.9 or
newer and git. What compiles is what this Python compiles: take the newest there is.
"""

import argparse
import collections
import glob
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile

from judging import faults_of_file

HERE = pathlib.Path(__file__).resolve().parent
SUFFIXES = (".py", ".pyi", ".pyw")
# What spawnsafe says of a panic of its own.
OWN_FAULT = "please report it"
COLOURLESS = {"NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1"}


class TooLong(Exception):
    """A command met the limit."""


def command(tool, limit, folder, *words):
    """What a run printed, its exit code, CPU seconds and peak in MB."""

    def limited():
        # Processor time, so that a busy machine gives nothing up that an idle one does.
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))

    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(
            [tool, *words],
            cwd=folder,
            stdout=out,
            stderr=err,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **COLOURLESS},
            preexec_fn=limited,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
            raise TooLong(" ".join(words))
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read())
    return {
        "code": process.returncode,
        "out": texts[0],
        "err": texts[1],
        "seconds": usage.ru_utime + usage.ru_stime,
        "megabytes": usage.ru_maxrss // 1024,
    }


def copied(tree, to):
    """Copies the Python files of a tree; gives their number."""
    count = 0
    for folder, names, files in os.walk(tree):
        names[:] = sorted(name for name in names if name not in ("__pycache__", "site-packages", ".git"))
        for name in files:
            source = os.path.join(folder, name)
            if not name.endswith(SUFFIXES) or not os.path.isfile(source) or os.path.islink(source):
                continue
            target = os.path.join(to, os.path.relpath(source, tree))
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copyfile(source, target)
            count += 1
    return count


def contents(folder):
    """All files below a folder, by their relative path."""
    found = {}
    for place, names, files in os.walk(folder):
        names[:] = [name for name in names if name != ".git"]
        for name in files:
            path = os.path.join(place, name)
            with open(path, "rb") as stream:
                found[os.path.relpath(path, folder)] = stream.read()
    return found


def crashed(run):
    """Whether a run ended otherwise than by 0 or 1, or told of a fault of its own."""
    own_fault = OWN_FAULT.encode() in run["err"] or b"panicked at" in run["err"]
    return run["code"] not in (0, 1) or own_fault


def as_json(run, faults):
    try:
        report = json.loads(run["out"])
        counted = report["summary"]["findings"], len(report["findings"])
        if counted[0] != counted[1]:
            faults.append(["json", "", f"the summary says {counted[0]}, the list has {counted[1]}"])
        return report
    except (ValueError, KeyError, TypeError) as error:
        faults.append(["json", "", f"{type(error).__name__}: {error}"])
        return {"findings": [], "errors": [], "summary": {}}


def applied(folder, patch):
    """What `git apply` says to a patch in a folder."""
    if not patch:
        return ""
    env = {**os.environ, "GIT_CEILING_DIRECTORIES": os.path.dirname(folder), "GIT_CONFIG_GLOBAL": "/dev/null"}
    words = ["git", "-c", "core.autocrlf=false", "apply", "--whitespace=nowarn", "-"]
    run = subprocess.run(words, cwd=folder, input=patch, capture_output=True, env=env)
    return "" if run.returncode == 0 else run.stderr.decode(errors="replace")[:500]


def runs_of(given, original, written):
    """What the commands did, by what each is for."""

    def run(folder, *words):
        return command(given.tool, given.limit, folder, *words)

    check = ["--isolated", "--no-cache", "--output-format", "json", "."]
    diff = ["--isolated", "--diff", "--unsafe-fixes", "."]
    many = str(given.threads)
    return {
        "check": run(original, "check", "--threads", "1", *check),
        "check, many threads": run(original, "check", "--threads", many, *check),
        "fix": run(original, "fix", "--threads", many, *diff),
        "fix, one thread": run(original, "fix", "--threads", "1", *diff),
        "write": run(written, "fix", "--write", "--unsafe-fixes", "--isolated", "."),
        "again": run(written, "fix", "--exit-code", *diff),
    }


def faults_of_runs(runs, report):
    """What is wrong with the runs, whatever became of the files."""
    faults = []
    for what, run in runs.items():
        if crashed(run):
            faults.append(["crash", what, f"exit {run['code']}: {run['err'].decode(errors='replace')[-500:]}"])
    for error in report["errors"]:
        if OWN_FAULT in error["message"]:
            faults.append(["crash", error["path"], error["message"]])
    for what, other in (("check", "check, many threads"), ("fix", "fix, one thread")):
        if runs[what]["out"] != runs[other]["out"]:
            faults.append(["threads", what, "not the same with one thread and with many"])
    if runs["again"]["out"] or runs["again"]["code"] != 0:
        faults.append(["again", "", runs["again"]["out"].decode(errors="replace")[:1000]])
    return faults


def reported_edits(report):
    """The edits of all fixes, by the file that they change."""
    edits = collections.defaultdict(set)
    for finding in report["findings"]:
        for edit in finding["fix"].get("edits", ()):
            place = tuple(edit[key] for key in ("line", "column", "end_line", "end_column"))
            edits[os.path.normpath(edit["path"])].add((place, edit["content"]))
    return edits


def looked_at(given, name, tree):
    """Everything that was seen of one tree."""
    row = {"tree": name, "files": 0, "faults": [], "findings": [], "errors": 0, "changed": 0, "exact": 0}
    row.update({"seconds": 0.0, "megabytes": 0, "fix seconds": 0.0})
    faults = row["faults"]
    with tempfile.TemporaryDirectory(prefix="corpus-") as place:
        place = os.path.realpath(place)
        original, written = os.path.join(place, "original"), os.path.join(place, "written")
        os.makedirs(original)
        row["files"] = copied(tree, original)
        shutil.copytree(original, written)
        before = contents(original)
        try:
            runs = runs_of(given, original, written)
        except TooLong as error:
            faults.append(["time", "", f"given up after {given.limit} CPU seconds: {error}"])
            return row
        report = as_json(runs["check"], faults)
        faults.extend(faults_of_runs(runs, report))
        after = contents(written)
        edits = reported_edits(report)
        changed = [path for path in sorted(before) if before[path] != after.get(path)]
        if set(before) != set(after):
            faults.append(["outside", "", f"files came or went: {sorted(set(before) ^ set(after))[:5]}"])
        for path in changed:
            found, was_exact = faults_of_file(path, before[path], after.get(path, b""), edits.get(path, ()))
            faults.extend(found)
            row["exact"] += was_exact
        trouble = applied(original, runs["fix"]["out"])
        if trouble:
            faults.append(["applies", "", trouble])
        elif contents(original) != after:
            faults.append(["applies", "", "the patch makes another text than --write"])
    row["findings"] = [slim(finding) for finding in report["findings"]]
    row["errors"], row["changed"] = len(report["errors"]), len(changed)
    row["seconds"], row["megabytes"] = round(runs["check"]["seconds"], 2), runs["check"]["megabytes"]
    row["fix seconds"] = round(runs["fix"]["seconds"], 2)
    return row


def found_by(tool, limit, tree):
    """What another program finds in a copy of the tree; nothing if it fails or takes too long."""
    with tempfile.TemporaryDirectory(prefix="corpus-") as place:
        copied(tree, place)
        try:
            run = command(tool, limit, place, "check", "--isolated", "--output-format", "json", ".")
            return [slim(finding) for finding in json.loads(run["out"])["findings"]]
        except (TooLong, ValueError, KeyError) as error:
            print(f"the other program failed: {error}", file=sys.stderr)
            return []


def slim(finding):
    fix = finding["fix"]
    return {
        "code": finding["code"],
        "path": finding["path"],
        "line": finding["line"],
        "column": finding["column"],
        "fingerprint": finding["fingerprint"],
        "fix": fix["applicability"],
        "reason": fix.get("reason"),
    }


def standard_libraries():
    """The libraries of all Pythons that pyenv or the system has, with their packages as trees of their own."""
    patterns = ("~/.pyenv/versions/*/lib/python3*", "/usr/lib/python3.*", "/usr/local/lib/python3*")
    for pattern in patterns:
        for folder in sorted(glob.glob(os.path.expanduser(pattern))):
            if os.path.isfile(os.path.join(folder, "os.py")):
                parts = pathlib.Path(folder).parts
                name = f"{parts[-3]}-{parts[-1]}" if "versions" in parts else parts[-1]
                yield name, folder
                for below in ("site-packages", "dist-packages"):
                    if os.path.isdir(os.path.join(folder, below)):
                        yield f"{name}-{below}", os.path.join(folder, below)


def packages(store):
    """Brings the pinned packages and unpacks their Python files; what cannot be had is told and left out."""
    lines = (HERE / "packages.txt").read_text().splitlines()
    for line in filter(None, (line.split("#")[0].strip() for line in lines)):
        folder = store / line.replace("==", "-")
        if not folder.is_dir():
            with tempfile.TemporaryDirectory() as place:
                words = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]
                words += ["--python-version", "3.12", "--platform", "any", "--platform", "manylinux_2_28_x86_64"]
                words += ["--platform", "manylinux_2_27_x86_64", "--platform", "manylinux_2_24_x86_64"]
                words += ["--platform", "manylinux2014_x86_64", "--dest", place, line]
                run = subprocess.run([sys.executable, "-I", "-m", "pip", "download", *words], capture_output=True, text=True)
                wheels = glob.glob(os.path.join(place, "*.whl"))
                if not wheels:
                    print(f"left out: {line}: {run.stderr.strip()[-200:]}", file=sys.stderr)
                    continue
                with zipfile.ZipFile(wheels[0]) as archive:
                    archive.extractall(folder, [name for name in archive.namelist() if name.endswith(SUFFIXES)])
        yield folder.name, str(folder)


def printed(rows):
    """The tables; gives whether nothing failed."""
    print(f"{'tree':36} {'files':>6} {'found':>6} {'changed':>7} {'exact':>5} {'errors':>6} {'check s':>8} {'fix s':>8} {'MB':>5} faults")
    for row in rows:
        numbers = f"{row['files']:6} {len(row['findings']):6} {row['changed']:7} {row['exact']:5} {row['errors']:6}"
        costs = f"{row['seconds']:8.1f} {row['fix seconds']:8.1f} {row['megabytes']:5}"
        print(f"{row['tree'][:36]:36} {numbers} {costs} {len(row['faults'])}")
    sums = [sum(row[key] for row in rows) for key in ("files", "changed", "exact", "errors", "seconds", "fix seconds")]
    findings = [finding for row in rows for finding in row["findings"]]
    numbers = f"{sums[0]:6} {len(findings):6} {sums[1]:7} {sums[2]:5} {sums[3]:6} {sums[4]:8.1f} {sums[5]:8.1f}"
    print(f"{len(rows):3} {'trees':32} {numbers}\n")
    print("findings by rule:", dict(sorted(collections.Counter(one["code"] for one in findings).items())))
    print("fixes:", dict(collections.Counter(one["fix"] for one in findings).most_common()))
    print("reasons for refusals:", dict(collections.Counter(one["reason"] for one in findings if one["reason"]).most_common(12)))
    print("\nworst offenders, CPU seconds for each 1,000 files:")
    dear = [row for row in rows if row["files"] >= 20]
    for row in sorted(dear, key=lambda row: -row["seconds"] / row["files"])[:8]:
        print(f"  {row['tree']:36} {1000 * row['seconds'] / row['files']:8.1f} s {row['megabytes']:5} MB")
    print("most findings for each 1,000 files:")
    for row in sorted(dear, key=lambda row: -len(row["findings"]) / row["files"])[:8]:
        print(f"  {row['tree']:36} {1000 * len(row['findings']) / row['files']:8.1f}")
    kinds = collections.Counter(fault[0] for row in rows for fault in row["faults"])
    print("\nfaults:", dict(kinds) or "none")
    for row in rows:
        for kind, path, text in row["faults"][:20]:
            print(f"  {row['tree']}: {kind}: {path}: {text}")
    return not kinds


def compared(rows, folder):
    """Prints which findings came and which went since an earlier run, by their fingerprints."""
    came = went = 0
    for row in rows:
        earlier = folder / f"{row['tree']}.json"
        if not earlier.is_file():
            print(f"not in the earlier run: {row['tree']}")
            continue
        old = collections.Counter(keyed(one) for one in json.loads(earlier.read_text())["findings"])
        new = collections.Counter(keyed(one) for one in row["findings"])
        for mark, some in (("+", new - old), ("-", old - new)):
            for (code, path, line, column, _, fix), _ in sorted(some.items()):
                print(f"{mark} {row['tree']}: {path}:{line}:{column} {code} [{fix}]")
        came += sum((new - old).values())
        went += sum((old - new).values())
    print(f"compared with {folder}: {came} came, {went} went")


def keyed(one):
    fix = one["reason"] or one["fix"]
    return one["code"], one["path"], one["line"], one["column"], one["fingerprint"], fix


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trees", nargs="*")
    parser.add_argument("--tool", required=True)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("corpus-run"))
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--compare", type=pathlib.Path)
    parser.add_argument("--against")
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--limit", type=int, default=1200)
    given = parser.parse_args()
    given.tool = os.path.realpath(given.tool)
    other = given.out / "against"
    other.mkdir(parents=True, exist_ok=True)
    trees = ((os.path.basename(os.path.normpath(tree)), tree) for tree in given.trees)
    if not given.trees:
        store = given.out / "packages"
        trees = (one for some in (standard_libraries(), packages(store)) for one in some)
    started, rows, complete = time.monotonic(), [], True
    for name, tree in trees:
        file = given.out / f"{name}.json"
        if given.against and not (other / file.name).is_file():
            found = found_by(os.path.realpath(given.against), given.limit, tree)
            (other / file.name).write_text(json.dumps({"findings": found}, indent=1))
        if file.is_file():
            rows.append(json.loads(file.read_text()))
            continue
        if given.minutes and time.monotonic() - started > 60 * given.minutes:
            print(f"stopped before {name}: the same command goes on there", file=sys.stderr)
            complete = False
            break
        row = looked_at(given, name, tree)
        print(f"{name}: {row['files']} files, {len(row['findings'])} findings, {len(row['faults'])} faults", file=sys.stderr)
        file.write_text(json.dumps(row, indent=1))
        rows.append(row)
    well = printed(rows)
    for earlier in filter(None, (given.compare, other if given.against else None)):
        compared(rows, earlier)
    sys.exit(0 if well and complete else 1)


if __name__ == "__main__":
    main()
