"""Names and certificates: the local authority, its files, and certificates from files."""
import os
import shutil
import ssl
import stat
import subprocess
import tempfile
import time

from secure import SecureServer, make_files, refused_handshake
from serving import SELVAGE, expect, guest_path


class Folder:
    """A temporary one."""

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="selvage-tls-")
        return self.path

    def __exit__(self, *unused):
        shutil.rmtree(self.path)


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def contents(path):
    with open(path, "rb") as file:
        return file.read()


def test_names_within_the_domain_have_certificates():
    with SecureServer() as server:
        longest = ".".join(["a" * 60] * 4)[:243] + ".localhost"
        expect(len(longest) == 253, "the test is wrong")
        for name in ("localhost", "a.localhost", "b.a.localhost", "xn--bcher-kva.localhost", longest):
            with server.connect(name) as client:
                expect(name in client.names(), f"{name}: a certificate for {client.names()}")
                client.send(f"GET / HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
                expect(client.response().status == 200, f"no answer for {name}")
        with server.connect("127.0.0.1") as client:  # clients send no name for an address
            expect("localhost" in client.names(), f"a certificate for {client.names()}")
            client.send(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            expect(client.response().status == 200, "no answer for the address")


def test_an_address_for_a_name_is_no_name():
    """RFC 6066 wants none sent; some clients do, which `openssl s_client` shows."""
    with SecureServer() as server:
        for address in ("127.0.0.1", "::1"):
            request = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
            done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-servername", address,
                                   "-CAfile", server.authority, "-quiet", "-verify_quiet", "-ign_eof"],
                                  input=request, capture_output=True, timeout=60)
            expect(done.stdout.startswith(b"HTTP/1.1 200"), f"{address}: {done.stdout[:99]!r} {done.stderr[-200:]!r}")


def test_other_names_are_refused():
    with SecureServer() as server:
        for name in ("example.org", "localhost.example.org", "notlocalhost", "a_b.localhost",
                     "-a.localhost"):
            refused_handshake(server, "UNRECOGNIZED_NAME", name)
        expect(server.status() == 200, "the server suffered")
    for part in ("no certificate for notlocalhost", "a malformed server name"):
        expect(part in server.log_text, f"{part!r} is not in the log")


def test_another_host_than_the_name_is_misdirected():
    with SecureServer() as server:
        for name, host, status in (("localhost", "LOCALHOST", 200), ("localhost", "localhost.", 200),
                                   ("a.localhost", "a.localhost:1", 200),
                                   ("localhost", "a.localhost", 421), ("a.localhost", "localhost", 421),
                                   ("localhost", "127.0.0.1", 421), ("localhost", "[::1]", 421),
                                   ("localhost", ".localhost", 421), ("localhost", "x" * 254, 421),
                                   ("127.0.0.1", "127.0.0.1:80", 200), ("127.0.0.1", "[::1]:80", 200),
                                   ("127.0.0.1", "localhost", 200), ("127.0.0.1", "a.localhost", 421),
                                   ("127.0.0.1", ".localhost", 421), ("127.0.0.1", "10.0.0.1", 421)):
            found = server.status("/", name, host)
            expect(found == status, f"{host} on a connection for {name}: {found}, not {status}")


def test_a_request_without_host_is_for_the_name():
    path = guest_path("c_cgi.wasm")
    with SecureServer(path or "echo.wat", "-O0") as server:
        with server.connect("a.localhost") as client:
            client.send(b"GET /env HTTP/1.0\r\n\r\n")
            text = client.response().text()
        if path:
            for line in ("SERVER_NAME=a.localhost", "REQUEST_SCHEME=https", f"SERVER_PORT={server.port}"):
                expect(line in text, f"no {line} in {text!r}")


def test_an_authority_is_made_once():
    with Folder() as folder:
        place = os.path.join(folder, "tls")
        for mask in (0o077, 0o000):
            before = os.umask(mask)
            try:
                with SecureServer(folder=place) as server:
                    expect(server.status("/", "a.localhost") == 200, "no answer")
            finally:
                os.umask(before)
            key, certificate = (os.path.join(place, name) for name in ("ca-key.pem", "ca.pem"))
            expect(mode_of(key) == 0o600, f"the key has mode {mode_of(key):o}")
            expect(mode_of(certificate) == 0o644, f"the certificate has mode {mode_of(certificate):o}")
            if mask:
                first = contents(certificate), contents(key)
            else:
                expect((contents(certificate), contents(key)) == first, "a second authority")
                shutil.rmtree(place)
        expect(os.listdir(folder) == [], "something is left")


