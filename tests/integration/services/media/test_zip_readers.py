"""Archives as domain/zip writes them, read by programs that share no code with it: Python's zipfile, Info-ZIP, 7-Zip.

    test_zip_readers.py ZIP_SPARSE
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

GIB = 1 << 30


def write(program, path, entries):
    text = b"".join(b"%d\0%s\0" % (size, name if isinstance(name, bytes) else name.encode()) for name, size in entries)
    subprocess.run([program, path], input=text, check=True)
    return zipfile.ZipFile(path)


def run(*command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                          env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, (command, done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout


def check_large(program, folder):
    """An object above 4 GiB, and small ones behind it."""
    path, sizes = folder / "large.zip", [7, 4 * GIB + 3, 1, 0, 9]
    with write(program, path, [(f"film {i}.mp4", size) for i, size in enumerate(sizes)]) as archive:
        assert [info.file_size for info in archive.infolist()] == sizes
        assert archive.infolist()[-1].header_offset > 4 * GIB
        assert archive.testzip() is None
    run("7z", "t", path)
    run("unzip", "-tqq", path)
    assert f"{4 * GIB + 3} " in run("zipinfo", "-l", path)


def check_limit(program, folder):
    """What 32 bits just hold, and just not. (unzip 6.0 takes a size of 4 GiB - 1 for none when it reads the next entry.)"""
    path, sizes = folder / "limit.zip", [0xfffffffe, 0xffffffff, 5]
    with write(program, path, [(f"film {i}.mp4", size) for i, size in enumerate(sizes)]) as archive:
        assert [info.file_size for info in archive.infolist()] == sizes
        assert archive.read("film 2.mp4") == bytes(5)
    assert all(f"Size = {size}\n" in run("7z", "l", "-slt", path) for size in sizes)
    run("7z", "t", path, "film 2.mp4")


def check_many(program, folder):
    """Numbers around what 16 bits hold."""
    path = folder / "many.zip"
    for count in (65534, 65535, 65536, 70000):
        with write(program, path, [("IMG.jpg", i % 3) for i in range(count)]) as archive:
            assert len(archive.infolist()) == len({name.lower() for name in archive.namelist()}) == count
            assert archive.testzip() is None
        assert f"Files: {count}\n" in run("7z", "t", path)
        assert f"{count} files" in run("zipinfo", "-t", path)
    run("unzip", "-tqq", path)


HOSTILE = ["../../etc/passwd", "/etc/passwd", "..\\..\\x.jpg", "C:\\x.jpg", "a/b/c.jpg", "..", ".", "", " ", "...", "~",
           "-rf", "con", "CON.jpg", "nul", "lpt1.txt", "aux.tar.gz", "com¹.jpg", "photo\u202egpj.exe", "\u2066x\u2069.jpg",
           "\ufeffa.jpg", "a\u2028b.jpg", "a\nb.jpg", "a\rb.jpg", "a\tb.jpg", "\x1b[2Ja.jpg", "a\x7fb.jpg", "*.jpg", "?.jpg",
           "a|b>c<d\"e.jpg", ".bashrc", "x.jpg.", "x.jpg ", "x" * 400 + ".jpg", "é" * 300 + ".jpg", "🏖" * 100 + ".jpeg",
           "x" * 400 + ".jpg", b"\xff\xfe.jpg", b"caf\xe9.jpg", b"\xc0\xaf\xc0\xaf.jpg", b"\xed\xa0\x80.jpg", "beach.jpg",
           "BEACH.JPG", "Beach.jpg", "beach (2).jpg", "beach.jpg", "Été.jpg", "E\u0301te\u0301.jpg", "日本語.jpg", "نسخة.jpg"]


def check_names(program, folder):
    """As many files as photos, all of them in the folder they were extracted to, whoever does it."""
    path = folder / "names.zip"
    with write(program, path, [(name, i + 1) for i, name in enumerate(HOSTILE)]) as archive:
        names = archive.namelist()
        assert all(info.flag_bits & 0x800 for info in archive.infolist())
        archive.extractall(folder / "python")
    assert len({name.lower() for name in names}) == len(HOSTILE)
    for name in names:
        assert 0 < len(name.encode()) <= 150 and name.isprintable(), name
        assert not set(name) & set('/\\:*?"<>|') and name[0] != "." and name[-1] not in ". ", name
    assert {"beach.jpg", "日本語.jpg", "نسخة.jpg", "_CON.jpg", "_._.._etc_passwd"} <= set(names), names
    run("unzip", "-q", path, "-d", folder / "unzip")
    run("7z", "x", f"-o{folder / '7z'}", path)
    for reader in ("python", "unzip", "7z"):
        found = {file.name: file.stat().st_size for file in (folder / reader).iterdir()}
        assert found == {name: i + 1 for i, name in enumerate(names)}, reader
    assert sorted(p.name for p in folder.iterdir()) == ["7z", "names.zip", "python", "unzip"]


def main():
    for check in (check_names, check_many, check_large, check_limit):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="pierrot-zip-"))
        try:
            check(sys.argv[1], folder)
        finally:
            shutil.rmtree(folder)
        print(check.__name__, "ok", flush=True)


if __name__ == "__main__":
    main()
