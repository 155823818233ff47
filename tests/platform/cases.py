"""Deployments from the first start to the removal."""
import base64
import http.client
import json
import os
import re
import socket
import sqlite3
import stat
import subprocess
import time

from cases_quotas import wait_until
from daemon import BUILD, PATIENCE, ROOT, SELVAGE, Daemon, Failure, cgi, expect, module

TRAP = b"""(module (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
  (memory (export "memory") 1) (func (export "_start") unreachable))"""


# Answers unless its request has a body.
TRAPS_ON_POST = b"""(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\\10\\00\\00\\00\\1a\\00\\00\\00")
  (data (i32.const 16) "Content-Type: text/plain\\n\\n")
  (data (i32.const 64) "\\80\\00\\00\\00\\01\\00\\00\\00")
  (func (export "_start")
    (drop (call $read (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 72)))
    (if (i32.load (i32.const 72)) (then unreachable))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))"""


def lines(answer):
    return [line["text"] for line in answer["lines"]]


def test_the_first_start_makes_a_token_and_tells_what_to_do():
    with Daemon() as daemon:
        path = os.path.join(daemon.config, "selvage", "client.json")
        expect(stat.S_IMODE(os.stat(path).st_mode) == 0o600, "others may read the token")
        for name in ("secret.key", "lock"):
            mode = stat.S_IMODE(os.stat(os.path.join(daemon.data, name)).st_mode)
            expect(mode == 0o600, f"{name} has mode {mode:o}")
        expect(daemon.fine("GET", "/v1/deployments") == {"deployments": []}, "not empty")
        daemon.stop()
        daemon.start()
        expect("token" not in daemon.greeting, "the second start made a token too")


def test_a_module_is_deployed_served_and_listed():
    with Daemon() as daemon:
        answer = daemon.deploy_well("hello", module("c_cgi.wasm"), file="c_cgi.wasm")
        expect(answer["http_url"] == f"http://hello.localhost:{daemon.port}/", str(answer))
        daemon.says("hello", "Hello from C\n")
        daemon.says("HELLO", "Hello from C\n")
        expect(daemon.get_tls("hello") == (200, "Hello from C\n"), "not by HTTPS")
        expect(answer["url"] == f"https://hello.localhost:{daemon.tls_port}/", str(answer))
        (found,) = daemon.fine("GET", "/v1/deployments")["deployments"]
        expect(found["state"] == "live" and found["version"] == 1, str(found))
        expect(daemon.get("other")[0] == 404, "a name that nobody has")
        expect(daemon.get("hello", "/__health")[0] == 200, "no health")


def test_the_fast_tier_is_followed_by_the_release_tier():
    with Daemon() as daemon:
        daemon.deploy_well("hello", module("c_cgi.wasm"))
        for _ in range(20000): # it has the lowest priority
            (found,) = daemon.fine("GET", "/v1/deployments")["deployments"]
            if found["tier"] == "release":
                daemon.says("hello", "Hello from C\n")
                return
            time.sleep(0.02)
        raise Failure(f"still {found}")


def test_a_name_is_invented_for_who_gives_none():
    with Daemon() as daemon:
        name = daemon.deploy("-", cgi("x"))["name"]
        expect(len(name.split("-")) == 4, f"{name} is not four words")


def test_a_version_that_fails_leaves_the_one_before_in_place():
    with Daemon() as daemon:
        daemon.deploy_well("site", cgi("one"))
        for code, reason in ((b"\0asm\1\0\0\0\xff", "at byte"), (b"(module", "1:8: "),
                             (b"hello", "no magic"), (module("feat_simd.wasm"), "program"),
                             (b"(module (elem funcref (foo 0)))", "the text parser cannot make sense"),
                             (TRAP, "unreachable")):
            answer = daemon.built(daemon.deploy("site", code))
            expect(not answer["success"] and reason in answer["message"], f"{code[:20]}: {answer}")
            daemon.says("site", "one")
        versions = daemon.fine("GET", "/v1/deployments/site")["versions"]
        expect([v["state"] for v in versions] == ["failed"] * 6 + ["done"], str(versions))