def refuse(text, *options, code=1):
    command = [SELVAGE, "serve", "--listen", "127.0.0.1:0", "--listen-tls", "127.0.0.1:0", *options,
               guest_path("echo.wat")]
    result = subprocess.run(command, capture_output=True, text=True, timeout=20)
    expect(result.returncode == code, f"{options}: code {result.returncode}, {result.stderr!r}")
    expect(text in result.stderr, f"{options}: {result.stderr!r} without {text!r}")
    expect(code == 2 or result.stderr.count("\n") == 1, f"{options}: more than a line")


def test_a_folder_that_is_not_right_is_refused():
    with Folder() as folder:
        place = os.path.join(folder, "tls")
        key, certificate = (os.path.join(place, name) for name in ("ca-key.pem", "ca.pem"))
        refuse("No such file", "--tls-local", os.path.join(folder, "a", "b"))
        refuse("is not a domain name", "--tls-local", place, "--tls-domain", "a..b", code=2)
        with SecureServer(folder=place):
            pass
        refuse("not a certificate authority for example.org", "--tls-local", place, "--tls-domain", "example.org")
        os.chmod(key, 0o640)
        refuse("must be its owner's alone", "--tls-local", place)
        os.chmod(key, 0o600)
        saved = contents(key)
        os.unlink(key)
        refuse("its key", "--tls-local", place)
        expect(not os.path.exists(key), "a key was made")
        for junk in (b"", b"junk", saved[:100]):
            with open(key, "wb") as file:
                file.write(junk)
            os.chmod(key, 0o600)
            refuse("not a private key", "--tls-local", place)
        os.unlink(certificate)  # a key alone is what a process left that ended too early
        with SecureServer(folder=place) as server:
            expect(server.status() == 200, "no answer")
        paths = make_files(folder, "localhost")
        shutil.copy(paths[0], certificate)
        refuse("the key is not that of the certificate", "--tls-local", place)
        shutil.copy(paths[1], key)
        refuse("not a certificate authority", "--tls-local", place)


def test_another_domain_has_its_own_authority():
    with Folder() as folder:
        with SecureServer("echo.wat", "--tls-domain", "Dev.Example", folder=folder) as server:
            expect(server.status("/", "a.dev.example") == 200, "no answer")
            with server.connect("dev.example") as client:
                expect(client.names() == ["dev.example"], f"names {client.names()}")
            refused_handshake(server, "UNRECOGNIZED_NAME", "localhost")


def test_an_authority_is_for_nothing_but_its_domain():
    """Whoever has its key cannot make a certificate for another name that clients accept."""
    with Folder() as folder:
        with SecureServer(folder=folder) as server:
            expect(server.status() == 200, "no answer")
        for name, is_fine in (("DNS:a.localhost", True), ("IP:127.0.0.1", True), ("DNS:example.org", False),
                              ("DNS:notlocalhost", False), ("IP:10.0.0.1", False)):
            leaf, extra = os.path.join(folder, "leaf.pem"), os.path.join(folder, "extra")
            with open(extra, "w") as file:
                file.write(f"subjectAltName={name}\n")
            commands = (
                ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-keyout", "/dev/null", "-subj", "/O=x", "-out", "request"],
                ["openssl", "x509", "-req", "-in", "request", "-CA", "ca.pem", "-CAkey", "ca-key.pem",
                 "-extfile", extra, "-out", leaf])
            for command in commands:
                subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=20)
            result = subprocess.run(["openssl", "verify", "-CAfile", "ca.pem", leaf], cwd=folder,
                                    capture_output=True, text=True, timeout=20)
            expect((result.returncode == 0) == is_fine, f"{name}: {result.stdout} {result.stderr}")


