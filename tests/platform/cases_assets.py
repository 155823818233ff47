"""Static files of a project, which come before its code."""
import contextlib
import gzip
import hashlib
import http.client
import os
import socket
import subprocess

from cases_sources import archive, send
from daemon import PATIENCE, SELVAGE, Daemon, cgi, expect

TEXT = b"".join(b"line %03d\n" % i for i in range(100))
FILES = {"main.wat": cgi("from code"), "assets/index.html": b"<h1>home</h1>", "assets/style.css": b"a{}",
         "assets/deep/er/a b.txt": TEXT, "assets/deep/index.html": b"deep", "assets/empty": b"", "assets/x.PNG": b"png",
         "other/file.txt": b"not served"}
TAG = '"' + hashlib.sha256(TEXT).hexdigest()[:32] + '"'
PATH = "/deep/er/a%20b.txt"


def ask(daemon, path, method="GET", body=None, **fields):
    connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=PATIENCE)
    headers = {name.replace("_", "-"): value for name, value in fields.items()}
    connection.request(method, path, body, {"Host": f"site.localhost:{daemon.port}", **headers})
    response = connection.getresponse()
    answer = response.status, response.read(), response
    connection.close()
    return answer


@contextlib.contextmanager
def deployed(*options):
    with Daemon(*options) as daemon:
        answer = send(daemon, "site", FILES)
        expect(answer["success"], str(answer))
        yield daemon


def test_static_files_come_before_code():
    with deployed() as daemon:
        for path, content, kind in (("/", b"<h1>home</h1>", "text/html; charset=utf-8"), ("/index.html", b"<h1>home</h1>", "text/html; charset=utf-8"),
                                    ("/style.css?v=1", b"a{}", "text/css; charset=utf-8"), (PATH, TEXT, "text/plain; charset=utf-8"),
                                    ("/deep/", b"deep", "text/html; charset=utf-8"), ("/empty", b"", "application/octet-stream"),
                                    ("/x.PNG", b"png", "image/png"), ("/%73tyle.css", b"a{}", "text/css; charset=utf-8")):
            status, body, response = ask(daemon, path)
            expect((status, body, response.getheader("Content-Type")) == (200, content, kind), f"{path}: {status} {body[:50]!r} {response.getheaders()}")
            status, body, response = ask(daemon, path, "HEAD")
            expect((status, body, response.getheader("Content-Length")) == (200, b"", str(len(content))), f"HEAD {path}: {status}")
        for path in ("/deep", "/other/file.txt", "/assets/style.css", "/../main.wat", "/deep/../style.css", "/%2e%2e/main.wat",
                     "/..%2fmain.wat", "/style.css/", "/style.css%20", "//style.css", "/STYLE.CSS"):
            expect(ask(daemon, path)[:2] == (200, b"from code"), f"{path}: {ask(daemon, path)[:2]}")
        expect(ask(daemon, "/style.css", "POST", b"x")[:2] == (200, b"from code"), "POST is not for files")
        log = daemon.text("/v1/deployments/site/logs?after=0")
        expect("GET /style.css?v=1 200" in log, "not in the log")


def test_static_files_are_compressed_but_for_parts():
    with deployed("--compress-from", "500") as daemon:
        status, body, response = ask(daemon, PATH, Accept_Encoding="gzip")
        fields = [response.getheader(name) for name in ("Content-Encoding", "Vary", "ETag", "Accept-Ranges")]
        expect(fields == ["gzip", "Accept-Encoding", "W/" + TAG, None], f"{response.getheaders()}")
        expect(status == 200 and gzip.decompress(body) == TEXT and len(body) < len(TEXT) / 2, f"{len(body)} bytes")
        status, body, response = ask(daemon, PATH, Accept_Encoding="gzip", Range="bytes=0-7")
        expect((status, body, response.getheader("Content-Encoding")) == (206, b"line 000", None), f"{status} {body}")
        status, _, response = ask(daemon, PATH, Accept_Encoding="gzip", If_None_Match="W/" + TAG)
        expect((status, response.getheader("ETag")) == (304, "W/" + TAG), f"{status} {response.getheaders()}")
        status, body, response = ask(daemon, PATH)
        expect((body, response.getheader("ETag"), response.getheader("Vary")) == (TEXT, TAG, "Accept-Encoding"),
               f"{response.getheaders()}")
        expect(ask(daemon, PATH, Accept_Encoding="gzip, br")[2].getheader("Content-Encoding") == "br", "br is not preferred")
        for least, coding in ((1 << 40, None), (len(TEXT) + 1, None), (1, "gzip"), (None, "gzip")):
            daemon.fine("PATCH", "/v1/deployments/site/limits", {"compress_from": least})
            status, body, response = ask(daemon, PATH, Accept_Encoding="gzip")
            expect((status, response.getheader("Content-Encoding")) == (200, coding), f"from {least}: {response.getheaders()}")


