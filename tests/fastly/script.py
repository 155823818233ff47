"""Requests to guests/calls.c: a list of calls of Fastly functions, and what they gave.

A Script is filled with calls and peeks, sent, and then each answers for itself:

    script = Script()
    store = script.out()
    opened = script.call("config_store.open", "settings", store)
    script.send(server)
    opened.status, store.u32
"""
import os
import re
import struct
import subprocess

from serving import ROOT, SELVAGE, Failure, expect

HERE = os.path.dirname(os.path.abspath(__file__))
FUNCTIONS = {}  # name without "fastly_": number, letters of the arguments, whether it is there
ROOM = 0x100000  # where the guest's calls have their bytes; see calls.c
ROOM_END = ROOM + 0x10000
MEMORY_END = 64 << 16
STATUSES = {}


def read_tables():
    with open(os.path.join(ROOT, "host/fastly/fastly.def")) as table:
        rows = re.findall(r'^FASTLY_(CALL|LATER)\((\w+), (\w+),\s*"(\w+):i"\)', table.read(), re.M)
    for number, (kind, module, name, letters) in enumerate(rows):
        FUNCTIONS[f"{module}.{name}"] = (number, letters, kind == "CALL")
    with open(os.path.join(ROOT, "host/fastly/status.def")) as table:
        for name, number in re.findall(r"^FASTLY_STATUS\((\w+), (\d+)", table.read(), re.M):
            STATUSES[int(number)] = name


read_tables()


def write_header(path):
    """Declarations of all functions, and call_function with a case for each."""
    types = {"i": "uint32_t", "I": "int64_t"}
    lines, cases = [], []
    for full, (number, letters, _) in FUNCTIONS.items():
        module, name = full.split(".")
        parameters = ", ".join(types[letter] for letter in letters)
        lines.append(f'__attribute__((import_module("fastly_{module}"), import_name("{name}")))\n'
                     f"int32_t fastly_{module}_{name}({parameters});")
        values = ", ".join(f"({types[letter]})a[{i}]" for i, letter in enumerate(letters))
        cases.append(f"\tcase {number}: return fastly_{module}_{name}({values});")
    send = FUNCTIONS["http_resp.send_downstream"][0]
    with open(path, "w") as header:
        header.write(f"#define ROOM {ROOM}\n#define SEND_FUNCTION {send}u\n" + "\n".join(lines) +
                     "\nstatic int32_t call_function(uint32_t number, const int64_t *a)\n{\n"
                     "\tswitch (number) {\n" + "\n".join(cases) +
                     "\tdefault: __builtin_trap();\n\t}\n}\n")


def build_guest(folder, name="calls"):
    """The guest as a module in `folder`; None if there is no compiler for it."""
    module = os.path.join(folder, name + ".wasm")
    write_header(os.path.join(folder, "calls.h"))
    try:
        subprocess.run(["clang-22", "--target=wasm32", "-O1", "-nostdlib", "-ffreestanding", "-I", folder,
                        "-Wl,--no-entry", f"-Wl,--initial-memory={MEMORY_END}", "-Wl,-z,stack-size=65536",
                        "-o", module, os.path.join(HERE, "guests", name + ".c")], check=True)
    except FileNotFoundError:
        return None
    return module


def build_artifact(folder, name):
    artifact = os.path.join(folder, name + ".so")
    subprocess.run([SELVAGE, "compile", "-O0", build_guest(folder, name), "-o", artifact], check=True)
    return artifact


class Call:
    """A call that is made; its status when the script was sent."""

    def __init__(self, name):
        self.name = name
        self.number = None

    @property
    def status(self):
        return STATUSES.get(self.number, str(self.number))

    def is_ok(self):
        expect(self.status == "OK", f"{self.name} gave {self.status}")
        return self

    def gives(self, status):
        expect(self.status == status, f"{self.name} gave {self.status}, not {status}")
        return self


class Place:
    """Bytes in the guest; as an argument its address, `.value` what is there at that time."""

    def __init__(self, address, length):
        self.address, self.length = address, length
        self.bytes = None

    @property
    def value(self):
        return ("load", self.address)

    @property
    def u32(self):
        return struct.unpack_from("<I", self.bytes)[0]

    @property
    def u64(self):
        return struct.unpack_from("<Q", self.bytes)[0]


class Script:
    def __init__(self):
        self.code = b""
        self.results = []
        self.next = ROOM

    def take(self, length):
        place = Place(self.next, length)
        self.next += (length + 7) // 8 * 8
        expect(self.next <= ROOM_END, "the script's bytes do not fit in the guest's room")
        return place

    def words(self, *words):
        self.code += struct.pack(f"<{len(words)}I", *(word & 0xffffffff for word in words))

    def poke(self, place, data):
        self.words(2, place.address, len(data))
        self.code += data + b"\0" * (-len(data) % 4)

    def copy(self, to, source, length):
        """Bytes from one place to another, when the next call is made."""
        self.words(5, to, source, length)

    def data(self, data):
        """Bytes that are there when the next call is made."""
        data = data.encode() if isinstance(data, str) else data
        place = self.take(len(data))
        self.poke(place, data)
        return place

    def out(self, length=4):
        """Room for a result, which is looked at in the end."""
        place = self.take(length)
        self.results.append(place)
        return place

    def stream(self, body, address, length, times=1):
        """Write all of some memory to a body, so many times; the log has it if that fails."""
        self.words(6, body.address, address, length, times)

    def trap(self):
        self.words(99)

    def arguments(self, values):
        flat = []
        for value in values:
            if isinstance(value, (str, bytes)):
                place = self.data(value)
                flat += [(0, place.address), (0, place.length)]
            elif isinstance(value, Place):
                flat.append((0, value.address))
            elif isinstance(value, tuple):
                flat.append((1, value[1]))
            else:
                flat.append((0, value))
        return flat

    def call(self, name, *values):
        number, letters, _ = FUNCTIONS[name]
        arguments = self.arguments(values)
        expect(len(arguments) == len(letters), f"{name} has {len(letters)} arguments, not {len(arguments)}")
        self.words(1, number, len(arguments), *(word for pair in arguments for word in pair))
        call = Call(name)
        self.results.append(call)
        return call

    def read(self, body, length=8192):
        """Read a body once; the place's bytes are then cut to what there was."""
        place, count = self.out(length), self.out()
        self.call("http_body.read", body.value, place, length, count)
        place.count = count
        return place

    def finish(self):
        """Peeks of all places that are wanted, behind the last call."""
        order = [result for result in self.results if isinstance(result, Call)]
        places = [result for result in self.results if isinstance(result, Place)]
        for place in places:
            self.words(3, place.address, place.length)
        return order, places

    def send(self, server, path="/", headers=""):
        """Make the calls; the response if one of them has sent it."""
        calls, places = self.finish()
        response = server.get(path, "POST", self.code, headers)
        if response.header("x-own"):
            return response
        expect(response.status == 200, f"status {response.status}: {response.text()}")
        self.take_results(response.body, calls, places)
        return response

    @staticmethod
    def take_results(data, calls, places):
        """What the guest answers, to the calls and places that asked."""
        at = 0
        expect(len(data) == 4 * len(calls) + sum(place.length for place in places), "a short answer")
        for call in calls:
            call.number = struct.unpack_from("<I", data, at)[0]
            at += 4
        for place in places:
            place.bytes = data[at:at + place.length]
            at += place.length
        for place in places:
            if hasattr(place, "count"):
                place.bytes = place.bytes[:place.count.u32]
