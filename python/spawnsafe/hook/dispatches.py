"""What a program sends to processes: dispatches, and why their payloads cannot cross."""

import re
import sys

from . import main_names, pickling, places, reasons, record

#: Bytes that a trial may take; what is larger is noted as not tried.
MOST_TRIED = 64 << 20


class Site:
    """A place from which something was sent: what later failures refer to."""

    __slots__ = ("id", "at", "api", "explicit")

    def __init__(self, id, at, api, explicit):
        self.id = id
        self.at = at
        self.api = api
        self.explicit = explicit


def seen(owner, name, sent, method, explicit, transport, depth=4, made=None, more=None):
    """Records a dispatch and returns its site. `sent` are pairs of slot and callable."""
    frame, entry = places.caller(sys._getframe(depth - 2))
    key = [owner, name, entry, method, more]
    kept = []
    if frame is not None:
        key += [id(frame.f_code), frame.f_lasti]
        kept.append(frame.f_code)
    for slot, obj in sent:
        code = reasons.code_of(obj)
        found = reasons.definition(obj)
        found = found if isinstance(found, type) or code is None and callable(found) else type(obj)
        kept += [code, found]
        key += [slot, id(code), id(found)]
    key = tuple(key)
    have = record.state.seen.get(key)
    if have is not None:
        return have[0]
    api = owner + "." + (entry or name)
    site = Site(record.new_id(), places.place(frame) if frame is not None else None, api, explicit)
    record.is_new(key, (site, kept))
    record.write({
        "event": "dispatch",
        "id": site.id,
        "api": api,
        "slot_api": owner + "." + name,
        "method": method,
        "explicit": explicit,
        "transport": transport,
        "at": site.at,
        "made": made,
        "stack": places.stack(frame) if frame is not None else [],
        "sent": [told(slot, obj) for slot, obj in sent],
    })
    return site


def told(slot, obj):
    out = reasons.describe(obj)
    out["file"] = record.absolute(out["file"])
    out["slot"] = slot
    return out


def failed(site, parts, error, transport, where="parent", when="pickling"):
    """Records why `parts` (pairs of an expression and its object) cannot cross."""
    bad = []
    for root, obj in parts:
        try:
            found, _ = pickling.check(obj, root, transport, MOST_TRIED)
        except pickling.TooLarge:
            continue
        bad += [(root, each) for each in found]
    write_failure(site, bad, error, where, when)


def write_failure(site, bad, error, where, when):
    entries = [of_bad(root, each) for root, each in bad]
    key = ("failure", site.id or str(site.at), site.api, when, type(error).__name__,
           tuple(sorted({(entry["rule"], str(entry["qualname"]), entry["line"] or 0) for entry in entries})))
    if not record.is_new(key):
        return
    record.write({
        "event": "failure",
        "dispatch": site.id,
        "api": site.api,
        "at": site.at,
        "where": where,
        "when": when,
        "error": error_text(error),
        "bad": entries,
    })


def error_text(error):
    text = ("%s: %s" % (type(error).__name__, error)).strip().split("\n")[0]
    # Addresses differ from run to run.
    return re.sub(" at 0x[0-9a-fA-F]+", "", text)[:400]


def of_bad(root, bad):
    """One bad part as data."""
    head = root.split("[")[0]
    slot = {"target": "callable", "fn": "callable", "func": "callable", "initializer": "callable",
            "self": "process", "result": "result", "exception": "exception"}.get(head, "args")
    rule, reason, advice = reasons.judge(bad.obj, bad.error, slot)
    out = told(head, bad.obj)
    out.update(path=readable(bad.path or root), error=error_text(bad.error), rule=rule, reason=reason, advice=advice)
    out["captures"] = [
        {"name": name, "path": each.path, "type": type(each.obj).__name__}
        for name, path, value in reasons.captures(bad.obj)
        for each in inner(value, "%s.%s" % (bad.path or root, path))
    ]
    return out


def inner(value, root):
    try:
        return pickling.check(value, root, pickling.TASK, MOST_TRIED)[0]
    except pickling.TooLarge:
        return []


def readable(path):
    """A process' own fields by the names that its constructor has for them."""
    for field in ("target", "args", "kwargs"):
        if path.startswith("self._" + field):
            return path[len("self._"):]
    return path


def try_parts(site, parts):
    """Pickles what fork does not, as spawn would, and records what fails."""
    bad = []
    error = None
    for root, obj in parts:
        try:
            found, named = pickling.check(obj, root, pickling.PROCESS, MOST_TRIED)
        except pickling.TooLarge:
            if record.is_new(("untried", site.id)):
                record.write({"event": "untried", "dispatch": site.id, "at": site.at, "why": "%s is larger than %d MiB" % (root, MOST_TRIED >> 20)})
            continue
        bad += [(root, each) for each in found]
        bad += missing(named, root)
    if bad:
        write_failure(site, bad, bad[0][1].error, "spawn", "trial")


def missing(named, root):
    """What children would not find in the main module, which they import under another name."""
    out = []
    for obj in named:
        # Lambdas and what is local have failed already.
        is_main = getattr(obj, "__module__", None) == "__main__" and "<" not in obj.__qualname__
        if is_main and main_names.is_main_only(obj.__qualname__):
            error = AttributeError("Can't get attribute %r on <module '__mp_main__'>" % obj.__qualname__)
            bad = pickling.Bad(root, obj, error)
            out.append((root, bad))
    return out


def try_name(site, slot, obj):
    """The same for the callable of a task, whose pickling the program itself does."""
    found = reasons.definition(obj)
    if getattr(found, "__module__", None) == "__main__" and hasattr(found, "__qualname__"):
        bad = missing([found], slot)
        if bad:
            write_failure(site, bad, bad[0][1].error, "spawn", "trial")
