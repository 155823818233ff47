"""Fastly Compute programs that are deployed with their fastly.toml."""
import http.server
import threading

from cases_sources import send
from daemon import Daemon, expect

# The last letter of the path: what config store "site" and "environment", secret store "secrets" and the KV store
# "notes" have (after a POST: what was sent), or what backend "origin" answers. "-" and a status if it has nothing.
GUEST = r"""(module
  (import "fastly_http_req" "body_downstream_get" (func $get (param i32 i32) (result i32)))
  (import "fastly_http_req" "uri_get" (func $uri (param i32 i32 i32 i32) (result i32)))
  (import "fastly_http_req" "method_get" (func $method (param i32 i32 i32 i32) (result i32)))
  (import "fastly_http_req" "new" (func $req_new (param i32) (result i32)))
  (import "fastly_http_req" "uri_set" (func $uri_set (param i32 i32 i32) (result i32)))
  (import "fastly_http_req" "send" (func $send (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "fastly_http_body" "new" (func $body_new (param i32) (result i32)))
  (import "fastly_http_body" "write" (func $write (param i32 i32 i32 i32 i32) (result i32)))
  (import "fastly_http_resp" "new" (func $resp_new (param i32) (result i32)))
  (import "fastly_http_resp" "send_downstream" (func $answer (param i32 i32 i32) (result i32)))
  (import "fastly_config_store" "open" (func $config (param i32 i32 i32) (result i32)))
  (import "fastly_config_store" "get" (func $config_get (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "fastly_secret_store" "open" (func $secret (param i32 i32 i32) (result i32)))
  (import "fastly_secret_store" "get" (func $secret_get (param i32 i32 i32 i32) (result i32)))
  (import "fastly_secret_store" "plaintext" (func $plain (param i32 i32 i32 i32) (result i32)))
  (import "fastly_object_store" "open" (func $kv (param i32 i32 i32) (result i32)))
  (import "fastly_object_store" "lookup" (func $kv_get (param i32 i32 i32 i32) (result i32)))
  (import "fastly_object_store" "insert" (func $kv_put (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 16) "sitegreetingenvironmentCOLORsecretsAPI_KEYnotesnoteoriginhttp://a.test/-")
  (func $say (param $length i32)
    (drop (call $body_new (i32.const 212)))
    (drop (call $write (i32.load (i32.const 212)) (i32.const 4096) (local.get $length) (i32.const 0) (i32.const 216))))
  (func $fail (param $status i32)
    (i32.store8 (i32.const 4096) (i32.const 45))
    (i32.store8 (i32.const 4097) (i32.add (i32.const 48) (local.get $status)))
    (call $say (i32.const 2)))
  (func $from_config (param $name i32) (param $length i32) (param $key i32) (param $key_length i32) (local $status i32)
    (local.set $status (call $config (local.get $name) (local.get $length) (i32.const 220)))
    (if (i32.eqz (local.get $status))
      (then (local.set $status (call $config_get (i32.load (i32.const 220)) (local.get $key) (local.get $key_length)
                                                 (i32.const 4096) (i32.const 4096) (i32.const 224)))))
    (if (local.get $status) (then (call $fail (local.get $status))) (else (call $say (i32.load (i32.const 224))))))
  (func $from_secrets (local $status i32)
    (local.set $status (call $secret (i32.const 44) (i32.const 7) (i32.const 220)))
    (if (i32.eqz (local.get $status))
      (then (local.set $status (call $secret_get (i32.load (i32.const 220)) (i32.const 51) (i32.const 7) (i32.const 228)))))
    (if (i32.eqz (local.get $status))
      (then (local.set $status (call $plain (i32.load (i32.const 228)) (i32.const 4096) (i32.const 4096) (i32.const 224)))))
    (if (local.get $status) (then (call $fail (local.get $status))) (else (call $say (i32.load (i32.const 224))))))
  (func $from_notes (local $status i32)
    (local.set $status (call $kv (i32.const 58) (i32.const 5) (i32.const 220)))
    (drop (call $method (i32.load (i32.const 200)) (i32.const 1024) (i32.const 64) (i32.const 224)))
    (if (i32.and (i32.eqz (local.get $status)) (i32.eq (i32.load8_u (i32.const 1024)) (i32.const 80)))
      (then (local.set $status (call $kv_put (i32.load (i32.const 220)) (i32.const 63) (i32.const 4)
                                             (i32.load (i32.const 204))))))
    (i32.store (i32.const 212) (i32.const -2))
    (if (i32.eqz (local.get $status))
      (then (local.set $status (call $kv_get (i32.load (i32.const 220)) (i32.const 63) (i32.const 4) (i32.const 212)))))
    (if (i32.or (local.get $status) (i32.eq (i32.load (i32.const 212)) (i32.const -2)))
      (then (call $fail (local.get $status)))))
  (func $from_origin (local $status i32)
    (drop (call $req_new (i32.const 220)))
    (drop (call $uri_set (i32.load (i32.const 220)) (i32.const 73) (i32.const 14)))
    (drop (call $body_new (i32.const 224)))
    (local.set $status (call $send (i32.load (i32.const 220)) (i32.load (i32.const 224)) (i32.const 67) (i32.const 6)
                                   (i32.const 228) (i32.const 212)))
    (if (local.get $status) (then (call $fail (local.get $status)))))
  (func (export "_start") (local $letter i32)
    (drop (call $get (i32.const 200) (i32.const 204)))
    (drop (call $uri (i32.load (i32.const 200)) (i32.const 1024) (i32.const 1024) (i32.const 208)))
    (local.set $letter (i32.load8_u (i32.add (i32.const 1023) (i32.load (i32.const 208)))))
    (call $fail (i32.const 9))
    (if (i32.eq (local.get $letter) (i32.const 111))
      (then (call $from_config (i32.const 16) (i32.const 4) (i32.const 20) (i32.const 8))))
    (if (i32.eq (local.get $letter) (i32.const 99))
      (then (call $from_config (i32.const 28) (i32.const 11) (i32.const 39) (i32.const 5))))
    (if (i32.eq (local.get $letter) (i32.const 115)) (then (call $from_secrets)))
    (if (i32.eq (local.get $letter) (i32.const 107)) (then (call $from_notes)))
    (if (i32.eq (local.get $letter) (i32.const 98)) (then (call $from_origin)))
    (drop (call $resp_new (i32.const 232)))
    (drop (call $answer (i32.load (i32.const 232)) (i32.load (i32.const 212)) (i32.const 0)))))
""".encode()