def trusting(*paths):
    context = ssl.create_default_context()
    for path in paths:
        context.load_verify_locations(path)
    return context


def seen(server, context, name):
    """The names of the certificate that is shown; waits until files have been looked at again."""
    time.sleep(1.1)
    with server.connect(name, context):
        pass
    with server.connect(name, context) as client:
        return client.names()


def put(source, target):
    """As tools that renew certificates do it."""
    shutil.copy(source, target + ".new")
    os.rename(target + ".new", target)


def test_files_are_read_again_when_they_change():
    with Folder() as folder:
        certificate, key = make_files(folder, "one.test", "both.test")
        next_one, next_key = make_files(folder, "two.test", "both.test", stem="next")
        context = trusting(certificate, next_one)
        with SecureServer("echo.wat", "--tls-cert", certificate, "--tls-key", key, folder=folder) as server:
            expect(server.status is not None and seen(server, context, "both.test")[0] == "one.test", "not the first")
            refused_handshake(server, "UNRECOGNIZED_NAME", "two.test", context)
            put(next_one, certificate)  # the key is still the old one's
            expect(seen(server, context, "both.test")[0] == "one.test", "half of a change")
            put(next_key, key)
            expect(seen(server, context, "both.test")[0] == "two.test", "the new files are not read")
            refused_handshake(server, "UNRECOGNIZED_NAME", "one.test", context)
            os.truncate(certificate, 50)
            expect(seen(server, context, "both.test")[0] == "two.test", "a broken file is taken")
            os.unlink(key)
            expect(seen(server, context, "both.test")[0] == "two.test", "a file that is gone is taken")
        for part in ("the key is not that of the certificate", "not a certificate in PEM",
                     "No such file", "read the certificate"):
            expect(server.log_text.count(part) == 1, f"{part!r} is not once in the log: {server.log_text}")


def test_files_that_are_not_right_are_refused():
    with Folder() as folder:
        certificate, key = make_files(folder, "one.test")
        other, other_key = make_files(folder, "two.test", stem="other")
        locked = os.path.join(folder, "locked.pem")
        subprocess.run(["openssl", "ec", "-in", key, "-aes128", "-passout", "pass:x", "-out", locked],
                       check=True, capture_output=True, timeout=20)
        refuse("go together", "--tls-cert", certificate, code=2)
        refuse("--listen-tls needs", code=2)
        refuse("--tls-domain goes with", "--tls-cert", certificate, "--tls-key", key, "--tls-domain", "x", code=2)
        refuse("the key is not that", "--tls-cert", certificate, "--tls-key", other_key)
        refuse("not a private key without password", "--tls-cert", certificate, "--tls-key", locked)
        refuse("not a certificate in PEM", "--tls-cert", key, "--tls-key", key)
        refuse("No such file", "--tls-cert", os.path.join(folder, "none"), "--tls-key", key)
        refuse("cannot listen on 192.0.2.1:0", "--tls-cert", certificate, "--tls-key", key,
               "--listen-tls", "192.0.2.1:0")
        many = os.path.join(folder, "many.pem")
        with open(many, "wb") as file:
            file.write(contents(certificate) * 18)
        refuse("16 certificates", "--tls-cert", many, "--tls-key", key)


def test_files_come_before_the_authority():
    with Folder() as folder:
        certificate, key = make_files(folder, "mine.test", "x.localhost")
        options = ("--tls-cert", certificate, "--tls-key", key, "--tls-local", folder)
        with SecureServer("echo.wat", *options, folder=folder) as server:
            context = trusting(certificate, server.authority)
            for name, first in (("mine.test", "mine.test"), ("x.localhost", "mine.test"),
                                ("y.localhost", "y.localhost")):
                with server.connect(name, context) as client:
                    expect(client.names()[0] == first, f"{name}: {client.names()}")
            refused_handshake(server, "UNRECOGNIZED_NAME", "other.test", context)


def test_more_names_than_are_kept():
    with SecureServer("echo.wat", "--quiet") as server:
        context = server.context()
        for i in range(40):
            with server.connect(f"n{i % 20}.localhost", context) as client:
                expect(client.names() == [f"n{i % 20}.localhost"], f"names {client.names()}")
