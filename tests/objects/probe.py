"""Makes objects of the standard library and pickles each, as an item of a queue and as an argument of a Process.

Prints one JSON object: for each dotted path, what came of it ("ok", or the error), whether it may travel by inheritance, and
which of its attributes are plain values. `x().m` is what the method `m` of what `x` makes gives.

    python probe.py            everything that can be made
    python probe.py sqlite3    what begins with one of these words
"""
import contextlib
import importlib
import inspect
import io
import json
import multiprocessing
import os
import pickle
import signal
import sys
import tempfile
import warnings
from multiprocessing import context
from multiprocessing.reduction import ForkingPickler

warnings.simplefilter("ignore")
FOLDER = tempfile.mkdtemp()
FILE = os.path.join(FOLDER, "file")
with open(FILE, "w") as text:
    text.write("a,b\n")

# What has to be given something, or is made by a method: the path, and an expression in which FILE is a small file.
RECIPES = {
    "open": "open(FILE)",
    "io.open": "io.open(FILE)",
    "io.FileIO": "io.FileIO(FILE)",
    "io.BufferedReader": "io.BufferedReader(io.FileIO(FILE))",
    "io.BufferedWriter": "io.BufferedWriter(io.FileIO(FILE + 'w', 'w'))",
    "io.TextIOWrapper": "io.TextIOWrapper(io.FileIO(FILE))",
    "codecs.open": "codecs.open(FILE)",
    "gzip.open": "gzip.open(FILE + '.gz', 'w')",
    "gzip.GzipFile": "gzip.GzipFile(FILE + '.gz', 'w')",
    "bz2.open": "bz2.open(FILE + '.bz2', 'w')",
    "bz2.BZ2File": "bz2.BZ2File(FILE + '.bz2', 'w')",
    "lzma.open": "lzma.open(FILE + '.xz', 'w')",
    "lzma.LZMAFile": "lzma.LZMAFile(FILE + '.xz', 'w')",
    "pathlib.Path().open": "pathlib.Path(FILE).open()",
    "pathlib.Path().glob": "pathlib.Path(FOLDER).glob('*')",
    "pathlib.Path().rglob": "pathlib.Path(FOLDER).rglob('*')",
    "pathlib.Path().iterdir": "pathlib.Path(FOLDER).iterdir()",
    "glob.iglob": "glob.iglob(FILE)",
    "os.walk": "os.walk(FOLDER)",
    "os.fwalk": "os.fwalk(FOLDER)",
    "os.scandir": "os.scandir(FOLDER)",
    "os.popen": "os.popen('true')",
    "os.fdopen": "os.fdopen(os.dup(1))",
    "os.environ": "os.environ",
    "sys.stdout": "sys.stdout",
    "sys.stderr": "sys.stderr",
    "sys.stdin": "sys.stdin",
    "zipfile.ZipFile": "zipfile.ZipFile(FILE + '.zip', 'w')",
    "tarfile.open": "tarfile.open(FILE + '.tar', 'w')",
    "tarfile.TarFile": "tarfile.TarFile(FILE + '.tar', 'w')",
    "mmap.mmap": "mmap.mmap(-1, 10)",
    "shelve.open": "shelve.open(FILE + '.shelf')",
    "dbm.dumb.open": "dbm.dumb.open(FILE + '.dbm')",
    "fileinput.input": "fileinput.input(FILE)",
    "fileinput.FileInput": "fileinput.FileInput(FILE)",
    "wave.open": "wave.open(FILE + '.wav', 'wb')",
    "csv.reader": "csv.reader(['a'])",
    "csv.writer": "csv.writer(io.StringIO())",
    "csv.DictReader": "csv.DictReader(['a'])",
    "csv.DictWriter": "csv.DictWriter(io.StringIO(), ['a'])",
    "sqlite3.connect": "sqlite3.connect(':memory:')",
    "sqlite3.Connection": "sqlite3.Connection(':memory:')",
    "sqlite3.connect().cursor": "sqlite3.connect(':memory:').cursor()",
    "sqlite3.connect().execute": "sqlite3.connect(':memory:').execute('select 1')",
    "sqlite3.connect().executemany": "table().executemany('insert into t values (?)', [])",
    "sqlite3.connect().cursor().execute": "sqlite3.connect(':memory:').cursor().execute('select 1')",
    "subprocess.Popen": "subprocess.Popen(['true'])",
    "ssl.SSLContext": "ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)",
    "ssl.create_default_context": "ssl.create_default_context()",
    "ssl.MemoryBIO": "ssl.MemoryBIO()",
    "asyncio.new_event_loop": "asyncio.new_event_loop()",
    "asyncio.get_event_loop": "asyncio.new_event_loop()",
    "asyncio.get_running_loop": "asyncio.new_event_loop()",
    "asyncio.new_event_loop().create_future": "asyncio.new_event_loop().create_future()",
    "asyncio.Future": "asyncio.Future(loop=asyncio.new_event_loop())",
    "asyncio.create_task": "asyncio.new_event_loop().create_task(coroutine())",
    "asyncio.ensure_future": "asyncio.ensure_future(coroutine(), loop=asyncio.new_event_loop())",
    "threading.Barrier": "threading.Barrier(2)",
    "threading.Timer": "threading.Timer(9, print)",
    "_thread.allocate_lock": "_thread.allocate_lock()",
    "multiprocessing.Pool": "multiprocessing.get_context('fork').Pool(1)",
    "multiprocessing.pool.ThreadPool": "multiprocessing.pool.ThreadPool(1)",
    "multiprocessing.Manager": "multiprocessing.get_context('fork').Manager()",
    "multiprocessing.dummy.Pool": "multiprocessing.dummy.Pool(1)",
    "multiprocessing.Lock": "multiprocessing.Lock()",
    "multiprocessing.RLock": "multiprocessing.RLock()",
    "multiprocessing.Semaphore": "multiprocessing.Semaphore()",
    "multiprocessing.BoundedSemaphore": "multiprocessing.BoundedSemaphore()",
    "multiprocessing.Event": "multiprocessing.Event()",
    "multiprocessing.Condition": "multiprocessing.Condition()",
    "multiprocessing.Queue": "multiprocessing.Queue()",
    "multiprocessing.JoinableQueue": "multiprocessing.JoinableQueue()",
    "multiprocessing.SimpleQueue": "multiprocessing.SimpleQueue()",
    "multiprocessing.Barrier": "multiprocessing.Barrier(2)",
    "multiprocessing.Value": "multiprocessing.Value('i')",
    "multiprocessing.Array": "multiprocessing.Array('i', 3)",
    "multiprocessing.RawValue": "multiprocessing.RawValue('i')",
    "multiprocessing.RawArray": "multiprocessing.RawArray('i', 3)",
    "multiprocessing.sharedctypes.Value": "multiprocessing.sharedctypes.Value('i')",
    "multiprocessing.sharedctypes.Array": "multiprocessing.sharedctypes.Array('i', 3)",
    "multiprocessing.sharedctypes.RawValue": "multiprocessing.sharedctypes.RawValue('i')",
    "multiprocessing.sharedctypes.RawArray": "multiprocessing.sharedctypes.RawArray('i', 3)",
    "multiprocessing.synchronize.Lock": "multiprocessing.synchronize.Lock(ctx=multiprocessing.get_context())",
    "multiprocessing.synchronize.RLock": "multiprocessing.synchronize.RLock(ctx=multiprocessing.get_context())",
    "multiprocessing.synchronize.Semaphore": "multiprocessing.synchronize.Semaphore(ctx=multiprocessing.get_context())",
    "multiprocessing.synchronize.BoundedSemaphore": "multiprocessing.synchronize.BoundedSemaphore(ctx=multiprocessing.get_context())",
    "multiprocessing.synchronize.Condition": "multiprocessing.synchronize.Condition(ctx=multiprocessing.get_context())",
    "multiprocessing.synchronize.Event": "multiprocessing.synchronize.Event(ctx=multiprocessing.get_context())",
    "multiprocessing.synchronize.Barrier": "multiprocessing.Barrier(2)",
    "multiprocessing.queues.Queue": "multiprocessing.queues.Queue(ctx=multiprocessing.get_context())",
    "multiprocessing.queues.JoinableQueue": "multiprocessing.queues.JoinableQueue(ctx=multiprocessing.get_context())",
    "multiprocessing.queues.SimpleQueue": "multiprocessing.queues.SimpleQueue(ctx=multiprocessing.get_context())",
    "multiprocessing.Pipe": "multiprocessing.Pipe()[0]",
    "multiprocessing.shared_memory.SharedMemory": "multiprocessing.shared_memory.SharedMemory(create=True, size=8)",
    "multiprocessing.shared_memory.ShareableList": "multiprocessing.shared_memory.ShareableList([1])",
    "multiprocessing.connection.Listener": "multiprocessing.connection.Listener()",
    "socket.socket": "socket.socket()",
    "socket.socket().makefile": "socket.socketpair()[0].makefile()",
    "socket.create_server": "socket.create_server(('127.0.0.1', 0))",
    "contextvars.ContextVar": "contextvars.ContextVar('a')",
    "contextvars.ContextVar().set": "contextvars.ContextVar('a').set(1)",
    "contextvars.copy_context": "contextvars.copy_context()",
    "re.match": "re.match('a', 'a')",
    "re.search": "re.search('a', 'a')",
    "re.fullmatch": "re.fullmatch('a', 'a')",
    "re.compile().match": "re.compile('a').match('a')",
    "re.compile().search": "re.compile('a').search('a')",
    "re.compile().fullmatch": "re.compile('a').fullmatch('a')",
    "re.finditer": "re.finditer('a', 'a')",
    "re.compile().finditer": "re.compile('a').finditer('a')",
    "re.Scanner": "re.Scanner([])",
    "memoryview": "memoryview(b'a')",
    "types.MappingProxyType": "types.MappingProxyType({})",
    "inspect.currentframe": "inspect.currentframe()",
    "sys._getframe": "sys._getframe()",
    "ctypes.CDLL": "ctypes.CDLL(None)",
    "ctypes.PyDLL": "ctypes.PyDLL(None)",
    "ctypes.cdll.LoadLibrary": "ctypes.cdll.LoadLibrary(None)",
    "ctypes.pointer": "ctypes.pointer(ctypes.c_int(1))",
    "ctypes.byref": "ctypes.byref(ctypes.c_int(1))",
    "ctypes.CFUNCTYPE()": "ctypes.CFUNCTYPE(None)(print)",
    "ctypes.POINTER()": "ctypes.POINTER(ctypes.c_int)(ctypes.c_int(1))",
    "weakref.ref": "weakref.ref(Thing())",
    "weakref.proxy": "weakref.proxy(THING)",
    "weakref.finalize": "weakref.finalize(THING, print)",
    "weakref.WeakMethod": "weakref.WeakMethod(THING.method)",
    "weakref.WeakKeyDictionary": "weakref.WeakKeyDictionary()",
    "weakref.WeakValueDictionary": "weakref.WeakValueDictionary()",
    "weakref.WeakSet": "weakref.WeakSet()",
    "hashlib.new": "hashlib.new('sha256')",
    "hmac.new": "hmac.new(b'a', digestmod='sha256')",
    "hmac.HMAC": "hmac.HMAC(b'a', digestmod='sha256')",
    "_thread.RLock": "_thread.RLock()",
    "io.BufferedRandom": "io.BufferedRandom(io.FileIO(FILE, 'r+'))",
    "asyncio.Task": "asyncio.new_event_loop().create_task(coroutine())",
    "asyncio.new_event_loop().create_task": "asyncio.new_event_loop().create_task(coroutine())",
    "asyncio.get_event_loop().create_task": "asyncio.new_event_loop().create_task(coroutine())",
    "asyncio.get_running_loop().create_task": "asyncio.new_event_loop().create_task(coroutine())",
    "asyncio.get_event_loop().create_future": "asyncio.new_event_loop().create_future()",
    "asyncio.get_running_loop().create_future": "asyncio.new_event_loop().create_future()",
    "asyncio.gather": "asyncio.gather(asyncio.new_event_loop().create_future())",
    "asyncio.StreamWriter": "asyncio.StreamWriter(None, None, None, asyncio.new_event_loop())",
    "concurrent.futures._base.Future": "concurrent.futures._base.Future()",
    "logging.handlers.HTTPHandler": "logging.handlers.HTTPHandler('h', 'u')",
    "logging.handlers.SMTPHandler": "logging.handlers.SMTPHandler('h', 'u', [], 's')",
    "logging.handlers.DatagramHandler": "logging.handlers.DatagramHandler('h', 1)",
    "sqlite3.connect().cursor().executemany": "table().cursor().executemany('insert into t values (?)', [])",
    "sqlite3.connect().executescript": "sqlite3.connect(':memory:').executescript('')",
    "pathlib.Path().walk": "pathlib.Path(FOLDER).walk()",
    "difflib.context_diff": "difflib.context_diff([], [])",
    "codecs.iterencode": "codecs.iterencode([], 'utf-8')",
    "traceback.walk_tb": "traceback.walk_tb(None)",
    "socketserver.ThreadingUDPServer": "socketserver.ThreadingUDPServer(('127.0.0.1', 0), socketserver.BaseRequestHandler)",
    "hashlib.sha256().copy": "hashlib.sha256().copy()",
    "hashlib.md5": "hashlib.md5()",
    "hashlib.sha1": "hashlib.sha1()",
    "hashlib.sha224": "hashlib.sha224()",
    "hashlib.sha256": "hashlib.sha256()",
    "hashlib.sha384": "hashlib.sha384()",
    "hashlib.sha512": "hashlib.sha512()",
    "hashlib.blake2b": "hashlib.blake2b()",
    "hashlib.blake2s": "hashlib.blake2s()",
    "hashlib.sha3_224": "hashlib.sha3_224()",
    "hashlib.sha3_256": "hashlib.sha3_256()",
    "hashlib.sha3_384": "hashlib.sha3_384()",
    "hashlib.sha3_512": "hashlib.sha3_512()",
    "hashlib.shake_128": "hashlib.shake_128()",
    "hashlib.shake_256": "hashlib.shake_256()",
    "threading.RLock": "threading.RLock()",
    "multiprocessing.pool.Pool": "multiprocessing.get_context('fork').Pool(1)",
    "concurrent.futures.process.ProcessPoolExecutor": "concurrent.futures.process.ProcessPoolExecutor()",
    "concurrent.futures.thread.ThreadPoolExecutor": "concurrent.futures.thread.ThreadPoolExecutor()",
    "socket.create_connection": "socket.socketpair()[0]",
    "multiprocessing.connection.Connection": "multiprocessing.Pipe()[0]",
    "http.client.HTTPSConnection": "connected(http.client.HTTPSConnection('127.0.0.1'))",
    "struct.Struct": "struct.Struct('i')",
    "struct.iter_unpack": "struct.iter_unpack('i', b'')",
    "zlib.compressobj": "zlib.compressobj()",
    "zlib.decompressobj": "zlib.decompressobj()",
    "bz2.BZ2Compressor": "bz2.BZ2Compressor()",
    "bz2.BZ2Decompressor": "bz2.BZ2Decompressor()",
    "lzma.LZMACompressor": "lzma.LZMACompressor()",
    "lzma.LZMADecompressor": "lzma.LZMADecompressor()",
    "pickle.Pickler": "pickle.Pickler(io.BytesIO())",
    "pickle.Unpickler": "pickle.Unpickler(io.BytesIO())",
    "json.JSONDecoder": "json.JSONDecoder()",
    "json.scanner.make_scanner": "json.JSONDecoder().scan_once",
    "xml.parsers.expat.ParserCreate": "xml.parsers.expat.ParserCreate()",
    "xml.etree.ElementTree.iterparse": "xml.etree.ElementTree.iterparse(io.BytesIO(b'<a/>'))",
    "xml.etree.ElementTree.XMLParser": "xml.etree.ElementTree.XMLParser()",
    "xml.etree.ElementTree.XMLPullParser": "xml.etree.ElementTree.XMLPullParser()",
    "xml.sax.make_parser": "xml.sax.make_parser()",
    "http.client.HTTPConnection": "connected(http.client.HTTPConnection('127.0.0.1'))",
    "http.server.HTTPServer": "http.server.HTTPServer(('127.0.0.1', 0), http.server.BaseHTTPRequestHandler)",
    "http.server.ThreadingHTTPServer": "http.server.ThreadingHTTPServer(('127.0.0.1', 0), http.server.BaseHTTPRequestHandler)",
    "socketserver.TCPServer": "socketserver.TCPServer(('127.0.0.1', 0), socketserver.BaseRequestHandler)",
    "socketserver.ThreadingTCPServer": "socketserver.ThreadingTCPServer(('127.0.0.1', 0), socketserver.BaseRequestHandler)",
    "socketserver.UDPServer": "socketserver.UDPServer(('127.0.0.1', 0), socketserver.BaseRequestHandler)",
    "xmlrpc.server.SimpleXMLRPCServer": "xmlrpc.server.SimpleXMLRPCServer(('127.0.0.1', 0))",
    "wsgiref.simple_server.make_server": "wsgiref.simple_server.make_server('127.0.0.1', 0, print)",
    "logging.StreamHandler": "logging.StreamHandler()",
    "logging.FileHandler": "logging.FileHandler(FILE + '.log')",
    "logging.handlers.RotatingFileHandler": "logging.handlers.RotatingFileHandler(FILE + '.log')",
    "logging.handlers.TimedRotatingFileHandler": "logging.handlers.TimedRotatingFileHandler(FILE + '.log')",
    "logging.handlers.WatchedFileHandler": "logging.handlers.WatchedFileHandler(FILE + '.log')",
    "logging.handlers.QueueHandler": "logging.handlers.QueueHandler(queue.Queue())",
    "logging.handlers.QueueListener": "logging.handlers.QueueListener(queue.Queue())",
    "logging.handlers.SocketHandler": "logging.handlers.SocketHandler('127.0.0.1', 1)",
    "logging.handlers.MemoryHandler": "logging.handlers.MemoryHandler(1)",
    "logging.getLogger": "logging.getLogger('a')",
    "itertools.accumulate": "itertools.accumulate([])",
    "itertools.batched": "itertools.batched([], 2)",
    "itertools.chain": "itertools.chain([])",
    "itertools.chain.from_iterable": "itertools.chain.from_iterable([])",
    "itertools.combinations": "itertools.combinations([], 2)",
    "itertools.combinations_with_replacement": "itertools.combinations_with_replacement([], 2)",
    "itertools.compress": "itertools.compress([], [])",
    "itertools.count": "itertools.count()",
    "itertools.cycle": "itertools.cycle([])",
    "itertools.dropwhile": "itertools.dropwhile(bool, [])",
    "itertools.filterfalse": "itertools.filterfalse(bool, [])",
    "itertools.groupby": "itertools.groupby([])",
    "itertools.islice": "itertools.islice([], 2)",
    "itertools.pairwise": "itertools.pairwise([])",
    "itertools.permutations": "itertools.permutations([])",
    "itertools.product": "itertools.product([])",
    "itertools.repeat": "itertools.repeat(1)",
    "itertools.starmap": "itertools.starmap(print, [])",
    "itertools.takewhile": "itertools.takewhile(bool, [])",
    "itertools.tee": "itertools.tee([])[0]",
    "itertools.zip_longest": "itertools.zip_longest([])",
    "unittest.mock.Mock": "unittest.mock.Mock()",
    "unittest.mock.MagicMock": "unittest.mock.MagicMock()",
    "unittest.mock.AsyncMock": "unittest.mock.AsyncMock()",
    "tempfile.TemporaryDirectory": "tempfile.TemporaryDirectory()",
    "tempfile.TemporaryFile": "tempfile.TemporaryFile()",
    "tempfile.NamedTemporaryFile": "tempfile.NamedTemporaryFile()",
    "tempfile.SpooledTemporaryFile": "tempfile.SpooledTemporaryFile()",
    "argparse.ArgumentParser": "argparse.ArgumentParser()",
    "argparse.FileType()": "argparse.FileType('r')(FILE)",
    "difflib.unified_diff": "difflib.unified_diff([], [])",
    "difflib.ndiff": "difflib.ndiff([], [])",
    "select.epoll": "select.epoll()",
    "select.poll": "select.poll()",
    "traceback.walk_stack": "traceback.walk_stack(None)",
    "types.SimpleNamespace": "types.SimpleNamespace()",
    "types.ModuleType": "types.ModuleType('a')",
    "types.FunctionType": "types.FunctionType(print_.__code__, {})",
    "compile": "compile('1', 'a', 'eval')",
    "importlib.import_module": "importlib.import_module('json')",
    "property": "property()",
    "codecs.getreader()": "codecs.getreader('utf-8')(open(FILE, 'rb'))",
    "codecs.getwriter()": "codecs.getwriter('utf-8')(open(FILE, 'rb'))",
    "codecs.iterdecode": "codecs.iterdecode([], 'utf-8')",
    "codecs.getincrementaldecoder()": "codecs.getincrementaldecoder('utf-8')()",
    "contextlib.suppress": "contextlib.suppress()",
    "contextlib.redirect_stdout": "contextlib.redirect_stdout(sys.stdout)",
    "random.Random": "random.Random()",
    "array.array": "array.array('i')",
    "decimal.getcontext": "decimal.getcontext()",
    "multiprocessing.managers.SyncManager": "started(multiprocessing.managers.SyncManager(ctx=multiprocessing.get_context('fork')))",
    "multiprocessing.managers.BaseManager": "started(multiprocessing.managers.BaseManager(ctx=multiprocessing.get_context('fork')))",
    "multiprocessing.managers.SharedMemoryManager": "started(multiprocessing.managers.SharedMemoryManager(ctx=multiprocessing.get_context('fork')))",
    "multiprocessing.Process": "multiprocessing.Process()",
    "tokenize.generate_tokens": "tokenize.generate_tokens(io.StringIO('a').readline)",
    "tokenize.tokenize": "tokenize.tokenize(io.BytesIO(b'a').readline)",
    "ast.walk": "ast.walk(ast.parse('1'))",
    "dis.get_instructions": "dis.get_instructions('1')",
    "pkgutil.iter_modules": "pkgutil.iter_modules()",
    "pkgutil.walk_packages": "pkgutil.walk_packages([])",
    "string.Formatter().parse": "string.Formatter().parse('')",
    "contextlib.contextmanager()": "contextlib.contextmanager(generator)()",
    "asyncio.Runner": "asyncio.Runner()",
}

