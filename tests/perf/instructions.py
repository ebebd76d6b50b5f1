#!/usr/bin/env python3
"""Instructions per volume life cycle, by layer, from what callgrind counted; compared
with a baseline.

usage: instructions.py [--accept] --compiler=TEXT BASELINE RUN=LIVES:CALLGRIND_FILE...

Counted is what the daemon's layers execute themselves. What libraries execute is not:
libc and OpenSSL choose their loops by the processor. Instead every allocation counts,
whoever makes it; a library that is used badly shows there.
"""
import argparse
import os
import re
import sys

LAYERS = ("base", "reactor", "net", "h2", "aws", "ebs", "csi")
ALLOCATORS = {"malloc", "calloc", "realloc", "aligned_alloc", "posix_memalign"}
MORE = 0.10         # of its baseline, that a figure may grow
MORE_FAULTS = 0.25  # where another decision changes all that follows
LEAST = 0.01        # of the run's total, that a layer may always grow
HEADER = """\
# Instructions per volume life cycle that the daemon's layers execute, and allocations
# made by whoever, under tests/integration/72-instructions.sh. A change that costs more on
# purpose takes a new baseline along: ./dev baseline.
# compiler: {compiler}
run\tfigure\tper life
"""


class Names:
    """callgrind's "(7) name" for the first time, "(7)" after it."""

    def __init__(self):
        self.names = {}

    def get(self, text):
        number, _, name = text.partition(" ")
        if name:
            self.names[number] = name
        return self.names.get(number, number)


def layer_of(path):
    found = re.findall(r"(?:^|/)(?:src|gen)/([a-z0-9]+)/", path)
    return found[-1] if found else None


def counted(path, program):
    """Instructions by layer of the program, and allocations."""
    objects, files, functions = Names(), Names(), Names()
    sums, allocations = dict.fromkeys(LAYERS, 0), 0
    ours, layer, calls, callee = False, None, None, None
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            head, equals, rest = line.rstrip("\n").partition("=")
            if not equals:
                # A cost line; the one after "calls=" is the callee's and counts there.
                fields = line.split()
                if calls is not None:   # there are arcs with 0 calls
                    allocations += calls if callee in ALLOCATORS else 0
                    calls = None
                elif ours and layer in sums and len(fields) == 2:
                    sums[layer] += int(fields[1])
            elif head == "ob":
                ours = os.path.basename(objects.get(rest)) == program
            elif head == "cob":
                objects.get(rest)
            elif head == "fl":
                layer = layer_of(files.get(rest))
            elif head in ("fi", "fe", "cfi", "cfl"):
                files.get(rest)
            elif head == "fn":
                functions.get(rest)
            elif head == "cfn":
                callee = functions.get(rest).split("@")[0]
            elif head == "calls":
                calls = int(rest.split()[0])
    return sums, allocations


def figures_of(run):
    name, _, rest = run.partition("=")
    lives, _, path = rest.partition(":")
    sums, allocations = counted(path, "ebs-cluster-sim")
    if not sum(sums.values()):
        sys.exit(f"{path} has no instructions of ours: was the program built with -g?")
    figures = {layer: round(n / int(lives)) for layer, n in sums.items() if n}
    figures["all layers"] = sum(figures.values())
    figures["allocations"] = round(allocations / int(lives), 1)
    return {(name, figure): value for figure, value in figures.items()}


def read_baseline(path):
    """The compiler, and figures by (run, name)."""
    compiler, figures = None, {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            fields = line.rstrip("\n").split("\t")
            if line.startswith("# compiler: "):
                compiler = line.split(": ", 1)[1].strip()
            elif len(fields) == 3 and fields[0] != "run":
                figures[fields[0], fields[1]] = float(fields[2])
    return compiler, figures


def write_baseline(path, compiler, figures):
    with open(path + ".new", "w", encoding="utf-8") as out:
        out.write(HEADER.format(compiler=compiler))
        for (run, name), value in figures.items():
            out.write(f"{run}\t{name}\t{value:g}\n" if name == "allocations" else
                      f"{run}\t{name}\t{value}\n")
    os.replace(path + ".new", path)


def allowed(key, was, baseline):
    more = MORE_FAULTS if key[0] == "faults" else MORE
    slack = 0 if key[1] in ("allocations", "all layers") else \
        LEAST * baseline[key[0], "all layers"]
    return was + max(more * was, slack)


def compare(figures, baseline):
    """Prints a TAP-like line for each figure; the number of bad ones."""
    bad = 0
    for key in sorted(baseline.keys() - figures.keys()):
        print(f"not ok - {key[0]}: {key[1]}: is in the baseline, and was not counted")
        bad += 1
    for key, now in figures.items():
        what = f"{key[0]}: {key[1]}"
        was = baseline.get(key)
        if was is None:
            print(f"not ok - {what}: {now:,} per life cycle, and not in the baseline")
            bad += 1
            continue
        change = f"{now:,} per life cycle, {100 * (now / was - 1):+.1f} % of {was:,.10g}"
        if now > allowed(key, was, baseline):
            print(f"not ok - {what}: {change}")
            bad += 1
        else:
            print(f"ok - {what}: {change}")
            if now < was * (1 - MORE):
                print(f"# {what}: much better than the baseline: take the new one")
    return bad


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--accept", action="store_true")
    parser.add_argument("--compiler", required=True)
    parser.add_argument("baseline")
    parser.add_argument("runs", nargs="+")
    args = parser.parse_args()

    figures = {}
    for run in args.runs:
        figures.update(figures_of(run))
    if args.accept:
        write_baseline(args.baseline, args.compiler, figures)
        print(f"# a new baseline is in {args.baseline}")
    compiler, baseline = read_baseline(args.baseline)
    if compiler != args.compiler:
        print(f"skipped: this machine cannot: the baseline is of {compiler}, "
              f"this is {args.compiler}")
        sys.exit(77)
    sys.exit(1 if compare(figures, baseline) else 0)


if __name__ == "__main__":
    main()
