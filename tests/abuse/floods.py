"""Clients that cost more than they give, at Selvage and at nginx: each loses its connection to a limit.

A flood returns its sockets, and perhaps what is to be done every few milliseconds. Asked of a
server: that it lets all of them go, as nginx does; that another client is answered meanwhile; and
that its memory hardly grows.
"""
import os
import re
import socket
import struct
import time

from serving import PATIENCE, Failure, expect

MEMORY = 64 << 20  # most that a flood may add: 400 answers wait, each with half of --stream-limit
STEP = 0.02
GET = b"GET / HTTP/1.1\r\nHost: t\r\n\r\n"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, CONTINUATION = 0, 1, 3, 4, 9
END_STREAM, END_HEADERS = 1, 4
INITIAL_WINDOW = 4


def frame(kind, flags, stream, body=b""):
    return struct.pack(">I", len(body))[1:] + struct.pack(">BBI", kind, flags, stream) + body


def block(path=b"/"):
    """Fields of a GET, none of which is remembered: method, scheme, path, authority."""
    return b"\x82\x86\x04" + bytes([len(path)]) + path + b"\x01\x01t"


def settings(**values):
    return PREFACE + frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", INITIAL_WINDOW, v) for v in values.values()))


def connect(port, room=None):
    client = socket.socket()
    if room:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    client.settimeout(PATIENCE)
    client.connect(("127.0.0.1", port))
    return client


def pour(client, parts):
    """Send until all is sent or the server wants no more."""
    try:
        for part in parts:
            client.sendall(part)
    except OSError:
        pass


# ---- floods ----

def slow_readers(target):
    clients = [connect(target.port, 4096) for _ in range(20)]
    for client in clients:
        client.sendall(b"GET %s HTTP/1.1\r\nHost: t\r\n\r\n" % target.large)
    return clients, None


def slow_readers_of_http_2(target):
    clients = [connect(target.http2_port) for _ in range(20)]
    for client in clients:
        streams = (frame(HEADERS, END_STREAM | END_HEADERS, 2 * i + 1, block(target.large)) for i in range(20))
        client.sendall(settings(window=0) + b"".join(streams))
    return clients, None


def trickle(clients, data):
    """A byte of `data` now and then to each, as long as anybody takes it."""
    def step(at=[0]):
        for client in clients:
            pour(client, [data[at[0] % len(data):][:1]])
        at[0] += 1
    return clients, step


def slow_writers(target):
    return trickle([connect(target.port) for _ in range(20)], b"GET / HTTP/1.1\r\nHost: t\r\nx: " + b"y" * 1000)


def slow_writers_of_bodies(target):
    clients = [connect(target.port) for _ in range(20)]
    for client in clients:
        client.sendall(b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\n")
    return trickle(clients, b"x")


def slow_writers_of_http_2(target):
    clients = [connect(target.http2_port) for _ in range(20)]
    for client in clients:
        client.sendall(settings())
    return trickle(clients, frame(HEADERS, END_STREAM, 1, block() + b"\0\x01a\x7f\xff\x06" + b"x" * 1000))


def header_flood(target):
    clients = [connect(target.port) for _ in range(20)]
    for client in clients:
        pour(client, [GET[:-2]] + [b"x-%d: %s\r\n" % (i, b"y" * 1000) for i in range(2000)])
    return clients, None


def header_flood_of_http_2(target):
    clients = [connect(target.http2_port) for _ in range(20)]
    field = b"\0\x01a\x7f\xe9\x06" + b"x" * 1000
    for client in clients:
        pour(client, [settings(), frame(HEADERS, END_STREAM, 1, block())] +
             [frame(CONTINUATION, 0, 1, field * 16)] * 200)
    return clients, None


def rapid_resets(target):
    client = connect(target.http2_port)
    pour(client, [settings()] + [frame(HEADERS, END_STREAM | END_HEADERS, i, block()) +
                                 frame(RST_STREAM, 0, i, struct.pack(">I", 8)) for i in range(1, 40001, 2)])
    return [client], None


def pipelined_garbage(target):
    clients = [connect(target.port) for _ in range(20)]
    for client in clients:
        pour(client, [GET * 20 + b"\0\1\2garbage\r\n\r\n" * 10000 + GET * 20])
    return clients, None


FLOODS = [slow_readers, slow_readers_of_http_2, slow_writers, slow_writers_of_bodies, slow_writers_of_http_2,
          header_flood, header_flood_of_http_2, rapid_resets, pipelined_garbage]


# ---- what becomes of a server ----

class Target:
    """A process, where it listens, and the path of an answer without an end."""

    def __init__(self, process, port, http2_port, large):
        self.process, self.port, self.http2_port, self.large = process, port, http2_port, large

    def connections(self):
        folder = f"/proc/{self.process}/fd"
        found = 0
        for name in os.listdir(folder):
            try:
                found += os.readlink(f"{folder}/{name}").startswith("socket:")
            except FileNotFoundError:
                pass
        return found

    def memory(self):
        with open(f"/proc/{self.process}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) * 1024

    def answers(self):
        with connect(self.port) as client:
            client.sendall(GET)
            expect(client.recv(12) == b"HTTP/1.1 200", "nobody else is answered")


def suffer(target, flood):
    """What the flood does: whether all connections are let go of, and the memory that it adds."""
    target.answers()
    time.sleep(STEP)
    before, memory = target.connections(), target.memory()
    clients, step = flood(target)
    most, deadline = target.memory() - memory, time.monotonic() + PATIENCE
    target.answers()
    while target.connections() > before and time.monotonic() < deadline:
        if step:
            step()
        time.sleep(STEP)
        most = max(most, target.memory() - memory)
    is_over = target.connections() <= before
    target.answers()
    for client in clients:
        client.close()
    return is_over, most


def compare_flood(flood, selvage, nginx, is_verbose):
    """passed or failed."""
    try:
        ours, theirs = suffer(selvage, flood), suffer(nginx, flood)
        if is_verbose:
            print(f"{flood.__name__}: over, and bytes of memory: selvage {ours}, nginx {theirs}")
        expect(ours[0], f"Selvage bears it for {PATIENCE} s; nginx has ended it: {theirs[0]}")
        expect(ours[1] <= MEMORY, f"Selvage's memory has grown by {ours[1]} bytes, nginx's by {theirs[1]}")
    except Failure as failure:
        print(f"FAIL {flood.__name__}: {failure}")
        return "failed"
    return "passed"
