"""What a tenant can do to another: nothing, call by call."""
import base64
import json
import re
import socket

from cases_quotas import blobs, wait_until
from daemon import Daemon, cgi, expect, module


def accounts(daemon):
    """Tokens of two tenants: a deployer each, and a reader of the first."""
    def make(tenant, role):
        return daemon.fine("POST", "/v1/tokens", {"tenant": tenant, "role": role})["token"]
    return make("alpha", "deploy"), make("beta", "deploy"), make("alpha", "read")


def test_a_token_is_needed_for_everything_but_health():
    calls = (("GET", "/v1/deployments"), ("GET", "/v1/deployments/x"),
             ("DELETE", "/v1/deployments/x"), ("POST", "/v1/deployments/x/versions"),
             ("POST", "/v1/deployments/x/rollback"), ("GET", "/v1/deployments/x/logs"),
             ("PATCH", "/v1/deployments/x/env"), ("PATCH", "/v1/deployments/x/secrets"),
             ("GET", "/v1/builds/1"), ("GET", "/v1/tokens"), ("POST", "/v1/tokens"),
             ("DELETE", "/v1/tokens/1"), ("GET", "/v1/audit"))
    with Daemon() as daemon:
        expect(daemon.call("GET", "/v1/health", token=None)[0] == 200, "no health")
        for method, path in calls:
            for token in (None, "svt_" + "a" * 32, "x", daemon.token + "a", daemon.token[:-1]):
                daemon.refused(401, method, path, token=token)


def test_without_a_token_no_body_is_read():
    head = ("POST /v1/deployments/x/versions HTTP/1.1\r\nHost: x\r\nContent-Length: 90000000\r\n"
            "Expect: 100-continue\r\n{}\r\n")
    with Daemon() as daemon:
        for fields, status in (("", b"401"), ("Authorization: Bearer x\r\n", b"401"),
                               (f"Authorization: Bearer {daemon.token}\r\n", b"100")):
            with socket.create_connection(("127.0.0.1", daemon.control), 30) as connection:
                connection.sendall(head.format(fields).encode())
                answer = connection.recv(4096)
            expect(answer.startswith(b"HTTP/1.1 " + status), f"{answer!r}, not {status}")


def test_roles_say_what_a_token_may_do():
    with Daemon() as daemon:
        deployer, _, reader = accounts(daemon)
        code = {"module": base64.b64encode(cgi("x")).decode()}
        daemon.refused(403, "POST", "/v1/deployments/a/versions", code, token=reader)
        daemon.deploy_well("a", cgi("x"), token=deployer)
        daemon.fine("GET", "/v1/deployments/a", token=reader)
        for method, path in (("DELETE", "/v1/deployments/a"),
                             ("POST", "/v1/deployments/a/rollback"),
                             ("PATCH", "/v1/deployments/a/env"),
                             ("PATCH", "/v1/deployments/a/secrets")):
            daemon.refused(403, method, path, {}, token=reader)
        for method, path in (("GET", "/v1/tokens"), ("POST", "/v1/tokens"),
                             ("DELETE", "/v1/tokens/1"), ("GET", "/v1/audit")):
            daemon.refused(403, method, path, token=deployer)


