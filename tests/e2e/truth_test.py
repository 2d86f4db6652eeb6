#!/usr/bin/env python3
"""A simulated world goes through a node, and `tocsin stats` must print exactly what the simulator counted by itself.
Controllers: those that feeds name and those that the node joins (`controllers_joined` of truth.json).

usage: truth_test.py TOCSIN [--scale X] [--members N] [--keep FOLDER]
With --keep the world is FOLDER/world and the node FOLDER/home; what stands there already is used as it is.
tests/independent/count.py counts the same files without any of our code.
"""
import argparse, datetime, fnmatch, json, pathlib, re, subprocess, sys, tempfile, time

parser = argparse.ArgumentParser()
parser.add_argument("tocsin")
parser.add_argument("--scale", default="0.0003")
parser.add_argument("--members", default="2")
parser.add_argument("--keep")
args = parser.parse_args()


def tocsin(*arguments):
    done = subprocess.run([args.tocsin, *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"FAILED: tocsin {' '.join(arguments[:8])}: exit {done.returncode}\n{done.stderr[-2000:]}")
    return done.stdout


def next_month(month):
    year, number = map(int, month.split("-"))
    return f"{year + number // 12}-{number % 12 + 1:02}-01"


def listed_controllers(files):
    """The controllers' list by itself: each row of the n6 feed that names a controller, once."""
    rows = {line for path in files if fnmatch.fnmatch(path.name, "*-n6*.jsonl")
            for line in path.read_text().splitlines() if '"category":"cnc"' in line.replace(" ", "") and is_object(line)}
    return "".join(sorted(row + "\n" for row in rows))


def is_object(line):
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def days_between(since, until):
    return (datetime.date.fromisoformat(until) - datetime.date.fromisoformat(since)).days


def near(wanted, got):
    """Shares and means: divided there and here, so not to the last bit."""
    return got is not None and abs(wanted - got) <= 1e-9 * max(1, abs(wanted))


def take_in(files, tables, list_file, home):
    """Brings each feed's reports into the node, in the order of their paths."""
    # A node joins by what it knows when an event comes in; the simulator's truth joins by the whole list. So that both
    # are the same the list goes in first, as a report of the feed it is from: read again with that feed's files, its
    # rows are exact duplicates, and every figure of events stays. The controllers of a family stand in one country all
    # the time and are listed every day, so 30 days around each listing cover whatever comes after.
    list_file.write_text(listed_controllers(files))
    tocsin("ingest", "--home", home, "--feed", "n6", "--format", "n6", "--tlp", "green", str(list_file))
    for name, table in tables:
        setting = dict(re.findall(r'(\w+) = "([^"]*)"', table))
        mine = [str(path) for path in files if fnmatch.fnmatch(path.name, setting["pattern"])]
        for start in range(0, len(mine), 2000):
            tocsin("ingest", "--home", home, "--feed", name, "--format", setting["format"], "--tlp", setting["tlp"], *mine[start:start + 2000])


def main(folder):
    world, home = folder / "world", str(folder / "home")
    if not world.exists():
        tocsin("simulate", "year-on-year", "--out", str(world), "--scale", args.scale, "--members", args.members)
    truth = json.loads((world / "truth.json").read_text())
    tables = re.findall(r'\[feed\.([\w-]+)\](.*?)(?=\n\[|\Z)', (world / "feeds.toml").read_text(), re.S)
    files = sorted(path for path in world.rglob("*") if path.is_file() and path.parent != world)
    began = time.monotonic()
    if not pathlib.Path(home).exists():
        take_in(files, tables, folder / "controllers-n6.jsonl", home)
    took_s = time.monotonic() - began
    stretches = {period["name"]: (period["since"], period["until"]) for period in truth["periods"]}
    for row in truth["cuts"]["country"]:
        if re.fullmatch(r"\d{4}-\d{2}", row["stretch"]):
            stretches[row["stretch"]] = (row["stretch"] + "-01", next_month(row["stretch"]))
    compared, wrong, reached, means, parts = 0, [], [], [], []
    joined = {"country.type.controller": "country.type.controller.joined"}  # the cut, and which rows of the truth
    for cut in ("country", "country.type", "country.type.family", "country.type.controller"):
        keys = cut.split(".")
        for stretch, (since, until) in stretches.items():
            wanted = {tuple(row[key] for key in keys): row for row in truth["cuts"][joined.get(cut, cut)] if row["stretch"] == stretch}
            answer = json.loads(tocsin("stats", cut, "--since", since, "--until", until, "--top", "10000", "--per", "day", "--json", "--home", home))
            got = {tuple(row["key"].get(key, "") for key in keys): row for row in answer["rows"]}
            got = {key: row for key, row in got.items() if key[0]}
            for key in wanted.keys() | got.keys():
                if key[0] not in truth["members"]:
                    continue
                compared += 1
                figures = [(row or {}).get("events", 0) for row in (wanted.get(key), got.get(key))]
                figures += [(row or {}).get("distinct", 0) for row in (wanted.get(key), got.get(key))]
                same = figures[0] == figures[1] and figures[2] == figures[3]
                if same and key in wanted:
                    mean = wanted[key]["distinct_daily_sum"] / days_between(since, until)
                    same = near(mean, got.get(key, {}).get("distinct_daily_mean"))
                    means.append(mean != figures[2])
                if same and "controllers_joined" in wanted.get(key, {}):
                    same = wanted[key]["controllers_joined"] == got[key].get("controllers")
                    reached.append(wanted[key]["controllers_joined"] != wanted[key]["controllers"])
                if not same:
                    wrong.append((cut, stretch, key, wanted.get(key), got.get(key)))
    answer = json.loads(tocsin("stats", "country.type", "--since", truth["periods"][-1]["since"],
                               "--until", truth["periods"][-1]["until"], "--compare", "year", "--top", "10000", "--json", "--home", home))
    got = {(row["key"]["country"], row["key"]["type"]): row for row in answer["rows"] if "country" in row["key"]}
    reach_before = {(row["country"], row["type"]): row["controllers_joined"] for row in truth["cuts"]["country.type"]
                    if row["stretch"] == truth["periods"][0]["name"] and "controllers_joined" in row}
    for row in truth["compare"]:
        mine = got.get((row["country"], row["type"]))
        compared += 1
        if mine is None or mine["distinct"] != row["distinct"] or mine["before"]["distinct"] != row["distinct_before"] \
                or sorted(mine.get("feeds_new", [])) != sorted(row["feeds_new"]) or sorted(mine.get("feeds_gone", [])) != sorted(row["feeds_gone"]):
            wrong.append(("compare", row, mine))
        elif row["distinct_before"] > 0:
            # What feeds that report in both periods show, and what is left: who reports.
            same_points = (row["same_feeds"] - row["same_feeds_before"]) / row["distinct_before"] * 100
            change = (row["distinct"] - row["distinct_before"]) / row["distinct_before"] * 100
            parts.append(change != same_points)
            if not near(same_points, mine.get("same_feeds_points")) or not near(change - same_points, mine.get("feeds_changed_points")):
                wrong.append(("feeds new and gone", row, mine))
        before = reach_before.get((row["country"], row["type"]))
        if before and before != (mine or {}).get("controllers_before"):
            wrong.append(("controllers before", before, mine))
    if not any(reached):
        wrong.append("no figure of the truth differs by the join: nothing was tested")
    if not any(means) or not any(parts):
        wrong.append("no mean, or no share of new and gone feeds, that tells anything: nothing was tested")
    for what in wrong[:10]:
        print("differs:", json.dumps(what, default=str)[:900])
    print(f"{len(files)} files taken in in {took_s:.0f} s; {compared} figures compared, {len(wrong)} differ")
    return 1 if wrong else 0


if args.keep:
    sys.exit(main(pathlib.Path(args.keep)))
with tempfile.TemporaryDirectory() as name:
    sys.exit(main(pathlib.Path(name)))
