"""Limits of one deployment: what it refuses, and that the answer and the log name the limit."""
import http.client
import os
import sys
import threading

from cases_client import Shell
from daemon import PATIENCE, Daemon, cgi, expect

PATH = "/v1/deployments/{}/limits"
# A CGI program that answers GET and runs for ever for all else.
CHOOSY = b"""(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ (param i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 0) "\\10\\00\\00\\00\\1a\\00\\00\\00")
  (data (i32.const 16) "Content-Type: text/plain\\n\\n")
  (data (i32.const 64) "REQUEST_METHOD=GET\\00")
  (func $is_get (result i32) (local $at i32) (local $i i32)
    (drop (call $sizes (i32.const 100) (i32.const 104)))
    (drop (call $environ (i32.const 4096) (i32.const 16384)))
    (local.set $at (i32.const 16384))
    (loop $next
      (local.set $i (i32.const 0))
      (block $differs
        (loop $same
          (br_if $differs (i32.ne (i32.load8_u (i32.add (local.get $at) (local.get $i)))
                                  (i32.load8_u (i32.add (i32.const 64) (local.get $i)))))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $same (i32.lt_u (local.get $i) (i32.const 19))))
        (return (i32.const 1)))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $at) (i32.const 60000))))
    (i32.const 0))
  (func (export "_start")
    (if (i32.eqz (call $is_get)) (then (loop $again (br $again))))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))"""
GROW = b"""(module (memory (export "memory") 1)
  (func (export "_start") (if (i32.eq (memory.grow (i32.const 64)) (i32.const -1)) (then unreachable))))"""
# A Terrarium guest that begins three requests with a body of 4 bytes, to where it may not.
ASKING = b"""(module
  (import "env" "hostcall_req_create" (func $create (param i32 i32 i32 i32) (result i32)))
  (import "env" "hostcall_req_set_body" (func $body (param i32 i32 i32) (result i32)))
  (import "env" "hostcall_req_send_async" (func $send (param i32) (result i32)))
  (memory 1)
  (data (i32.const 16) "POST")
  (data (i32.const 32) "http://127.0.0.1:1/")
  (func $ask (local $request i32)
    (local.set $request (call $create (i32.const 16) (i32.const 4) (i32.const 32) (i32.const 19)))
    (if (call $body (local.get $request) (i32.const 16) (i32.const 4)) (then unreachable))
    (if (i32.lt_s (call $send (local.get $request)) (i32.const 0)) (then unreachable)))
  (func (export "run") (call $ask) (call $ask) (call $ask)))"""


# Asks three times for an address of what is no name, which no name server hears of.
RESOLVING = b"""(module
  (import "env" "hostcall_dns_query_ip" (func $query (param i32 i32 i32 i32 i32) (result i32)))
  (memory 1)
  (data (i32.const 16) "a..b")
  (func $ask
    (if (call $query (i32.const 0) (i32.const 4) (i32.const 16) (i32.const 4) (i32.const 0)) (then unreachable)))
  (func (export "run") (call $ask) (call $ask) (call $ask)))"""


def ask(daemon, name="site", method="GET", body=None):
    """Status, body and Retry-After."""
    connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=PATIENCE)
    connection.request(method, "/", body, {"Host": f"{name}.localhost:{daemon.port}"})
    response = connection.getresponse()
    answer = response.status, response.read().decode(), response.getheader("Retry-After")
    connection.close()
    return answer


def limits(daemon, changes, name="site"):
    return daemon.fine("PATCH", PATH.format(name), changes)["limits"]


def names(daemon, text, name="site"):
    """The log has it in the line of the last request."""
    lines = daemon.fine("GET", f"/v1/deployments/{name}/logs?after=0")["lines"]
    last = [line["text"] for line in lines if line["kind"] == "request"][-1]
    expect(text in last, f"{last!r} has no {text!r}")