def test_a_rollback_goes_to_the_version_before_or_to_a_given_one():
    with Daemon() as daemon:
        for text in ("one", "two", "three"):
            daemon.deploy_well("site", cgi(text))
            daemon.says("site", text)
        expect(daemon.fine("POST", "/v1/deployments/site/rollback")["version"] == 2, "not two")
        daemon.says("site", "two")
        daemon.fine("POST", "/v1/deployments/site/rollback", {"version": 3})
        daemon.says("site", "three")
        daemon.fine("POST", "/v1/deployments/site/rollback", {"version": 1})
        daemon.says("site", "one")
        daemon.refused(409, "POST", "/v1/deployments/site/rollback")
        daemon.refused(409, "POST", "/v1/deployments/site/rollback", {"version": 9})
        daemon.refused(400, "POST", "/v1/deployments/site/rollback", {"version": "x"})


def test_settings_reach_the_guest_and_secrets_nobody_else():
    secret = "correct-horse-battery"
    with Daemon() as daemon:
        daemon.deploy_well("site", module("rust196_image_cgi_wasi.wasm"),
                           env={"COLOR": "blue"}, secrets={"API_KEY": secret})
        env = daemon.get("site", "/env")[1]
        expect("COLOR=blue" in env and f"API_KEY={secret}" in env, f"{env[:300]!r}")
        shown = daemon.fine("GET", "/v1/deployments/site")
        expect(shown["env"] == {"COLOR": "blue"} and shown["secrets"] == ["API_KEY"], str(shown))
        answer = daemon.fine("PATCH", "/v1/deployments/site/secrets", {"API_KEY": "changed-secret"})
        expect(answer == {"secrets": ["API_KEY"]}, str(answer))
        expect("changed-secret" in daemon.get("site", "/env")[1], "the guest has the old one")
        daemon.fine("PATCH", "/v1/deployments/site/env", {"COLOR": None})
        expect("COLOR" not in daemon.get("site", "/env")[1], "the guest still has COLOR")
        for body in ({"1x": "a"}, {"a b": "c"}, {"A": 5}, {"A": "x" * 70000},
                     {f"N{i}": "x" for i in range(200)}):
            daemon.refused(400, "PATCH", "/v1/deployments/site/env", body)
        expect(daemon.fine("GET", "/v1/deployments/site")["env"] == {}, "half of a change was kept")
        daemon.stop()
        for folder, _, files in os.walk(daemon.place.name):
            for name in files:
                with open(os.path.join(folder, name), "rb") as file:
                    expect(secret.encode() not in file.read(), f"{name} shows the secret")
        daemon.start()
        expect("changed-secret" in daemon.get("site", "/env")[1], "lost with the process")


def test_metrics_tell_of_traps_instances_and_memory():
    with Daemon() as daemon:
        daemon.deploy_well("site", cgi("hello"))
        daemon.says("site", "hello")
        daemon.deploy("wrong", TRAP)
        # An instance is given back behind its answer.
        wait_until(lambda: 'selvage_slots_in_use{deployment="site"} 0\n' in daemon.text("/metrics"), "it is given back")
        text = daemon.text("/metrics")
        expect(re.search(r'selvage_slots\{deployment="site"\} [1-9]', text), text)
        for line in ('selvage_slots_in_use{deployment="site"} 0\n',
                     'selvage_requests_in_flight{deployment="site"} 0\n', 'selvage_outbound_in_flight{deployment="site"} 0\n'):
            expect(line in text, f"no {line!r} in {text}")
        memory = int(re.search(r'selvage_memory_bytes\{deployment="site"\} (\d+)', text).group(1))
        expect(4096 < memory < 1 << 20, f"{memory} bytes")
        build = daemon.deploy_well("site", TRAPS_ON_POST)
        expect(daemon.get("site", "/", "POST", b"x")[0] == 500, "no trap")
        expect('selvage_traps_total{deployment="site",kind="UNREACHABLE"} 1\n' in daemon.text("/metrics"), "not counted")
        numbers = daemon.fine("GET", "/v1/metrics")
        site = [row for row in numbers["deployments"] if row["name"] == "site"][0]
        expect(len(site["latencies"]) == len(numbers["bounds"]) + 1 and sum(site["latencies"]) == site["requests"] == 2 and
               site["traps"] == site["server_errors"] == 1 and site["loads"] >= 2, f"{site} {build}")


