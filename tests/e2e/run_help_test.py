#!/usr/bin/env python3
"""`./run --help` answers at once, without a build, and lists the options that `tocsin run` has.

usage: run_help_test.py TOCSIN
"""
import pathlib, re, shutil, subprocess, sys, tempfile


def options(text):
    return set(re.findall(r"--[a-z-]+", text.split("Example:")[0]))


def main(tocsin):
    script = pathlib.Path(__file__).resolve().parents[2] / "run"
    with tempfile.TemporaryDirectory() as folder:  # where there is nothing else: no tools, no build
        shutil.copy(script, folder)
        asked = [subprocess.run([f"{folder}/run", *words], text=True, capture_output=True, timeout=20)
                 for words in (["--help"], ["--demo", "-h"])]
        for done in asked:
            assert done.returncode == 0 and not done.stderr, f"./run --help: {done.stderr}"
        left = [path.name for path in pathlib.Path(folder).iterdir()]
        assert left == ["run"], f"./run --help made {left}"
    wanted = options(subprocess.run([tocsin, "run", "--help"], text=True, capture_output=True).stdout)
    got = options(asked[0].stdout)
    assert got == wanted and "--demo" in got, f"./run --help lists {got}, tocsin run --help {wanted}"
    print("ok")


main(sys.argv[1])
