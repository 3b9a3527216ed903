"""The build backend: maturin's, save that a machine without Rust takes the wheel of this very version.

pip, pre-commit and the GitHub action install this package from a checkout. Where there is a Rust
toolchain the checkout is built as it is. Where there is none, the wheel that was published for its
version is taken from the package index, so that nobody waits for a compiler; if there is no such
wheel (the version is not published yet), maturin fetches a toolchain. ``SPAWNSAFE_WHEEL=1`` asks for
the wheel although there is Rust, ``SPAWNSAFE_WHEEL=0`` never takes one.

The version of a commit is raised right after a release, so the wheel of a version is what the commit
with that version holds.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

import maturin
from maturin import build_editable, build_sdist, get_requires_for_build_editable, get_requires_for_build_sdist

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
]


def wants_wheel():
    """Whether the published wheel is looked for."""
    wish = os.environ.get("SPAWNSAFE_WHEEL", "")
    return wish == "1" or (wish != "0" and shutil.which("cargo") is None)


def version():
    """The version of this checkout, as Cargo.toml says it."""
    with open("Cargo.toml", encoding="utf-8") as stream:
        return re.search(r'^version = "([^"]+)"', stream.read(), re.MULTILINE).group(1)


def published(folder):
    """Brings the published wheel to ``folder`` and gives its name; None if there is none for this machine."""
    with tempfile.TemporaryDirectory() as scratch:
        # Isolated: pip must not import the checkout it stands in.
        command = [sys.executable, "-I", "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        command += ["--no-deps", "--only-binary", ":all:", "--dest", scratch, "spawnsafe==" + version()]
        if subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode:
            return None
        wheels = [name for name in os.listdir(scratch) if name.endswith(".whl")]
        if not wheels:
            return None
        shutil.copy(os.path.join(scratch, wheels[0]), folder)
        return wheels[0]


def get_requires_for_build_wheel(config_settings=None):
    # maturin asks for a Rust toolchain here where there is none.
    return maturin.get_requires_for_build_wheel(config_settings)


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    if wants_wheel():
        name = published(wheel_directory)
        if name:
            return name
    return maturin.build_wheel(wheel_directory, config_settings, metadata_directory)