def test_lines_of_a_request_and_its_guest_share_a_trace():
    trace = "a" * 32
    with Daemon() as daemon:
        daemon.deploy_well("site", cgi("answer"))
        connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=PATIENCE)
        for fields in ({"traceparent": f"00-{trace}-{'b' * 16}-00"}, {}):
            connection.request("GET", "/", headers={"Host": f"site.localhost:{daemon.port}", **fields})
            connection.getresponse().read()
        connection.close()
        lines = daemon.fine("GET", "/v1/deployments/site/logs?after=0")["lines"]
    first, second = (line for line in lines if line["kind"] == "request")
    expect(first["trace"] == trace and re.fullmatch("[0-9a-f]{32}", second["trace"]) and
           second["trace"] != trace, f"{first} {second}")
    expect(not any("trace" in line for line in lines if line["kind"] == "event"), f"{lines}")


def test_logs_have_positions_that_a_reader_can_wait_behind():
    with Daemon() as daemon:
        daemon.deploy_well("site", cgi("x"))
        for i in range(5):
            daemon.get("site", f"/{i}")
        answer = daemon.fine("GET", "/v1/deployments/site/logs")
        expect([text for text in lines(answer) if "GET /3 200" in text], str(answer))
        after = f"/v1/deployments/site/logs?after={answer['next']}"
        expect(daemon.fine("GET", after)["lines"] == [], "lines twice")
        daemon.get("site", "/later")
        answer = daemon.fine("GET", after + "&wait=20")
        expect(len(answer["lines"]) >= 1 and "GET /later 200" in lines(answer)[-1], str(answer))
        while answer["lines"]: # the release tier may be one
            began = time.monotonic()
            answer = daemon.fine("GET", f"/v1/deployments/site/logs?after={answer['next']}&wait=1")
        expect(time.monotonic() - began >= 0.9, "did not wait")


def has_read(port, client):
    """Whether a server at a port has taken all that was sent to it from the client's port (see proc(5))."""
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table.readlines()[1:]]
    for _, local, remote, _, queues, *_, inode in (row[:10] for row in rows):
        if (int(local.split(":")[1], 16), int(remote.split(":")[1], 16)) == (port, client):
            return inode != "0" and int(queues.split(":")[1], 16) == 0
    return False


def test_a_daemon_that_stops_answers_who_waits_for_lines():
    with Daemon() as daemon:
        daemon.deploy_well("site", cgi("x"))
        limit = time.monotonic() + PATIENCE
        while daemon.fine("GET", "/v1/deployments/site")["tier"] != "release":
            expect(time.monotonic() < limit, "no release tier")
            time.sleep(0.05)
        after = daemon.fine("GET", "/v1/deployments/site/logs")["next"]
        path = f"/v1/deployments/site/logs?after={after}&wait=25"
        connection = http.client.HTTPConnection("127.0.0.1", daemon.control, timeout=PATIENCE)
        connection.request("GET", path, headers={"Authorization": "Bearer " + daemon.token})
        wait_until(lambda: has_read(daemon.control, connection.sock.getsockname()[1]), "it is heard")
        expect(daemon.stop() == 0, "it did not end well")
        response = connection.getresponse()
        answer = json.loads(response.read())
        connection.close()
        daemon.check_described("GET", path, None, response.status, answer)
        expect(answer == {"next": after, "lines": []}, str(answer))


def test_a_log_is_kept_and_has_an_end():
    with Daemon() as daemon:
        daemon.deploy_well("site", cgi("x"))
        path = "/" + "x" * 200
        for _ in range(20):
            daemon.get("site", path)
        daemon.stop()
        daemon.start()
        expect(len(daemon.fine("GET", "/v1/deployments/site/logs?after=0")["lines"]) >= 20,
               "lines were lost with the process")