TOML = """
[local_server.config_stores.site]
format = "json"
file = "settings/site.json"
[setup.kv_stores.notes.items.note]
value = "seed"
[setup.backends.origin]
address = "127.0.0.1"
port = PORT
"""
FILES = {"main.wat": GUEST, "settings/site.json": b'{"greeting": "hello"}', "settings/other.json": b"{}"}


def files(port=1, toml=TOML, **more):
    return {**FILES, "fastly.toml": toml.replace("PORT", str(port)).encode(), **more}


def test_a_fastly_toml_comes_with_its_program_and_stores_are_kept():
    with Daemon() as daemon:
        answer = send(daemon, "site", files())
        expect(answer["success"], str(answer))
        daemon.says("site", "hello", "/o")
        daemon.says("site", "seed", "/k")
        for path in ("/.settings/fastly.toml", "/%2esettings/fastly.toml", "/fastly.toml"):
            daemon.says("site", "-9", path)
        daemon.fine("PATCH", "/v1/deployments/site/env", {"COLOR": "red"})
        daemon.fine("PATCH", "/v1/deployments/site/secrets", {"API_KEY": "hush"})
        daemon.says("site", "red", "/c")
        daemon.says("site", "hush", "/s")
        # What is secret is in no other store.
        daemon.fine("PATCH", "/v1/deployments/site/secrets", {"COLOR": "dark"})
        daemon.says("site", "-:", "/c")
        expect(daemon.get("site", "/k", "POST", "mine")[1] == "mine", "nothing is stored")
        daemon.kill()
        daemon.start()
        daemon.says("site", "mine", "/k")
        answer = send(daemon, "site", files(toml=TOML.replace('"seed"', '"other"')))
        expect(answer["success"], str(answer))
        daemon.says("site", "mine", "/k")
        daemon.fine("POST", "/v1/deployments/site/rollback", {"version": 1})
        daemon.says("site", "hello", "/o")
        # As Fastly's tools leave it: the module is there, and its sources.
        built = files(**{"bin/main.wasm": GUEST, "src/main.rs": b"fn main() {}"})
        del built["main.wat"]
        answer = send(daemon, "built", built)
        expect(answer["success"], str(answer))
        daemon.says("built", "hello", "/o")


class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "6")
        self.end_headers()
        self.wfile.write(b"origin")

    def log_message(self, *unused):
        pass


def test_private_addresses_need_the_operator_and_files_are_the_programs_own():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hello)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    try:
        with Daemon("--reach", f"127.0.0.1:{port}") as daemon:
            for name, at, wanted in (("reached", port, "origin"), ("refused", daemon.port, "-1")):
                answer = send(daemon, name, files(at))
                expect(answer["success"], str(answer))
                daemon.says(name, wanted, "/b")
            expect("the host's address is private" in daemon.text("/v1/deployments/refused/logs?after=0"), "no reason")
            for what, toml in (('there is no file "/etc/passwd" beside fastly.toml', 'file = "/etc/passwd"'),
                               ('there is no file "../x" beside fastly.toml', 'file = "../x"'),
                               ("there is no variable PATH in the environment", 'env = "PATH"')):
                answer = send(daemon, "wrong", files(toml='[local_server.secret_stores]\na = [{ key = "k", %s }]' % toml))
                expect(not answer["success"] and what in str(answer), str(answer))
    finally:
        server.shutdown()