def test_what_belongs_to_another_is_not_there():
    with Daemon() as daemon:
        alpha, beta, _ = accounts(daemon)
        build = daemon.deploy("site", cgi("alpha"), token=alpha, env={"A": "b"})
        daemon.built(build, token=alpha)
        expect(daemon.fine("GET", "/v1/deployments", token=beta) == {"deployments": []}, "listed")
        for method, path, body in (
                ("GET", "/v1/deployments/{}", None), ("DELETE", "/v1/deployments/{}", None),
                ("POST", "/v1/deployments/{}/rollback", {}), ("GET", "/v1/deployments/{}/logs", None),
                ("PATCH", "/v1/deployments/{}/env", {"A": "x"}),
                ("PATCH", "/v1/deployments/{}/secrets", {"A": "x"})):
            theirs = daemon.refused(404, method, path.format("site"), body, token=beta)
            nobodys = daemon.refused(404, method, path.format("none"), body, token=beta)
            expect(theirs.replace("site", "none") == nobodys, f"{theirs!r} tells that it is there")
        daemon.refused(404, "GET", "/v1/builds/" + build["build"], token=beta)
        taken = {"module": base64.b64encode(cgi("beta")).decode(), "env": {"A": "stolen"}}
        daemon.refused(409, "POST", "/v1/deployments/site/versions", taken, token=beta)
        daemon.says("site", "alpha")
        shown = daemon.fine("GET", "/v1/deployments/site", token=alpha)
        expect(shown["env"] == {"A": "b"} and len(shown["versions"]) == 1, str(shown))


def test_admins_of_a_tenant_have_no_say_in_others():
    with Daemon() as daemon:
        boss = daemon.fine("POST", "/v1/tokens", {"tenant": "alpha", "role": "admin"})["token"]
        daemon.refused(403, "POST", "/v1/tokens", {"tenant": "beta", "role": "read"}, token=boss)
        own = daemon.fine("POST", "/v1/tokens", {"role": "read"}, token=boss)
        tokens = daemon.fine("GET", "/v1/tokens", token=boss)["tokens"]
        expect({t["tenant"] for t in tokens} == {"alpha"}, str(tokens))
        daemon.refused(404, "DELETE", "/v1/tokens/1", token=boss)
        daemon.fine("DELETE", "/v1/tokens/" + own["id"], token=boss)
        daemon.refused(401, "GET", "/v1/deployments", token=own["token"])
        entries = daemon.fine("GET", "/v1/audit", token=boss)["entries"]
        expect({e["tenant"] for e in entries} == {"alpha"}, str(entries))


def test_ids_say_nothing_of_what_others_do():
    with Daemon() as daemon:
        alpha, beta, _ = accounts(daemon)
        build = daemon.deploy("mine", cgi("mine"), token=alpha)
        theirs = daemon.deploy("theirs", cgi("theirs"), token=beta)
        made = daemon.fine("POST", "/v1/tokens", {"tenant": "alpha", "role": "read"})
        listed = [token["id"] for token in daemon.fine("GET", "/v1/tokens")["tokens"]]
        for id in build["build"], theirs["build"], made["id"], *listed:
            expect(re.fullmatch("[0-9a-f]{32}", id), f"{id}")
        expect(made["id"] in listed and len(set(listed)) == len(listed), f"{listed}")
        daemon.fine("GET", f"/v1/builds/{build['build']}", token=alpha)
        for path in f"/v1/builds/{theirs['build']}", f"/v1/builds/{made['id']}", "/v1/builds/1", "/v1/builds/2":
            daemon.refused(404, "GET", path, token=alpha)
        daemon.refused(404, "DELETE", f"/v1/tokens/{build['build']}")
        daemon.fine("DELETE", f"/v1/tokens/{made['id']}")
        entry = daemon.fine("GET", "/v1/audit")["entries"][0]
        expect(entry["subject"] == made["id"] and entry["token"] in listed, f"{entry}")
        daemon.kill()
        daemon.start()
        daemon.fine("GET", f"/v1/builds/{build['build']}", token=alpha)


def test_changes_are_in_the_audit_log_and_secrets_are_not():
    with Daemon() as daemon:
        daemon.deploy_well("site", cgi("x"))
        daemon.fine("PATCH", "/v1/deployments/site/secrets", {"KEY": "hush-hush"})
        daemon.refused(404, "DELETE", "/v1/deployments/none")
        entries = daemon.fine("GET", "/v1/audit")["entries"]
        found = [(e["action"], e["subject"], e["result"]) for e in entries]
        expect(found == [("DELETE /v1/deployments/{name}", "none", "404"),
                         ("PATCH /v1/deployments/{name}/secrets", "site", "200"),
                         ("POST /v1/deployments/{name}/versions", "site", "202")], str(found))
        expect("hush-hush" not in json.dumps(entries), "a secret is in the audit log")


