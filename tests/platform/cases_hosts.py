"""Host names of a deployment's own."""
import http.client
import re
import socket
import struct
import threading

from cases_client import Shell
from daemon import PATIENCE, Daemon, cgi, expect

PATH = "/v1/deployments/{}/hosts"


def hosts(daemon, name, changes, token=""):
    return daemon.fine("PATCH", PATH.format(name), changes, token)["hosts"]


def ask(daemon, host):
    """Status and body under this host name."""
    connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=PATIENCE)
    connection.request("GET", "/", headers={"Host": host})
    response = connection.getresponse()
    answer = response.status, response.read().decode()
    connection.close()
    return answer


class NameServer:
    """Answers each question for TXT records with the texts in `texts`, by name; silent if there is None."""

    def __init__(self):
        self.texts, self.asked = {}, []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            message, client = self.socket.recvfrom(2048)
            labels, at = [], 12
            while message[at]:
                labels.append(message[at + 1:at + 1 + message[at]].decode())
                at += 1 + message[at]
            name, question = ".".join(labels), message[12:at + 5]
            self.asked.append(name)
            texts = self.texts.get(name, [])
            if texts is None:
                continue
            records = b""
            for text in texts: # one in two pieces, as longer ones are
                pieces = [text[:9].encode(), text[9:].encode()]
                data = b"".join(bytes([len(piece)]) + piece for piece in pieces)
                records += struct.pack(">HHHIH", 0xc00c, 16, 1, 60, len(data)) + data
            head = struct.pack(">HHHHHH", struct.unpack_from(">H", message)[0], 0x8180 | (0 if texts else 3), 1, len(texts), 0, 0)
            self.socket.sendto(head + question + records, client)


def test_a_deployment_answers_under_host_names_of_its_own():
    with Daemon() as daemon:
        expect(hosts_before_deploy(daemon) == 404, "a deployment that is not there")
        daemon.deploy_well("site", cgi("site"))
        expect(hosts(daemon, "site", {"www.Example.com": True, "a.b.site.localhost": True}) ==
               ["a.b.site.localhost", "www.example.com"], "the names")
        for host in ("www.example.com", "WWW.EXAMPLE.COM", "www.example.com:8080", "www.example.com.", "site.localhost",
                     "a.b.site.localhost"):
            expect(ask(daemon, host) == (200, "site"), f"{host}: {ask(daemon, host)}")
        for host in ("example.com", "x.www.example.com", "b.site.localhost"):
            expect(ask(daemon, host)[0] == 404, f"{host} is nobody's")
        expect(daemon.get_tls("a.b.site") == (200, "site"), "its certificate is not of the authority")
        daemon.deploy_well("site", cgi("new"))
        expect(ask(daemon, "www.example.com") == (200, "new"), "the version before")
        daemon.kill()
        daemon.start()
        expect(ask(daemon, "www.example.com") == (200, "new"), "lost by a kill")
        expect(hosts(daemon, "site", {"www.example.com": None, "not.there.example": None}) == ["a.b.site.localhost"], "removed")
        expect(ask(daemon, "www.example.com")[0] == 404 and ask(daemon, "a.b.site.localhost")[0] == 200, "removed")
        daemon.fine("DELETE", "/v1/deployments/site")
        expect(ask(daemon, "a.b.site.localhost")[0] == 404, "it outlives the deployment")
        daemon.deploy_well("other", cgi("other"))
        expect(hosts(daemon, "other", {"a.example.org": True}) == ["a.example.org"], "given up names are free")


def hosts_before_deploy(daemon):
    return daemon.call("PATCH", PATH.format("site"), {"a.example.com": True})[0]


def test_host_names_that_are_none_or_anothers_are_refused():
    with Daemon("--tenant-hosts", "3") as daemon:
        other = daemon.fine("POST", "/v1/tokens", {"tenant": "other", "role": "deploy"})["token"]
        daemon.deploy_well("site", cgi("site"))
        daemon.deploy_well("shop", cgi("shop"), token=other)
        hosts(daemon, "site", {"www.example.com": True})
        for host in ("x", "a..b", "-a.com", "a_b.com", "1.2.3.4", "a.com/", "a" * 64 + ".com", "a." * 130 + "com", "",
                     "*.example.com", "b\u00fccher.example"):
            expect("no host name" in daemon.refused(400, "PATCH", PATH.format("site"), {host: True}), host)
        for host in ("localhost", "shop.localhost", "free.localhost", "site.localhost", "x.shop.localhost", "SHOP.localhost"):
            message = daemon.refused(400, "PATCH", PATH.format("site"), {host: True})
            expect("no host name" in message or "below site.localhost only" in message, f"{host}: {message}")
        daemon.refused(409, "PATCH", PATH.format("shop"), {"b.example.com": True, "www.example.com": True})
        daemon.refused(404, "PATCH", PATH.format("site"), {"c.example.com": True}, other)
        daemon.refused(400, "PATCH", PATH.format("site"), {"c.example.com": 5})
        daemon.refused(403, "PATCH", PATH.format("site"), {f"{i}.example.com": True for i in range(3)})
        expect(hosts(daemon, "site", {}) == ["www.example.com"] and hosts(daemon, "shop", {}, other) == [], "half of a change")
        expect(hosts(daemon, "shop", {"www.example.com": None}, other) == [], "removing another's")
        expect(ask(daemon, "www.example.com") == (200, "site") and ask(daemon, "b.example.com")[0] == 404, "routes")


