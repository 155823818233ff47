"""A name server on loopback, by UDP and TCP, for the names of the tests."""
import socket
import struct
import threading

from serving import PATIENCE

A, AAAA = 1, 28
TRUNCATED = 0x0200
NO_SUCH_NAME = 3
FOUR = {"guest.test": ["192.0.2.1"], "local.test": ["127.0.0.1"],
        "many.test": [f"198.51.100.{i}" for i in range(200)]}
SIX = {"guest.test": ["2001:db8::1"]}


def question_parse(message):
    """(name, type, end of the question)."""
    labels, at = [], 12
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode())
        at += 1 + message[at]
    kind, = struct.unpack_from(">H", message, at + 1)
    return ".".join(labels).lower(), kind, at + 5


def answer_make(message, room):
    name, kind, end = question_parse(message)
    family, table = (socket.AF_INET6, SIX) if kind == AAAA else (socket.AF_INET, FOUR)
    addresses = [socket.inet_pton(family, text) for text in table.get(name, ())]
    code = 0 if name in FOUR else NO_SUCH_NAME
    records = b"".join(struct.pack(">HHHIH", 0xc00c, kind, 1, 60, len(address)) + address
                       for address in addresses)
    if end + len(records) > room:
        return message[:2] + struct.pack(">HHHHH", 0x8180 | TRUNCATED, 1, 0, 0, 0) + message[12:end]
    return (message[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, len(addresses), 0, 0) +
            message[12:end] + records)


class NameServer:
    """Names that begin with "silent" get no answer; "held", when the gate is open."""

    def __init__(self):
        self.gate = threading.Event()
        self.asked = threading.Semaphore(0)
        self.numbers = []

    def listen(self):
        """At one port by both; the system knows of one that is free by TCP only."""
        for last in range(99, -1, -1):
            self.stream = socket.create_server(("127.0.0.1", 0))
            self.port = self.stream.getsockname()[1]
            self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                return self.datagrams.bind(("127.0.0.1", self.port))
            except OSError:
                self.stream.close()
                self.datagrams.close()
                if not last:
                    raise

    def __enter__(self):
        self.listen()
        for run in (self.serve_datagrams, self.serve_streams):
            threading.Thread(target=run, daemon=True).start()
        return self

    def __exit__(self, *unused):
        self.stream.close()
        self.datagrams.close()

    def serve_datagrams(self):
        while True:
            try:
                message, where = self.datagrams.recvfrom(4096)
            except OSError:
                return
            threading.Thread(target=self.answer, args=(message, where), daemon=True).start()

    def answer(self, message, where):
        name = question_parse(message)[0]
        self.numbers.append(message[:2])
        self.asked.release()
        if name.startswith("silent"):
            return
        if name.startswith("held"):
            self.gate.wait(PATIENCE)
        try:
            self.datagrams.sendto(answer_make(message, 512), where)
        except OSError:
            pass

    def serve_streams(self):
        while True:
            try:
                connection, _ = self.stream.accept()
            except OSError:
                return
            with connection:
                stream = connection.makefile("rb")
                length, = struct.unpack(">H", stream.read(2))
                answer = answer_make(stream.read(length), 65535)
                connection.sendall(struct.pack(">H", len(answer)) + answer)
