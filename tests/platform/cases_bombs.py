"""Uploads that mean harm: each is refused with its limit, and leaves nothing behind."""
import base64
import gzip
import io
import json
import os
import socket
import subprocess
import tarfile
import tempfile
import zipfile

from cases_terrarium import ask
from daemon import Daemon, cgi, expect


def body(archive):
    return json.dumps({"lang": "wasm", "options": None, "tar": base64.b64encode(archive).decode()})


def tar(*entries, form=tarfile.PAX_FORMAT):
    """Of pairs: name, and content or a function that changes the entry."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=form) as file:
        for name, what in entries:
            entry = tarfile.TarInfo(name)
            if callable(what):
                what(entry)
                file.addfile(entry)
                continue
            entry.size = len(what)
            file.addfile(entry, io.BytesIO(what))
    return archive.getvalue()


def made(**fields):
    """Changes an entry: its type, what it links to."""
    def change(entry):
        for name, value in fields.items():
            setattr(entry, name, value)
    return change


def declared(name, size):
    """An archive that says it has a file of this size, which it has not."""
    entry = tarfile.TarInfo(name)
    entry.size = size
    return entry.tobuf(tarfile.GNU_FORMAT) + bytes(10240)


def sparse(form):
    """A file of 10 GB that is all hole, as tar(1) packs it: a few kilobytes."""
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "module.wasm"), "wb") as file:
            file.truncate(10 << 30)
        return subprocess.run(["tar", "-S", f"--format={form}", "-C", folder, "-cf", "-", "module.wasm"],
                              stdout=subprocess.PIPE, check=True).stdout


def zipped(name, content):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, content)
    return archive.getvalue()


def many(count):
    header = tarfile.TarInfo("a").tobuf(tarfile.USTAR_FORMAT)
    return header * count + bytes(1024)


GOOD = ("module.wasm", cgi("x"))
LINK = "a link, which is not taken"
ODD = "neither a file nor a folder"

BOMBS = (
    ("a path with ..", tar(GOOD, ("../x", b"")), "must not lead out"),
    ("a path that ends with ..", tar(GOOD, ("a/..", b"")), "must not lead out"),
    ("a path with .. in between", tar(GOOD, ("a/../../x", b"")), "must not lead out"),
    ("the file itself by ..", tar(("a/../module.wasm", cgi("x"))), "must not lead out"),
    ("an absolute path", tar(GOOD, ("/etc/passwd", b"x")), "must be relative"),
    ("a symlink", tar(GOOD, ("x", made(type=tarfile.SYMTYPE, linkname="/etc/passwd"))), LINK),
    ("a symlink as the file", tar(("module.wasm", made(type=tarfile.SYMTYPE, linkname="/etc/passwd"))), LINK),
    ("a hard link", tar(("x", made(type=tarfile.LNKTYPE, linkname="/etc/passwd")), GOOD), LINK),
    ("a hard link as the file", tar(("x", b"y"), ("module.wasm", made(type=tarfile.LNKTYPE, linkname="x"))), LINK),
    ("a character device", tar(GOOD, ("x", made(type=tarfile.CHRTYPE, devmajor=1, devminor=5))), ODD),
    ("a block device", tar(GOOD, ("x", made(type=tarfile.BLKTYPE, devmajor=8, devminor=0))), ODD),
    ("a pipe", tar(GOOD, ("x", made(type=tarfile.FIFOTYPE))), ODD),
    ("10 GB that are a hole, GNU", sparse("gnu"), "more than 1073741824 bytes"),
    ("10 GB that are a hole, pax", sparse("pax"), "more than 1073741824 bytes"),
    ("10 GB that are declared", declared("module.wasm", 10 << 30), "more than 1073741824 bytes"),
    ("10 GB of another file", declared("x", 10 << 30), "more than 1073741824 bytes"),
    ("100 MB that are declared", declared("module.wasm", 100 << 20), "larger than 67108864 bytes"),
    ("a file cut short", declared("module.wasm", 60000), "damaged"),
    ("deep folders", tar(GOOD, ("d/" * 200 + "x", b"")), "more than 32 folders"),
    ("a long path", tar(GOOD, ("d" * 2000, b"")), "path of more than 1024 bytes"),
    ("a path without end", tar(GOOD, ("d" * 3000000, b"")), ""),
    ("10,001 entries", many(10001), "more than 10000 entries"),
    ("100,000 entries", many(100000), "more than 10000 entries"),
    ("a zip archive", zipped("../module.wasm", cgi("x")), "damaged"),
    ("a zip bomb", zipped("module.wasm", bytes(200 << 20)), "damaged"),
    ("a gzip bomb", gzip.compress(declared("module.wasm", 1 << 20) + bytes(200 << 20)), "damaged"),
    ("another format: cpio", b"070701" + b"0" * 2000, "damaged"),
    ("another format: ar", b"!<arch>\n" + b"x" * 2000, "damaged"),
    ("nothing", bytes(1024), "no module.wasm"),
)


def kept(daemon):
    return sorted(name for _, _, names in os.walk(daemon.place.name) for name in names)


def peak(daemon):
    """Most memory that the daemon has had, in MiB."""
    with open(f"/proc/{daemon.process.pid}/status") as file:
        (line,) = (line for line in file if line.startswith("VmHWM"))
    return int(line.split()[1]) >> 10


def test_archives_that_mean_harm_are_refused_with_a_reason():
    with Daemon("--terrarium") as daemon:
        ask(daemon, "POST", "/deploy", body(tar(("bad", b"")))) # what the first one of all makes
        before = kept(daemon)
        for what, archive, reason in BOMBS:
            status, answer = ask(daemon, "POST", "/deploy", body(archive))
            expect(status == 400 and not answer["success"] and reason in answer["message"] and
                   answer["message"].count("\n") == 0, f"{what}: {status} {answer}, not {reason!r}")
            expect(kept(daemon) == before, f"{what}: left {set(kept(daemon)) - set(before)}")
        expect(peak(daemon) < 700, f"they took {peak(daemon)} MiB")
        status, answer = ask(daemon, "POST", "/deploy", body(tar(GOOD, ("src/a.c", b"int x;"))))
        expect(status == 200 and answer["success"], f"a good one after them: {status} {answer}")


def announce(daemon, path, length, token):
    """The status for a body of which nothing is sent."""
    with socket.create_connection(("127.0.0.1", daemon.control), 30) as connection:
        connection.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
                           f"Content-Length: {length}\r\n\r\n".encode())
        return connection.recv(4096).decode()


def test_bodies_beyond_the_limit_are_refused_before_they_come():
    with Daemon("--terrarium") as daemon:
        for path in ("/deploy", "/v1/deployments/x/versions"):
            for length in (200 << 20, 10 << 30, 1 << 62):
                answer = announce(daemon, path, length, daemon.token)
                expect(answer.startswith("HTTP/1.1 413"), f"{path} {length}: {answer!r}")
        code = b"\0asm\1\0\0\0" + bytes(65 << 20)
        text = daemon.deploy_refused(413, "big", code)
        expect(text == "the module is larger than 67108864 bytes", text)
        expect(os.listdir(os.path.join(daemon.data, "blobs")) == [], "it was kept")


def test_a_module_that_declares_much_is_refused_by_its_build():
    def section(number, content):
        return bytes([number]) + leb(len(content)) + content

    def leb(value):
        out = b""
        while value >= 128:
            out, value = out + bytes([value & 127 | 128]), value >> 7
        return out + bytes([value])

    head = b"\0asm\1\0\0\0"
    with Daemon() as daemon:
        for what, code in (
                ("functions", head + section(1, leb(0xffffffff))),
                ("locals", head + section(1, b"\1\x60\0\0") + section(3, b"\1\0") +
                 section(10, b"\1\x0a\1" + leb(0xffffffff) + b"\x7f\x0b\x0b\x0b")),
                ("a table", head + section(4, b"\1\x70\0" + leb(0xffffffff))),
                ("memory", head + section(5, b"\1\0" + leb(0xffffffff))),
                ("sections without an end", head + b"\1" + leb(0xfffffff0))):
            answer = daemon.built(daemon.deploy("bomb", code))
            expect(not answer["success"] and answer["message"], f"{what}: {answer}")
        daemon.deploy_well("fine", cgi("x"))
