#!/usr/bin/env python3
"""Makes small worlds and counts them independently. usage: check.py --bin DIR

Passes only if count.py finds truth.json right for each, and wrong after one row has been taken away.
"""
import argparse, pathlib, subprocess, sys, tempfile

COUNT = pathlib.Path(__file__).with_name("count.py")
WORLDS = {"year": ["year-on-year", "--scale", "0.0005", "--members", "3"],
          "small": ["small", "--seed", "7", "--repeats", "0.3", "--country", "KE"],
          "bench": ["bench", "--rows", "20000"]}

def counted(world):
    return subprocess.run([sys.executable, COUNT, world, "--check"], text=True, stdout=subprocess.PIPE)

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True, type=pathlib.Path)
    args = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, options in WORLDS.items():
            world = pathlib.Path(folder) / name
            subprocess.run([args.bin / "tocsin", "simulate", *options, "--out", world], check=True)
            result = counted(world)
            print(f"{name}: {result.stdout.splitlines()[-1]}")
            if result.returncode != 0:
                print(result.stdout)
                failed += 1
        report = max(world.rglob("*.csv"), key=lambda p: p.stat().st_size)  # of the last world
        report.write_text("\n".join(report.read_text().split("\n")[:-2]) + "\n")
        if counted(world).returncode == 0:
            print("a missing row was not noticed")
            failed += 1
    return failed > 0

sys.exit(main())
