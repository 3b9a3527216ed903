#!/usr/bin/env python3
"""Test suites of public packages with and without the hook of `spawnsafe trace`: outcomes, and what the hook costs.

    suites.py --tool BINARY [--python PYTHON] [--out DIR] [--limit SECONDS] [SUITE]…

A suite is `pytest:words`, `unittest:words`, or `NAME==VERSION:words` for pytest in the unpacked source distribution, for
packages whose wheels hold no tests. The Python (CPython 3.9 or newer) needs what suites.txt lists:

    python3 -m venv .suites && .suites/bin/pip install -r tests/trace/suites.txt

Each suite is run twice. Of every test the outcome must be the same, and the CPU seconds of all processes are compared. Where
an outcome differs both runs are made again; a test that does not come out the same way then is told as unsteady. What the
hook saw is counted: dispatches, and failures by the rule that they belong to.
"""

import argparse
import collections
import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import tarfile
import tempfile

SUITES = [
    "unittest:test.test_concurrent_futures",
    "unittest:test.test_multiprocessing_fork",
    "unittest:test.test_multiprocessing_spawn",
    "unittest:multiprocess.tests.test_multiprocessing_fork",
    "unittest:test.test_logging",
    "pytest:--pyargs joblib -k not memory",
    "pytest:--pyargs dask.tests.test_multiprocessing dask.bag",
    "loky==3.7.0:tests/test_reusable_executor.py tests/test_process_executor_spawn.py",
    "pebble==5.2.3:test/test_process_pool_fork.py test/test_concurrent_process_fork.py",
    "tblib==3.2.2:tests -o addopts=",
]
BY_PYTEST = re.compile(r"^(\S+::\S.*?) (PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS)\b")
# A test with a docstring has its end one line below its name.
BY_UNITTEST = re.compile(r"^(test\w+ \(.*?\))")
ENDED = re.compile(r"\.\.\. .*?\b(ok|FAIL|ERROR|skipped|expected failure)\b")


def run(command, folder, limit):
    """Its text, exit code and the CPU seconds of it and all that it waited for; the code is None after the limit."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryFile("w+", errors="replace") as out:
        process = subprocess.Popen(
            command, cwd=folder, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True
        )
        try:
            code = process.wait(limit)
        except subprocess.TimeoutExpired:
            code = None
        # Whatever a suite leaves behind goes with it.
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
        out.seek(0)
        text = out.read()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return text, code, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def outcomes(text):
    """How each test ended, by its name."""
    found, name = {}, None
    for line in text.splitlines():
        if match := BY_PYTEST.match(line):
            found[match[1]] = match[2]
            continue
        if match := BY_UNITTEST.match(line):
            name = match[1]
        if name and (match := ENDED.search(line)):
            found[name], name = match[1], None
    return found


def command_of(python, suite, store):
    """The words that run a suite, and the folder to run them in."""
    kind, _, words = suite.partition(":")
    if kind == "unittest":
        return [python, "-m", "unittest", "-v", *words.split()], store
    folder = store
    if kind != "pytest":
        folder = store / kind.replace("==", "-")
        if not folder.is_dir():
            source = ["--no-deps", "--no-binary", ":all:", "--no-build-isolation", "--dest", str(store), kind]
            subprocess.run([python, "-m", "pip", "download", "--quiet", *source], check=True)
            with tarfile.open(next(store.glob(kind.replace("==", "-") + "*.tar.gz"))) as archive:
                archive.extractall(store)
    words, chosen, expression = words.partition(" -k ")
    tail = [*words.split(), *(["-k", expression] if chosen else [])]
    return [python, "-m", "pytest", "-v", "-p", "no:cacheprovider", *tail], folder


def differing(before, after):
    return {test: (before.get(test), after.get(test)) for test in before | after if before.get(test) != after.get(test)}


def counted(events):
    """What the hook saw, by kind and by rule."""
    seen = collections.Counter()
    for line in events.read_text().splitlines() if events.exists() else []:
        event = json.loads(line)
        seen[event["event"]] += 1
        seen.update(bad["rule"] for bad in event.get("bad", ()))
    return dict(seen)


def compared(tool, given, suite):
    """Runs one suite both ways and prints a line of it; gives whether the hook changed nothing."""
    name = re.sub(r"\W+", "-", suite).strip("-")
    words, folder = command_of(given.python, suite, given.out)
    events = given.out / f"{name}.jsonl"
    traced = [tool, "trace", "--output", str(events), "--", *words]
    texts, others, unsteady = [], {}, 0
    for attempt in range(2):
        plain, code, seconds = run(words, folder, given.limit)
        hooked, hooked_code, hooked_seconds = run(traced, folder, given.limit)
        texts += [plain, "\n=== traced ===\n", hooked]
        again = differing(outcomes(plain), outcomes(hooked))
        if attempt:
            unsteady = len(set(others) ^ set(again))
            others = {test: again[test] for test in again if others.get(test) == again[test]}
        else:
            others, measured = again, (len(outcomes(plain)), code, hooked_code, seconds, hooked_seconds)
        if not again and code == hooked_code:
            break
    (given.out / f"{name}.txt").write_text("".join(texts))
    tests, code, hooked_code, seconds, hooked_seconds = measured
    cost = 100 * (hooked_seconds / max(seconds, 0.01) - 1)
    numbers = f"{tests:5} tests  exit {code}/{hooked_code} {seconds:7.1f} s {cost:+6.1f} %"
    print(f"{suite[:60]:60} {numbers}  other outcomes {len(others)}, unsteady {unsteady}  {counted(events)}", flush=True)
    for test, (one, two) in sorted(others.items())[:10]:
        print(f"    {test}: {one}, with the hook {two}", flush=True)
    return not others and "the hook failed" not in "".join(texts)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suites", nargs="*", default=SUITES)
    parser.add_argument("--tool", required=True)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("trace-suites"))
    parser.add_argument("--limit", type=int, default=900, help="seconds that one run may take")
    given = parser.parse_args()
    given.out = given.out.resolve()
    given.out.mkdir(parents=True, exist_ok=True)
    given.python = os.path.abspath(given.python)
    tool = os.path.realpath(given.tool)
    well = [compared(tool, given, suite) for suite in given.suites]
    sys.exit(0 if all(well) else 1)


if __name__ == "__main__":
    main()
