"""The same guest in each language uses all 32 hostcalls and reports."""
from place import guest, serving
from serving import expect

REPORT = """header 1
POST /all?q=1 hello
set 0 0
status 200
origin 1 1
body 7
wait 1
poll 1
select 1 1
store 1 0 0 0 1 2+ 1 0 0
address c0000201 1
address 20010db8000000000000000000000001 1
raw 1 1234 0201
random 1
time 1 1
"""


def survey(name):
    with serving(name, "--timeout", "20s") as (server, origin, names):
        backend = f"X-Backend: http://127.0.0.1:{origin.port}\r\n"
        answer = server.get("/all?q=1", "POST", b"hello", backend)
        expect(answer.text() == REPORT, f"status {answer.status}, the report is {answer.text()!r}")
        expect(answer.status == 201 and answer.header("x-survey") == "done",
               f"status {answer.status}, fields {answer.headers}")
        expect(b"\x124" not in names.numbers, "the guest's number of its question has gone out")
        answer = server.get("/all", "DELETE", headers=backend)
        expect(answer.status == 500 and "DELETE is too much" in answer.text(), answer.text())
    expect("the survey begins" in server.log_text, f"no line in the log: {server.log_text[-500:]}")


def test_a_guest_in_c_uses_every_hostcall():
    survey("survey.c")


def test_a_guest_in_rust_uses_every_hostcall():
    survey("survey_rust")


def test_a_guest_in_assemblyscript_uses_every_hostcall():
    survey("survey.ts")


def test_a_guest_in_wat_uses_every_hostcall():
    survey("survey.wat")