# Modules that do something when they are imported, or that need a screen; classes whose objects harm the probe itself.
SKIPPED = {"antigravity", "this", "idlelib", "turtle", "turtledemo", "tkinter", "test", "ensurepip", "lib2to3", "curses", "pip", "nturl2path", "msilib", "distutils", "setuptools", "crypt", "spwd", "ossaudiodev", "nis", "pty", "webbrowser", "venv", "__main__", "asynchat", "asyncore", "smtpd", "imp", "cgitb", "encodings", "sre_compile", "sre_parse", "sre_constants", "pydoc_data", "lib2to3"}
SKIPPED_CLASSES = {"ForkingMixIn", "BaseProxy", "ResourceTracker"}


class Thing:
    def method(self):
        pass


THING = Thing()


def print_():
    pass


def generator():
    yield


async def coroutine():
    pass


def connected(connection):
    import socket

    connection.sock = socket.socketpair()[0]
    connection.response = open(FILE)
    return connection


def table():
    import sqlite3

    database = sqlite3.connect(":memory:")
    database.execute("create table t (a)")
    return database


def started(manager):
    manager.start()
    return manager


class Popen:
    """Stands for the process that is being started."""

    def duplicate_for_child(self, fd):
        return fd

    DupFd = duplicate_for_child


def pickled(thing):
    try:
        data = ForkingPickler.dumps(thing)
    except BaseException as error:  # noqa: B902
        return "%s: %s" % (type(error).__name__, str(error).split("\n")[0].replace(FOLDER, "")[:90])
    return data


