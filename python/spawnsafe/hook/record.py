"""Writes what was seen: one line of JSON an event, appended to the one file of the run.

Each line is written by one system call, so the lines of several processes do not mix. What was
written once is not written again: a loop that sends the same callable from the same line gives
one event.
"""

import os
import sys
import threading

#: Files grow no further: a pool whose workers die is filled again for ever.
MOST_BYTES = 64 << 20

local = threading.local()


class state:
    """What the hook of this process knows."""

    begun = False
    path = None
    folder = ""
    as_method = None
    seen = {}
    files = set()
    number = 0
    faulty = False
    #: Whether spawn or forkserver started this process.
    spawned = False
    #: Whether the program chose the start method.
    chosen = False


def begin(environ, folder):
    """Called when the first module is changed, so that programs without processes pay next to nothing."""
    if state.begun:
        return
    state.begun = True
    state.folder = folder
    state.path = environ.get("SPAWNSAFE_TRACE") or None
    state.as_method = environ.get("SPAWNSAFE_TRACE_AS") or None


def is_on():
    return state.path is not None


def fault():
    """Says once a run that the hook failed; the program goes on without it."""
    if state.faulty:
        return
    state.faulty = True
    if not os.path.exists(__file__):
        # The run is over and the hook's folder gone: this process outlives it, and nobody waits for what it does.
        return
    try:
        if state.path is not None:
            os.close(os.open(state.path + ".fault", os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except OSError:
        return
    try:
        import traceback

        text = "".join(traceback.format_exc(limit=-4))
        sys.stderr.write("spawnsafe: the hook failed; the program goes on, the trace may have gaps:\n%s" % text)
    except Exception:
        pass


def safely(function):
    """`function`, whose faults are told and not raised."""

    def guarded(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except Exception:
            fault()
            return None

    return guarded


def wrap(owner, name, before=None, failed=None, after=None):
    """Calls `before` ahead of a function, and `failed` with what it raised. Nothing else changes."""
    original = owner.__dict__.get(name)
    if original is None:
        return
    kind = type(original) if isinstance(original, (staticmethod, classmethod)) else None
    function = original.__func__ if kind else original
    before = safely(before) if before else None
    failed = safely(failed) if failed else None
    after = safely(after) if after else None

    def wrapper(*args, **kwargs):
        if before is not None:
            before(args, kwargs)
        try:
            return function(*args, **kwargs)
        except Exception as error:
            if failed is not None:
                failed(args, kwargs, error)
            raise
        finally:
            if after is not None:
                after(args, kwargs)

    import functools

    functools.update_wrapper(wrapper, function)
    setattr(owner, name, kind(wrapper) if kind else wrapper)


def is_new(key, kept=None):
    """Whether this was not seen in this process; `kept` stays alive, so that ids in the key stay true."""
    if key in state.seen:
        return False
    state.seen[key] = kept
    return True


def write(event):
    """Appends one event."""
    import json

    state.number += 1
    event["pid"] = os.getpid()
    for file in files_of(event):
        tell_file(file)
    append(json.dumps(event))


def new_id():
    state.number += 1
    return "%d-%d" % (os.getpid(), state.number)


def append(line):
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
    handle = os.open(state.path, flags, 0o666)
    try:
        if os.fstat(handle).st_size < MOST_BYTES:
            os.write(handle, (line + "\n").encode("utf-8", "backslashreplace"))
    finally:
        os.close(handle)


def absolute(file):
    """Where a file is; scripts are named as they were typed."""
    if not file or file.startswith("<"):
        return file
    return os.path.normpath(os.path.join(state.folder, file))


def files_of(event):
    found = []
    places = [event.get("at"), event.get("made")] + list(event.get("stack") or ())
    places += list(event.get("sent") or ()) + list(event.get("bad") or ())
    for place in places:
        if place and place.get("file"):
            found.append(place["file"])
    return found


def tell_file(file):
    """Says once which text a file has, so that a later reader knows whether lines still fit."""
    if file in state.files or file.startswith("<"):
        return
    state.files.add(file)
    import hashlib
    import json

    try:
        with open(file, "rb") as source:
            digest = hashlib.sha256(source.read()).hexdigest()
    except OSError:
        return
    append(json.dumps({"event": "file", "file": file, "sha256": digest}))
