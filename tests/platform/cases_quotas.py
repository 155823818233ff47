"""What a tenant may have, and whose turn it is."""
import os
import signal
import time

from daemon import PATIENCE, Daemon, Failure, cgi, expect, module


def blobs(daemon):
    return set(os.listdir(os.path.join(daemon.data, "blobs")))


def wait_until(condition, what):
    limit = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > limit:
            raise Failure(f"it never came to be: {what}")
        time.sleep(0.05)


def wait_for_release(daemon, *names):
    wait_until(lambda: all(daemon.fine("GET", f"/v1/deployments/{name}")["tier"] == "release"
                           for name in names), "the release tier")


def with_padding(code, mark, size=0):
    """The same module under another hash: with a custom section, here of at most 16 KiB."""
    body = b"\4mark" + mark.encode() + bytes(size)
    length = bytes([len(body) & 127 | 128, len(body) >> 7])
    return code + b"\0" + length + body


def test_deployments_have_a_quota():
    with Daemon("--tenant-deployments", "2") as daemon:
        other = daemon.fine("POST", "/v1/tokens", {"tenant": "beta", "role": "deploy"})["token"]
        daemon.deploy_well("one", cgi("1"))
        daemon.deploy_well("two", cgi("2"))
        text = daemon.deploy_refused(403, "three", cgi("3"))
        expect(text == "quota: more than 2 deployments of a tenant (tenant-deployments)", text)
        daemon.deploy_well("two", cgi("3")) # a version of one that is there
        daemon.deploy_well("three", cgi("3"), token=other)
        daemon.fine("DELETE", "/v1/deployments/one")
        daemon.deploy_well("four", cgi("4"))


def test_settings_have_a_quota():
    with Daemon("--tenant-settings", "3") as daemon:
        daemon.deploy_well("site", cgi("x"), env={"A": "1"}, secrets={"B": "2"})
        daemon.deploy_well("other", cgi("x"), env={"C": "3"})
        for path in ("env", "secrets"):
            text = daemon.refused(403, "PATCH", f"/v1/deployments/site/{path}", {"D": "4"})
            expect("more than 3 variables and secrets of a tenant" in text, text)
        text = daemon.deploy_refused(403, "site", cgi("y"), env={"D": "4"})
        expect("tenant-settings" in text, text)
        daemon.says("site", "x")
        shown = daemon.fine("GET", "/v1/deployments/site")
        expect(shown["env"] == {"A": "1"} and len(shown["versions"]) == 1, f"half of it: {shown}")
        daemon.fine("PATCH", "/v1/deployments/site/env", {"A": None, "D": "4"})


def test_tokens_have_a_quota():
    with Daemon("--tenant-tokens", "3") as daemon:
        boss = daemon.fine("POST", "/v1/tokens", {"tenant": "alpha", "role": "admin"})["token"]
        made = [daemon.fine("POST", "/v1/tokens", {"role": "read"}, token=boss) for _ in range(2)]
        text = daemon.refused(403, "POST", "/v1/tokens", {"role": "read"}, token=boss)
        expect("more than 3 tokens of a tenant (tenant-tokens)" in text, text)
        daemon.refused(403, "POST", "/v1/tokens", {"tenant": "alpha", "role": "read"})
        daemon.fine("POST", "/v1/tokens", {"tenant": "beta", "role": "read"})
        daemon.fine("DELETE", "/v1/tokens/" + made[0]["id"], token=boss)
        daemon.fine("POST", "/v1/tokens", {"role": "read"}, token=boss)


def lines_of(*path):
    """What is in a file of /proc; nothing if the process has ended."""
    try:
        with open(os.path.join("/proc", *map(str, path))) as file:
            return file.read()
    except OSError:
        return ""


def builders(daemon):
    """Processes that compile new versions, one for each tenant at most."""
    threads = os.listdir(f"/proc/{daemon.process.pid}/task")
    children = [int(child) for thread in threads
                for child in lines_of(daemon.process.pid, "task", thread, "children").split()]
    return [child for child in children if lines_of(child, "cmdline").split("\0")[1:3] == ["builder", "fast"]]


def hold_builder(daemon, build):
    """The process that compiles this build, stopped; None if it is done before."""
    limit = time.monotonic() + PATIENCE
    while not daemon.fine("GET", "/v1/builds/" + build["build"])["done"]:
        expect(time.monotonic() < limit, "nothing is compiled")
        for process in builders(daemon):
            os.kill(process, signal.SIGSTOP) # not waited for: at worst it is a zombie
            while (state := lines_of(process, "stat").rpartition(")")[2].split()[:1]) not in ([], ["T"], ["Z"]):
                expect(time.monotonic() < limit, f"it does not stop: {state}")
            if state == ["T"]:
                return process
    return None


