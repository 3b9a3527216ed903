"""As probe.py, for what third-party packages make. Run by hand, in an environment that has third_party.txt installed:

    python -m venv env && env/bin/pip install -r tests/objects/third_party.txt && env/bin/python tests/objects/third_party.py

Prints the same JSON as probe.py, and on standard error what could not be made. Nothing here connects to anything.
"""
import importlib
import io
import json
import os
import signal
import sys
import warnings

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import probe  # noqa: E402

warnings.simplefilter("ignore")
FILE = probe.FILE

RECIPES = {
    "sqlalchemy.create_engine": "sqlalchemy.create_engine('sqlite://')",
    "sqlalchemy.create_engine().connect": "sqlalchemy.create_engine('sqlite://').connect()",
    "sqlalchemy.ext.asyncio.create_async_engine": "sqlalchemy.ext.asyncio.create_async_engine('sqlite+aiosqlite://')",
    "sqlalchemy.orm.Session": "sqlalchemy.orm.Session(sqlalchemy.create_engine('sqlite://'))",
    "sqlalchemy.orm.sessionmaker": "sqlalchemy.orm.sessionmaker(sqlalchemy.create_engine('sqlite://'))",
    "sqlalchemy.orm.sessionmaker()()": "sqlalchemy.orm.sessionmaker(sqlalchemy.create_engine('sqlite://'))()",
    "sqlalchemy.orm.scoped_session": "sqlalchemy.orm.scoped_session(sqlalchemy.orm.sessionmaker())",
    "sqlalchemy.MetaData": "sqlalchemy.MetaData()",
    "requests.Session": "requests.Session()",
    "requests.sessions.Session": "requests.sessions.Session()",
    "requests.Response": "requests.Response()",
    "requests.adapters.HTTPAdapter": "requests.adapters.HTTPAdapter()",
    "httpx.Client": "httpx.Client()",
    "httpx.AsyncClient": "httpx.AsyncClient()",
    "aiohttp.ClientSession": "loop().run_until_complete(called(lambda: aiohttp.ClientSession()))",
    "aiohttp.web.Application": "aiohttp.web.Application()",
    "urllib3.PoolManager": "urllib3.PoolManager()",
    "redis.Redis": "redis.Redis()",
    "redis.StrictRedis": "redis.StrictRedis()",
    "redis.from_url": "redis.from_url('redis://localhost')",
    "redis.ConnectionPool": "redis.ConnectionPool()",
    "redis.asyncio.Redis": "redis.asyncio.Redis()",
    "redis.Redis().pubsub": "redis.Redis().pubsub()",
    "redis.Redis().pipeline": "redis.Redis().pipeline()",
    "redis.Redis().lock": "redis.Redis().lock('a')",
    "pymongo.MongoClient": "pymongo.MongoClient(connect=False)",
    "boto3.client": "boto3.client('s3', region_name='us-east-1', aws_access_key_id='a', aws_secret_access_key='b')",
    "boto3.resource": "boto3.resource('s3', region_name='us-east-1', aws_access_key_id='a', aws_secret_access_key='b')",
    "boto3.Session": "boto3.Session(region_name='us-east-1')",
    "boto3.session.Session": "boto3.session.Session(region_name='us-east-1')",
    "boto3.Session().client": "boto3.Session(region_name='us-east-1').client('s3', aws_access_key_id='a', aws_secret_access_key='b')",
    "boto3.Session().resource": "boto3.Session(region_name='us-east-1').resource('s3', aws_access_key_id='a', aws_secret_access_key='b')",
    "botocore.session.get_session": "botocore.session.get_session()",
    "h5py.File": "h5py.File(FILE + '.h5', 'w')",
    "h5py.File().create_group": "h5py.File(FILE + '2.h5', 'w').create_group('a')",
    "h5py.File().create_dataset": "h5py.File(FILE + '3.h5', 'w').create_dataset('a', data=[1])",
    "netCDF4.Dataset": "netCDF4.Dataset(FILE + '.nc', 'w')",
    "zarr.open": "zarr.open(FILE + '.zarr', mode='w', shape=(2,), dtype='i4')",
    "zarr.open_group": "zarr.open_group(FILE + '2.zarr', mode='w')",
    "tables.open_file": "tables.open_file(FILE + '.tables', 'w')",
    "tqdm.tqdm": "tqdm.tqdm([1])",
    "tqdm.tqdm().get_lock": "tqdm.tqdm.get_lock()",
    "tqdm.auto.tqdm": "tqdm.auto.tqdm([1])",
    "rich.console.Console": "rich.console.Console()",
    "rich.progress.Progress": "rich.progress.Progress()",
    "rich.live.Live": "rich.live.Live()",
    "rich.table.Table": "rich.table.Table()",
    "loguru.logger": "loguru.logger",
    "loguru.logger.bind": "loguru.logger.bind(a=1)",
    "structlog.get_logger": "structlog.get_logger()",
    "flask.Flask": "flask.Flask('a')",
    "flask.Flask().test_client": "flask.Flask('a').test_client()",
    "flask.Blueprint": "flask.Blueprint('a', 'a')",
    "fastapi.FastAPI": "fastapi.FastAPI()",
    "fastapi.APIRouter": "fastapi.APIRouter()",
    "starlette.applications.Starlette": "starlette.applications.Starlette()",
    "sanic.Sanic": "sanic.Sanic('a')",
    "dash.Dash": "dash.Dash('a')",
    "bottle.Bottle": "bottle.Bottle()",
    "tornado.ioloop.IOLoop": "tornado.ioloop.IOLoop()",
    "tornado.web.Application": "tornado.web.Application()",
    "celery.Celery": "celery.Celery('a')",
    "click.Command": "click.command()(probe.print_)",
    "click.Group": "click.group()(probe.print_)",
    "click.Context": "click.Context(click.Command('a'))",
    "typer.Typer": "typer.Typer()",
    "invoke.Context": "invoke.Context()",
    "invoke.task()": "invoke.task(probe.print_)",
    "grpc.insecure_channel": "grpc.insecure_channel('localhost:1')",
    "grpc.secure_channel": "grpc.secure_channel('localhost:1', grpc.ssl_channel_credentials())",
    "grpc.server": "grpc.server(probe_pool())",
    "matplotlib.pyplot.figure": "matplotlib.pyplot.figure()",
    "matplotlib.pyplot.subplots": "matplotlib.pyplot.subplots()",
    "matplotlib.figure.Figure": "matplotlib.figure.Figure()",
    "pandas.ExcelWriter": "pandas.ExcelWriter(FILE + '.xlsx')",
    "pandas.ExcelFile": "None",
    "pandas.read_csv": "pandas.read_csv(io.StringIO('a,b'))",
    "pandas.HDFStore": "pandas.HDFStore(FILE + '.hdf')",
    "pandas.DataFrame().groupby": "pandas.DataFrame({'a': [1]}).groupby('a')",
    "pandas.DataFrame().itertuples": "pandas.DataFrame({'a': [1]}).itertuples()",
    "pandas.DataFrame().iterrows": "pandas.DataFrame({'a': [1]}).iterrows()",
    "numpy.load": "npz()",
    "numpy.nditer": "numpy.nditer(numpy.zeros(1))",
    "numpy.memmap": "numpy.memmap(FILE + '.map', mode='w+', shape=(1,))",
    "numpy.random.default_rng": "numpy.random.default_rng()",
    "numpy.vectorize": "numpy.vectorize(len)",
    "polars.DataFrame": "polars.DataFrame()",
    "polars.LazyFrame": "polars.LazyFrame()",
    "pyarrow.fs.LocalFileSystem": "pyarrow.fs.LocalFileSystem()",
    "pyarrow.parquet.ParquetFile": "parquet()",
    "pyarrow.parquet.ParquetWriter": "pyarrow.parquet.ParquetWriter(FILE + '.pq', pyarrow.schema([('a', pyarrow.int32())]))",
    "pyarrow.RecordBatchFileWriter": "pyarrow.RecordBatchFileWriter(FILE + '.arrow', pyarrow.schema([('a', pyarrow.int32())]))",
    "pyarrow.memory_map": "pyarrow.memory_map(FILE)",
    "duckdb.connect": "duckdb.connect()",
    "duckdb.connect().cursor": "duckdb.connect().cursor()",
    "duckdb.connect().execute": "duckdb.connect().execute('select 1')",
    "duckdb.sql": "duckdb.sql('select 1')",
    "cryptography.hazmat.primitives.asymmetric.dh.DHParameterNumbers": "cryptography.hazmat.primitives.asymmetric.dh.DHParameterNumbers(2 ** 512 - 569, 2)",
    "cryptography.hazmat.primitives.asymmetric.dsa.generate_private_key": "cryptography.hazmat.primitives.asymmetric.dsa.generate_private_key(1024)",
    "cryptography.hazmat.primitives.asymmetric.ec.generate_private_key": "cryptography.hazmat.primitives.asymmetric.ec.generate_private_key(cryptography.hazmat.primitives.asymmetric.ec.SECP256R1())",
    "cryptography.hazmat.primitives.asymmetric.ec.generate_private_key().public_key": "cryptography.hazmat.primitives.asymmetric.ec.generate_private_key(cryptography.hazmat.primitives.asymmetric.ec.SECP256R1()).public_key()",
    "cryptography.hazmat.primitives.asymmetric.ed25519.Ed25519PrivateKey.generate": "cryptography.hazmat.primitives.asymmetric.ed25519.Ed25519PrivateKey.generate()",
    "cryptography.hazmat.primitives.asymmetric.rsa.generate_private_key": "cryptography.hazmat.primitives.asymmetric.rsa.generate_private_key(65537, 2048)",
    "cryptography.hazmat.primitives.asymmetric.rsa.generate_private_key().public_key": "cryptography.hazmat.primitives.asymmetric.rsa.generate_private_key(65537, 2048).public_key()",
    "cryptography.hazmat.primitives.asymmetric.x25519.X25519PrivateKey.generate": "cryptography.hazmat.primitives.asymmetric.x25519.X25519PrivateKey.generate()",
    "cryptography.hazmat.primitives.ciphers.aead.AESGCM": "cryptography.hazmat.primitives.ciphers.aead.AESGCM(b'k' * 16)",
    "cryptography.hazmat.primitives.ciphers.aead.ChaCha20Poly1305": "cryptography.hazmat.primitives.ciphers.aead.ChaCha20Poly1305(b'k' * 32)",
    "cryptography.hazmat.primitives.hashes.Hash": "cryptography.hazmat.primitives.hashes.Hash(cryptography.hazmat.primitives.hashes.SHA256())",
    "cryptography.hazmat.primitives.hmac.HMAC": "cryptography.hazmat.primitives.hmac.HMAC(b'k', cryptography.hazmat.primitives.hashes.SHA256())",
    "cryptography.fernet.Fernet": "cryptography.fernet.Fernet(b'A' * 43 + b'=')",
    "paramiko.SSHClient": "paramiko.SSHClient()",
    "paramiko.Transport": "paramiko.Transport(pair())",
    "pika.ConnectionParameters": "pika.ConnectionParameters()",
    "elasticsearch.Elasticsearch": "elasticsearch.Elasticsearch('http://localhost:1')",
    "lxml.etree.fromstring": "lxml.etree.fromstring('<a/>')",
    "lxml.etree.parse": "lxml.etree.parse(io.BytesIO(b'<a/>'))",
    "lxml.etree.XMLParser": "lxml.etree.XMLParser()",
    "lxml.etree.XPath": "lxml.etree.XPath('a')",
    "lxml.etree.XSLT": "None",
    "lxml.html.fromstring": "lxml.html.fromstring('<a/>')",
    "lxml.etree.iterparse": "lxml.etree.iterparse(io.BytesIO(b'<a/>'))",
    "bs4.BeautifulSoup": "bs4.BeautifulSoup('<a/>', 'html.parser')",
    "PIL.Image.new": "PIL.Image.new('L', (1, 1))",
    "PIL.Image.open": "png()",
    "PIL.ImageDraw.Draw": "PIL.ImageDraw.Draw(PIL.Image.new('L', (1, 1)))",
    "PIL.ImageFont.load_default": "PIL.ImageFont.load_default()",
    "cv2.VideoCapture": "cv2.VideoCapture()",
    "cv2.VideoWriter": "cv2.VideoWriter()",
    "cv2.CascadeClassifier": "cv2.CascadeClassifier()",
    "cv2.ORB_create": "cv2.ORB_create()",
    "cv2.SIFT_create": "cv2.SIFT_create()",
    "cv2.createBackgroundSubtractorMOG2": "cv2.createBackgroundSubtractorMOG2()",
    "cv2.BFMatcher": "cv2.BFMatcher()",
    "cv2.KeyPoint": "cv2.KeyPoint()",
    "cv2.FaceDetectorYN.create": "None",
    "networkx.Graph": "networkx.Graph()",
    "networkx.Graph().nodes": "networkx.Graph().nodes",
    "networkx.Graph().neighbors": "networkx.path_graph(2).neighbors(0)",
    "networkx.connected_components": "networkx.connected_components(networkx.Graph())",
    "networkx.all_simple_paths": "networkx.all_simple_paths(networkx.path_graph(2), 0, 1)",
    "xarray.Dataset": "xarray.Dataset()",
    "xarray.open_dataset": "dataset()",
    "sklearn.model_selection.KFold": "sklearn.model_selection.KFold()",
    "sklearn.model_selection.KFold().split": "sklearn.model_selection.KFold(2).split([1, 2])",
    "tokenizers.Tokenizer": "tokenizers.Tokenizer(tokenizers.models.BPE())",
    "jinja2.Environment": "jinja2.Environment()",
    "jinja2.Template": "jinja2.Template('a')",
    "jinja2.Environment().from_string": "jinja2.Environment().from_string('a')",
    "zmq.Context": "zmq.Context()",
    "zmq.Context().socket": "zmq.Context().socket(zmq.PUB)",
    "docker.DockerClient": "docker.DockerClient('tcp://localhost:1')",
    "docker.from_env": "docker.DockerClient('tcp://localhost:1')",
    "minio.Minio": "minio.Minio('localhost:1', access_key='a', secret_key='b')",
    "fsspec.filesystem": "fsspec.filesystem('file')",
    "fsspec.open": "fsspec.open(FILE)",
    "fsspec.filesystem().open": "fsspec.filesystem('file').open(FILE)",
    "rasterio.open": "raster()",
    "shapely.geometry.Point": "shapely.geometry.Point(1, 1)",
    "shapely.prepared.prep": "shapely.prepared.prep(shapely.geometry.Point(1, 1))",
    "shapely.STRtree": "shapely.STRtree([])",
    "pyproj.Transformer.from_crs": "pyproj.Transformer.from_crs(4326, 3857)",
    "pyproj.CRS": "pyproj.CRS(4326)",
    "openpyxl.Workbook": "openpyxl.Workbook()",
    "openpyxl.load_workbook": "workbook()",
    "openpyxl.Workbook().active": "openpyxl.Workbook().active",
    "xlsxwriter.Workbook": "xlsxwriter.Workbook(FILE + '2.xlsx')",
    "serial.Serial": "serial.Serial()",
    "psutil.Process": "psutil.Process()",
    "regex.compile": "regex.compile('a')",
    "regex.match": "regex.match('a', 'a')",
    "regex.search": "regex.search('a', 'a')",
    "lmdb.open": "lmdb.open(FILE + '.lmdb')",
    "lmdb.Environment": "lmdb.Environment(FILE + '2.lmdb')",
    "lmdb.open().begin": "lmdb.open(FILE + '3.lmdb').begin()",
    "diskcache.Cache": "diskcache.Cache(FILE + '.cache')",
    "diskcache.FanoutCache": "diskcache.FanoutCache(FILE + '2.cache')",
    "peewee.SqliteDatabase": "peewee.SqliteDatabase(':memory:')",
    "pexpect.spawn": "pexpect.spawn('true')",
    "progressbar.ProgressBar": "progressbar.ProgressBar()",
    "alive_progress.alive_bar": "alive_progress.alive_bar()",
    "tinydb.TinyDB": "tinydb.TinyDB(FILE + '.tinydb')",
    "neo4j.GraphDatabase.driver": "neo4j.GraphDatabase.driver('bolt://localhost:1')",
    "influxdb_client.InfluxDBClient": "influxdb_client.InfluxDBClient('http://localhost:1', 'a')",
    "google.cloud.storage.Client": "google.cloud.storage.Client.create_anonymous_client()",
    "azure.storage.blob.BlobServiceClient": "azure.storage.blob.BlobServiceClient('http://localhost:1')",
    "azure.storage.blob.BlobServiceClient.from_connection_string": "azure.storage.blob.BlobServiceClient('http://localhost:1')",
    "watchdog.observers.Observer": "watchdog.observers.Observer()",
    "schedule.Scheduler": "schedule.Scheduler()",
    "filelock.FileLock": "filelock.FileLock(FILE + '.lock')",
    "cachetools.TTLCache": "cachetools.TTLCache(1, 1)",
    "cachetools.LRUCache": "cachetools.LRUCache(1)",
    "ijson.items": "ijson.items(io.BytesIO(b'[]'), 'item')",
    "pysam.AlignmentFile": "pysam.AlignmentFile(FILE + '.sam', 'w', reference_names=['a'], reference_lengths=[1])",
    "imageio.get_writer": "imageio.get_writer(FILE + '.gif')",
    "soundfile.SoundFile": "soundfile.SoundFile(FILE + '.wav', 'w', 8000, 1)",
    "tensorboardX.SummaryWriter": "tensorboardX.SummaryWriter(FILE + '.tb')",
    "selenium.webdriver.ChromeOptions": "selenium.webdriver.ChromeOptions()",
    "playwright.sync_api.sync_playwright": "playwright.sync_api.sync_playwright()",
    "playwright.async_api.async_playwright": "playwright.async_api.async_playwright()",
    "pydantic.TypeAdapter": "pydantic.TypeAdapter(int)",
    "pydantic.create_model": "pydantic.create_model('Made')",
    "confluent_kafka.Producer": "confluent_kafka.Producer({})",
    "confluent_kafka.Consumer": "confluent_kafka.Consumer({'group.id': 'a'})",
    "kafka.KafkaProducer": "None",
    "psycopg2.pool.ThreadedConnectionPool": "None",
    "mysql.connector.connect": "None",
    "werkzeug.serving.make_server": "werkzeug.serving.make_server('127.0.0.1', 0, print)",
    "django.test.Client": "None",
    "websockets.connect": "websockets.connect('ws://localhost:1')",
}


