"""An origin server on a thread, which behaves as the path of a request says."""
import gzip
import os
import socket
import ssl
import subprocess
import threading
import time
import urllib.parse

from serving import PATIENCE


def pattern(size):
    block = bytes(i * 7 % 251 for i in range(65536))
    return (block * (size // len(block) + 1))[:size]


def make_certificate(folder, name):
    """A self-signed certificate for a name; its path."""
    path = os.path.join(folder, "certificate.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
                    "-keyout", os.path.join(folder, "key.pem"), "-out", path],
                   check=True, capture_output=True)
    return path


class Origin:
    def __init__(self, tls_folder=None, clients=None):
        self.requests = []
        self.names = []
        self.held = threading.Event()
        self.asked = threading.Event()
        self.gate = threading.Event()
        self.together = {}
        self.numbers = {}
        self.not_modified = 0
        self.lock = threading.Condition()
        self.context = None
        if tls_folder:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(os.path.join(tls_folder, "certificate.pem"),
                                         os.path.join(tls_folder, "key.pem"))
            if clients:
                self.context.verify_mode = ssl.CERT_REQUIRED
                self.context.load_verify_locations(clients)
            self.context.sni_callback = lambda connection, name, context: self.names.append(name)

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *unused):
        self.listener.close()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            stream = connection.makefile("rb")
            while self.answer(connection, stream):
                pass
        except OSError:
            pass
        finally:
            connection.close()

    def read_body(self, stream, fields):
        if "chunked" in fields.get("transfer-encoding", ""):
            body = b""
            while True:
                line = stream.readline()
                if not line:
                    return None
                size = int(line, 16)
                body += stream.read(size)
                stream.readline()
                if not size:
                    return body
        return stream.read(int(fields.get("content-length", 0)))

    def answer(self, connection, stream):
        line = stream.readline().decode().strip()
        if not line:
            return False
        lines, fields = [line], {}
        while (field := stream.readline().decode().strip()):
            lines.append(field)
            name, value = field.split(":", 1)
            fields[name.lower()] = value.strip()
        body = self.read_body(stream, fields)
        if body is None:
            return False
        path = line.split()[1].removeprefix("/base")
        self.requests.append(path)
        word, *rest = path.strip("/").split("?")[0].split("/")
        self.asked_with = fields
        special = getattr(self, "do_" + word, None)
        if special:
            return special(connection, body, *rest)
        self.reply(connection, "\n".join(lines).encode() + b"\n" + body)
        return True

    def reply(self, connection, body, head=b""):
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Origin: here\r\nContent-Length: %d\r\n" % len(body) + head +
                           b"\r\n" + body)

    def do_with(self, connection, body, *rest):
        """The number of this request among those for the path, with the fields that are in it."""
        path = "/".join(rest)
        with self.lock:
            self.numbers[path] = self.numbers.get(path, 0) + 1
            number = self.numbers[path]
        fields = [urllib.parse.unquote(part).split("=", 1) for part in rest if "=" in part]
        head = "".join(f"{name}: {value}\r\n" for name, value in fields if name != "Pad")
        pad = "".join(value for name, value in fields if name == "Pad")
        self.reply(connection, f"{number}{pad}".encode(), head.encode())
        return True

    def do_versioned(self, connection, body, tag):
        """Not to be kept without asking; X-Round says how often that was."""
        with self.lock:
            self.numbers[tag] = self.numbers.get(tag, 0) + 1
        fields = f'ETag: "{tag}"\r\nCache-Control: max-age=0\r\nX-Round: {self.numbers[tag]}\r\n'
        if self.asked_with.get("if-none-match") == f'"{tag}"':
            self.not_modified += 1
            connection.sendall(f"HTTP/1.1 304 Not Modified\r\n{fields}\r\n".encode())
        else:
            self.reply(connection, f"version {tag}".encode(), fields.encode())
        return True

    def do_trailers(self, connection, body):
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-End\r\n\r\n"
                           b"4\r\nbody\r\n0\r\nX-End: the end\r\nX-End: again\r\n\r\n")
        return True

    def do_failing(self, connection, body):
        """Fine once, then an error, then no answer."""
        with self.lock:
            self.numbers["failing"] = self.numbers.get("failing", 0) + 1
        if self.numbers["failing"] == 1:
            self.reply(connection, b"fine", b"Cache-Control: max-age=0, stale-if-error=600\r\n")
        elif self.numbers["failing"] == 2:
            connection.sendall(b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno")
        else:
            return False
        return True

    def do_packed(self, connection, body, kind):
        """A text of 20,000 bytes, as gzip in two members, or what only says that it is."""
        text = b"".join(b"line %d\n" % i for i in range(10000))[:20000]
        packed = gzip.compress(text[:15000]) + gzip.compress(text[15000:])
        content = {"good": packed, "cut": packed[:-20], "wrong": text, "plain": text,
                   "damaged": packed[:-8] + bytes(8)}[kind]
        self.reply(connection, content, b"" if kind == "plain" else b"Content-Encoding: gzip\r\n")
        return True

    def do_silent(self, connection, body):
        connection.settimeout(PATIENCE)
        connection.recv(1)
        return False

    def do_held(self, connection, body):
        """No answer; `held` is set when the other side has gone."""
        connection.settimeout(PATIENCE)
        if connection.recv(1) == b"":
            self.held.set()
        return False

    def do_gate(self, connection, body):
        """Answered when the test opens the gate."""
        self.asked.set()
        self.gate.wait(PATIENCE)
        self.reply(connection, b"open")
        return True

    def do_open(self, connection, body):
        """Opens the gate: for what a guest must have done before."""
        self.gate.set()
        self.reply(connection, b"opened")
        return True

    def do_behind(self, connection, body, other):
        """Answered when that other request has come."""
        end = time.monotonic() + PATIENCE
        while "/" + other not in self.requests and time.monotonic() < end:
            time.sleep(0.005)
        self.reply(connection, b"behind")
        return True

    def do_halves(self, connection, body, size):
        """One half of the bytes now, the other when the gate is open."""
        data = pattern(int(size))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(data))
        connection.sendall(data[:len(data) // 2])
        self.gate.wait(PATIENCE)
        connection.sendall(data[len(data) // 2:])
        return True

    def held_is_closed(self):
        return self.held.wait(PATIENCE)

    def do_nonsense(self, connection, body):
        connection.sendall(b"nonsense\r\n\r\n")
        return False

    def do_nothing(self, connection, body):
        return False

    def do_large(self, connection, body):
        self.reply(connection, b"", b"".join(b"X-%d: %s\r\n" % (i, b"v" * 1000) for i in range(90)))
        return False

    def do_cut(self, connection, body):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort")
        return False

    def do_count(self, connection, body):
        self.reply(connection, b"%d" % len(body))
        return True

    def do_length(self, connection, body):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n")
        return True

    def do_bytes(self, connection, body, size):
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        data = pattern(int(size))
        for at in range(0, len(data), 50000):
            part = data[at:at + 50000]
            connection.sendall(b"%x\r\n" % len(part) + part + b"\r\n")
        connection.sendall(b"0\r\n\r\n")
        return True

    def do_redirect(self, connection, body, *where, status=302):
        connection.sendall(b"HTTP/1.1 %d Away\r\nContent-Length: 0\r\nLocation: %s\r\n\r\n"
                           % (status, "/".join(where).encode()))
        return True

    def do_redirect307(self, connection, body, *where):
        return self.do_redirect(connection, body, *where, status=307)

    def do_round(self, connection, body):
        return self.do_redirect(connection, body, "", "round")

    def do_gated(self, connection, body, number):
        """Answered when the gate is open; `open_when` counts those that have come."""
        with self.lock:
            self.together["gated"] = self.together.get("gated", 0) + 1
            self.lock.notify_all()
        self.gate.wait(PATIENCE)
        self.reply(connection, number.encode())
        return True

    def open_when(self, count):
        with self.lock:
            self.lock.wait_for(lambda: self.together.get("gated", 0) >= count, PATIENCE)
            if self.together.get("gated", 0) >= count:
                self.gate.set()

    def do_together(self, connection, body, count, number):
        """Answered when `count` of these have come."""
        with self.lock:
            self.together[count] = self.together.get(count, 0) + 1
            self.lock.notify_all()
            self.lock.wait_for(lambda: self.together[count] >= int(count), PATIENCE)
        self.reply(connection, f"GET /base/together/{count}/{number}".encode())
        return True