def test_a_name_that_is_free_again_brings_nothing_of_who_had_it():
    with Daemon() as daemon:
        alpha, beta, _ = accounts(daemon)
        for _ in range(5):
            daemon.deploy("site", module("c_cgi.wasm"), token=alpha) # still being built
            daemon.fine("DELETE", "/v1/deployments/site", token=alpha)
            daemon.deploy_well("site", cgi("beta"), token=beta)
            daemon.says("site", "beta")
            log = daemon.fine("GET", "/v1/deployments/site/logs?after=0", token=beta)["lines"]
            expect(len([line for line in log if line["kind"] == "event"]) in (1, 2), str(log))
            daemon.refused(404, "DELETE", "/v1/deployments/site", token=alpha)
            daemon.says("site", "beta")
            daemon.fine("DELETE", "/v1/deployments/site", token=beta)


def test_a_body_of_nothing_but_brackets_is_not_parsed():
    with Daemon() as daemon:
        brackets = '{"a":[' + "{}," * 10000 + "{}]}"
        daemon.refused(413, "POST", "/v1/deployments/x/rollback", raw=brackets)
        daemon.refused(413, "GET", "/v1/deployments", raw="{}")
        text = '{"A":"' + "[" * 20000 + '"}'
        daemon.refused(404, "PATCH", "/v1/deployments/x/env", raw=text)


def test_pages_in_a_browser_are_refused():
    with Daemon("--terrarium") as daemon:
        for path in ("/deploy", "/v1/deployments/x/rollback"):
            with socket.create_connection(("127.0.0.1", daemon.control), 30) as connection:
                connection.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nOrigin: https://evil.example\r\n"
                                   "Content-Length: 2\r\n\r\n{}".encode())
                answer = connection.recv(4096)
            expect(answer.startswith(b"HTTP/1.1 403"), f"{answer!r}")


def build_counts(daemon, name, token):
    text = daemon.text("/metrics", token)
    return [text.split(f'selvage_builds_total{{deployment="{name}",tier="{tier}"}} ')[1].split()[0]
            for tier in ("fast", "release")]


def test_what_another_tenant_had_compiled_is_compiled_again():
    """Else who deploys a module would learn, by the time it takes, whether others have it."""
    code = cgi("common") + b"\n;; " + b"x" * 9000 # for both tiers
    with Daemon() as daemon:
        tokens = [daemon.fine("POST", "/v1/tokens", {"tenant": tenant, "role": "deploy"})["token"]
                  for tenant in ("alpha", "beta")]
        for i, token in enumerate(tokens):
            daemon.deploy_well(f"site-{i}", code, token=token)
            wait_until(lambda: daemon.fine("GET", f"/v1/deployments/site-{i}", token=token)["tier"] == "release",
                       "the release tier")
            expect(build_counts(daemon, f"site-{i}", token) == ["1", "1"], f"{i}: {build_counts(daemon, f'site-{i}', token)}")
        expect(len(blobs(daemon)) == 3, "one file each of module, fast and release tier")
        expect(daemon.deploy_well("own", code, token=tokens[1])["tier"] == "release", "its own was compiled again")
        expect(build_counts(daemon, "own", tokens[1]) == ["0", "0"], "its own was compiled again")
        # What one tenant does to its own takes nothing from the other.
        daemon.fine("DELETE", "/v1/deployments/site-0", token=tokens[0])
        daemon.stop()
        daemon.start()
        expect(len(blobs(daemon)) == 3, "files of the other tenant went")
        for name in ("site-1", "own"):
            daemon.says(name, "common")
        daemon.deploy_well("site-0", code, token=tokens[0])
        expect(build_counts(daemon, "site-0", tokens[0])[0] == "1", "it is still known what it had")
