"""What cannot be pickled, and where in an object it is.

The standard library's pickler, writing to nowhere, says whether an object can cross. Only if it
cannot, the object is walked a second time by the pickler that is written in Python, which knows
where it is. Each object's own reduction (``__reduce_ex__``, ``__getstate__``) is made once and used
by both, so a user's code runs once however much is asked.
"""

import copyreg
import functools
import pickle
import sys
import types

#: What a task of a pool or executor goes through: pickled under every start method.
TASK = "task"
#: What travels with a Process: pickled under spawn and forkserver, where primitives may travel.
PROCESS = "process"

#: More bad parts than this are not looked for.
MOST = 16

#: The types whose objects have no parts, so that walking them finds nothing.
ATOMS = frozenset((type(None), bool, int, float, complex, str, bytes, bytearray))

#: The types that picklers take apart themselves.
CONTAINERS = frozenset((tuple, list, dict, set, frozenset))

#: The reducers of multiprocessing that only name what they take apart. All others open file
#: descriptors, threads or shared memory, which a trial must not do.
PLAIN_REDUCERS = ("_reduce_method", "_reduce_method_descriptor", "_reduce_partial")


class TooLarge(Exception):
    """The object has more bytes than the trial may take."""


class Sink:
    """A file that keeps nothing, and takes no more than it may."""

    def __init__(self, limit):
        self.left = limit

    def write(self, data):
        if self.left is not None:
            self.left -= memoryview(data).nbytes
            if self.left < 0:
                raise TooLarge("more than the trial may take")


class Bad:
    """One part that cannot cross."""

    def __init__(self, path, obj, error):
        #: A Python expression that leads to it, or None if it is not known.
        self.path = path
        #: The part itself.
        self.obj = obj
        #: The exception that pickling it raised.
        self.error = error


class Reductions:
    """The reductions of the objects of one trial, each made once."""

    def __init__(self, transport):
        self.transport = transport
        self.made = {}
        #: Functions and classes that travel by their names.
        self.named = {}
        reduction = sys.modules.get("multiprocessing.reduction")
        self.extra = reduction.ForkingPickler._extra_reducers if reduction else {}
        synchronize = sys.modules.get("multiprocessing.synchronize")
        self.primitive = synchronize.SemLock if synchronize else ()

    def of(self, obj):
        kind = type(obj)
        if kind in ATOMS or kind in CONTAINERS:
            # The fast pickler asks only for other objects, the slow one for all.
            return NotImplemented
        if kind is types.FunctionType or issubclass(kind, type):
            self.named[id(obj)] = obj
            return NotImplemented
        have = self.made.get(id(obj))
        if have is None:
            # A failure is kept like a result: asked again, it is not made again.
            try:
                have = (obj, self.make(obj, kind), None)
            except Exception as error:
                have = (obj, None, error)
            self.made[id(obj)] = have
        if have[2] is not None:
            raise have[2]
        return self.fresh(have[1])

    def make(self, obj, kind):
        if self.primitive and isinstance(obj, self.primitive) and self.transport == PROCESS:
            # Pickling one that a fork context made is refused, but under spawn it would be another's.
            return int, ()
        reducer = self.extra.get(kind)
        if reducer is not None:
            if getattr(reducer, "__name__", "") not in PLAIN_REDUCERS:
                return int, ()
        else:
            reducer = copyreg.dispatch_table.get(kind)
        value = reducer(obj) if reducer is not None else obj.__reduce_ex__(pickle.DEFAULT_PROTOCOL)
        if type(value) is tuple and len(value) > 3:
            # Items come from iterators, which can be read once: keep what they give.
            items = tuple(None if part is None else list(part) for part in value[3:5])
            value = value[:3] + items + value[5:]
        return value

    @staticmethod
    def fresh(value):
        if type(value) is not tuple or len(value) <= 3:
            return value
        items = tuple(None if part is None else iter(part) for part in value[3:5])
        return value[:3] + items + value[5:]


class Trial(pickle.Pickler):
    """The fast pickler, writing to nowhere."""

    def __init__(self, reductions, limit):
        super().__init__(Sink(limit), pickle.DEFAULT_PROTOCOL)
        self.reducer_override = reductions.of


class Walk(pickle._Pickler):
    """The slow pickler, which knows where it is and goes on after what it cannot do."""

    # Libraries such as dill put handlers of their own into the table of the class: those of pickle count.
    dispatch = {
        kind: handler
        for kind, handler in pickle._Pickler.dispatch.items()
        if getattr(handler, "__module__", None) == "pickle"
    }
    dispatch[types.FunctionType] = pickle._Pickler.save_global
    dispatch[type] = pickle._Pickler.save_type

    def __init__(self, reductions, root):
        super().__init__(Sink(None), pickle.DEFAULT_PROTOCOL)
        self.reductions = reductions
        self.reducer_override = reductions.of
        self.root = root
        self.stack = []
        self.found = {}

    def save(self, obj, save_persistent_id=True):
        if type(obj) in ATOMS or len(self.found) >= MOST:
            return
        self.stack.append(obj)
        try:
            super().save(obj, save_persistent_id)
        except RecursionError:
            raise
        except Exception as error:
            if id(obj) not in self.found:
                path = expression(self.root, self.stack, self.reductions)
                self.found[id(obj)] = Bad(path, obj, error)
        finally:
            self.stack.pop()


def check(obj, root="obj", transport=TASK, limit=None):
    """The bad parts of `obj`, and the functions and classes that travel by name.

    `root` is the expression that `obj` stands for. With `limit`, TooLarge is raised if pickling gives
    more bytes than that.
    """
    reductions = Reductions(transport)
    with spawning(transport):
        try:
            Trial(reductions, limit).dump(obj)
            return [], list(reductions.named.values())
        except TooLarge:
            raise
        except Exception as failed:
            error = failed
        walk = Walk(reductions, root)
        try:
            walk.save(obj)
        except RecursionError:
            pass
    found = list(walk.found.values())
    if not found:
        found = [Bad(None, obj, error)]
    return found, list(reductions.named.values())


