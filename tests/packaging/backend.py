"""The build backend with a stand-in for maturin and a folder of wheels instead of the package index."""

import os
import shutil
import sys
import tempfile
import types
import zipfile

ROOT = os.getcwd()
built = []
maturin = types.ModuleType("maturin")
for hook in ("build_editable", "build_sdist", "get_requires_for_build_editable", "get_requires_for_build_sdist"):
    setattr(maturin, hook, lambda *arguments: [])
maturin.get_requires_for_build_wheel = lambda settings=None: ["puccinialin"]
maturin.build_wheel = lambda folder, *more: built.append(folder) or "built.whl"
sys.modules["maturin"] = maturin
sys.path.insert(0, os.path.join(ROOT, "python", "build"))
import wheel_or_source as backend  # noqa: E402

version = backend.version()


def wheel(folder, version):
    name = "spawnsafe-%s-py3-none-any.whl" % version
    with zipfile.ZipFile(os.path.join(folder, name), "w") as archive:
        info = "spawnsafe-%s.dist-info/" % version
        archive.writestr(info + "METADATA", "Metadata-Version: 2.1\nName: spawnsafe\nVersion: %s\n" % version)
        archive.writestr(info + "WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(info + "RECORD", "")
    return name


with tempfile.TemporaryDirectory() as index, tempfile.TemporaryDirectory() as out:
    os.environ.update(PIP_NO_INDEX="1", PIP_FIND_LINKS=index)
    os.environ.pop("SPAWNSAFE_WHEEL", None)
    path, nothing = os.environ["PATH"], tempfile.mkdtemp()
    os.environ["PATH"] = nothing
    wheel(index, "99.0.0")
    assert backend.build_wheel(out) == "built.whl", "the wheel of another version was taken"
    name = wheel(index, version)
    assert backend.build_wheel(out) == name, "without Rust the wheel of the own version was not taken"
    assert os.listdir(out) == [name]
    os.environ["SPAWNSAFE_WHEEL"] = "0"
    assert backend.build_wheel(out) == "built.whl"
    # With Rust the checkout is built, unless the wheel is asked for.
    os.environ.pop("SPAWNSAFE_WHEEL")
    with open(os.path.join(nothing, "cargo"), "w") as stream:
        stream.write("#!/bin/sh\n")
    os.chmod(os.path.join(nothing, "cargo"), 0o755)
    assert backend.build_wheel(out) == "built.whl"
    os.environ["SPAWNSAFE_WHEEL"] = "1"
    assert backend.build_wheel(out) == name
    os.environ["PATH"] = path
    shutil.rmtree(nothing)
assert len(built) == 3
