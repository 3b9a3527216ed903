"""Pickling by value for multiprocessing, as far as the fixtures need it; standard library only.

The oracle of the behaviour test. Functions and classes that the standard library could not find by
their qualified name are taken apart and built again on the other side; bound methods go as function
and object instead of as a name. Tasks are frozen when they are handed over, not some time later in
a thread: a rewritten program must compute what the original meant at that moment.
"""

import collections
import dataclasses
import enum
import functools
import importlib
import marshal
import pickle
import sys
import types
import uuid
import weakref

# Classes that travelled by value keep their identity: each side remembers them by a token.
_token_of = weakref.WeakKeyDictionary()
_class_of = weakref.WeakValueDictionary()
_unfilled = weakref.WeakSet()

# Made by the class statement itself (or by `ABCMeta`), so the copy gets its own; what computes annotations is bound to the original's scope.
_OWN_ATTRIBUTES = {"__dict__", "__weakref__", "__annotate__", "__annotate_func__", "__annotations_cache__", "_abc_impl"}


def _named(thing):
    """What the standard library would find under the name of `thing`."""
    found = sys.modules.get(thing.__module__)
    for part in thing.__qualname__.split("."):
        found = getattr(found, part, None)
    return found


# -- functions


def _cell_content(cell):
    try:
        return [cell.cell_contents]
    except ValueError:  # still empty
        return []


def _take_function(function):
    parts = {
        "names": (function.__module__, function.__name__, function.__qualname__),
        "defaults": (function.__defaults__, function.__kwdefaults__),
        "attributes": function.__dict__,
        "cells": [_cell_content(cell) for cell in function.__closure__ or ()],
    }
    home = function.__globals__["__name__"]
    start = (marshal.dumps(function.__code__), home, len(function.__closure__ or ()))
    return _empty_function, start, parts, None, None, _fill_function


def _empty_function(code, home, free):
    closure = tuple(types.CellType() for _ in range(free))
    return types.FunctionType(marshal.loads(code), vars(sys.modules[home]), None, None, closure or None)


def _fill_function(function, parts):
    function.__module__, function.__name__, function.__qualname__ = parts["names"]
    function.__defaults__, function.__kwdefaults__ = parts["defaults"]
    function.__dict__.update(parts["attributes"])
    for cell, content in zip(function.__closure__ or (), parts["cells"]):
        if content:
            cell.cell_contents = content[0]


# -- classes


def _take_class(cls):
    token = _token_of.setdefault(cls, uuid.uuid4().hex)
    _class_of[token] = cls
    if isinstance(cls, enum.EnumMeta):
        members = [(member.name, member.value) for member in cls]
        methods = {name: value for name, value in vars(cls).items() if isinstance(value, types.FunctionType) and not name.startswith("_")}
        return _enum, (token, cls.__bases__, cls.__name__, cls.__module__, cls.__qualname__, members, methods)
    if issubclass(cls, tuple) and hasattr(cls, "_field_defaults"):
        return _namedtuple, (token, cls.__name__, cls.__module__, cls._fields, list(cls._field_defaults.values()))
    slots = vars(cls).get("__slots__", ())
    skipped = _OWN_ATTRIBUTES | set([slots] if isinstance(slots, str) else slots)
    attributes = {name: value for name, value in vars(cls).items() if name not in skipped}
    fixed = {name: attributes.pop(name) for name in ("__module__", "__qualname__", "__slots__") if name in attributes}
    fixed.setdefault("__qualname__", cls.__qualname__)
    return _empty_class, (token, type(cls), cls.__name__, cls.__bases__, fixed), attributes, None, None, _fill_class


def _remember(token, cls):
    _token_of[cls] = token
    _class_of[token] = cls
    return cls


def _enum(token, bases, name, module, qualname, members, methods):
    if token in _class_of:
        return _class_of[token]
    body = enum.EnumMeta.__prepare__(name, bases)
    body["__module__"], body["__qualname__"] = module, qualname
    for key, value in [*members, *methods.items()]:
        body[key] = value
    return _remember(token, type(bases[-1])(name, bases, body))


def _namedtuple(token, name, module, fields, defaults):
    if token in _class_of:
        return _class_of[token]
    return _remember(token, collections.namedtuple(name, fields, defaults=defaults, module=module))


def _empty_class(token, meta, name, bases, fixed):
    if token in _class_of:
        return _class_of[token]
    cls = _remember(token, meta(name, bases, dict(fixed)))
    _unfilled.add(cls)
    return cls


