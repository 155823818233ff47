"""Sources that are not ours: fetched from Debian and npm into the build folder, never kept here.

A package that cannot be had is Missing, with the reason; its programs are skipped.
"""
import pathlib
import shlex
import shutil
import tarfile

from machine import BUILD, call, unpack

HERE = pathlib.Path(__file__).resolve().parent
PLACE = BUILD / "bench/sources"


class Missing(Exception):
    """A package, or an engine, that cannot be had; the text says why."""


def apt_options():
    """Options for apt-get with lists of source packages of our own, as a machine need not have
    any: of the same archives as its binary packages, their main part alone."""
    sources, lists = PLACE / "sources.list", PLACE / "lists"
    options = ["-o", f"Dir::Etc::sourcelist={sources}", "-o", "Dir::Etc::sourceparts=-",
               "-o", f"Dir::State::lists={lists}", "-o", "APT::Sandbox::User=root"]
    if not sources.exists():
        (lists / "partial").mkdir(parents=True, exist_ok=True)
        found = call("apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI) $(RELEASE) main",
                     "Created-By: Packages")
        lines = {line.split()[1:] and " ".join(line.split()[1:]) for line in found.splitlines()
                 if line.startswith("Debian ") and "-" not in line.split()[2]}
        waiting = sources.with_suffix(".new")
        waiting.write_text("".join(f"deb-src {line}\n" for line in sorted(lines)))
        options[1] = f"Dir::Etc::sourcelist={waiting}"
        call("apt-get", *options, "update", "-qq")
        waiting.rename(sources)
        options[1] = f"Dir::Etc::sourcelist={sources}"
    return options


def download(package, to):
    """The archive with the sources."""
    kind, name = package.split(":", 1)
    if kind == "npm":
        call("npm", "pack", "--silent", "--pack-destination", to, name)
    else:
        call("sh", "-c", 'cd "$0" && exec apt-get "$@"', to, *apt_options(), "source", "-qq",
             "--download-only", "--tar-only", name)
    return next(path for pattern in ("*.orig.tar.*[!c]", "*.tgz") for path in to.glob(pattern))


def package_folder(package):
    """Where a package is unpacked; fetches it if it is not there."""
    folder = PLACE / package.replace(":", "-").replace("/", "-")
    if folder.exists():
        return folder
    waiting = folder.with_suffix(".new")
    shutil.rmtree(waiting, ignore_errors=True)
    waiting.mkdir(parents=True)
    try:
        unpack(download(package, waiting), waiting / "all")
        next((waiting / "all").iterdir()).rename(folder)
    except (OSError, RuntimeError, StopIteration, tarfile.TarError) as error:
        last = (str(error).strip() or "nothing in it").splitlines()[-1]
        raise Missing(f"{package} cannot be fetched: {last}") from error
    finally:
        shutil.rmtree(waiting, ignore_errors=True)
    return folder


def read_list():
    """{program: (package, words)} of the list."""
    text = (HERE / "packaged/list").read_text().replace("\n\t", " ")
    lines = [shlex.split(line, comments=True) for line in text.splitlines()]
    return {line[0]: (line[1], line[2:]) for line in lines if line}


def sources_and_options(package, words):
    """(files, options of the compiler) of a program's list, in its package."""
    folder = package_folder(package)
    files, options = [], []
    for word in words:
        if word.startswith("-I"):
            options.append(f"-I{folder / word[2:]}")
        elif word.startswith("-"):
            options.append(word)
        elif "=>" in word:
            origin, copy = word.split("=>")
            if not (folder / copy).exists():
                shutil.copyfile(folder / origin, folder / copy)
        elif word.startswith("!"):
            left_out = set(folder.glob(word[1:]))
            files = [file for file in files if file not in left_out]
        else:
            found = sorted(folder.glob(word))
            if not found:
                raise Missing(f"{package} has no {word}")
            files += found
    return files, options
