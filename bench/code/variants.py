"""The programs, and the ways in which each is built and run."""
import dataclasses
import functools
import hashlib
import os
import pathlib
import shutil
import typing

from engines import NODE, WHEEL, node, wasmtime_library
from machine import BUILD, ROOT, call
from packages import HERE, Missing, read_list, sources_and_options

WORK = BUILD / "bench/code"
SELVAGE = BUILD / "selvage"
CLANG = os.environ.get("CLANG", "clang-22")
GCC = os.environ.get("GCC", "gcc")
RUNTIME = pathlib.Path("/usr/share/wabt/wasm2c")
# Valgrind knows no AVX-512: what is made for this CPU is counted as made for this one.
COUNTED_CPU = "x86-64-v3"

# No fused multiply-add anywhere: WebAssembly has none, and sums would differ.
COMMON = ["-O3", "-std=gnu11", "-ffp-contract=off", f"-I{ROOT}"]
# --no-wasm-opt: clang would run any wasm-opt that it finds. -Wno-deprecated: Debian's
# wasi-libc is installed for the target name that clang-22 calls old.
WASM = ["--target=wasm32-wasi", "--no-wasm-opt", "-nostdlibinc", "-Wno-deprecated",
        "-isystem", "/usr/include/wasm32-wasi", "-s", "-Wl,-z,stack-size=1048576,--stack-first"]


@dataclasses.dataclass
class Program:
    name: str
    source: pathlib.Path
    package: str = ""  # whose code it is; "": ours
    files: list = dataclasses.field(default_factory=list)  # of the package
    options: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Command:
    argv: list
    code: pathlib.Path  # what the compiler in question made


@dataclasses.dataclass
class Variant:
    name: str
    text: str
    build: typing.Callable  # of a program: its Command
    build_counted: typing.Callable = None  # the same for Valgrind; none if it cannot run there
    own_clock: bool = False  # says its CPU time itself, on the last line of standard error


def all_programs():
    """Ours, then those of packages, by name."""
    ours = [Program(path.stem, path) for path in sorted((HERE / "programs").glob("*.c"))]
    return ours + [Program(name, HERE / f"packaged/{name}.c", package)
                   for name, (package, _) in sorted(read_list().items())]


def find_sources(program):
    """Fetch what a program needs; Missing if it cannot be had."""
    if program.package:
        files, options = sources_and_options(*read_list()[program.name])
        program.files = files
        program.options = [f"-I{HERE / 'packaged/include'}", *options, "-w"]


@functools.cache
def compiler_digest():
    """Tells Selvage's compiler from others: one built again of the same is the same."""
    return hashlib.sha256((BUILD / "libselvage-compiler.so").read_bytes()).hexdigest()


def make(output, inputs, *command, note=""):
    """Run the command that makes a file, if that is older than its inputs or was made by another
    command or with another note."""
    line = " ".join([*map(str, command), note]).strip()
    made = output.with_name(output.name + ".made")
    newest = max(path.stat().st_mtime for path in inputs)
    if (output.exists() and made.exists() and made.read_text() == line
            and output.stat().st_mtime >= newest):
        return output
    output.parent.mkdir(parents=True, exist_ok=True)
    call(*command, timeout=1800)
    made.write_text(line)
    return output


def compiled(program, output, compiler, *flags):
    return make(output, [program.source, *program.files], compiler, *COMMON, *flags,
                *program.options, program.source, *program.files, "-o", output, "-lm")


def wasm_of(program):
    return compiled(program, WORK / program.name / "wasm", CLANG, *WASM)


def native(label, compiler, *flags):
    def build(program):
        output = compiled(program, WORK / program.name / label, compiler, *flags)
        return Command([output], output)
    return build


def selvage(bounds, cpu):
    def build(program):
        wasm, output = wasm_of(program), WORK / program.name / f"{bounds}.{cpu}.so"
        make(output, [wasm], SELVAGE, "compile", "--no-progress", f"--bounds={bounds}",
             f"--target-cpu={cpu}", wasm, "-o", output, note=compiler_digest())
        return Command([SELVAGE, "run", output], output)
    return build