def test_conditions_are_those_of_rfc_9110():
    with deployed() as daemon:
        status, _, response = ask(daemon, PATH)
        expect(response.getheader("ETag") == TAG and response.getheader("Accept-Ranges") == "bytes", str(response.getheaders()))
        for value, wanted in ((TAG, 304), (f'"x", W/{TAG}', 304), ("*", 304), ('"x"', 200), (TAG[1:-1], 200), ("W/", 200), ("", 200)):
            for method in ("GET", "HEAD"):
                status, body, response = ask(daemon, PATH, method, If_None_Match=value)
                expect(status == wanted and (status == 200 or body == b"") and response.getheader("ETag") == TAG, f"{value}: {status}")
        for value, wanted in ((TAG, 200), ("*", 200), ('"x"', 412), ("W/" + TAG, 412)):
            expect(ask(daemon, PATH, If_Match=value)[0] == wanted, f"If-Match: {value}")


def test_ranges_are_those_of_rfc_9110():
    size = len(TEXT)
    with deployed() as daemon:
        for value, part in (("bytes=0-0", (0, 1)), ("bytes=5-9", (5, 10)), ("bytes=890-", (890, size)), ("BYTES=-10", (size - 10, size)),
                            ("bytes=0-99999999999999999999999", (0, size)), ("bytes=-5000", (0, size)), ("bytes=899-899", (899, 900))):
            status, body, response = ask(daemon, PATH, Range=value)
            expect((status, body) == (206, TEXT[part[0]:part[1]]), f"{value}: {status} {body[:40]!r}")
            expect(response.getheader("Content-Range") == f"bytes {part[0]}-{part[1] - 1}/{size}", f"{value}: {response.getheaders()}")
        for value in ("bytes=900-", "bytes=900-901", "bytes=-0", "bytes=99999999999999999999999-"):
            status, _, response = ask(daemon, PATH, Range=value)
            expect((status, response.getheader("Content-Range")) == (416, f"bytes */{size}"), f"{value}: {status}")
        for value in ("bytes=0-1,3-4", "lines=0-1", "bytes=5-4", "bytes=", "bytes=-", "bytes=a-b", "bytes=1", "bytes 0-1", "bytes=0-1x"):
            expect(ask(daemon, PATH, Range=value)[:2] == (200, TEXT), f"{value}: not the whole file")
        expect(ask(daemon, PATH, Range="bytes=0-1", If_Range=TAG)[0] == 206, "If-Range with the tag")
        expect(ask(daemon, PATH, Range="bytes=0-1", If_Range='"x"')[0] == 200, "If-Range with another")
        expect(ask(daemon, PATH, "HEAD", Range="bytes=0-1")[0] == 200, "a range is for GET")
        expect(ask(daemon, "/empty", Range="bytes=0-")[0] == 416, "a range of nothing")


