"""A control plane that only pretends: it checks each request against docs/openapi.json, answers as
it is told to, and breaks connections where a test wants it to."""
import http.server
import json
import os
import subprocess
import tempfile
import threading

import api

ROOT = api.ROOT
BUILD = os.environ.get("BUILD", os.path.join(ROOT, "build"))
SELVAGE = os.path.join(BUILD, "selvage")
TOKEN = "svt_0123456789abcdefTOKENabcdef"
PATIENCE = 30  # seconds until a test that waits has failed
TIME = "2026-11-27T03:00:00Z"
NAME = "four-words-make-names"

API = api.Api()


class Failure(Exception):
    """What a test found wrong, in one line."""


def expect(condition, text):
    if not condition:
        raise Failure(text)


class Request:
    def __init__(self, operation, values, query, fields, body):
        self.operation, self.values, self.query, self.fields, self.body = operation, values, query, fields, body


class Raw:
    """An answer that is not of the API: bytes of a body, or a function that speaks for itself."""

    def __init__(self, status=200, body=b"", speak=None, fields=()):
        self.status, self.body, self.speak, self.fields = status, body, speak, fields


def error(status, code, message):
    return status, {"error": {"code": code, "message": message}}


def deployment(url, **changes):
    return {"name": NAME, "url": url, "http_url": url, "version": 2, "state": "live", "tier": "release",
            "created": TIME, "updated": TIME, "expires": None, **changes}


def version(number, **changes):
    return {"version": number, "state": "done", "tier": "release", "created": TIME, "file": "m.wasm", "module": "0123456789abcdef" * 4, "language": "", "size": 41, "assets_size": 0, "signer": "", "signer": "",
           
            "message": "", "current": number == 2, **changes}


def build(**changes):
    return {"id": "7", "name": NAME, "version": 3, "status": "done", "message": "", "done": True, "success": True,
            "url": "http://localhost/", "http_url": "http://localhost/", "tier": "release", "current": True, **changes}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *unused):
        pass

    def read_body(self):
        length = int(self.headers.get("Content-Length", 0))
        return json.loads(self.rfile.read(length)) if length else None

    def send(self, status, body, fields=()):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in fields:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def answer(self):
        control = self.server.control
        try:
            operation, values, query = API.find(self.command, self.path)
        except api.Wrong as wrong:
            return self.refuse(str(wrong))
        told = control.told.get(operation.label)
        if isinstance(told, Raw) and told.speak:
            control.asked.append(Request(operation, values, query, self.headers, None))
            told.speak(self)
            self.close_connection = True
            return None
        try:
            body = self.read_body()
            operation.check_request(values, query, body)
        except (api.Wrong, ValueError) as wrong:
            return self.refuse(str(wrong))
        request = Request(operation, values, query, self.headers, body)
        control.asked.append(request)
        if not operation.is_open and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.send_json(operation, *error(401, "unauthorized", "this token is not known"))
        if isinstance(told, Raw):
            return self.send(told.status, told.body, told.fields)
        return self.send_json(operation, *(told(request) if callable(told) else told))

    def refuse(self, text):
        self.server.control.wrong.append(text)
        self.send(400, json.dumps(error(400, "usage", text)[1]).encode())

    def send_json(self, operation, status, body):
        try:
            operation.check_answer(status, body)
        except api.Wrong as wrong:
            self.server.control.wrong.append(f"the test's own answer: {wrong}")
        self.send(status, json.dumps(body).encode(), (("Content-Type", "application/json"),))

    def do_GET(self):
        if not self.path.startswith("/v1/"):
            return self.visit()
        return self.answer()

    def visit(self):
        """Somebody opens a deployment."""
        self.server.control.visits.append(self.headers)
        self.server.control.paths.append(self.path)
        if self.server.control.page is None:
            self.close_connection = True
        else:
            self.send(*self.server.control.page)

    do_POST = do_PATCH = do_DELETE = do_PUT = answer


class Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        """A client that goes away is no news."""


