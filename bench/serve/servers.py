"""The servers of this bench: what each is, how it is started, which protocols it speaks."""
import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from engines import Missing, node, wasmtime_program, workerd  # noqa: E402: needs the path above
from machine import BUILD, ROOT, call  # noqa: E402: the same

WORK = BUILD / "bench/serve"
SELVAGE = BUILD / "selvage"
SHARED = pathlib.Path(os.environ.get("SHARED", ROOT.parent / "shared"))
TEXT = "Hello.\n"

NGINX = """
worker_processes auto;
pid {work}/nginx.pid;
error_log {work}/nginx.log;
daemon off;
events {{ worker_connections 16384; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    server {{
        listen 127.0.0.1:{port}{options};
        ssl_certificate {work}/cert.pem;
        ssl_certificate_key {work}/key.pem;
        default_type text/plain;
        location / {{ return 200 "Hello.\\n"; }}
    }}
}}
"""
NGINX_OPTIONS = {"http": "", "https": " ssl", "h2": " ssl http2"}

# Service workers' syntax, which is what the handler is written in.
WORKERD = """using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    serviceWorkerScript = embed {script}, compatibilityDate = "2026-01-01"))],
  sockets = [(name = "http", address = "127.0.0.1:{port}", http = (), service = "main")]);
"""


class Server:
    """`start(port, protocol)` is a command."""

    def __init__(self, name, start):
        self.name, self.start = name, start


def certificate():
    key, cert = WORK / "key.pem", WORK / "cert.pem"
    if not cert.exists():
        call("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
             "-nodes", "-days", "3650", "-subj", "/CN=localhost",
             "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", cert)
    return cert, key


def nginx():
    def start(port, protocol):
        conf = WORK / "nginx.conf"
        conf.write_text(NGINX.format(work=WORK, port=port, options=NGINX_OPTIONS[protocol]))
        return ["nginx", "-p", WORK, "-c", conf]
    if not shutil.which("nginx"):
        raise Missing("no nginx here")
    certificate()
    return Server("nginx `return 200`", start)


def selvage(name, source, *flags):
    artifact = WORK / (pathlib.Path(source).stem + ".so")
    call(SELVAGE, "compile", *flags, source, "-o", artifact, timeout=1200)

    def start(port, protocol):
        cert, key = certificate()
        listen = ["--listen", f"127.0.0.1:{port}"] if protocol == "http" else [
            "--listen", "127.0.0.1:0", "--listen-tls", f"127.0.0.1:{port}", "--tls-cert", cert,
            "--tls-key", key]
        return [SELVAGE, "serve", "--quiet", *listen, artifact]
    return Server(name, start)


def hello():
    return selvage("Selvage, hello guest (hello.wat)", HERE / "hello.wat")


def echo():
    wasm = WORK / "c-hello.wasm"
    call(ROOT / "sdk/c/build-guest", wasm, ROOT / "examples/c-hello/hello.c")
    return selvage("Selvage, C guest that echoes the request (examples/c-hello)", wasm)


def image():
    return selvage("Selvage, Rust guest that draws the PNG (examples/image)",
                   ROOT / "examples/image/image.wasm")


def wasmtime():
    program = wasmtime_program()
    return Server("Wasmtime `serve`, wasi:http guest, compiled at the start", lambda port, _: [
        program, "serve", "-O", "pooling-allocator=y", "--addr", f"127.0.0.1:{port}",
        HERE / "hello.component.wat"])


def node_http():
    program = node()
    return Server("Node, `node:http`, a process for each CPU",
                  lambda port, _: [program, HERE / "node.mjs", port, TEXT])


def selvage_javascript():
    module = SHARED / "modules/fastly_js_hello.wasm"
    if not module.exists():
        raise Missing(f"no {module.name} here")
    return selvage("Selvage (an instance for each request), fastly_js_hello at -O0",
                   module, "-O0")


def node_javascript():
    program = node()
    return Server("Node, the same handler, a process for each CPU",
                  lambda port, _: [program, HERE / "node.mjs", port, TEXT, HERE / "hello.js"])


def workerd_serving(name, script):
    program = workerd()

    def start(port, _):
        config = WORK / "workerd.capnp"
        path = os.path.relpath(script, WORK)
        config.write_text(WORKERD.format(port=port, script=json.dumps(path)))
        return [program, "serve", config]
    return Server(f"workerd (one isolate for all requests), {name}", start)


def workerd_javascript():
    return workerd_serving("the same handler", HERE / "hello.js")


def workerd_hello():
    """What it can do at best: a handler of one line that says the same as the others."""
    script = WORK / "hello-text.js"
    script.write_text((HERE / "hello.js").read_text().replace('"Hello from JS\\n"', json.dumps(TEXT)))
    return workerd_serving("a handler of one line", script)


# Title, protocols, servers. The first server is what the others are compared with.
TABLES = {
    "hello": ("Hello", ["http"],
              [nginx, hello, echo, image, wasmtime, workerd_hello, node_http]),
    "tls": ("Hello, over TLS", ["https", "h2"], [nginx, hello]),
    "javascript": ("Hello, in JavaScript", ["http"],
                   [workerd_javascript, selvage_javascript, node_javascript]),
}


def servers(table, complain):
    """Those that can be had here; of the others the reason is told."""
    found = []
    for make in TABLES[table][2]:
        try:
            found.append(make())
        except (Missing, OSError, RuntimeError, subprocess.TimeoutExpired) as error:
            complain(f"{make.__name__}: {str(error).splitlines()[0]}")
    return found
