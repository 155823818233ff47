"""Every operation of docs/openapi.json, by a tenant on what is another's, and on what is nobody's."""
import base64
import http.client
import json

from cases_quotas import wait_until
from cases_terrarium import upload
from daemon import API, PATIENCE, Daemon, cgi, expect

ABSENT = "nobodys"
SECRETS = ("site", "alpha", "COLOUR", "violet", "API_KEY", "hush-hush", "said by site")

# A body that each operation takes; an operation without one here takes none.
CODE = {"module": base64.b64encode(cgi("beta")).decode(), "env": {"A": "stolen"}}
BODIES = {
    "deploy": CODE,
    "rollback": {},
    "changeEnv": {"COLOUR": "stolen"},
    "changeSecrets": {"API_KEY": "stolen"},
    "promote": {"from": "nothing-of-the-sort"},
    "changeLimits": {"rate": 1},
    "changeHosts": {"stolen.site.localhost": True},
    "createToken": {"role": "admin", "tenant": "alpha"},
    "terrariumDeploy": json.loads(upload({"module.wasm": cgi("beta")})),
}


def send(daemon, method, path, body, token):
    """Status, and the answer as text with what differs by the request itself taken out."""
    connection = http.client.HTTPConnection("127.0.0.1", daemon.control, timeout=PATIENCE)
    headers = {"Authorization": "Bearer " + token} if token else {}
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    response = connection.getresponse()
    text = response.read().decode()
    headers = sorted((name, value) for name, value in response.getheaders() if name not in ("Date", "Content-Length"))
    connection.close()
    return response.status, text, headers


def view(daemon, token):
    """All that a tenant can see of its own."""
    paths = ("/v1/deployments", "/v1/deployments/site", "/v1/deployments/site/logs?after=0", "/v1/tokens", "/v1/audit",
             "/metrics")
    return {path: send(daemon, "GET", path, None, token)[:2] for path in paths}


def steady(daemon, token):
    """The same once nothing is under way: the release tier of version 2 is there."""
    wait_until(lambda: "version 2 is live (release tier)" in
               send(daemon, "GET", "/v1/deployments/site/logs?after=0", None, token)[1], "the release tier")
    return view(daemon, token)


def path_of(operation, name, number):
    return operation.template.replace("{name}", name).replace("{id}", number)


def same(operation, theirs, nobodys, value, absent):
    """Both answers, but for what was asked for, which an answer may repeat."""
    def plain(answer, word):
        return answer[0], answer[1].replace(word, "?"), answer[2]
    expect(plain(theirs, value) == plain(nobodys, absent), f"{operation.label}: {theirs} tells it from {nobodys}")
    expect(theirs[0] in (403, 404), f"{operation.label}: {theirs}")


def check_operation(daemon, operation, owner, token, numbers):
    """One call on what is the owner's, and one on what nobody has."""
    body = BODIES.get(operation.description["operationId"])
    expect((body is not None) == ("requestBody" in operation.description), f"{operation.label}: no body for it")
    number = numbers.get(operation.template, "")
    theirs = send(daemon, operation.method, path_of(operation, "site", number), body, token)
    if operation.description["operationId"] == "deploy": # a host name is somebody's, which all can see
        text = json.loads(theirs[1])["error"]["message"]
        expect(theirs[0] == 409 and text == 'the name "site" is taken', str(theirs))
    elif "{" in operation.template:
        absent = "99999" if number else ABSENT
        nobodys = send(daemon, operation.method, path_of(operation, ABSENT, "99999"), body, token)
        same(operation, theirs, nobodys, number or "site", absent)
    elif operation.description["operationId"] == "createToken": # the owner's tenant, and one that is not there
        nobodys = send(daemon, operation.method, operation.template, {"role": "admin", "tenant": ABSENT}, token)
        same(operation, theirs, nobodys, "alpha", ABSENT)
    else:
        expect(theirs[0] == 200, f"{operation.label}: {theirs}")
        words = SECRETS
        if operation.description["operationId"] == "readAudit": # the caller's own calls, with what it asked for
            words = [word for word in SECRETS if word != "site"]
            expect({e["tenant"] for e in json.loads(theirs[1])["entries"]} == {"beta"}, theirs[1])
        for word in words:
            expect(word not in theirs[1], f"{operation.label} tells of {word}: {theirs[1][:300]!r}")


def test_no_operation_tells_or_changes_anything_of_another_tenant():
    with Daemon("--terrarium") as daemon:
        owner, token = (daemon.fine("POST", "/v1/tokens", {"tenant": tenant, "role": "admin"})["token"]
                        for tenant in ("alpha", "beta"))
        daemon.deploy_well("site", cgi("one"), token=owner)
        build = daemon.deploy("site", cgi("said by site"), token=owner, env={"COLOUR": "violet"},
                              secrets={"API_KEY": "hush-hush"})
        daemon.built(build, token=owner)
        spare = daemon.fine("POST", "/v1/tokens", {"role": "read"}, token=owner)["id"]
        numbers = {"/v1/builds/{id}": build["build"], "/v1/tokens/{id}": spare}
        send(daemon, "GET", "/v1/deployments", None, token) # tokens are used from now on
        before = steady(daemon, owner)
        for operation in API.operations:
            caller = None if operation.is_open else token
            expect(operation.is_open or "x-selvage-role" in operation.description, operation.label)
            check_operation(daemon, operation, owner, caller, numbers)
            for path, now in view(daemon, owner).items():
                expect(now == before[path], f"{operation.label} changed {path}: {now}, not {before[path]}")
        daemon.says("site", "said by site")
        for method, path in (("GET", "/v1/deployments/site"), ("GET", "/v1/builds/" + build["build"])):
            expect(send(daemon, method, path, None, owner)[0] == 200, "the owner does not see it")


def test_no_operation_answers_a_token_of_too_small_a_role():
    ranks = ("read", "deploy", "admin")
    with Daemon() as daemon:
        tokens = {role: daemon.fine("POST", "/v1/tokens", {"tenant": "alpha", "role": role})["token"] for role in ranks}
        for operation in API.operations:
            if operation.is_open:
                continue
            body = BODIES.get(operation.description["operationId"])
            path = path_of(operation, ABSENT, "99999")
            least = operation.description["x-selvage-role"]
            expect(send(daemon, operation.method, path, body, None)[0] == 401, f"{operation.label}: without a token")
            for role in ranks:
                status = send(daemon, operation.method, path, body, tokens[role])[0]
                may = ranks.index(role) >= ranks.index(least)
                is_done = status not in (401, 403)
                expect(may == is_done, f"{operation.label} as {role}: {status}")
