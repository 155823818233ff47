"""The trace of a request: what guests are shown of it, and the log in its three forms."""
import json
import re

from serving import Server, expect, guest_path

ID = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{ID}-b7ad6b7169203331-01"


def shown(server, headers=""):
    """What a CGI program sees, by variable."""
    text = server.get("/env", headers=headers).text()
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def test_a_trace_is_shown_as_it_came_or_begun():
    if not guest_path("c_cgi.wasm"):
        return "tests/modules/c_cgi.wasm is not here"
    with Server("c_cgi.wasm") as server:
        came = shown(server, f"TraceParent: {PARENT}\r\nTraceState: b=2\r\ntracestate: a=1\r\n")
        expect(came["HTTP_TRACEPARENT"] == PARENT, f"{came}")
        expect(came["HTTP_TRACESTATE"] == "b=2, a=1", f"{came}")
        begun = [shown(server), shown(server, "tracestate: a=1\r\n"),
                 shown(server, f"traceparent: {PARENT}-00\r\ntracestate: a=1\r\n")]
        for variables in begun:
            expect(re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-00", variables["HTTP_TRACEPARENT"]),
                   f"{variables}")
            expect("HTTP_TRACESTATE" not in variables, f"{variables}")
        expect(len({variables["HTTP_TRACEPARENT"] for variables in begun}) == 3, "one trace for all")
    return None


def test_requests_that_fail_name_their_trace_in_the_log():
    with Server("wrong.wat") as server:
        server.get("/m3", headers=f"traceparent: {PARENT}\r\n")
        server.get("/m0", headers=f"traceparent: {PARENT}\r\n")
    lines = server.log_text.splitlines()
    expect(sum(line.endswith(f") trace={ID}") for line in lines if "GET /m3 500" in line) == 1, f"{lines}")
    expect(not any(ID in line for line in lines if "GET /m0" in line), f"{lines}")


def test_the_log_can_be_json():
    with Server("calls.wat", "--log-format", "json") as server:
        server.get("/p?\"\\", headers=f"traceparent: {PARENT}\r\n")
        server.get("/h")
        with server.connect() as client:
            client.send(b"nonsense\r\n\r\n")
            client.response()
    lines = [json.loads(line) for line in server.log_text.splitlines()]
    by_kind = {kind: [line for line in lines if line["kind"] == kind] for kind in ("guest", "request", "event")}
    failed, fine, refused = by_kind["request"]
    expect(failed["trace"] == ID and failed["status"] == 500 and failed["target"] == '/p?"\\' and
           failed["method"] == "GET" and failed["protocol"] == "HTTP/1.1" and failed["host"] == "t" and
           "the guest gives up" in failed["cause"], f"{failed}")
    expect(re.fullmatch("[0-9a-f]{32}", fine["trace"]) and fine["trace"] != ID and fine["status"] == 200 and
           fine["bytes"] > 0 and fine["ms"] > 0 and "cause" not in fine, f"{fine}")
    expect(refused["status"] == 400 and refused["cause"], f"{refused}")
    expect([(line["trace"], line["text"]) for line in by_kind["guest"]] == [(ID, "the guest gives up")],
           f"{by_kind['guest']}")


def test_the_log_can_be_that_of_other_servers():
    combined = (r'127\.0\.0\.1 - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\] '
                r'"([^"]*)" (\d{3}) (\d+) "([^"]*)" "([^"]*)"')
    with Server("calls.wat", "--log-format", "combined") as server:
        server.get("/h", headers='Referer: http://a.test/"\r\nUser-Agent: some\r\n')
        server.get("/p", headers=f"traceparent: {PARENT}\r\n")
        with server.connect() as client:
            client.send(b"nonsense\r\n\r\n")
            client.response()
    lines = [line for line in server.log_text.splitlines() if " guest calls.so: " not in line]
    found = [match.groups() for line in lines if (match := re.fullmatch(combined, line))]
    expect([groups[:2] for groups in found] == [("GET /h HTTP/1.1", "200"), ("GET /p HTTP/1.1", "500"),
                                                ("-", "400")], f"{lines}")
    expect(found[0][3:] == (r"http://a.test/\x22", "some") and found[1][3:] == ("-", "-"), f"{found}")
    expect(any(" failed: (" in line and line.endswith(f"trace={ID}") for line in lines), f"{lines}")