def test_a_deployment_with_a_time_to_live_goes():
    with Daemon() as daemon:
        daemon.deploy_well("short", cgi("x"), ttl=3600) # a build may take longer than a short one
        daemon.says("short", "x")
        daemon.deploy("short", cgi("y"), ttl=2)
        wait_until(lambda: daemon.get("short")[0] == 404, "its end")
        daemon.refused(404, "GET", "/v1/deployments/short")


def test_what_is_removed_is_gone_and_its_name_is_free():
    with Daemon() as daemon:
        daemon.deploy_well("site", cgi("one"), secrets={"A": "b"})
        daemon.fine("DELETE", "/v1/deployments/site")
        expect(daemon.get("site")[0] == 404, "it still answers")
        daemon.refused(404, "DELETE", "/v1/deployments/site")
        expect(os.listdir(os.path.join(daemon.data, "logs")) == [], "its log is still there")
        daemon.stop()
        daemon.start()
        blobs = os.listdir(os.path.join(daemon.data, "blobs"))
        expect(blobs == [], f"its files are still there: {blobs}")
        daemon.deploy_well("site", cgi("two"))
        daemon.says("site", "two")
        found = daemon.fine("GET", "/v1/deployments/site")
        expect(found["secrets"] == [] and len(found["versions"]) == 1, str(found))


def test_a_module_that_was_compiled_before_is_not_compiled_again():
    with Daemon() as daemon:
        daemon.deploy_well("one", module("c_cgi.wasm"))
        artifact = os.listdir(os.path.join(daemon.data, "blobs"))
        daemon.deploy_well("two", module("c_cgi.wasm"))
        expect(len(os.listdir(os.path.join(daemon.data, "blobs"))) <= len(artifact) + 1,
               "compiled twice")
        daemon.says("two", "Hello from C\n")


def test_requests_that_are_wrong_are_refused_with_a_reason():
    with Daemon() as daemon:
        code = base64.b64encode(cgi("x")).decode()
        versions = "/v1/deployments/site/versions"
        daemon.refused(404, "GET", "/v1")
        daemon.refused(404, "GET", "/v1/deployments/")
        daemon.refused(405, "PUT", "/v1/deployments")
        daemon.refused(404, "GET", "/v1/builds/0")
        daemon.refused(404, "GET", "/v1/builds/99")
        daemon.refused(404, "GET", "/v1/builds/x")
        daemon.refused(400, "POST", versions, raw="{")
        daemon.refused(400, "POST", versions, raw="[1]")
        daemon.refused(400, "POST", versions, {})
        daemon.refused(400, "POST", versions, {"module": "###"})
        daemon.refused(400, "POST", versions, {"module": "abcde"})
        daemon.refused(400, "POST", versions, {"module": code, "ttl": 0})
        daemon.refused(400, "POST", versions, {"module": code, "ttl": "1m"})
        daemon.refused(400, "POST", versions, {"module": code, "check": "nothing"})
        daemon.refused(400, "POST", versions, {"module": code, "env": [1]})
        daemon.refused(400, "POST", versions, {"module": code, "secrets": {"a-b": "x"}})
        for name in ("Site", "-a", "a-", "a.b", "a" * 64, "a%20b"):
            daemon.refused(400, "POST", f"/v1/deployments/{name}/versions", {"module": code})
        expect(daemon.fine("GET", "/v1/deployments") == {"deployments": []}, "something was made")


