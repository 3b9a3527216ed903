"""For tests and the prompt: whether an object can be sent to a process, and if not, what is in its way."""

import multiprocessing.connection  # its reducers tell what may travel

try:
    import multiprocessing.synchronize
except ImportError:
    # A platform without semaphores has no locks that could travel.
    pass

from .hook import pickling, reasons

__all__ = ["Unpicklable", "find_unpicklable", "is_picklable", "assert_picklable"]


class Unpicklable:
    """One part of an object that cannot be pickled."""

    def __init__(self, bad, slot, root):
        #: A Python expression that leads to the part.
        self.path = bad.path or root
        #: The part itself.
        self.obj = bad.obj
        #: The exception that pickling it raised.
        self.error = bad.error
        #: The rule that is about it, why it cannot cross, and what to do.
        self.rule, self.reason, self.advice = reasons.judge(bad.obj, bad.error, slot)
        #: Parts of a local function or lambda that stay in the way after it was moved to module level.
        self.captures = []

    @property
    def page(self):
        """The command that prints the rule's page."""
        return "spawnsafe explain %s" % self.rule

    def __str__(self):
        lines = ["%s: %s" % (self.path, self.reason), "    what to do: %s (%s)" % (self.advice, self.page)]
        for each in self.captures:
            lines.append("    then also %s" % each)
        return "\n".join(lines)

    def __repr__(self):
        return "<Unpicklable %s: %s>" % (self.path, pickling.shown(self.obj))


def find_unpicklable(obj, name="obj", start="task", limit=None):
    """All parts of `obj` that cannot be pickled, as a list of `Unpicklable`; empty if it can be.

    `name` is the expression that `obj` stands for in the paths. `start` is "task" for what a pool,
    an executor or a queue is given, or "process" for the target and arguments of a `Process` and for
    initializers, where the locks and queues of multiprocessing may travel, too. `limit` bounds the
    bytes that are tried: more of them raise `TooLarge`.
    """
    found, _ = pickling.check(obj, name, start, limit)
    return [explained(bad, obj, name, start, 0) for bad in found]


def explained(bad, obj, name, start, depth):
    slot = "callable" if callable(obj) and not isinstance(obj, type) else "args"
    out = Unpicklable(bad, slot, name)
    if depth < 3:
        for _, step, value in reasons.captures(bad.obj):
            path = "%s.%s" % (out.path, step)
            inner, _ = pickling.check(value, path, start)
            out.captures.extend(explained(each, value, path, start, depth + 1) for each in inner if each.obj is not bad.obj)
    return out


def is_picklable(obj, start="task"):
    """Whether `obj` can be sent. What unpickling would do is not tried: see the documentation."""
    return not pickling.check(obj, "obj", start)[0]


def assert_picklable(obj, name="obj", start="task"):
    """Raises AssertionError with one entry for each part of `obj` that cannot be sent."""
    __tracebackhide__ = True
    found = find_unpicklable(obj, name, start)
    if found:
        head = "%s cannot be sent to a process" % name
        raise AssertionError("\n".join([head, *("  " + str(each).replace("\n", "\n  ") for each in found)]))
