"""Certificates of hosts' own, and the challenges by which an ACME client gets them."""
import http.client
import os
import socket
import ssl
import subprocess
import tempfile

from daemon import PATIENCE, Daemon, cgi, expect

PREFIX = "/.well-known/acme-challenge/"


def ask(daemon, path, host="www.example.com"):
    connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=PATIENCE)
    connection.request("GET", path, headers={"Host": host})
    response = connection.getresponse()
    answer = response.status, response.read().decode()
    connection.close()
    return answer


def ask_tls(daemon, host, authority):
    context = ssl.create_default_context(cafile=authority)
    with socket.create_connection(("127.0.0.1", daemon.tls_port), PATIENCE) as plain:
        with context.wrap_socket(plain, server_hostname=host) as stream:
            stream.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            data = b""
            while True:
                part = stream.recv(65536)
                if not part:
                    return data.decode()
                data += part


def certificate(folder, host):
    """A certificate that is its own authority."""
    paths = [os.path.join(folder, host + end) for end in (".pem", "-key.pem")]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "7",
                    "-subj", "/CN=" + host, "-addext", "subjectAltName=DNS:" + host, "-out", paths[0], "-keyout", paths[1]],
                   check=True, capture_output=True, timeout=PATIENCE)
    return paths


def test_challenges_are_served_from_their_folder():
    with tempfile.TemporaryDirectory() as folder, Daemon("--acme", folder) as daemon:
        daemon.deploy_well("site", cgi("from code"))
        daemon.fine("PATCH", "/v1/deployments/site/hosts", {"www.example.com": True})
        with open(os.path.join(folder, "token-1_A"), "w") as file:
            file.write("token-1_A.thumb")
        with open(os.path.join(folder, "a.txt"), "w") as file:
            file.write("no token")
        os.mkdir(os.path.join(folder, "folder"))
        os.mkfifo(os.path.join(folder, "pipe"))
        os.symlink("/etc/passwd", os.path.join(folder, "link"))
        for host in ("www.example.com", "nobody.example.com", "site.localhost"):
            expect(ask(daemon, PREFIX + "token-1_A", host) == (200, "token-1_A.thumb"), host)
        for name in ("none", "folder", "pipe", "link", "a.txt", "", "../token-1_A", "..%2ftoken-1_A", "folder/../token-1_A", "a" * 200):
            expect(ask(daemon, PREFIX + name) == (200, "from code"), f"{name}: {ask(daemon, PREFIX + name)}")


def test_hosts_have_the_certificates_of_files():
    with tempfile.TemporaryDirectory() as folder:
        pairs = {host: certificate(folder, host) for host in ("www.example.com", "shop.example.org")}
        options = [word for pair in pairs.values() for word in ("--tls-cert", pair[0], "--tls-key", pair[1])]
        with Daemon(*options) as daemon:
            daemon.deploy_well("site", cgi("site"))
            daemon.fine("PATCH", "/v1/deployments/site/hosts", {host: True for host in pairs})
            for host, pair in pairs.items():
                expect(ask_tls(daemon, host, pair[0]).endswith("site"), host)
            expect(daemon.get_tls("site") == (200, "site"), "the authority's names")