def test_a_rate_lets_so_many_through_and_says_when_to_come_again():
    with Daemon() as daemon:
        daemon.deploy_well("site", cgi("site"), limits={"rate": 1, "burst": 3})
        daemon.deploy_well("other", cgi("other"))
        answers = [ask(daemon) for _ in range(8)]
        refused = [answer for answer in answers if answer[0] == 429]
        expect([answer[0] for answer in answers[:3]] == [200] * 3 and len(refused) >= 2, str(answers))
        expect("limit rate: more than 1 requests a second" in refused[0][1] and int(refused[0][2]) >= 1, str(refused))
        expect(ask(daemon, "other")[0] == 200, "another deployment")
        while ask(daemon)[0] != 429: # the bucket is empty again
            pass
        names(daemon, "429")
        names(daemon, "limit rate")
        expect('selvage_limited_total{deployment="site"} ' in daemon.text("/metrics"), "not counted")
        expect(limits(daemon, {"rate": None, "burst": None}) == {}, "taken away")
        expect([ask(daemon)[0] for _ in range(20)] == [200] * 20, "it still holds")


def test_a_request_has_its_cpu_time_and_its_time():
    with Daemon() as daemon:
        daemon.deploy_well("site", CHOOSY)
        for limit, text in (({"cpu": 50}, "limit cpu: more than 50 ms of CPU time"),
                            ({"cpu": None, "timeout": 60}, "limit timeout: more than 60 ms")):
            limits(daemon, limit)
            status, answer, _ = ask(daemon, method="POST")
            expect(status == 504 and text in answer, f"{status} {answer}")
            names(daemon, text)
        for limit in {"cpu": 1000, "timeout": None}, {"cpu": None, "timeout": 10000}: # a busy machine takes its time
            limits(daemon, limit)
            expect(ask(daemon)[0] == 200, f"a short one within {limit}")


def test_memory_and_body_and_requests_at_once_have_limits():
    with Daemon() as daemon:
        daemon.deploy_well("site", cgi("site"), limits={"body": 10})
        expect(ask(daemon, method="POST", body=b"x" * 10)[0] == 200, "one that fits")
        status, text, _ = ask(daemon, method="POST", body=b"x" * 11)
        expect(status == 413 and "limit body: more than 10 bytes" in text, f"{status} {text}")
        names(daemon, "limit body")
        build = daemon.built(daemon.deploy("grow", GROW, limits={"memory": 1 << 20}))
        expect(not build["success"] and "memory limit of 1048576 bytes" in build["message"], str(build))


