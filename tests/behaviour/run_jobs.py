"""Runs programs that may hang, fork and respawn, and says how each of them ended.

Standard input: {"parallel": 2, "jobs": [{"id", "python", "tree", "argv", "env", "limit", "expect"}, …]};
`tree` is copied, the program runs in the copy; `expect` is null or a regular expression of the output
of a failure. Standard output: a line of JSON for each job, as soon as it is done:
{"id", "ended", "code", "stdout", "stderr", "fits", "seconds"}; `fits` says whether the output matches
`expect`. `ended` is one of

    exit       it ended by itself; `code` is its exit code
    limit      still running after `limit` seconds
    stuck      still running some time after it printed what `expect` matches
    respawn    its workers died and were started again, over and over

Whatever way it ended, its whole process group is gone afterwards. Needs Python 3.8.
"""

import concurrent.futures
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

# Dying workers print a traceback each; no fixture prints that many for another reason.
RESPAWN_TRACEBACKS = 10
# How long a program may take to end after the failure was seen.
GRACE_SECONDS = 2.0
# Start-up of an interpreter takes some tens of milliseconds, so there is no point in looking oftener.
POLL_SECONDS = 0.05


def read_all(file):
    file.seek(0)
    return file.read().decode("utf-8", "replace").replace("\r\n", "\n")


def peek(file):
    """What was written to `file` so far, its position left alone (the program shares it)."""
    number = file.fileno()
    return os.pread(number, os.fstat(number).st_size, 0).decode("utf-8", "replace")


def watch(process, job, out, err):
    """Waits for the end of `process`, or for a reason to end it; returns which."""
    started = time.monotonic()
    failed_at = None
    expect = re.compile(job["expect"]) if job["expect"] else None
    while True:
        try:
            process.wait(POLL_SECONDS)
            return "exit"
        except subprocess.TimeoutExpired:
            now = time.monotonic()
        if now - started > job["limit"]:
            return "limit"
        said = peek(err)
        if said.count("Traceback (most recent call last)") >= RESPAWN_TRACEBACKS:
            return "respawn"
        if expect and failed_at is None and expect.search(said + peek(out)):
            failed_at = now
        if failed_at is not None and now - failed_at > GRACE_SECONDS:
            return "stuck"


def end_group(process):
    """Ends what is left of the program: workers, fork servers, resource trackers."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    process.wait()


def run(job):
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="job-") as folder, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        tree = os.path.join(folder, "tree")
        shutil.copytree(job["tree"], tree, symlinks=True)
        env = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "HARNESS_"))}
        env.update(job["env"])
        env.update(PYTHONUNBUFFERED="1", PYTHONUTF8="1", PYTHONDONTWRITEBYTECODE="1", PYTHONHASHSEED="0", TMPDIR=folder)
        process = subprocess.Popen(
            [job["python"], *job["argv"]], cwd=tree, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True
        )
        try:
            ended = watch(process, job, out, err)
        finally:
            end_group(process)
        stdout, stderr = read_all(out), read_all(err)
        return {
            "id": job["id"],
            "ended": ended,
            "code": process.returncode,
            "stdout": stdout,
            "stderr": stderr,
            "fits": bool(job["expect"] and re.search(job["expect"], stderr + stdout)),
            "seconds": round(time.monotonic() - started, 2),
        }


def main():
    order = json.load(sys.stdin)
    lock = threading.Lock()

    def run_and_tell(job):
        line = json.dumps(run(job))
        with lock:
            print(line, flush=True)

    with concurrent.futures.ThreadPoolExecutor(order["parallel"]) as threads:
        for future in [threads.submit(run_and_tell, job) for job in order["jobs"]]:
            future.result()


main()
