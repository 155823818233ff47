"""A `selvage serve` process and a client that speaks in raw bytes."""
import functools
import os
import re
import resource
import signal
import socket
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("BUILD", os.path.join(ROOT, "build"))
SELVAGE = os.path.join(BUILD, "selvage")
GUESTS = os.path.join(ROOT, "tests", "serve", "guests")
MODULES = os.path.join(ROOT, "tests", "modules")
PATIENCE = 20  # seconds until a test that waits has failed
SCRATCH = tempfile.TemporaryDirectory(prefix="selvage-serve-")


class Failure(Exception):
    """What a test found wrong, in one line."""


def expect(condition, text):
    if not condition:
        raise Failure(text)


def guest_path(name):
    """A guest of ours (a .wat) or a module of tests/modules; None if it is not here."""
    for folder in (GUESTS, MODULES):
        path = os.path.join(folder, name)
        if os.path.exists(path):
            return path
    return None


@functools.lru_cache(maxsize=None)
def artifact(path):
    """What a module is compiled to: once, and at the level that is soonest done."""
    name = os.path.splitext(os.path.basename(path))[0]
    output = os.path.join(SCRATCH.name, name + ".so")
    done = subprocess.run([SELVAGE, "compile", "-O0", path, "-o", output], capture_output=True,
                          text=True)
    expect(done.returncode == 0, f"{path} does not compile: {done.stderr!r}")
    return output


class Server:
    """Runs in the background from __enter__ to __exit__; ends with SIGTERM and must exit with 0."""

    def __init__(self, guest, *options, descriptors=None, stderr=None):
        self.guest = guest if os.path.isabs(guest) else artifact(guest_path(guest))
        self.options = options
        self.most_descriptors = descriptors
        self.log_text = None
        self.stderr = stderr  # a descriptor in place of the file that becomes log_text

    def limit(self):
        """In the server's process, before it starts."""
        if self.most_descriptors:
            most = self.most_descriptors
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    def __enter__(self):
        self.log = tempfile.TemporaryFile()
        command = [SELVAGE, "serve", "--listen", "127.0.0.1:0", *self.options, self.guest]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.stderr or self.log,
                                        preexec_fn=self.limit)
        line = self.process.stdout.readline().decode()
        match = re.fullmatch(r"serving (.*) on http://127\.0\.0\.1:(\d+)/\n", line)
        if not match:
            self.process.wait(PATIENCE)
            raise Failure(f"the server did not start: {line!r} {self.read_log()!r}")
        self.port = int(match.group(2))
        return self

    def __exit__(self, kind, value, trace):
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            code = "a hang"
        self.process.stdout.close()
        self.log_text = self.read_log()
        self.log.close()
        if kind is None:
            expect(code == 0, f"the server ended with {code}: {self.log_text[-300:]!r}")

    def read_log(self):
        return os.pread(self.log.fileno(), 1 << 24, 0).decode(errors="replace")

    def connect(self):
        return Client(self.port)

    def get(self, path, method="GET", body=b"", headers=""):
        """One request on a connection of its own."""
        head = f"{method} {path} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n{headers}"
        if body:
            head += f"Content-Length: {len(body)}\r\n"
        with self.connect() as client:
            client.send(head.encode() + b"\r\n" + body)
            return client.response(method)

    def memory_kb(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1))

    def cpu_ticks(self):
        """Hundredths of a second of CPU time."""
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def wait_for_work(self, ticks=5):
        """Until guests that spin have had so much CPU time, which nothing else takes."""
        end, before = time.monotonic() + PATIENCE, self.cpu_ticks()
        while self.cpu_ticks() < before + ticks:
            expect(time.monotonic() < end, "nothing spins")
            time.sleep(0.01)

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


class Response:
    def __init__(self, status, reason, headers, body):
        self.status, self.reason, self.headers, self.body = status, reason, headers, body
        self.trailers = []

    def header(self, name):
        values = [v for n, v in self.headers if n.lower() == name.lower()]
        return values[0] if values else None

    def text(self):
        return self.body.decode(errors="replace")


class Client:
    """A connection. What was received and not yet asked for is in `input`."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.input = b""

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.socket.close()

    def send(self, data, one_by_one=False):
        """Bytes the server does not want any more may be refused: that is no failure here."""
        try:
            if not one_by_one:
                self.socket.sendall(data)
                return
            for i in range(len(data)):
                self.socket.sendall(data[i:i + 1])
                if i % 64 == 0:
                    time.sleep(0.0002)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def receive(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        except socket.timeout:
            raise Failure("no answer") from None
        self.input += data
        return bool(data)

    def is_closed(self):
        """Wait for the end of the connection; nothing may come before it."""
        while self.receive():
            pass
        return not self.input

    def take_until(self, mark):
        while mark not in self.input:
            if not self.receive():
                raise Failure(f"the connection ended, after {self.input[:80]!r}")
        part, self.input = self.input.split(mark, 1)
        return part

    def response(self, method="GET"):
        head = self.take_until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        match = re.fullmatch(r"HTTP/1\.1 (\d{3}) (.*)", head[0])
        expect(match, f"a status line like {head[0]!r}")
        status = int(match.group(1))
        headers = []
        for line in head[1:]:
            expect(re.fullmatch(r"[!-9;-~]+: .*|[!-9;-~]+: ?", line), f"a field like {line!r}")
            name, value = line.split(":", 1)
            headers.append((name, value.strip()))
        response = Response(status, match.group(2), headers, b"")
        if status < 200:
            return response
        expect(response.header("Date") and response.header("Server"), "no Date or no Server")
        length = response.header("Content-Length")
        if status in (204, 304):
            expect(length is None, f"a Content-Length with {status}")
            return response
        coding = response.header("Transfer-Encoding")
        expect((length is None) != (coding is None), f"length {length}, coding {coding}")
        if method != "HEAD":
            response.body = self.take(int(length)) if length else b"".join(self.chunks(response))
        return response

    def take(self, length):
        while len(self.input) < length:
            expect(self.receive(), "the body was cut off")
        part, self.input = self.input[:length], self.input[length:]
        return part

    def chunk(self):
        """The next chunk; empty: the last one."""
        length = int(self.take_until(b"\r\n"), 16)
        data = self.take(length)
        if length:
            expect(self.take(2) == b"\r\n", "no end of line behind a chunk")
        return data

    def chunks(self, response):
        while data := self.chunk():
            yield data
        while line := self.take_until(b"\r\n"):
            name, value = line.decode().split(": ")
            response.trailers.append((name, value))
