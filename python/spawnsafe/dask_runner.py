"""Runs a migration on a Dask cluster: one task a repository.

    python -m spawnsafe.dask_runner --scheduler tcp://HOST:8786 --out DIR [repositories and options]

Repositories and options are those of ``spawnsafe migrate plan``. Each task runs ``spawnsafe migrate
run`` for one repository on a worker, and its result comes back to the output folder of the client, so
that no shared file system is needed (URLs) or only for reading (directories). A task whose worker dies
is given to another one; a repository that kills every worker it meets becomes a line of the report.
Started again with the same output folder, it goes on where it was.

Needs ``pip install 'spawnsafe[dask]'`` here and on the workers.
"""

import argparse
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile

# Options that decide how a run is carried out. All others belong to the plan.
RUNNING = ("--git-timeout", "--retries", "--threads")


def program_of(given):
    """The spawnsafe program of this machine."""
    if given:
        return given
    from spawnsafe.__main__ import find

    return find()


def run_one(plan, program, options, give_up=None):
    """Does a plan (its text) of one repository and returns its output folder as a tar archive.

    Runs on a worker.
    """
    with tempfile.TemporaryDirectory(prefix="spawnsafe-dask-") as folder:
        file = os.path.join(folder, "plan.json")
        out = os.path.join(folder, "out")
        with open(file, "w", encoding="utf-8") as stream:
            stream.write(plan)
        command = [program_of(program), "migrate", "run", "--plan", file, "--out", out]
        command += ["--jobs", "1", "--shard", "1/1", "--quiet", *options]
        if give_up is not None:
            command += ["--give-up", give_up]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        if done.returncode != 0:
            words = done.stderr.decode("utf-8", "replace").strip()
            raise RuntimeError("spawnsafe ended with exit code %s: %s" % (done.returncode, words))
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w:gz") as tar:
            tar.add(out, arcname=".")
        return archive.getvalue()


def unpack(archive, target):
    """Puts a task's result in its place, whole or not at all."""
    parts = os.path.dirname(target)
    os.makedirs(parts, exist_ok=True)
    part = tempfile.mkdtemp(prefix=".part-", dir=parts)
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            if hasattr(tarfile, "data_filter"):
                # Links inside a kept clone may lead anywhere; the tar filter keeps files inside.
                tar.extractall(part, filter="tar")
            else:
                tar.extractall(part)
        # Temporary folders are private; results are for everyone whom the output folder lets in.
        os.chmod(part, 0o755)
        os.replace(part, target)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def is_done(part, name):
    """Whether the journal of a part says that its repository is done."""
    try:
        with open(os.path.join(part, "journal.jsonl"), encoding="utf-8") as stream:
            events = [json.loads(line) for line in stream if line.endswith("\n")]
    except (OSError, ValueError):
        return False
    return any(event.get("event") == "end" and event["outcome"]["id"] == name for event in events)


def say(words):
    print(words, file=sys.stderr, flush=True)


def plan_of(program, out, arguments):
    """Makes the plan, or takes the one that is there, and returns its text."""
    if arguments:
        command = [program, "migrate", "plan", "--out", out, "--quiet", *arguments]
        code = subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode
        if code != 0:
            raise SystemExit(code)
    try:
        with open(os.path.join(out, "plan.json"), encoding="utf-8") as stream:
            return stream.read()
    except OSError as error:
        raise SystemExit("error: no repositories are named, and there is no plan to go on with: %s" % error) from error


def migrate(client, plan, out, program=None, options=(), retries=3):
    """Does every repository of the plan that is not done yet; returns how many had to be given up."""
    from distributed import as_completed

    parts = os.path.join(out, "parts")
    plan = json.loads(plan)
    # Each task gets a plan of its own, so that no task depends on data that a dead worker held.
    plans = {one["id"]: json.dumps(dict(plan, repositories=[one])) for one in plan["repositories"]}
    todo = [name for name in plans if not is_done(os.path.join(parts, name), name)]
    for name in os.listdir(parts) if os.path.isdir(parts) else ():
        # What a client left that was killed while it unpacked.
        if name.startswith(".part-") or name in todo:
            shutil.rmtree(os.path.join(parts, name), ignore_errors=True)
    if len(todo) < len(plans):
        say("%d of %d repositories are done already" % (len(plans) - len(todo), len(plans)))
    futures = {
        client.submit(run_one, plans[name], program, list(options), retries=retries, pure=False): name for name in todo
    }
    given_up = 0
    done = len(plans) - len(todo)
    for future in as_completed(list(futures)):
        name = futures[future]
        words = "done"
        try:
            archive = future.result()
        except Exception as error:  # Whatever a worker met costs this repository and no other.
            given_up += 1
            words = "given up: %s: %s" % (type(error).__name__, " ".join(str(error).split()))
            archive = run_one(plans[name], program, options, give_up="the cluster could not do it: " + type(error).__name__)
        unpack(archive, os.path.join(parts, name))
        future.release()
        done += 1
        say("[%d/%d] %s: %s" % (done, len(plans), name, words))
    return given_up


def arguments_of(argv):
    parser = argparse.ArgumentParser(
        prog="python -m spawnsafe.dask_runner",
        description="Runs `spawnsafe migrate` on a Dask cluster, one task a repository.",
        epilog="All other arguments are those of `spawnsafe migrate plan`: repositories, --from, --result, --verify, ...",
    )
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--scheduler", metavar="ADDRESS", help="address of a running scheduler, such as tcp://host:8786")
    where.add_argument("--scheduler-file", metavar="FILE", help="file that a running scheduler has written")
    where.add_argument("--local", metavar="N", type=int, help="start a cluster of N worker processes on this machine")
    parser.add_argument("--out", "-o", metavar="DIR", default="spawnsafe-migration", help="output folder [%(default)s]")
    parser.add_argument("--program", metavar="FILE", help="the spawnsafe program on the workers [the installed one]")
    parser.add_argument("--task-retries", metavar="N", type=int, default=3, help="tries after a task failed [%(default)s]")
    parser.add_argument("--no-timings", action="store_true", help="leave the seconds out of the summary")
    for name in RUNNING:
        parser.add_argument(name, metavar="N", help="as in `spawnsafe migrate run`")
    return parser.parse_known_args(argv)


def main(argv=None):
    own, planned = arguments_of(argv)
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        sys.exit("error: Dask is not installed; pip install 'spawnsafe[dask]'")
    program = program_of(own.program)
    out = os.path.abspath(own.out)
    plan = plan_of(program, out, planned)
    options = []
    for name in RUNNING:
        value = getattr(own, name.lstrip("-").replace("-", "_"))
        options += [name, value] if value is not None else []
    cluster = LocalCluster(n_workers=own.local, threads_per_worker=1) if own.local else None
    try:
        with Client(cluster or own.scheduler, scheduler_file=own.scheduler_file) as client:
            given_up = migrate(client, plan, out, own.program, options, own.task_retries)
    except KeyboardInterrupt:
        say("interrupted: the same command goes on")
        return 130
    finally:
        if cluster is not None:
            cluster.close()
    if given_up:
        say("%d repositories had to be given up; remove their folders from %s to try them again" % (given_up, os.path.join(out, "parts")))
    report = [program, "migrate", "report", os.path.join(out, "parts"), "--out", out]
    return subprocess.run(report + (["--no-timings"] if own.no_timings else []), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
