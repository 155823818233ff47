#!/usr/bin/python3 -B
"""Damaged copies of a file.

mutate.py cut FILE FOLDER COUNT     copies cut off at COUNT places
mutate.py flip FILE FOLDER COUNT    copies with one bit changed, at places from a fixed sequence
mutate.py version FILE OUT          an artifact that claims another ABI version, with a right checksum
mutate.py cpu FILE OUT              an artifact that needs a CPU feature nobody has, likewise
"""
import random
import struct
import sys
import zlib


def write(name, data):
    with open(name, "wb") as file:
        file.write(data)


def cut(data, folder, count):
    for i in range(count):
        write(f"{folder}/cut{i:04}", data[: len(data) * i // count])


def flip(data, folder, count):
    sequence = random.Random(1)
    for i in range(count):
        copy = bytearray(data)
        copy[sequence.randrange(len(copy))] ^= 1 << sequence.randrange(8)
        write(f"{folder}/flip{i:04}", copy)


def version(data):
    abi, = struct.unpack_from("<I", data, note_of(data))
    struct.pack_into("<I", data, note_of(data), abi + 1)


def cpu(data):
    at = note_of(data) + 56  # behind four numbers, compiler[24] and target[16]
    data[at : at + 8] = b"quantum\0"


def note_of(data):
    return data.index(b"Selvage\0") + 8


def write_sealed(name, data):
    """Write an artifact with the checksum that its contents have now."""
    struct.pack_into("<I", data, note_of(data) + 4, 0)
    struct.pack_into("<I", data, note_of(data) + 4, zlib.crc32(data))
    write(name, data)


what, source, target = sys.argv[1:4]
with open(source, "rb") as file:
    contents = bytearray(file.read())
if what in ("version", "cpu"):
    {"version": version, "cpu": cpu}[what](contents)
    write_sealed(target, contents)
else:
    {"cut": cut, "flip": flip}[what](contents, target, int(sys.argv[4]))