def test_builds_that_wait_have_a_quota():
    with Daemon("--tenant-builds", "3") as daemon:
        code = module("rust196_image_cgi_wasi.wasm")
        other = daemon.fine("POST", "/v1/tokens", {"tenant": "beta", "role": "deploy"})["token"]
        count, held = 0, None
        while not held: # unless it is done before; a tenant's builds are done one after the other
            held = hold_builder(daemon, daemon.deploy(f"slow{count}", with_padding(code, str(count))))
            count += 1
        for name in "one", "two":
            daemon.deploy(name, with_padding(code, name))
        before = blobs(daemon)
        text = daemon.deploy_refused(429, "slow9", with_padding(code, "9"))
        expect("more than 3 versions of a tenant that are still to be built" in text, text)
        expect(len(blobs(daemon) - before) <= 3, "the module that was refused is kept") # artifacts
        daemon.refused(404, "GET", "/v1/deployments/slow9")
        os.kill(held, signal.SIGCONT)
        daemon.deploy_well("quick", cgi("x"), token=other)


def test_bytes_have_a_quota_which_artifacts_count_for():
    with Daemon("--tenant-bytes", "400K") as daemon:
        daemon.deploy_well("site", cgi("x"))
        wait_for_release(daemon, "site")
        before = blobs(daemon)
        text = daemon.deploy_refused(403, "big", module("c_cgi.wasm") + b"\0\x81\x80\x20" + bytes(0x80001))
        expect("more than 409600 bytes of modules, static files and artifacts" in text, text)
        expect(blobs(daemon) == before, "the module that was refused is kept")
        daemon.refused(404, "GET", "/v1/deployments/big")
        answer = daemon.built(daemon.deploy("wide", module("rust196_image_cgi_wasi.wasm"))) # its code is larger
        expect(not answer["success"] and "tenant-bytes" in answer["message"], str(answer))
        daemon.fine("DELETE", "/v1/deployments/wide")
        wait_until(lambda: blobs(daemon) == before, "the disk as it was")
        daemon.says("site", "x")
        daemon.deploy_well("site", cgi("y"))


def test_what_nothing_refers_to_leaves_the_disk_while_it_runs():
    with Daemon() as daemon:
        daemon.deploy_well("keep", cgi("keep"))
        wait_for_release(daemon, "keep")
        before = blobs(daemon)
        daemon.deploy_well("gone", cgi("gone"))
        with open(os.path.join(daemon.data, "blobs", "a" * 64 + ".abcdef"), "w"):
            pass # writing that was cut short
        daemon.fine("DELETE", "/v1/deployments/gone")
        wait_until(lambda: blobs(daemon) == before, "the files of what was removed are gone")
        daemon.says("keep", "keep")
        daemon.deploy_well("gone", cgi("gone"))
        daemon.says("gone", "gone")


def test_versions_are_pruned_but_not_those_a_rollback_needs():
    with Daemon("--keep-versions", "3") as daemon:
        def numbers():
            return [v["version"] for v in daemon.fine("GET", "/v1/deployments/site")["versions"]]
        for text in ("one", "two", "three", "four", "five"):
            daemon.deploy_well("site", cgi(text))
        expect(numbers() == [5, 4, 3], str(numbers()))
        for _ in range(4):
            daemon.built(daemon.deploy("site", b"(module"))
        expect(numbers() == [9, 8, 7, 5, 4], str(numbers())) # what is served, and the one before
        wait_for_release(daemon, "site")
        daemon.fine("POST", "/v1/deployments/site/rollback")
        daemon.says("site", "four")
        daemon.fine("POST", "/v1/deployments/site/rollback", {"version": 5})
        daemon.says("site", "five")
        wait_until(lambda: len(blobs(daemon)) <= 3 * 3, "the files of versions that went are gone")


def test_builds_of_one_tenant_do_not_delay_those_of_another():
    code = module("rust196_image_cgi_wasi.wasm")
    with Daemon("--quiet") as daemon:
        floods = {tenant: daemon.fine("POST", "/v1/tokens", {"tenant": tenant, "role": "deploy"})["token"]
                  for tenant in ("alpha", "beta", "gamma")}
        gamma = floods.pop("gamma")
        queued = [(token, daemon.deploy(f"{tenant}-{i}", with_padding(code, f"{tenant}{i}"), token=token))
                  for tenant, token in floods.items() for i in range(12)]
        daemon.deploy_well("quick", cgi("x"), token=gamma)
        left = [build for token, build in queued
                if not daemon.fine("GET", "/v1/builds/" + build["build"], token=token)["done"]]
        expect(len(left) >= 16, f"it had to wait for {len(queued) - len(left)} builds of others")
        tenants = {build["name"].split("-")[0] for build in left}
        expect(tenants == {"alpha", "beta"}, f"only {tenants} wait")
