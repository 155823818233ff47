"""Deployments whose instances answer several requests: versions, limits and logs stay per request."""
from daemon import Daemon, expect

# Answers with a digit, which is how many requests the instance has had, and asks for another one.
AGAIN = """(module
  (import "fastly_http_resp" "new" (func $resp_new (param i32) (result i32)))
  (import "fastly_http_resp" "send_downstream" (func $send (param i32 i32 i32) (result i32)))
  (import "fastly_http_body" "new" (func $body_new (param i32) (result i32)))
  (import "fastly_http_body" "write" (func $write (param i32 i32 i32 i32 i32) (result i32)))
  (import "fastly_http_downstream" "next_request" (func $next (param i32 i32 i32) (result i32)))
  (import "fastly_http_downstream" "next_request_wait" (func $wait (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "%s0")
  (func (export "_start")
    (loop $again
      (i32.store8 (i32.const 65) (i32.add (i32.load8_u (i32.const 65)) (i32.const 1)))
      (drop (call $resp_new (i32.const 0)))
      (drop (call $body_new (i32.const 4)))
      (drop (call $write (i32.load (i32.const 4)) (i32.const 64) (i32.const 2) (i32.const 0) (i32.const 8)))
      (drop (call $send (i32.load (i32.const 0)) (i32.load (i32.const 4)) (i32.const 0)))
      (drop (call $next (i32.const 0) (i32.const 0) (i32.const 12)))
      (br_if $again (i32.eqz (call $wait (i32.load (i32.const 12)) (i32.const 16) (i32.const 20)))))))"""


def answers(daemon, count):
    return [daemon.get("site")[1] for _ in range(count)]


def test_an_instance_answers_several_requests_of_its_version():
    with Daemon() as daemon:
        daemon.deploy_well("site", (AGAIN % "a").encode(), limits={"concurrency": 1})
        got = answers(daemon, 12)
        expect(any(text == "a3" for text in got), f"{got}")
        lines = daemon.fine("GET", "/v1/deployments/site/logs?after=0")["lines"]
        expect(sum(line["kind"] == "request" for line in lines) == 12, f"{lines}")
        daemon.deploy_well("site", (AGAIN % "b").encode())
        got = answers(daemon, 6)
        expect(got[0] == "b1" and all(text[0] == "b" for text in got), f"{got}")