def as_item(thing):
    data = pickled(thing)
    if isinstance(data, str):
        return data
    if type(thing).__module__.startswith("multiprocessing") or type(thing).__module__ == "socket":
        return "ok"  # the other end fetches it from here
    try:
        pickle.loads(data)
    except BaseException as error:  # noqa: B902
        return "%s: %s" % (type(error).__name__, str(error).split("\n")[0][:90])
    return "ok"


def as_argument(thing):
    context.set_spawning_popen(Popen())
    try:
        data = pickled(thing)
    finally:
        context.set_spawning_popen(None)
    return data if isinstance(data, str) else "ok"


def plain_attributes(thing):
    found = []
    for name in dir(thing):
        if name.startswith("_"):
            continue
        try:
            value = getattr(thing, name)
        except BaseException:  # noqa: B902
            continue
        if not callable(value) and as_item(value) == "ok":
            found.append(name)
    return found


def observed(thing):
    row = {"item": as_item(thing), "argument": as_argument(thing)}
    if row["item"] != "ok" and not inspect.ismodule(thing):
        row["values"] = plain_attributes(thing)
    return row


def names():
    stdlib = getattr(sys, "stdlib_module_names", None) or {"argparse", "asyncio", "csv", "queue", "threading", "concurrent.futures"}
    below = ["concurrent.futures", "multiprocessing.managers", "logging.handlers", "xml.etree.ElementTree", "xml.sax", "http.client", "http.cookiejar", "http.cookies", "http.server", "urllib.request", "urllib.robotparser", "unittest.mock", "email.message", "email.parser", "email.generator", "xmlrpc.client", "wsgiref.handlers", "importlib.util", "json.decoder", "asyncio.subprocess"]
    for name in sorted(set(stdlib) | set(below)):
        if name.split(".")[0] not in SKIPPED and not name.startswith("_"):
            yield name


