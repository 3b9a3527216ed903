#!/usr/bin/env python3
"""CPU seconds and peak memory of spawnsafe, ruff and ripgrep on the same trees, in turn, and how cost grows.

    benches/table.py [--tool BINARY] [--runs N] TREE...       one row for each tree, all of them as one project last
    benches/table.py [--tool BINARY] --growth [--svg FILE]    small programs that grow, and the exponent of each

CPU seconds (user and system, of all threads) are what is compared: a busy machine changes them little. The programs run
in turn, so that what changes meanwhile meets all of them alike; the median of the rounds is printed, and the largest
peak. Programs that are not found are left out. This is no test: figures depend on the machine.

    rg    reads every Python file once: the floor            cargo install ripgrep
    ruff  parses every Python file, runs three cheap rules   pip install ruff
"""

import argparse
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

WORDS = r"multiprocessing|concurrent\.futures|ProcessPoolExecutor|run_in_executor|to_process"


def cost(command, limit):
    """CPU seconds, peak in MB and the exit code of a command; code None if it took longer than `limit` seconds."""
    limited = ["timeout", "--signal=KILL", str(limit), *command] if shutil.which("timeout") else command
    process = subprocess.Popen(limited, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    code = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024, None if code in (-9, 137) else code


def commands(tool, trees):
    all_of_them = {"spawnsafe": [tool, "check", "--isolated", "--no-cache", "--output-format", "concise", *trees]}
    if ruff := shutil.which("ruff"):
        rules = ["--exit-zero", "-q", "--statistics", "--select", "B023,S301,E731"]
        all_of_them["ruff"] = [ruff, "check", "--isolated", "--no-cache", *rules, *trees]
    if rg := shutil.which("rg"):
        all_of_them["rg"] = [rg, "-l", "-tpy", WORDS, *trees]
    return all_of_them


def row(name, tool, trees, runs, limit):
    programs = commands(tool, trees)
    seen = {program: [] for program in programs}
    for _ in range(runs):
        for program, command in programs.items():
            seen[program].append(cost(command, limit))
    seconds = {program: statistics.median(one[0] for one in rows) for program, rows in seen.items()}
    line = f"{name:24}"
    for program, rows in seen.items():
        bad = [one[2] for one in rows if one[2] is None or one[2] not in (0, 1)]
        mark = "" if not bad else " (too long)" if bad[0] is None else f" (failed: {bad[0]})"
        line += f"  {program} {seconds[program]:8.2f} s {max(one[1] for one in rows):5} MB{mark}"
    for program in seconds:
        if program != "spawnsafe":
            line += f"  /{program} {seconds['spawnsafe'] / max(seconds[program], 0.01):8.2f}"
    print(line, flush=True)


HEAD = "from concurrent.futures import ProcessPoolExecutor\n"


def all_call_all(n):
    body = "".join(f"def f{i}(g):\n" + "".join(f"    f{j}(g)\n" for j in range(n)) for i in range(n))
    return HEAD + body + "with ProcessPoolExecutor() as pool:\n    pool.submit(f0, abs)\n"


def ignores(n):
    return HEAD + "".join(f"x{i} = {i}  # spawnsafe: ignore[SP101]\n" for i in range(n))


def lambdas(n):
    items = "".join(f"    {i}: lambda x: x + {i},\n" for i in range(n))
    return HEAD + "table = {\n" + items + "}\nwith ProcessPoolExecutor() as pool:\n    pool.submit(table[0], 1)\n"


def submits(n):
    calls = "".join(f"    pool.submit(lambda: {i})\n" for i in range(n))
    return HEAD + "with ProcessPoolExecutor() as pool:\n" + calls


def one_fix(n):
    calls = "".join(f"    pool.submit(task, {i})\n" for i in range(n))
    return HEAD + "def main(pool):\n    def task(i):\n        return i\n" + calls + "main(ProcessPoolExecutor())\n"


def chain(n):
    body = "".join(f"def f{i}(g):\n    return f{i + 1}(g)\n" for i in range(n))
    return HEAD + body + f"def f{n}(g):\n    return ProcessPoolExecutor().submit(g)\nf0(lambda: 1)\n"


SHAPES = {
    "functions that all call each other": (all_call_all, [5, 10, 20, 40]),
    "ignore comments": (ignores, [1250, 2500, 5000, 10000]),
    "a dictionary of n lambdas": (lambdas, [500, 1000, 2000, 4000]),
    "n submitted lambdas": (submits, [125, 250, 500, 1000]),
    "n findings that share one fix": (one_fix, [250, 500, 1000, 2000]),
    "a chain of n functions": (chain, [50, 100, 200, 400]),
}


def grow(tool, limit):
    """For each shape the points (n, seconds)."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "program.py")
        for name, (make, sizes) in SHAPES.items():
            points = []
            for n in sizes:
                with open(path, "w") as file:
                    file.write(make(n))
                seconds, peak, code = cost([tool, "check", "--isolated", "--no-cache", "--output-format", "json", path], limit)
                points.append((n, seconds))
                note = "  too long" if code is None else "" if code in (0, 1) else f"  failed: {code}"
                print(f"{name:36} {n:6}  {seconds:7.2f} s  {peak:5} MB{note}", flush=True)
                if code is None:
                    break
            found[name] = points
            (n0, s0), (n1, s1) = points[-2:] if len(points) > 1 else (points[0], points[0])
            if n1 > n0:
                work = math.log(max(s1, 0.01) / max(s0, 0.01)) / math.log(n1 / n0)
                print(f"{'':36} grows like n to the {max(work, 0):.1f}", flush=True)
    return found


def draw(found, file):
    """The curves, both axes logarithmic: a line at 45 degrees is linear."""
    width, height, left, top = 720, 420, 60, 20
    colors = ["#4269d0", "#efb118", "#ff725c", "#6cc5b0", "#3ca951", "#a463f2"]
    points = [point for row in found.values() for point in row]
    low, high = math.log10(min(n for n, _ in points)), math.log10(max(n for n, _ in points))
    bottom, peak = -2.5, math.log10(max(max(s for _, s in points), 1.0))

    def place(n, s):
        x = left + (math.log10(n) - low) / (high - low) * (width - left - 230)
        y = top + (peak - max(math.log10(max(s, 1e-9)), bottom)) / (peak - bottom) * (height - top - 40)
        return f"{x:.1f},{y:.1f}"

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="12">']
    out.append(f'<rect width="{width}" height="{height}" fill="#fff"/>')
    for power in range(-2, math.ceil(peak) + 1):
        x, y = place(10**low, 10**power).split(",")
        out.append(f'<path d="M{x} {y}H{width - 230}" stroke="#ddd"/><text x="8" y="{y}">{10.0**power:g} s</text>')
    for power in range(math.ceil(low), math.floor(high) + 1):
        x = place(10**power, 1).split(",")[0]
        out.append(f'<text x="{x}" y="{height - 12}">n = {10**power}</text>')
    for index, (name, row) in enumerate(found.items()):
        line = " ".join(place(n, s) for n, s in row)
        out.append(f'<polyline points="{line}" fill="none" stroke="{colors[index]}" stroke-width="2"/>')
        out.append(f'<text x="{width - 222}" y="{top + 18 * (index + 1)}" fill="{colors[index]}">{name}</text>')
    out.append("</svg>\n")
    with open(file, "w") as target:
        target.write("\n".join(out))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", default="target/dist/spawnsafe", help="the binary to measure")
    parser.add_argument("--runs", type=int, default=5, help="rounds for each tree")
    parser.add_argument("--limit", type=int, default=600, help="seconds after which a program is stopped")
    parser.add_argument("--growth", action="store_true", help="measure programs that grow")
    parser.add_argument("--svg", help="where to draw their curves")
    parser.add_argument("trees", nargs="*")
    given = parser.parse_args()
    if not shutil.which(given.tool):
        sys.exit(f"table.py: {given.tool} is missing; run cargo build --profile dist")
    if given.growth:
        found = grow(given.tool, given.limit)
        if given.svg:
            draw(found, given.svg)
    for tree in given.trees:
        row(os.path.basename(os.path.normpath(tree)), given.tool, [tree], given.runs, given.limit)
    if len(given.trees) > 1:
        row("all as one", given.tool, given.trees, given.runs, given.limit)


main()
