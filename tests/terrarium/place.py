"""Guests of the tests, and a server with what they may reach."""
import contextlib
import functools
import json
import os

from guests import ROOT, SCRATCH, artifact, build
from nameserver import NameServer
from origin import Origin
from serving import Server

HERE = os.path.dirname(os.path.abspath(__file__))


def build_command(source, module):
    """How a source becomes a module."""
    if source.endswith(".c"):
        return "sdk/c/build-guest", "--libc", module, source
    if source.endswith(".ts"):
        return "sdk/assemblyscript/build-guest", module, source
    return "sdk/rust/build-guest", source, module


@functools.lru_cache(maxsize=None)
def guest(name):
    """The artifact of guests/NAME or of an example, made once; Skip without its compiler."""
    source = str(ROOT / name) if name.startswith("examples/") else os.path.join(HERE, "guests", name)
    if source.endswith(".wat"):
        return artifact(source)
    module = os.path.join(SCRATCH.name, name.replace("/", "-") + ".wasm")
    build(*build_command(source, module))
    return artifact(module)


def settings_write(origin, names, allow, extra):
    path = os.path.join(SCRATCH.name, f"settings-{origin.port}.toml")
    with open(path, "w") as file:
        file.write(f'[requests]\nallow = {json.dumps([f"127.0.0.1:{origin.port}", *allow])}\n'
                   f'[dns]\nservers = ["127.0.0.1:{names.port}"]\n{extra}')
    return path


@contextlib.contextmanager
def serving(name, *options, allow=(), extra=""):
    """A server of a guest, the origin (@HERE@ in what it is told) and the name server it may use."""
    with Origin() as origin, NameServer() as names:
        def here(text):
            return text.replace("@HERE@", f"http://127.0.0.1:{origin.port}")
        settings = settings_write(origin, names, allow, here(extra))
        with Server(guest(name), "--config", settings, *map(here, options)) as server:
            yield server, origin, names
