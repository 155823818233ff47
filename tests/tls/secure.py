"""A server with TLS, clients of it, and certificates from files."""
import os
import re
import shutil
import socket
import ssl
import subprocess
import tempfile

from serving import PATIENCE, Client, Failure, Server, expect


class SecureServer(Server):
    """Has a local authority in `folder`, unless its options say where certificates come from."""

    def __init__(self, guest="echo.wat", *options, folder=None, **rest):
        self.made = None if folder else tempfile.mkdtemp(prefix="selvage-tls-")
        self.folder = folder or self.made
        if "--tls-cert" not in options:
            options = ("--tls-local", self.folder, *options)
        super().__init__(guest, "--listen-tls", "127.0.0.1:0", *options, **rest)

    def __enter__(self):
        super().__enter__()
        self.plain_port = self.port
        line = self.process.stdout.readline().decode()
        match = re.fullmatch(r"and on https://127\.0\.0\.1:(\d+)/\n", line)
        expect(match, f"a line like {line!r}")
        self.port = int(match.group(1))
        self.authority = os.path.join(self.folder, "ca.pem")
        return self

    def __exit__(self, *arguments):
        try:
            super().__exit__(*arguments)
        finally:
            if self.made:
                shutil.rmtree(self.made)

    def context(self, **settings):
        context = ssl.create_default_context(cafile=self.authority)
        for name, value in settings.items():
            setattr(context, name, value)
        return context

    def connect(self, name="localhost", context=None, **settings):
        return SecureClient(self.port, name, context or self.context(**settings))

    def status(self, path="/", name="localhost", host=None):
        with self.connect(name) as client:
            client.send(f"GET {path} HTTP/1.1\r\nHost: {host or name}\r\n\r\n".encode())
            return client.response().status


class SecureClient(Client):
    """Says goodbye when it closes, and takes no other end of the server for one."""

    def __init__(self, port, name, context, session=None):
        super().__init__(port)
        try:
            self.socket = context.wrap_socket(self.socket, server_hostname=name, session=session,
                                              suppress_ragged_eofs=False)
        except BaseException:
            self.socket.close()
            raise

    def names(self):
        return [value for _, value in self.socket.getpeercert()["subjectAltName"]]

    def receive(self):
        try:
            return super().receive()
        except ssl.SSLError as error:
            raise Failure(f"the end is no orderly one: {error}") from None


class Hello:
    """A handshake of which one sees the bytes."""

    def __init__(self, name="localhost"):
        self.input, self.output = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.tls = context.wrap_bio(self.input, self.output, server_hostname=name)

    def step(self):
        """True when it is over."""
        try:
            self.tls.do_handshake()
            return True
        except ssl.SSLWantReadError:
            return False

    def bytes(self):
        self.step()
        return self.output.read()

    def read(self):
        """What there is to read, decrypted."""
        data = b""
        try:
            while part := self.tls.read(65536):
                data += part
        except ssl.SSLWantReadError:
            pass
        return data

    def finish(self, client):
        """Send what is to be sent and read what comes, to the end of the handshake."""
        is_over = False
        while not is_over:
            is_over = self.step()
            client.send(self.output.read())
            if not is_over:
                expect(client.receive(), "the server ended the handshake")
                self.input.write(client.input)
                client.input = b""


def half_close(client):
    try:
        client.socket.shutdown(socket.SHUT_WR)
    except OSError:  # the server was first
        pass


def end_of(port, data=b"", is_half=False):
    """What a server says to these bytes until it ends the connection."""
    with Client(port) as client:
        client.send(data)
        if is_half:
            half_close(client)
        while client.receive():
            pass
        return client.input


def refused_handshake(server, part, name="localhost", context=None):
    try:
        server.connect(name, context).socket.close()
    except ssl.SSLError as error:
        expect(part in str(error), f"{error} without {part!r}")
        return
    raise Failure(f"a handshake with {name} that succeeds")


def make_files(folder, *names, stem="site", days=30):
    """A certificate that signs itself, and its key."""
    paths = [os.path.join(folder, f"{stem}{end}") for end in (".pem", "-key.pem")]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", str(days), "-subj", f"/CN={names[0]}",
                    "-addext", "subjectAltName=" + ",".join(f"DNS:{n}" for n in names),
                    "-out", paths[0], "-keyout", paths[1]],
                   check=True, capture_output=True, timeout=PATIENCE)
    return paths