def test_the_data_folder_is_one_daemons_and_one_versions():
    with Daemon() as daemon:
        command = [SELVAGE, "up", "--data", daemon.data, "--listen", "127.0.0.1:0",
                   "--listen-tls", "127.0.0.1:0", "--control", "127.0.0.1:0"]
        second = subprocess.run(command, capture_output=True, text=True, timeout=30)
        expect(second.returncode == 1 and "in use" in second.stderr, second.stderr)
        daemon.stop()
        database = sqlite3.connect(os.path.join(daemon.data, "selvage.db"))
        (version,) = database.execute("PRAGMA user_version").fetchone()
        database.execute("PRAGMA user_version = 999")
        database.close()
        later = subprocess.run(command, capture_output=True, text=True, timeout=30)
        expect(later.returncode == 1 and "later Selvage" in later.stderr, later.stderr)
        os.chmod(os.path.join(daemon.data, "secret.key"), 0o644)
        database = sqlite3.connect(os.path.join(daemon.data, "selvage.db"))
        database.execute(f"PRAGMA user_version = {version}")
        database.close()
        open_key = subprocess.run(command, capture_output=True, text=True, timeout=30)
        expect(open_key.returncode == 1 and "read by others" in open_key.stderr, open_key.stderr)


def test_a_damaged_artifact_is_the_owners_to_know_of_and_is_compiled_again():
    with Daemon() as daemon:
        daemon.deploy_well("site", module("c_cgi.wasm"))
        daemon.stop()
        blobs = os.path.join(daemon.data, "blobs")
        for name in os.listdir(blobs):
            path = os.path.join(blobs, name)
            with open(path, "r+b") as file:
                if file.read(4) == b"\x7fELF":
                    file.seek(4096)
                    file.write(b"damaged" * 20)
        daemon.start()
        status, text = daemon.get("site")
        expect(status == 503 and daemon.data not in text, f"{status} {text!r}")
        answer = daemon.fine("GET", "/v1/deployments/site/logs")
        expect([line for line in lines(answer) if "cannot be loaded" in line], str(answer))
        expect([line for line in lines(answer) if "compiled again" in line], str(answer))
        limit = time.monotonic() + PATIENCE
        while daemon.get("site")[0] != 200 and time.monotonic() < limit:
            time.sleep(0.05)
        status, text = daemon.get("site")
        expect(status == 200, f"{status} {text!r}")


def test_responses_are_streamed_and_end_with_their_clients():
    with open(os.path.join(ROOT, "tests", "serve", "guests", "stream.wat"), "rb") as file:
        guest = file.read()
    with Daemon() as daemon:
        daemon.deploy_well("site", guest)
        daemon.says("site", "firstlast")
        expect(daemon.get_tls("site") == (200, "firstlast"), "not by HTTPS")
        # The guest sleeps for an hour behind these.
        with socket.create_connection(("127.0.0.1", daemon.port), PATIENCE) as client:
            client.sendall(b"GET /wait HTTP/1.1\r\nHost: site.localhost\r\n\r\n")
            text = b""
            while not text.endswith(b"\r\n\r\n5\r\nfirst\r\n"):
                part = client.recv(4096)
                expect(part, f"an end behind {text!r}")
                text += part
        limit, wanted = time.monotonic() + PATIENCE, "the client has closed its connection"
        while time.monotonic() < limit:
            found = [line for line in lines(daemon.fine("GET", "/v1/deployments/site/logs")) if wanted in line]
            if found:
                break
            time.sleep(0.02)
        expect(found and " 499 " in found[0], f"{found}")
        expect('selvage_endings_total{deployment="site",ending="LEFT"} 1\n' in daemon.text("/metrics"), "not counted")


def test_requests_and_builds_are_counted_for_prometheus():
    with Daemon() as daemon:
        daemon.deploy_well("site", cgi("x"))
        for _ in range(7):
            daemon.get("site")
        other = daemon.fine("POST", "/v1/tokens", {"tenant": "beta", "role": "read"})["token"]
        text = daemon.text("/metrics")
        for line in ('selvage_requests_total{deployment="site",class="2xx"} 7',
                     'selvage_endings_total{deployment="site",ending="ANSWERED"} 7',
                     'selvage_request_seconds_count{deployment="site"} 7',
                     'selvage_request_seconds_bucket{deployment="site",le="+Inf"} 7',
                     "# TYPE selvage_request_seconds histogram", "selvage_deployments 1"):
            expect(line + "\n" in text, f"{line!r} is not in {text!r}")
        expect("site" not in daemon.text("/metrics", other), "another tenant sees it")