def _fill_class(cls, attributes):
    if cls not in _unfilled:  # it was at home here, or came before
        return
    _unfilled.discard(cls)
    for name, value in attributes.items():
        try:
            setattr(cls, name, value)
        except (AttributeError, TypeError):  # read-only, and made by the class statement anyway
            continue


def _bind(function, owner):
    return types.MethodType(function, owner)


def _take_cache(cached):
    parameters = cached.cache_parameters() if hasattr(cached, "cache_parameters") else {"maxsize": None}
    return _cache, (parameters, cached.__wrapped__)


def _cache(parameters, function):
    return functools.lru_cache(**parameters)(function)


def _take_static(wrapped):
    return type(wrapped), (wrapped.__func__,)


def _take_property(thing):
    return property, (thing.fget, thing.fset, thing.fdel, thing.__doc__)


# Compared with `is`, and kept in the fields of every dataclass.
_SENTINELS = [name for name in ("_FIELD", "_FIELD_CLASSVAR", "_FIELD_INITVAR", "MISSING", "KW_ONLY") if hasattr(dataclasses, name)]


def _proxy(content):
    return types.MappingProxyType(content)


def _sentinel(name):
    return getattr(dataclasses, name)


def _reduce(pickler, thing):
    """The reducer of all of multiprocessing's picklers."""
    if isinstance(thing, types.FunctionType):
        return NotImplemented if _named(thing) is thing else _take_function(thing)
    if isinstance(thing, functools._lru_cache_wrapper):
        return NotImplemented if _named(thing) is thing else _take_cache(thing)
    if isinstance(thing, types.MethodType):
        return _bind, (thing.__func__, thing.__self__)
    if isinstance(thing, type):
        known = thing.__module__ == "builtins" or _named(thing) is thing
        return NotImplemented if known else _take_class(thing)
    if isinstance(thing, types.ModuleType):
        return importlib.import_module, (thing.__name__,)
    if isinstance(thing, (staticmethod, classmethod)):
        return _take_static(thing)
    if isinstance(thing, types.MappingProxyType):
        return _proxy, (dict(thing),)
    for name in _SENTINELS:
        if thing is _sentinel(name):
            return _sentinel, (name,)
    if isinstance(thing, property):
        return _take_property(thing)
    return NotImplemented


# -- the moment of the call


class _Frozen:
    """A callable and its arguments as they were when this object was made."""

    def __init__(self, content):
        self.content = content
        self.loaded = None

    def __getstate__(self):
        return self.content

    def __setstate__(self, content):
        self.__init__(content)

    def __call__(self, *args, **kwargs):
        if self.loaded is None:
            self.loaded = pickle.loads(self.content)
        function, first, named = self.loaded
        return function(*first, *args, **{**named, **kwargs})


def _freeze(function, args=(), kwargs=None):
    from multiprocessing.reduction import ForkingPickler

    try:
        return _Frozen(bytes(ForkingPickler.dumps((function, tuple(args), kwargs or {}))))
    except Exception:
        # What cannot travel by value either shall fail where it always failed.
        return None


def _freeze_submit(original):
    @functools.wraps(original)
    def submit(self, fn, /, *args, **kwargs):
        frozen = _freeze(fn, args, kwargs)
        return original(self, frozen) if frozen else original(self, fn, *args, **kwargs)

    return submit


def _freeze_apply(original):
    @functools.wraps(original)
    def apply_async(self, func, args=(), kwds=None, *rest, **named):
        frozen = _freeze(func, args, kwds)
        if frozen:
            return original(self, frozen, (), {}, *rest, **named)
        return original(self, func, args, kwds or {}, *rest, **named)

    return apply_async


def _freeze_first(original):
    @functools.wraps(original)
    def method(self, func, *rest, **named):
        return original(self, _freeze(func) or func, *rest, **named)

    return method


def install():
    """Makes this interpreter, and every process it forks, pickle by value."""
    import multiprocessing.pool
    import multiprocessing.reduction
    from concurrent.futures.process import ProcessPoolExecutor

    contexts = multiprocessing.context._concrete_contexts
    fork = contexts["fork"]
    for name in list(contexts):
        contexts[name] = fork
    multiprocessing.context._default_context._default_context = fork
    multiprocessing.reduction.ForkingPickler.reducer_override = _reduce
    ProcessPoolExecutor.submit = _freeze_submit(ProcessPoolExecutor.submit)
    pool = multiprocessing.pool.Pool
    pool.apply_async = _freeze_apply(pool.apply_async)
    for name in ("map_async", "starmap_async", "imap", "imap_unordered"):
        setattr(pool, name, _freeze_first(getattr(pool, name)))