class spawning:
    """Makes multiprocessing believe that a process is being started, so that primitives travel."""

    def __init__(self, transport):
        self.context = sys.modules.get("multiprocessing.context") if transport == PROCESS else None

    def __enter__(self):
        if self.context is not None:
            self.before = self.context.get_spawning_popen()
            self.context.set_spawning_popen(self)

    def __exit__(self, *_):
        if self.context is not None:
            self.context.set_spawning_popen(self.before)

    @staticmethod
    def duplicate_for_child(fd):
        return fd

    #: What multiprocessing makes of a file descriptor that a child inherits.
    DupFd = int


# From the stack of a walk to an expression.

#: Attributes in which objects that have no `__dict__` keep what their reductions hand over.
KNOWN = ("__self__", "__func__", "func", "args", "keywords", "default_factory", "__wrapped__", "fget", "fset")


def expression(root, stack, reductions):
    """The Python expression that leads from `root` along `stack` to its last object."""
    text = root
    at = 0
    while at < len(stack) - 1:
        text, steps = step(text, stack, at, reductions)
        at += steps
    return text


def step(text, stack, at, reductions):
    """`text` as it goes on from the object at `at`, and how many objects that takes."""
    owner, child = stack[at], stack[at + 1]
    kind = type(owner)
    if kind in (list, tuple):
        return "%s[%d]" % (text, position(owner, child)), 1
    if kind is dict:
        return entry(text, owner, child), 1
    if kind in (set, frozenset):
        return "list(%s)[%d]" % (text, position(owner, child)), 1
    if child is kind:
        return text + ".__class__", 1
    made = reductions.made.get(id(owner))
    value = made[1] if made is not None and type(made[1]) is tuple else ()
    after = stack[at + 2] if at + 2 < len(stack) else None
    name = attribute(owner, child)
    if name is not None:
        return "%s.%s" % (text, name), 1
    if len(value) > 2 and child is value[2]:
        return state(text, stack, at, child, after)
    if len(value) > 1 and after is not None and is_same_tuple(child, value[1]):
        if isinstance(owner, tuple) and any(item is after for item in owner):
            return "%s[%d]" % (text, position(owner, after)), 2
        name = attribute(owner, after)
        if name is not None:
            return "%s.%s" % (text, name), 2
        return "%s.__reduce_ex__(4)[1][%d]" % (text, position(value[1], after)), 2
    for items in value[3:4]:
        if items and any(item is child for item in items):
            return "%s[%d]" % (text, position(items, child)), 1
    for items in value[4:5]:
        if items:
            return entry(text, dict_like(items), child), 1
    if value and child is value[0]:
        return "%s.__reduce_ex__(4)[0]" % text, 1
    return "%s.__reduce_ex__(4)" % text, 1


def state(text, stack, at, found, after):
    """The step into what `__getstate__` gave, which mostly is the object's own `__dict__`."""
    owner = stack[at]
    if after is None:
        return text + ".__getstate__()", 1
    name = attribute(owner, after)
    if name is not None:
        return "%s.%s" % (text, name), 2
    if type(found) is tuple and len(found) == 2 and at + 3 < len(stack) and type(after) is dict:
        # (None, {slot: value}), or the dictionary and the slots of one that has both.
        name = attribute(owner, stack[at + 3])
        if name is not None:
            return "%s.%s" % (text, name), 3
    return text + ".__getstate__()", 1


def attribute(owner, child):
    """The name under which `owner` keeps `child`, found without running any code of the owner's."""
    try:
        own = object.__getattribute__(owner, "__dict__")
    except Exception:
        own = {}
    if type(own) is dict:
        for name, value in list(own.items()):
            if value is child and isinstance(name, str):
                return name
    for base in type(owner).__mro__:
        for name, slot in base.__dict__.items():
            if type(slot) is types.MemberDescriptorType:
                try:
                    if slot.__get__(owner) is child:
                        return name
                except Exception:
                    pass
    if type(owner) in (types.MethodType, types.BuiltinMethodType, functools.partial):
        for name in KNOWN:
            if getattr(owner, name, None) is child:
                return name
    if getattr(type(owner), "default_factory", None) is not None and owner.default_factory is child:
        return "default_factory"
    return None


def is_same_tuple(one, other):
    """Whether two tuples hold the same; the pickler cuts the class off the arguments of `__newobj__`."""
    if type(one) is not tuple or type(other) is not tuple or len(one) > len(other):
        return False
    return all(left is right for left, right in zip(reversed(one), reversed(other)))


def dict_like(items):
    """A dictionary of pairs whose keys may not be hashed again."""
    return types.SimpleNamespace(items=lambda: items)


def entry(text, owner, child):
    """The entry of a mapping that holds `child`."""
    at = 0
    for key, value in owner.items():
        if value is child:
            return "%s[%s]" % (text, shown(key)) if type(key) in ATOMS else "list(%s.values())[%d]" % (text, at)
        if key is child:
            return "list(%s)[%d]" % (text, at)
        at += 1
    return text + "[…]"


def position(items, child):
    for at, item in enumerate(items):
        if item is child:
            return at
    return 0


def shown(obj, most=80):
    """`repr`, cut to one short line; objects whose `repr` raises have none."""
    try:
        text = repr(obj)
    except Exception as error:
        text = "<%s whose repr raises %s>" % (type(obj).__name__, type(error).__name__)
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1] + "…"
