"""Functions and source lines of WebAssembly guests in gdb.

gdb knows libraries that the dynamic linker loaded; the runtime maps artifacts itself, from copies
in memory. At each stop this adds the symbols of those that are new. gdb loads it by itself with
an installed `selvage`; elsewhere: `source packaging/selvage-gdb.py`.
"""
import os

import gdb

MAPPED = "/memfd:selvage (deleted)"


def starts(pid):
    """Device and inode of each artifact, with the address of its first byte."""
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps:
        for line in maps:
            words = line.rstrip("\n").split(None, 5)
            if len(words) == 6 and words[5] == MAPPED and int(words[2], 16) == 0:
                yield int(words[4]), int(words[0].split("-")[0], 16)


def files(pid):
    """Paths of open files, by inode."""
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
    """The artifacts whose symbols gdb has."""

    def __init__(self):
        self.known = set()

    def add(self, _event):
        pid = gdb.selected_inferior().pid
        if not pid:
            return
        try:
            paths = files(pid)
            for inode, start in starts(pid):
                if inode in paths and (inode, start) not in self.known:
                    self.known.add((inode, start))
                    gdb.execute(f"add-symbol-file {paths[inode]} -o {start:#x}", False, True)
        except (OSError, gdb.error) as error:
            gdb.write(f"selvage-gdb: no symbols of guests: {error}\n", gdb.STDERR)

    def forget(self, _event):
        self.known.clear()


guests = Guests()
gdb.events.stop.connect(guests.add)
gdb.events.exited.connect(guests.forget)
