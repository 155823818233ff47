"""What the tests of the guest SDKs need: building guests, reading modules, a server, a PNG."""
import functools
import http.client
import os
import pathlib
import re
import struct
import subprocess
import tempfile
import time
import zlib

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build"))
SELVAGE = BUILD / "selvage"
SCRATCH = tempfile.TemporaryDirectory(prefix="selvage-sdk-")


class Skip(Exception):
    """A test that can't be made here, with the reason."""


def build(*command):
    """Run a build script of the SDK; its exit codes 3 and 4 say that a tool is missing."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=500)
    if done.returncode in (3, 4):
        raise Skip(done.stderr.strip().splitlines()[-1])
    assert done.returncode == 0, done.stderr
    # A warning is a fault of the SDK: its users would see it in their builds.
    assert "warning" not in done.stderr, done.stderr


def leb(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def sections(path):
    """(id, contents) of each section of a module."""
    data = pathlib.Path(path).read_bytes()
    assert data[:8] == b"\0asm\1\0\0\0"
    at = 8
    while at < len(data):
        kind = data[at]
        size, at = leb(data, at + 1)
        yield kind, data[at:at + size]
        at += size


def custom_sections(path):
    """Names of the custom sections."""
    names = []
    for kind, data in sections(path):
        if kind == 0:
            size, at = leb(data, 0)
            names.append(data[at:at + size].decode())
    return names


def imports(path):
    """module.name of each import; SDK guests import functions only."""
    names = []
    for kind, data in sections(path):
        if kind != 2:
            continue
        count, at = leb(data, 0)
        for _ in range(count):
            size, at = leb(data, at)
            module, at = data[at:at + size].decode(), at + size
            size, at = leb(data, at)
            name, at = data[at:at + size].decode(), at + size
            assert data[at] == 0, "not a function"
            _, at = leb(data, at + 1)
            names.append(f"{module}.{name}")
    return names


@functools.lru_cache(maxsize=None)
def artifact(module):
    """What a module is compiled to: once, and at the level that is soonest done."""
    output = os.path.join(SCRATCH.name, str(module).replace("/", "_") + ".so")
    subprocess.run([SELVAGE, "compile", "-O0", module, "-o", output], check=True)
    return output


class Server:
    """`selvage serve` on a port of its own, while the with block lasts."""

    def __init__(self, module, *options):
        self.log = open(BUILD / "sdk-serve.log", "w+")
        self.process = subprocess.Popen(
            [SELVAGE, "serve", "--listen", "127.0.0.1:0", *options, artifact(module)],
            stdout=subprocess.PIPE, stderr=self.log, text=True)

    def __enter__(self):
        line = self.process.stdout.readline()
        if found := re.search(r" on http://127\.0\.0\.1:(\d+)/$", line.strip()):
            self.port = int(found.group(1))
            return self
        self.__exit__()
        raise AssertionError(f"no server: {line} {self.output()}")

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def output(self):
        self.log.flush()
        return pathlib.Path(self.log.name).read_text(errors="replace")

    def says(self, text):
        """Its log comes a little later than what it tells of."""
        end = time.monotonic() + 20
        while text not in self.output():
            assert time.monotonic() < end, self.output()
            time.sleep(0.01)

    def request(self, path="/", method="GET", body=None, headers=()):
        """(status, [(name, value)...], body) of one request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in [("Host", "guest.test"), *headers]:
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        result = answer.status, answer.getheaders(), answer.read()
        connection.close()
        return result


def png_pixels(data):
    """Rows of an 8-bit RGB PNG, each a bytes object; what is not one is an error."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, packed, size = 8, b"", None
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        chunk = data[at + 8:at + 8 + length]
        crc, = struct.unpack(">I", data[at + 8 + length:at + 12 + length])
        assert crc == zlib.crc32(kind + chunk), f"checksum of {kind}"
        if kind == b"IHDR":
            size = struct.unpack(">IIBBBBB", chunk)
        if kind == b"IDAT":
            packed += chunk
        at += 12 + length
    assert size[2:] == (8, 2, 0, 0, 0), size
    return size[:2], unfilter(zlib.decompress(packed), size[0] * 3)


def unfilter(data, stride):
    """Undo the row filters of PNG, section 9 of its specification, for 3 bytes a pixel."""
    rows, above = [], bytes(stride)
    for start in range(0, len(data), stride + 1):
        how, row = data[start], bytearray(data[start + 1:start + 1 + stride])
        for i in range(stride):
            left = row[i - 3] if i >= 3 else 0
            corner = above[i - 3] if i >= 3 else 0
            row[i] = (row[i] + predict(how, left, above[i], corner)) & 255
        rows.append(bytes(row))
        above = row
    return rows


def predict(how, left, up, corner):
    if how < 3:
        return (0, left, up)[how]
    if how == 3:
        return (left + up) // 2
    assert how == 4, "no such filter"
    estimate = left + up - corner
    return min((left, up, corner), key=lambda value: abs(value - estimate))