def loop():
    import asyncio

    return asyncio.new_event_loop()


async def called(make):
    return make()


def pair():
    import socket

    return socket.socketpair()[0]


def probe_pool():
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(1)


def npz():
    import numpy

    numpy.savez(FILE + ".npz", a=numpy.zeros(1))
    return numpy.load(FILE + ".npz")


def parquet():
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.table({"a": [1]}), FILE + ".parquet")
    return pyarrow.parquet.ParquetFile(FILE + ".parquet")


def png():
    import PIL.Image

    PIL.Image.new("L", (1, 1)).save(FILE + ".png")
    return PIL.Image.open(FILE + ".png")


def dataset():
    import xarray

    xarray.Dataset({"a": 1}).to_netcdf(FILE + ".xarray.nc")
    return xarray.open_dataset(FILE + ".xarray.nc")


def raster():
    import rasterio

    return rasterio.open(FILE + ".tif", "w", driver="GTiff", width=1, height=1, count=1, dtype="uint8")


def workbook():
    import openpyxl

    openpyxl.Workbook().save(FILE + ".book.xlsx")
    return openpyxl.load_workbook(FILE + ".book.xlsx", read_only=True)


def made(recipe):
    scope = dict(globals())
    for word in recipe.replace("(", " ").replace(")", " ").replace(",", " ").split():
        parts = word.split(".")
        for end in range(1, len(parts)):
            try:
                importlib.import_module(".".join(parts[:end]))
                scope[parts[0]] = sys.modules[parts[0]]
            except BaseException:  # noqa: B902
                break
    return eval(recipe, scope)  # recipes are those above


def looked_at(path, recipe):
    """What came of one object, made in a process of its own: some crash the interpreter when they are looked at."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGALRM, probe.late)
        signal.alarm(60)
        try:
            answer = probe.observed(made(recipe))
        except BaseException as error:  # noqa: B902
            answer = {"failed": repr(error)[:200]}
        os.write(writer, json.dumps(answer).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        text = stream.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else {"failed": "the interpreter crashed"}


def main(wanted):
    os.environ.setdefault("MPLBACKEND", "Agg")
    rows = {}
    for path, recipe in sorted(RECIPES.items()):
        if recipe == "None" or wanted and not path.startswith(tuple(wanted)):
            continue
        row = looked_at(path, recipe)
        if "failed" in row:
            print("%s: %s" % (path, row["failed"]), file=sys.stderr)
        else:
            rows[path] = row
    json.dump({"version": list(sys.version_info[:2]), "rows": rows}, sys.stdout, indent=1, sort_keys=True)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main(sys.argv[1:])