def classes():
    """The public classes whose objects can be made of nothing, by dotted path."""
    for name in names():
        try:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                module = importlib.import_module(name)
        except BaseException:  # noqa: B902
            continue
        public = getattr(module, "__all__", None) or [each for each in vars(module) if not each.startswith("_")]
        for each in sorted(public):
            thing = getattr(module, each, None)
            if not inspect.isclass(thing) or each in SKIPPED_CLASSES or issubclass(thing, BaseException):
                continue
            if getattr(thing, "__module__", name).split(".")[0].lstrip("_") in (name.split(".")[0], "queue", "thread", "random") or thing.__module__ == "builtins":
                yield "%s.%s" % (name, each), thing


def everything():
    for path, recipe in sorted(RECIPES.items()):
        yield path, recipe, None
    for path, thing in classes():
        if path not in RECIPES:
            yield path, None, thing


def made(path, recipe, thing):
    if thing is not None:
        return thing()
    scope = dict(globals())
    for word in recipe.replace("(", " ").replace(")", " ").replace(",", " ").split():
        parts = word.split(".")
        for end in range(1, len(parts)):
            dotted = ".".join(parts[:end])
            try:
                importlib.import_module(dotted)
                scope[parts[0]] = sys.modules[parts[0]]
            except BaseException:  # noqa: B902
                break
    return eval(recipe, scope)  # recipes are those above


def late(number, frame):
    raise TimeoutError


def main(wanted):
    signal.signal(signal.SIGALRM, late)
    rows, kept = {}, []
    # Primitives of a fork context travel to forked children only.
    multiprocessing.set_start_method("spawn")
    out = os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    for path, recipe, thing in everything():
        if wanted and not path.startswith(tuple(wanted)):
            continue
        signal.alarm(5)
        try:
            one = made(path, recipe, thing)
            kept.append(one)
            if one is not None:
                rows[path] = observed(one)
        except BaseException:  # noqa: B902
            pass
        finally:
            signal.alarm(0)
    with os.fdopen(out, "w") as stream:
        json.dump({"version": list(sys.version_info[:2]), "rows": rows}, stream, indent=1, sort_keys=True)
        stream.write("\n")
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
