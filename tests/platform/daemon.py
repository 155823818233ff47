"""A `selvage up` process with folders of its own, and a client of its REST API."""
import base64
import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("BUILD", os.path.join(ROOT, "build"))
SELVAGE = os.path.join(BUILD, "selvage")
MODULES = os.path.join(ROOT, "tests", "modules")
sys.path.append(os.path.join(ROOT, "tests", "client"))
import api

API = api.Api()
PATIENCE = 400  # seconds until a test that waits has failed: builds give way to all else that runs


class Failure(Exception):
    """What a test found wrong, in one line."""


def expect(condition, text):
    if not condition:
        raise Failure(text)


def module(name):
    with open(os.path.join(MODULES, name), "rb") as file:
        return file.read()


def cgi(text):
    """A WASI command in text format that answers with this text."""
    head = "Content-Type: text/plain\\n\\n"
    data = head + text
    length = len(data) - data.count("\\n")
    return f"""(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\\10\\00\\00\\00\\{length:02x}\\00\\00\\00")
  (data (i32.const 16) "{data}")
  (func (export "_start")
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))""".encode()


class Daemon:
    """Runs from start to stop (or kill); may be started again on the same folders."""

    def __init__(self, *options):
        self.place = tempfile.TemporaryDirectory(prefix="selvage-platform-")
        self.data = os.path.join(self.place.name, "data")
        self.config = os.path.join(self.place.name, "config")
        self.log_path = os.path.join(self.place.name, "log")
        self.options = options
        self.process = None
        self.token = None

    def command(self):
        return [SELVAGE, "up", "--data", self.data, "--listen", "127.0.0.1:0",
                "--listen-tls", "127.0.0.1:0", "--control", "127.0.0.1:0", *self.options]

    def environment(self):
        return dict(os.environ, XDG_CONFIG_HOME=self.config, HOME=self.place.name)

    def does_not_start(self, reason):
        """It ends at once, and says why in one line."""
        done = subprocess.run(self.command(), capture_output=True, text=True, timeout=PATIENCE,
                              env=self.environment())
        expect(done.returncode == 1 and reason in done.stderr and done.stderr.count("\n") == 1,
               f"{done.returncode}, {done.stderr!r}, not {reason!r}")

    def start(self):
        self.log = open(self.log_path, "ab")
        self.process = subprocess.Popen(self.command(), stdout=subprocess.PIPE, stderr=self.log,
                                        env=self.environment())
        self.greeting = ""
        while "data " not in self.greeting:
            line = self.process.stdout.readline().decode()
            if not line:
                self.process.wait(PATIENCE)
                raise Failure(f"the daemon did not start: {self.log_text()[-400:]!r}")
            self.greeting += line
        self.port = int(re.search(r"http://NAME\.localhost:(\d+)/", self.greeting).group(1))
        self.tls_port = int(re.search(r"https://NAME\.localhost:(\d+)/", self.greeting).group(1))
        self.authority = os.path.join(self.data, "tls", "ca.pem")
        self.control = int(re.search(r"control +http://127\.0\.0\.1:(\d+)/",
                                     self.greeting).group(1))
        if not self.token:
            self.token = self.wait_for_token()
        return self

    def wait_for_token(self):
        path = os.path.join(self.config, "selvage", "client.json")
        limit = time.monotonic() + PATIENCE
        while not os.path.exists(path) and time.monotonic() < limit:
            time.sleep(0.01)
        with open(path) as file:
            return json.load(file)["token"]

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, trace):
        if self.process:
            code = self.stop()
            if kind is None:
                expect(code == 0, f"the daemon ended with {code}: {self.log_text()[-300:]!r}")
        self.place.cleanup()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            code = "a hang"
        self.ended()
        return code

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.ended()

    def ended(self):
        self.process.stdout.close()
        self.log.close()
        self.process = None

    def log_text(self):
        with open(self.log_path, "rb") as file:
            return file.read().decode(errors="replace")

    # ---- the REST API ----

    def call(self, method, path, body=None, token="", raw=None):
        """Status and answer; `token` None: without one, "": the first one."""
        connection = http.client.HTTPConnection("127.0.0.1", self.control, timeout=PATIENCE)
        headers = {}
        if token is not None:
            headers["Authorization"] = "Bearer " + (token or self.token)
        data = raw if raw is not None else json.dumps(body) if body is not None else None
        try:
            connection.request(method, path, data, headers)
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        try:
            answer = json.loads(text)
        except ValueError:
            raise Failure(f"{method} {path}: not JSON: {text[:200]!r}")
        self.check_described(method, path, body, response.status, answer)
        return response.status, answer

    def check_described(self, method, path, body, status, answer):
        """What is done is as docs/openapi.json has it, and so is every refusal."""
        try:
            operation, values, query = API.find(method, path)
            if status < 400 and body is not None:
                operation.check_request(values, query, body)
            operation.check_answer(status, answer)
        except api.Wrong as wrong:
            expect(status >= 400 and set(answer) == {"error"}, str(wrong))

    def text(self, path, token=""):
        connection = http.client.HTTPConnection("127.0.0.1", self.control, timeout=PATIENCE)
        connection.request("GET", path, headers={"Authorization": "Bearer " + (token or self.token)})
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        kind = response.getheader("Content-Type").partition(";")[0]
        answer = json.loads(text) if kind == "application/json" else text
        self.check_described("GET", path, None, response.status, answer)
        return text

    def fine(self, method, path, body=None, token=""):
        status, answer = self.call(method, path, body, token)
        expect(status in (200, 202), f"{method} {path}: {status} {answer}")
        return answer

    def refused(self, status, method, path, body=None, token="", raw=None):
        found, answer = self.call(method, path, body, token, raw)
        expect(found == status and answer.get("error", {}).get("message"),
               f"{method} {path}: {found} {answer}, not {status}")
        return answer["error"]["message"]

    def deploy_refused(self, status, name, code, token="", **more):
        body = {"module": base64.b64encode(code).decode(), **more}
        return self.refused(status, "POST", f"/v1/deployments/{name}/versions", body, token)

    def deploy(self, name, code, token="", **more):
        body = {"module": base64.b64encode(code).decode(), **more}
        return self.fine("POST", f"/v1/deployments/{name}/versions", body, token)

    def built(self, build, token=""):
        """What became of a build, when it is done."""
        limit = time.monotonic() + PATIENCE
        while time.monotonic() < limit:
            answer = self.fine("GET", "/v1/builds/" + build["build"], token=token)
            if answer["done"]:
                return answer
            time.sleep(0.02)
        raise Failure(f"build {build} took too long: {answer}")

    def deploy_well(self, name, code, token="", **more):
        answer = self.built(self.deploy(name, code, token, **more), token)
        expect(answer["success"], f"{name}: {answer}")
        return answer

    # ---- what is deployed ----

    def get(self, name, path="/", method="GET", body=None):
        """Status and body of a request to a deployment."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, {"Host": f"{name}.localhost:{self.port}"})
            response = connection.getresponse()
            return response.status, response.read().decode(errors="replace")
        finally:
            connection.close()

    def get_tls(self, name, path="/"):
        """The same by HTTPS, trusting the daemon's authority and nobody else."""
        context = ssl.create_default_context(cafile=self.authority)
        connection = http.client.HTTPSConnection(f"{name}.localhost", self.tls_port, timeout=PATIENCE,
                                                 context=context)
        connection._create_connection = lambda address, *rest: socket.create_connection(
            ("127.0.0.1", self.tls_port), PATIENCE)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode(errors="replace")
        finally:
            connection.close()

    def says(self, name, text, path="/"):
        status, found = self.get(name, path)
        expect(status == 200 and found == text, f"{name}{path}: {status} {found[:200]!r}, not {text!r}")
