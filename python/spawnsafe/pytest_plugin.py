"""pytest --spawnsafe: runs tests under spawn and forkserver, and tells what did not cross.

Every test (or each that is marked ``@pytest.mark.spawnsafe``) runs once for each start method, as if
that were Python's default. A test that fails then says what could not be pickled or was not found.
"""

import contextlib
import json
import multiprocessing
import multiprocessing.context
import os
import shutil
import tempfile

import pytest

METHODS = ("spawn", "forkserver")


def pytest_addoption(parser):
    group = parser.getgroup("spawnsafe")
    group.addoption("--spawnsafe", action="store_true", help="run every test under spawn and under forkserver")
    group.addoption(
        "--spawnsafe-methods",
        metavar="METHODS",
        default=",".join(METHODS),
        help="start methods of --spawnsafe and of the marker (default: spawn,forkserver)",
    )


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "spawnsafe(*methods): run the test under these start methods (default: spawn and forkserver)"
    )
    methods = wanted(config)
    unknown = [method for method in methods if method not in ("fork", "spawn", "forkserver")]
    if unknown:
        raise pytest.UsageError("--spawnsafe-methods: no start method is called %s" % ", ".join(unknown))
    config._spawnsafe = Session()


def pytest_unconfigure(config):
    session = getattr(config, "_spawnsafe", None)
    if session is not None:
        session.end()


def wanted(config):
    return tuple(part for part in config.getoption("--spawnsafe-methods").replace(" ", "").split(",") if part)


def methods_of(item):
    """The start methods to run a test under; none leaves it alone."""
    marker = item.get_closest_marker("spawnsafe")
    if marker is None and not item.config.getoption("--spawnsafe"):
        return ()
    methods = marker.args if marker is not None and marker.args else wanted(item.config)
    known = multiprocessing.get_all_start_methods()
    return tuple(method for method in methods if method in known)


class Session:
    """The hook in this process and its children, from the first test that asks for it."""

    def __init__(self):
        self.folder = None
        self.before = {}
        #: What did not cross in tests that passed all the same.
        self.quiet = []

    def begin(self):
        if self.folder is not None:
            return
        from .hook import importing

        self.folder = tempfile.mkdtemp(prefix="spawnsafe-pytest-")
        site = os.path.join(os.path.dirname(os.path.abspath(importing.__file__)), "site")
        paths = [site] + [part for part in [os.environ.get("PYTHONPATH")] if part]
        changes = {
            "SPAWNSAFE_TRACE": self.path,
            "SPAWNSAFE_TRACE_AS": "fork",
            "PYTHONPATH": os.pathsep.join(paths),
        }
        for name, value in changes.items():
            self.before[name] = os.environ.get(name)
            os.environ[name] = value
        # A run of `spawnsafe trace` has its hook already, and its events are its own.
        if self.before["SPAWNSAFE_TRACE"] is None:
            importing.install()

    def end(self):
        if self.folder is None:
            return
        for name, value in self.before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder = None

    @property
    def path(self):
        return os.path.join(self.folder, "trace.jsonl")

    def size(self):
        try:
            return os.path.getsize(self.path)
        except OSError:
            return 0

    def since(self, start):
        """What did not cross since the trace had `start` bytes, as lines."""
        try:
            with open(self.path, "rb") as trace:
                trace.seek(start)
                events = [json.loads(line) for line in trace.read().splitlines()]
        except (OSError, ValueError):
            return []
        lines = []
        for event in events:
            lines += told(event)
        return list(dict.fromkeys(lines))


def told(event):
    at = event.get("at")
    place = "%s:%d: " % (at["file"], at["line"]) if at else ""
    if event["event"] == "failure":
        for bad in event["bad"]:
            yield "%s%s: %s: %s; %s (spawnsafe explain %s)" % (
                place, event["api"], bad["path"], bad["reason"], bad["advice"], bad["rule"])
        if not event["bad"]:
            yield "%s%s: %s" % (place, event["api"], event["error"])
    elif event["event"] in ("child", "load"):
        rule = " (spawnsafe explain %s)" % event["rule"] if event.get("rule") else ""
        yield "%s%s%s" % (place, event["error"], rule)


@contextlib.contextmanager
def as_default(method):
    """Makes `method` the default for code that asks for none."""
    contexts = multiprocessing.context
    default = contexts._default_context
    before = default._default_context, default._actual_context
    default._default_context, default._actual_context = contexts._concrete_contexts[method], None
    try:
        yield
    finally:
        default._default_context, default._actual_context = before


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item, nextitem):
    methods = methods_of(item)
    if not methods:
        return None
    from _pytest.runner import runtestprotocol

    session = item.config._spawnsafe
    session.begin()
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for at, method in enumerate(methods):
        # The test's own fixtures are made anew for each run, those of its module and class stay.
        following = nextitem if at == len(methods) - 1 else item.parent
        start = session.size()
        from .hook import record

        record.state.seen.clear()
        item._spawnsafe_method = method
        with as_default(method):
            reports = runtestprotocol(item, nextitem=following, log=False)
        lines = session.since(start)
        failed = any(report.failed for report in reports)
        for report in reports:
            report.nodeid = "%s <%s>" % (report.nodeid, method)
            if lines and report.failed:
                report.sections.append(("spawnsafe: what did not cross under %s" % method, "\n".join(lines)))
            item.ihook.pytest_runtest_logreport(report=report)
        if lines and not failed:
            session.quiet.append((reports[0].nodeid, lines))
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def pytest_terminal_summary(terminalreporter, config):
    quiet = getattr(config, "_spawnsafe", None) and config._spawnsafe.quiet
    if not quiet:
        return
    terminalreporter.section("spawnsafe: what did not cross in tests that passed")
    for nodeid, lines in quiet:
        terminalreporter.write_line(nodeid)
        for line in lines:
            terminalreporter.write_line("    " + line)


class Checker:
    """What the fixture gives: the questions of `spawnsafe`, and the start method of this run."""

    def __init__(self, method):
        #: The start method that this run has as its default, or None outside of `--spawnsafe`.
        self.method = method

    def find_unpicklable(self, obj, name="obj", start="task"):
        from .picklable import find_unpicklable

        return find_unpicklable(obj, name, start)

    def assert_picklable(self, obj, name="obj", start="task"):
        __tracebackhide__ = True
        from .picklable import assert_picklable

        assert_picklable(obj, name, start)


@pytest.fixture
def spawnsafe(request):
    """Asks whether objects can be sent to processes."""
    return Checker(getattr(request.node, "_spawnsafe_method", None))
