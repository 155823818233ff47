"""The key-value store of a Terrarium deployment, which outlives versions and the daemon."""
import threading

from daemon import Daemon, expect

# Keys are paths, without the first slash: POST appends its body, DELETE removes; the answer is what is there then.
GUEST = """(module
  (import "env" "hostcall_init_mm" (func $init_mm (param i32 i32)))
  (import "env" "hostcall_req_get_method" (func $get_method (param i32 i32 i32)))
  (import "env" "hostcall_req_get_path" (func $get_path (param i32 i32 i32)))
  (import "env" "hostcall_req_get_body" (func $get_body (param i32 i32 i32)))
  (import "env" "hostcall_resp_set_body" (func $set_body (param i32 i32 i32) (result i32)))
  (import "env" "hostcall_kvstore_append" (func $append (param i32 i32 i32 i32) (result i32)))
  (import "env" "hostcall_kvstore_get" (func $get (param i32 i32 i32 i32) (result i32)))
  (import "env" "hostcall_kvstore_remove" (func $remove (param i32 i32) (result i32)))
  (memory 200)
  (table 2 funcref)
  (elem (i32.const 0) $malloc $free)
  (data (i32.const 16) "%s")
  (global $top (mut i32) (i32.const 4096))
  (func $malloc (param $size i32) (result i32)
    (global.set $top (i32.add (global.get $top) (local.get $size)))
    (i32.sub (global.get $top) (local.get $size)))
  (func $free (param i32))
  (func (export "run")
    (local $method i32)
    (call $init_mm (i32.const 0) (i32.const 1))
    (call $get_method (i32.const 64) (i32.const 68) (i32.const 0))
    (local.set $method (i32.load8_u (i32.load (i32.const 64))))
    (call $get_path (i32.const 64) (i32.const 68) (i32.const 0))
    (i32.store (i32.const 64) (i32.add (i32.load (i32.const 64)) (i32.const 1)))
    (i32.store (i32.const 68) (i32.sub (i32.load (i32.const 68)) (i32.const 1)))
    (call $get_body (i32.const 72) (i32.const 76) (i32.const 0))
    (if (i32.eq (local.get $method) (i32.const 80))
      (then (drop (call $append (i32.load (i32.const 64)) (i32.load (i32.const 68))
                                (i32.load (i32.const 72)) (i32.load (i32.const 76))))))
    (if (i32.eq (local.get $method) (i32.const 68))
      (then (drop (call $remove (i32.load (i32.const 64)) (i32.load (i32.const 68))))))
    (drop (call $get (i32.const 80) (i32.const 84) (i32.load (i32.const 64)) (i32.load (i32.const 68))))
    (drop (call $set_body (i32.const 0) (i32.load (i32.const 80)) (i32.load (i32.const 84))))))"""


def guest(version):
    return (GUEST % version).encode()


def add(daemon, key, value, name="site"):
    status, text = daemon.get(name, key, "POST", value)
    expect(status == 200, f"{key}: {status} {text}")
    return text


def test_values_outlive_versions_and_the_daemon():
    with Daemon() as daemon:
        daemon.deploy_well("site", guest("one"))
        expect(add(daemon, "/a", "1") == "1" and add(daemon, "/a", "2") == "12", "a new store")
        add(daemon, "/gone", "x")
        daemon.deploy_well("site", guest("two"))
        expect(add(daemon, "/a", "3") == "123", "another version has another store")
        daemon.get("site", "/gone", "DELETE")
        for how in (daemon.kill, daemon.stop):
            how()
            daemon.start()
            daemon.says("site", "123", "/a")
            daemon.says("site", "", "/gone")
        daemon.deploy_well("other", guest("one"))
        daemon.says("other", "", "/a")
        # Who has the name next has none of it.
        daemon.fine("DELETE", "/v1/deployments/site")
        daemon.deploy_well("site", guest("one"))
        daemon.says("site", "", "/a")


def test_a_kill_leaves_all_that_was_answered():
    with Daemon() as daemon:
        daemon.deploy_well("site", guest("one"))
        answered = {}

        def write(key):
            try:
                while True:
                    answered[key] = len(add(daemon, key, "x"))
            except Exception:
                pass # the daemon is gone

        for _ in range(3):
            threads = [threading.Thread(target=write, args=(f"/{i}",)) for i in range(4)]
            for thread in threads:
                thread.start()
            threads[0].join(0.2)
            daemon.kill()
            for thread in threads:
                thread.join()
            daemon.start()
            for key, count in answered.items():
                kept = len(daemon.get("site", key)[1])
                # One more may have been written and not answered.
                expect(count <= kept <= count + 1 and count, f"{key}: {kept} of {count}")
                answered[key] = kept


def test_variables_and_secrets_are_given_anew_and_never_kept():
    with Daemon() as daemon:
        daemon.deploy_well("site", guest("one"))
        path = "/v1/deployments/site/env"
        daemon.fine("PATCH", path, {"COLOR": "red"})
        daemon.says("site", "red", "/env/COLOR")
        add(daemon, "/mine", "mine")
        daemon.fine("PATCH", path, {"COLOR": "blue"})
        daemon.says("site", "blue", "/env/COLOR")
        daemon.fine("PATCH", path, {"COLOR": None})
        daemon.says("site", "", "/env/COLOR")
        daemon.says("site", "mine", "/mine")


def test_a_store_has_an_end_which_leaves_what_is_there():
    with Daemon("--body-limit", "8MiB") as daemon:
        daemon.deploy_well("site", guest("one"))
        part = "x" * (3 << 20)
        for i in range(5):
            add(daemon, f"/{i}", part)
        status, text = daemon.get("site", "/5", "POST", part)
        expect(status == 500 and "the key-value store is full (100000 keys, 16777216 bytes)" in text, text[:200])
        daemon.kill()
        daemon.start()
        expect(len(daemon.get("site", "/4")[1]) == 3 << 20 and daemon.get("site", "/5")[1] == "", "after a restart")