def test_only_the_operator_gives_names_of_others_to_tenants():
    with Daemon("--name-servers", NameServer().address) as daemon:
        admin = daemon.fine("POST", "/v1/tokens", {"tenant": "other", "role": "admin"})["token"]
        deploy = daemon.fine("POST", "/v1/tokens", {"role": "deploy"})["token"]
        daemon.deploy_well("shop", cgi("shop"), token=admin)
        daemon.deploy_well("site", cgi("site"))
        for token in admin, deploy: # of the tenant, and of the operator's without being the operator
            status = daemon.call("PATCH", PATH.format("shop"), {"bank.example.com": True}, token)[0]
            expect(status == (403 if token == admin else 404), f"{status}")
        expect(ask(daemon, "bank.example.com")[0] == 404, "a name that nobody gave")
        expect(hosts(daemon, "shop", {"a.shop.localhost": True}, admin) == ["a.shop.localhost"], "a name of its own")
        expect(hosts(daemon, "site", {"own.example.com": True}, deploy) == ["own.example.com"], "the operator's tenant")
        expect(hosts(daemon, "shop", {"www.example.com": True}) == ["a.shop.localhost", "www.example.com"], "the operator")
        expect(ask(daemon, "www.example.com") == (200, "shop"), "routes")
        expect(len(hosts(daemon, "shop", {"www.example.com": True}, admin)) == 2, "it has that already")
        expect(hosts(daemon, "shop", {"www.example.com": None}, admin) == ["a.shop.localhost"], "it gives it up")
        daemon.refused(403, "PATCH", PATH.format("shop"), {"www.example.com": True}, admin)


def test_a_tenant_proves_a_name_by_a_record():
    names = NameServer()
    with Daemon("--name-servers", names.address) as daemon:
        tokens = [daemon.fine("POST", "/v1/tokens", {"tenant": tenant, "role": "deploy"})["token"] for tenant in ("one", "two")]
        for name, token in zip(("shop", "fake"), tokens):
            daemon.deploy_well(name, cgi(name), token=token)

        def refused(name, token, *hosts):
            return daemon.refused(403, "PATCH", PATH.format(name), {host: True for host in hosts or ("Www.Example.com",)}, token)

        texts = [re.search('"(selvage=[0-9a-f]{32})" into a TXT record of _selvage.www.example.com ', refused(name, token)).group(1)
                 for name, token in zip(("shop", "fake"), tokens)]
        expect(len(set(texts)) == 2 and texts[0] in refused("shop", tokens[0]), f"{texts}")
        for wrong in ([texts[1]], [texts[0] + "0"], [texts[0][:-1]], [texts[0] * 5], [""], ["x", texts[1], "y"]):
            names.texts["_selvage.www.example.com"] = wrong
            refused("shop", tokens[0])
        expect(ask(daemon, "www.example.com")[0] == 404, "a name that is not proved")
        names.texts["_selvage.www.example.com"] = ["v=spf1 -all", texts[0]]
        expect("one at a time" in refused("shop", tokens[0], "www.example.com", "other.example.com"), "two at once")
        expect(hosts(daemon, "shop", {"www.example.com": True, "a.shop.localhost": True}, tokens[0]) ==
               ["a.shop.localhost", "www.example.com"], "it is proved")
        expect(ask(daemon, "www.example.com") == (200, "shop"), "routes")
        refused("fake", tokens[1])
        del names.texts["_selvage.www.example.com"]
        expect(len(hosts(daemon, "shop", {"www.example.com": True}, tokens[0])) == 2, "it has that already")
        hosts(daemon, "shop", {"www.example.com": None}, tokens[0])
        refused("shop", tokens[0])
        asked = len(names.asked)
        expect(hosts(daemon, "shop", {"b.shop.localhost": True}, tokens[0]) and len(names.asked) == asked, "asked for nothing")


def test_selvage_host_adds_lists_and_removes():
    with Daemon() as daemon:
        daemon.deploy_well("site", cgi("site"))
        shell = Shell(daemon)
        expect(shell.run("host", "add", "site", "www.example.com") == "www.example.com\n", "add")
        expect(shell.run("host", "list", "site") == "www.example.com\n", "list")
        expect("no host name" in shell.run("host", "add", "site", "nonsense", code=1), "nonsense")
        expect(shell.run("host", "remove", "site", "www.example.com") == "", "remove")
