"""Functions and source lines of WebAssembly guests in gdb and lldb.

Debuggers know libraries that the dynamic linker loaded; the runtime maps artifacts itself, from
copies in memory. At each stop this adds the symbols of those that are new. gdb loads it by itself
with an installed `selvage`; elsewhere:

  gdb:   source packaging/selvage_guests.py
  lldb:  command script import packaging/selvage_guests.py
"""
import os

try:
    import gdb
except ImportError:
    gdb = None
    import lldb

MAPPED = "/memfd:selvage (deleted)"


def starts(pid):
    """Inode of each mapped artifact, with the address of its first byte."""
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps:
        for line in maps:
            words = line.rstrip("\n").split(None, 5)
            if len(words) == 6 and words[5] == MAPPED and int(words[2], 16) == 0:
                yield int(words[4]), int(words[0].split("-")[0], 16)


def files(pid):
    """Paths of artifacts that are open, by inode."""
    folder = f"/proc/{pid}/fd"
    found = {}
    for name in os.listdir(folder):
        path = f"{folder}/{name}"
        try:
            if os.readlink(path) == MAPPED:
                found[os.stat(path).st_ino] = path
        except OSError:
            pass  # closed meanwhile
    return found


class Guests:
    """The artifacts whose symbols a debugger has."""

    def __init__(self):
        self.known = set()

    def news(self, pid):
        """Path and first address of each that is not known yet."""
        paths = files(pid)
        for place in starts(pid):
            inode, start = place
            if inode in paths and (pid, place) not in self.known:
                self.known.add((pid, place))
                yield paths[inode], start


guests = Guests()


def gdb_stopped(_event):
    pid = gdb.selected_inferior().pid
    try:
        for path, start in guests.news(pid) if pid else ():
            gdb.execute(f"add-symbol-file {path} -o {start:#x}", False, True)
    except (OSError, gdb.error) as error:
        gdb.write(f"selvage_guests: no symbols of guests: {error}\n", gdb.STDERR)


class LldbHook:
    """Called by lldb at each stop."""

    def __init__(self, target, _settings, _session):
        self.target = target

    def handle_stop(self, context, stream):
        try:
            for path, start in guests.news(context.process.GetProcessID()):
                module = self.target.AddModule(path, None, None)
                error = self.target.SetModuleLoadAddress(module, start)
                if error.Fail():
                    stream.Print(f"selvage_guests: no symbols of guests: {error}\n")
        except OSError as error:
            stream.Print(f"selvage_guests: no symbols of guests: {error}\n")
        return True


def __lldb_init_module(debugger, _session):
    debugger.HandleCommand(f"target stop-hook add -P {__name__}.LldbHook")


if gdb:
    gdb.events.stop.connect(gdb_stopped)