class Control:
    """Runs from __enter__ to __exit__, which fails if a request was not of the API."""

    def __enter__(self):
        self.listener = Listener(("127.0.0.1", 0), Handler)
        self.listener.control = self
        self.url = f"http://127.0.0.1:{self.listener.server_port}"
        self.asked, self.wrong, self.visits, self.paths = [], [], [], []
        self.page = (200, b"hello")
        self.told = self.healthy()
        threading.Thread(target=self.listener.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, kind, value, trace):
        self.listener.shutdown()
        self.listener.server_close()
        if kind is None:
            expect(not self.wrong, f"a request that is not of the API: {self.wrong[:1]}")

    def healthy(self):
        details = {**deployment(self.url + "/"), "versions": [version(1), version(2)],
                   "env": {"COLOUR": "green"}, "secrets": ["KEY"], "hosts": ["www.example.com"], "limits": {"rate": 5}}
        return {
            "GET /v1/deployments": (200, {"deployments": [deployment(self.url + "/")]}),
            "GET /v1/deployments/{name}": (200, details),
            "DELETE /v1/deployments/{name}": (200, {}),
            "POST /v1/deployments/{name}/versions": (202, {"build": "7", "name": NAME, "version": 3}),
            "POST /v1/deployments/{name}/promote": (202, {"build": "7", "name": NAME, "version": 3}),
            "POST /v1/deployments/{name}/rollback": (200, {"version": 1}),
            "GET /v1/deployments/{name}/logs": (200, {"next": 12, "lines": [
                {"time": TIME, "kind": "request", "text": "GET / 200"},
                {"time": TIME, "kind": "guest", "text": "hello\x1b[2Jworld"}]}),
            "PATCH /v1/deployments/{name}/env": (200, {"env": {"COLOUR": "blue"}}),
            "PATCH /v1/deployments/{name}/hosts": (200, {"hosts": ["www.example.com"]}),
            "PATCH /v1/deployments/{name}/limits": (200, {"limits": {"timeout": 2000}}),
            "PATCH /v1/deployments/{name}/secrets": (200, {"secrets": ["KEY", "OTHER"]}),
            "GET /v1/builds/{id}": (200, build()),
            "GET /v1/tokens": (200, {"tokens": [{"id": "3", "tenant": "default", "role": "admin", "created": TIME,
                                                 "last_used": None}]}),
            "POST /v1/tokens": (200, {"id": "4", "token": "svt_new"}),
            "DELETE /v1/tokens/{id}": (200, {}),
            "GET /v1/audit": (200, {"entries": [{"time": TIME, "tenant": "default", "token": "3", "action": "deploy",
                                                 "subject": NAME, "result": "ok"}]}),
        }

    def labels(self):
        return [request.operation.label for request in self.asked]

    def one(self, label):
        """The only request of this operation."""
        found = [request for request in self.asked if request.operation.label == label]
        expect(len(found) == 1, f"{len(found)} requests {label}: {self.labels()}")
        return found[0]

    def run(self, *arguments, **options):
        return run(*arguments, url=self.url, **options)


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __repr__(self):
        return f"code {self.code}, stdout {self.out[:300]!r}, stderr {self.err[:600]!r}"

    def json(self):
        return json.loads(self.out)


def environment(home, url=None, token=TOKEN):
    kept = {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS") or name == "PATH"}
    kept.update(HOME=home, LC_ALL="C.UTF-8")
    if url:
        kept["SELVAGE_URL"] = url
    if token:
        kept["SELVAGE_TOKEN"] = token
    return kept


def run(*arguments, url=None, token=TOKEN, stdin=b"", home="/nonexistent", extra=None):
    """`selvage` with an environment of its own; standard input is a pipe or file, no terminal."""
    variables = {**environment(home, url, token), **(extra or {})}
    done = subprocess.run([SELVAGE, *arguments], input=stdin, capture_output=True, env=variables,
                          timeout=PATIENCE)
    result = Result(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))
    expect(TOKEN not in result.out + result.err, f"the token is shown: {result}")
    return result


def fine(result):
    expect(result.code == 0, f"it failed: {result}")
    return result


def refused(result, text, code=1):
    """Nothing on standard output and one line, with this text in it, on the other."""
    expect(result.code == code and not result.out and result.err.count("\n") == 1
           and result.err.startswith("selvage: ") and text in result.err,
           f"not refused with {code} and {text!r}: {result}")
    return result


class Folder:
    """Files for a test, gone behind it."""

    def __enter__(self):
        self.place = tempfile.TemporaryDirectory()
        return self

    def __exit__(self, *unused):
        self.place.cleanup()

    def path(self, name):
        return os.path.join(self.place.name, name)

    def write(self, name, data, mode=0o600):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data if isinstance(data, bytes) else data.encode())
        os.chmod(path, mode)
        return path