def anonymous_memory(daemon):
    with open(f"/proc/{daemon.process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("RssAnon")) * 1024


def fetch(daemon, *options):
    url = f"http://127.0.0.1:{daemon.port}/large"
    done = subprocess.run(["curl", "-sS", "-H", "Host: site.localhost", *options, url], capture_output=True, timeout=PATIENCE)
    return done.stdout


def test_large_files_are_sent_from_their_mapping():
    large = os.urandom(4 << 20)
    with Daemon("--keep-versions", "1") as daemon:
        expect(send(daemon, "site", {"main.wat": cgi("x"), "assets/large": large})["success"], "not deployed")
        for protocol in ("--http1.1", "--http2-prior-knowledge"):
            expect(fetch(daemon, protocol) == large, f"{protocol}: not the file")
            expect(fetch(daemon, protocol, "-r", "1000000-3999999") == large[1000000:4000000], f"{protocol}: not the range")
        before, waiting = anonymous_memory(daemon), []
        for _ in range(40):
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.settimeout(PATIENCE)
            client.connect(("127.0.0.1", daemon.port))
            client.sendall(b"GET /large HTTP/1.1\r\nHost: site.localhost\r\nConnection: close\r\n\r\n")
            waiting.append(client)
        parts = [client.recv(4096) for client in waiting]  # it is on its way
        more = anonymous_memory(daemon) - before
        expect(more < 40 << 20, f"{more} bytes more for 40 clients")
        for text in ("one", "two"):  # the version that they read from is gone
            daemon.deploy_well("site", cgi(text))
        for client in waiting[1:]:
            client.close()
        while part := waiting[0].recv(1 << 20):
            parts[0] += part
        expect(parts[0].endswith(large), "another file came in the end")
        expect(fetch(daemon) == b"two", "the server suffered")


def test_static_files_are_of_a_version():
    with deployed("--keep-versions", "1") as daemon:
        answer = send(daemon, "site", {"main.wat": cgi("two"), "assets/style.css": b"b{}"})
        expect(answer["success"], str(answer))
        expect(ask(daemon, "/style.css")[1] == b"b{}" and ask(daemon, "/")[1] == b"two", "the new version")
        daemon.fine("POST", "/v1/deployments/site/rollback", {})
        expect(ask(daemon, "/style.css")[1] == b"a{}", "rolled back")
        daemon.kill()
        daemon.start()
        expect(ask(daemon, "/style.css")[1] == b"a{}", "after a kill")
        daemon.deploy_well("site", cgi("code alone"))
        expect(ask(daemon, "/style.css")[1] == b"code alone", "a version without files")
        sizes = [version["assets_size"] for version in daemon.fine("GET", "/v1/deployments/site")["versions"]]
        expect(sizes[0] == 0 and max(sizes) > len(TEXT), str(sizes))


def test_too_many_or_too_large_files_are_refused():
    with Daemon("--response-limit", "1000") as daemon:
        path = "/v1/deployments/site/versions"
        for files, reason in (({f"assets/{i}": b"" for i in range(5001)}, "more than 5000 files in assets/"),
                              ({"assets/big": bytes(1001)}, "assets/big is larger than 1000 bytes")):
            body = {"archive": archive({"main.wat": cgi("x"), **files})}
            expect(reason in daemon.refused(400, "POST", path, body), reason)
        expect(not [n for n in os.listdir(os.path.join(daemon.data, "blobs")) if len(n) == 64], "something was kept")
        expect(send(daemon, "site", {"main.wat": cgi("x"), "assets/fits": bytes(800)})["success"], "one that fits")


def test_a_backup_has_static_files_and_host_names():
    with deployed() as daemon:
        daemon.fine("PATCH", "/v1/deployments/site/hosts", {"www.example.com": True})
        file = os.path.join(daemon.place.name, "kept")
        run = lambda *words: subprocess.run([SELVAGE, *words], capture_output=True, text=True, timeout=PATIENCE, env=daemon.environment())
        done = run("backup", "--data", daemon.data, file)
        expect(done.returncode == 0, done.stderr)
        daemon.stop()
        done = run("restore", "--data", daemon.data, "--force", file)
        expect(done.returncode == 0, done.stderr)
        daemon.start()
        expect(ask(daemon, "/style.css")[1] == b"a{}", "static files are lost")
        expect(daemon.fine("GET", "/v1/deployments/site")["hosts"] == ["www.example.com"], "host names are lost")