def test_bodies_that_are_limited_are_gathered_one_after_the_other():
    """Over HTTP/2 one body may be large, but not all that a client sends at once."""
    tests = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    sys.path[:0] = [os.path.join(tests, name) for name in ("http2", "serve")]
    from frames import INITIAL_WINDOW, Http2
    with open(os.path.join(tests, "serve", "guests", "echo.wat"), "rb") as file:
        echo = file.read()
    with Daemon("--body-limit", "1MiB", "--timeout", "60s") as daemon:
        daemon.deploy_well("site", echo, limits={"body": 1 << 20})
        host = f"site.localhost:{daemon.port}"
        with Http2(daemon.port) as client:
            expect(client.get(host=host).status == 200, "it is not loaded")
            window = client.settings[INITIAL_WINDOW]
            numbers = [client.ask(method="POST", host=host, ends=False) for _ in range(40)]
            sent = 0
            for number in numbers:
                while client.window(0) < window and sent <= (1 << 20) + 2 * window:
                    expect(client.receive(), "the connection has ended")
                client.data(number, b"x" * window, ends=False, obeys=False)
                sent += window
            client.ping()
            client.wait_for(lambda: client.pings, "a ping is answered")
            given = [client.windows.get(number, 0) for number in numbers]
            expect(given[0] >= window // 2 and not any(given[-20:]), f"windows {given}")
            for number in numbers:
                client.data(number, b"", obeys=False)
                expect(len(client.answer(number).body) == window, "not what was sent")


def test_requests_to_elsewhere_have_limits():
    with Daemon() as daemon:
        daemon.deploy_well("site", ASKING)
        for name, least, text in (("outbound", 3, "requests to elsewhere"),
                                  ("outbound_bytes", 12, "bytes to and from elsewhere"),
                                  ("outbound_concurrency", 3, "requests to elsewhere at once")):
            limits(daemon, {name: least - 1})
            wanted = f"limit {name}: more than {least - 1} {text}"
            for _ in range(3):
                status, answer, _ = ask(daemon)
                expect(status == 502 and wanted in answer, f"{status} {answer}")
            names(daemon, wanted)
            limits(daemon, {name: least})
            expect([ask(daemon)[0] for _ in range(5)] == [200] * 5, f"{name}: {least} are too many")
            limits(daemon, {name: None})
        wanted = "limit outbound_memory: more than 1 bytes of requests to elsewhere under way"
        limits(daemon, {"outbound_memory": 1})
        for _ in range(3):
            status, answer, _ = ask(daemon)
            expect(status == 502 and wanted in answer, f"{status} {answer}")
        limits(daemon, {"outbound_memory": 1 << 20})
        # What those had taken was given back.
        expect([ask(daemon)[0] for _ in range(20)] == [200] * 20, "a megabyte is too little")
        limits(daemon, {"outbound_memory": None})
        daemon.deploy_well("site", RESOLVING)
        for most, status in ((2, 502), (3, 200)):
            limits(daemon, {"outbound": most, "outbound_concurrency": 1})
            expect([ask(daemon)[0] for _ in range(3)] == [status] * 3, f"{most} of 3 questions to name servers")
        names(daemon, "")
        limits(daemon, {"outbound": None, "outbound_concurrency": None})


def test_so_many_requests_are_answered_at_once():
    with Daemon() as daemon:
        daemon.deploy_well("site", CHOOSY, limits={"concurrency": 1, "timeout": 4000})
        answers = []
        busy = threading.Thread(target=lambda: answers.append(ask(daemon, method="POST")[0]))
        busy.start()
        seen = (200, "")
        while busy.is_alive() and seen[0] == 200:
            seen = ask(daemon)
        busy.join()
        if answers == [503]: # it was the other's turn
            return
        expect(seen[0] == 503 and "limit concurrency: more than 1 requests at once" in seen[1] and seen[2] == "1", str(seen))
        expect(ask(daemon)[0] == 200, "behind it")


def test_who_has_an_answer_may_ask_again_at_once():
    """A request is one of those at once until its answer can be seen; those of others bring that along early."""
    with Daemon() as daemon:
        daemon.deploy_well("site", cgi("site"), limits={"concurrency": 1})
        daemon.deploy_well("other", cgi("other"))
        is_over = threading.Event()

        def disturb():
            while not is_over.is_set():
                daemon.get("other")

        others = [threading.Thread(target=disturb) for _ in range(4)]
        for other in others:
            other.start()
        statuses = {path: {daemon.get("site", path)[0] for _ in range(300)} for path in ("/", "/__health")}
        is_over.set()
        for other in others:
            other.join()
        expect(statuses == {"/": {200}, "/__health": {200}}, f"too many at once: {statuses}")


def test_limits_are_within_those_of_the_server():
    with Daemon("--timeout", "5s", "--body-limit", "1000") as daemon:
        for body, reason in (({"timeout": 5001}, "from 1 to 5000 ms"), ({"body": 1001}, "from 1 to 1000 bytes"),
                             ({"colour": 1}, "there is no limit"), ({"rate": "x"}, "neither a number"), ({"rate": 0}, "neither"),
                             ({"rate": -1}, "neither"), ({"rate": 1 << 62}, "from 1 to 1000000"), ({"memory": 5}, "from 65536")):
            daemon.deploy_refused(400, "site", cgi("x"), "", limits=body)
            daemon.deploy_well("there", cgi("x"))
            expect(reason in daemon.refused(400, "PATCH", PATH.format("there"), {"cpu": 7, **body}), f"{body}: not {reason!r}")
        details = daemon.fine("GET", "/v1/deployments/there")
        expect(details["limits"] == {}, "half of a change")
        expect(limits(daemon, {"timeout": 5000, "body": 1000, "cpu": 7}, "there") == {"timeout": 5000, "body": 1000, "cpu": 7}, "set")
        daemon.kill()
        daemon.start()
        expect(limits(daemon, {"cpu": None}, "there") == {"timeout": 5000, "body": 1000}, "lost by a kill")


def test_selvage_limits_sets_shows_and_takes_away():
    with Daemon() as daemon:
        shell = Shell(daemon)
        shell.deploy("site", "site", "--limit", "rate=5", "--limit", "timeout=2s")
        expect(shell.run("limits", "site") == "rate=5\ntimeout=2000ms\n", "what deploy set")
        expect(shell.run("limits", "site", "memory=16MiB", "rate=") == "timeout=2000ms\nmemory=16777216\n", "changed")
        for word in ("colour=1", "rate", "rate=x", "timeout=1us", "=5"):
            shell.run("limits", "site", word, code=2)
        expect("from 1 to" in shell.run("limits", "site", "timeout=48h", code=1), "more than the server has")
