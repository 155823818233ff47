#!/usr/bin/python3 -B
"""Random functions of loads from few places, compared at all levels with -O0.

usage: tests/exact/compare.py [FIRST [COUNT]]   modules of these seeds
Loads are added, subtracted, masked, compared and chosen between, also with themselves; loops have few
turns, so that LLVM unrolls them; of the addresses some are out of bounds. Each difference is
printed, with the seed of its module and the function; the last line counts. BUILD is the build folder.
"""
import os
import random
import subprocess
import sys
import tempfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
SELVAGE = os.path.join(os.environ.get("BUILD", os.path.join(ROOT, "build")), "selvage")
FUNCTIONS = 40
LEVELS = "123"
ARGUMENTS = (("0x20000", "0", "64", "0"), ("65535", "0", "0", "1"), ("0", "0x20000", "64", "3"),
             ("0", "64", "65533", "5"), ("0x20000", "0x20000", "0x20000", "0"))
LOADS = ("load", "load8_u", "load8_s", "load16_u", "load16_s")
STORES = ("store", "store8", "store16")
BINARY = "add sub xor and or mul shl shr_u shr_s rotl eq ne lt_u lt_s gt_u le_s".split()
UNARY = "eqz clz ctz popcnt extend8_s extend16_s".split()


class Function:
    """Text of one function: $p, $q and $r are addresses, $n is a number."""

    def __init__(self, dice):
        self.dice = dice
        self.variables = ["$a", "$b", "$c", "$n"]
        self.loops = 0

    def chance(self, percent):
        return self.dice.random() * 100 < percent

    def address(self, depth):
        if depth < 1 or self.chance(70):
            return f"(local.get {self.dice.choice(['$p', '$p', '$q', '$r'])})"
        if self.chance(50):
            step = f"(i32.shl (local.get {self.dice.choice(self.variables)}) (i32.const 2))"
            return f"(i32.add {self.address(0)} {step})"
        return f"(i32.and {self.value(depth - 1)} (i32.const 255))"

    def load(self, depth):
        offset = self.dice.choice([0, 0, 0, 1, 3, 4])
        return f"(i32.{self.dice.choice(LOADS)} offset={offset} {self.address(depth)})"

    def leaf(self):
        number = self.dice.choice([0, 1, 2, -1, 24, 255, 65535])
        return self.dice.choice([self.load(0), self.load(0), f"(i32.const {number})", "(global.get $g)",
                                 f"(local.get {self.dice.choice(self.variables)})"])

    def value(self, depth):
        if depth < 1 or self.chance(10):
            return self.leaf()
        if self.chance(25):
            return self.load(depth)
        one, other = self.value(depth - 1), self.value(depth - 1)
        if self.chance(60):
            return f"(i32.{self.dice.choice(BINARY)} {one} {one if self.chance(25) else other})"
        if self.chance(30):
            return f"(i32.{self.dice.choice(UNARY)} {one})"
        condition = self.value(depth - 1)
        if self.chance(50):
            return f"(select {one} {other} {condition})"
        return f"(if (result i32) {condition} (then {one}) (else {other}))"

    def loop(self, depth):
        self.loops += 1
        counter, label = f"$i{depth}", f"$loop{self.loops}"
        self.variables.append(counter)
        body = self.statements(depth - 1, 3)
        self.variables.remove(counter)
        step = f"(local.tee {counter} (i32.add (local.get {counter}) (i32.const 1)))"
        turns = self.dice.choice([1, 2, 3, 4, 8, 32])
        return (f"(local.set {counter} (i32.const 0)) (loop {label} {body} "
                f"(br_if {label} (i32.lt_u {step} (i32.const {turns}))))")

    def statement(self, depth):
        kind = self.dice.randrange(10 if depth else 8)
        if kind < 3:
            return f"(local.set {self.dice.choice(['$a', '$b', '$c'])} {self.value(2)})"
        if kind == 3:
            return f"(i32.{self.dice.choice(STORES)} {self.address(0)} {self.value(2)})"
        if kind == 4:
            return f"(br_if $out {self.value(2)})"
        if kind == 5:
            return f"(if {self.value(1)} (then (return {self.value(1)})))"
        if kind == 6:
            return f"(global.set $g {self.value(1)})"
        if kind == 7:
            return f"(drop {self.value(1)})"
        return self.loop(depth)

    def statements(self, depth, most):
        return " ".join(self.statement(depth) for _ in range(self.dice.randint(1, most)))

    def text(self, name):
        memory = " ".join(f"(i32.xor (i32.load (i32.const {place}))" for place in (0, 4, 64))
        return (f"(func ${name} (param $p i32) (param $q i32) (param $r i32) (param $n i32) (result i32)"
                f" (local $a i32) (local $b i32) (local $c i32) (local $i1 i32) (local $i2 i32)"
                f" (block $out {self.statements(2, 4)}) {self.value(2)})\n"
                f"(func (export \"{name}\") (param i32 i32 i32 i32) (result i32 i32)"
                f" (call ${name} (local.get 0) (local.get 1) (local.get 2) (local.get 3))"
                f" {memory} (global.get $g)))))\n")  # what was stored, too


def module(seed):
    dice = random.Random(seed)
    functions = "".join(Function(dice).text(f"f{i}") for i in range(FUNCTIONS))
    return ('(module (memory 1) (global $g (mut i32) (i32.const 0))\n'
            '(data (i32.const 0) "\\01\\02\\03\\84\\05\\00\\ff\\ff") (data (i32.const 64) "\\11\\22\\33\\44")\n'
            f'{functions})\n')


def outcome(artifact, name, arguments):
    done = subprocess.run([SELVAGE, "run", "--timeout", "5s", "--invoke", name, artifact, *arguments],
                          capture_output=True, text=True)
    return done.stdout or done.stderr.split("\n")[0]


def compare(seed, folder):
    """Calls, and those that differ."""
    text = os.path.join(folder, "module.wat")
    with open(text, "w") as file:
        file.write(module(seed))
    artifacts = {level: os.path.join(folder, f"module.{level}.so") for level in "0" + LEVELS}
    for level, artifact in artifacts.items():
        subprocess.run([SELVAGE, "compile", f"-O{level}", text, "-o", artifact], check=True)
    calls = differences = 0
    for name in (f"f{i}" for i in range(FUNCTIONS)):
        for arguments in ARGUMENTS:
            wanted = outcome(artifacts["0"], name, arguments)
            for level in LEVELS:
                calls += 1
                got = outcome(artifacts[level], name, arguments)
                if got != wanted:
                    differences += 1
                    print(f"seed {seed} {name} {' '.join(arguments)} -O{level}: {got!r}, not {wanted!r}", flush=True)
    return calls, differences


def main():
    first, count = [int(text) for text in sys.argv[1:] + ["1", "1"][len(sys.argv) - 1:]]
    calls = differences = 0
    with tempfile.TemporaryDirectory(prefix="selvage-exact-") as folder:
        for seed in range(first, first + count):
            of_module = compare(seed, folder)
            calls += of_module[0]
            differences += of_module[1]
    print(f"{calls} calls, {differences} differ")
    return differences > 0


sys.exit(main())