def profiled(bounds, cpu):
    """Compiled by what a run of the same counted."""
    def build(program):
        wasm, folder = wasm_of(program), WORK / program.name
        compile_as = [SELVAGE, "compile", "--no-progress", f"--bounds={bounds}",
                      f"--target-cpu={cpu}"]
        counting = make(folder / f"{bounds}.{cpu}.counting.so", [wasm], *compile_as,
                        "--profile-generate", wasm, "-o", folder / f"{bounds}.{cpu}.counting.so",
                        note=compiler_digest())
        profile = folder / f"{bounds}.{cpu}.profile"
        # A run adds to what is there.
        if profile.exists() and profile.stat().st_mtime < counting.stat().st_mtime:
            profile.unlink()
        make(profile, [counting], SELVAGE, "run", "--profile-out", profile, counting)
        output = folder / f"{bounds}.{cpu}.profiled.so"
        make(output, [wasm, profile], *compile_as, "--profile-use", profile, wasm, "-o", output,
             note=compiler_digest())
        return Command([SELVAGE, "run", output], output)
    return build


def wasm2c(program):
    wasm, folder = wasm_of(program), WORK / program.name / "wasm2c"
    made, output, host = folder / "program.c", folder / "program", HERE / "wasm2c_host.c"
    make(made, [wasm], "wasm2c", "--module-name", "program", "-o", made, wasm)
    make(output, [made, host], CLANG, *COMMON, "-w", f"-I{folder}", f"-I{RUNTIME}", made, host,
         RUNTIME / "wasm-rt-impl.c", "-o", output, "-lm")
    return Command([output], output)


def wasmtime(program):
    library, host = wasmtime_library(), WORK / "wasmtime"
    source = HERE / "wasmtime.c"
    make(host, [source, HERE.parent / "peers/wasmtime_api.h"], GCC, "-O2", "-std=c11",
         "-D_GNU_SOURCE", f"-I{ROOT}", source, "-o", host, library, f"-Wl,-rpath,{library.parent}")
    wasm, output = wasm_of(program), WORK / program.name / "cwasm"
    make(output, [wasm, host], host, "compile", wasm, output)
    return Command([host, output], output)


def v8(program):
    wasm = wasm_of(program)
    return Command([node(), "--no-warnings", "--no-liftoff", "--no-wasm-lazy-compilation",
                    HERE / "v8.mjs", wasm], wasm)


# The first is what the others are divided by.
VARIANTS = [
    Variant("native", f"{CLANG} -O3", native("native", CLANG), native("native", CLANG)),
    Variant("gcc", "gcc -O3", native("gcc", GCC)),
    Variant("native here", f"{CLANG} -O3 -march=native: Selvage compiles for this CPU too",
            native("here", CLANG, "-march=native"),
            native("counted", CLANG, f"-march={COUNTED_CPU}")),
    Variant("gcc here", "gcc -O3 -march=native", native("gcc-here", GCC, "-march=native")),
    Variant("guard", "selvage compile --bounds=guard", selvage("guard", "native"),
            selvage("guard", COUNTED_CPU)),
    Variant("check", "selvage compile --bounds=check", selvage("check", "native"),
            selvage("check", COUNTED_CPU)),
    Variant("guard+profile", "the same as guard by the profile of a run (--profile-use)",
            profiled("guard", "native"), profiled("guard", COUNTED_CPU)),
    Variant("wasm2c", f"wasm2c (guard pages), then {CLANG} -O3", wasm2c),
    Variant("wasmtime", f"Wasmtime ({WHEEL} from PyPI), compiled before", wasmtime),
    Variant("v8", f"V8 ({NODE} from npm), TurboFan at once; CPU time inside `_start`", v8,
            own_clock=True),
]


def tools_missing(*others):
    """Names of commands that a build or the others need and this machine lacks."""
    return [name for name in (CLANG, GCC, "wasm2c", *others) if not shutil.which(name)]


__all__ = ["Missing", "VARIANTS", "WORK", "all_programs", "find_sources", "tools_missing"]
