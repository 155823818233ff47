"""The tables and the plot of what was measured."""
import math
import statistics

from machine import table
from variants import COUNTED_CPU

COLORS = {"gcc": "#888888", "native here": "#000000", "gcc here": "#bbbbbb", "guard": "#c2185b",
          "check": "#f06292", "guard+profile": "#7b1fa2", "wasm2c": "#1976d2",
          "wasmtime": "#388e3c", "v8": "#f9a825"}


def geomean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def ratios(bench, figures, variant):
    """{program: this variant's figure to the base's}, where both are known."""
    base = bench.variants[0].name
    found = {}
    for program in bench.active():
        mine, theirs = ((program.name, name) for name in (variant.name, base))
        if mine in figures and theirs in figures:
            found[program.name] = figures[mine] / figures[theirs]
    return found


def groups(bench):
    """(label, names) of what has a mean of its own."""
    ours = [program.name for program in bench.active() if not program.package]
    packaged = [program.name for program in bench.active() if program.package]
    rows = [("all", ours + packaged)]
    if ours and packaged:
        rows += [("our own", ours), ("of packages", packaged)]
    return rows


def mean_rows(bench, columns, label, cells_before):
    for group, names in groups(bench):
        names = [name for name in names if any(name in column for column in columns)]
        cells = []
        for column in columns:
            values = [column[name] for name in names if name in column]
            cells.append(f"**{geomean(values):.3f}**" if values else "")
        if names:
            yield [f"**{label}, {group} ({len(names)})**", *[""] * cells_before, *cells]


def ratio_table(bench, figures, unit, show):
    """One row a program: the base's figure, the others' ratios to it; then the means."""
    others = [variant for variant in bench.variants[1:]
              if any((program.name, variant.name) in figures for program in bench.active())]
    columns = [ratios(bench, figures, variant) for variant in others]
    base = bench.variants[0].name
    rows = []
    for program in bench.active():
        if (program.name, base) in figures:
            cells = [f"{column[program.name]:.2f}" if program.name in column else ""
                     for column in columns]
            rows.append([program.name, show(figures[program.name, base]), *cells])
    head = ["program", f"{base} {unit}", *[variant.name for variant in others]]
    return head, rows + list(mean_rows(bench, columns, "mean", 1)), others


def median_rows(bench, others):
    medians = {key: statistics.median(values) for key, values in bench.times.items()}
    return mean_rows(bench, [ratios(bench, medians, variant) for variant in others],
                     "mean of the medians", 1)


def worst(bench, figures, name, count=5):
    """The programs with the largest ratios of a variant."""
    variant = next((variant for variant in bench.variants if variant.name == name), None)
    found = ratios(bench, figures, variant) if variant else {}
    first = sorted(found, key=found.get, reverse=True)[:count]
    return ", ".join(f"{program} {found[program]:.2f}" for program in first)


def markdown(bench, runs, when):
    minima = {key: min(values) for key, values in bench.times.items()}
    head, rows, others = ratio_table(bench, minima, "s", lambda figure: f"{figure:.3f}")
    lines = ["# Run time of compiled programs", "", when, ""]
    lines += [f"- {variant.name}: {variant.text}" for variant in bench.variants]
    lines += ["", "## Times", "",
              f"CPU seconds of the whole process, least of {runs} runs, taken in turns; for the "
              "others the ratio to native. Means are geometric.", "",
              *table(head, rows + list(median_rows(bench, others))), "",
              "![plot of the times](RESULT.svg)", ""]
    for name in ("guard", "check"):
        if worst(bench, minima, name):
            lines += [f"Slowest beside native, {name}: {worst(bench, minima, name)}.", ""]
    if bench.counts:
        head, rows, _ = ratio_table(bench, bench.counts, "million",
                                    lambda figure: f"{figure / 1e6:.0f}")
        lines += ["## Instructions", "",
                  "Counted by Valgrind (cachegrind), start included; what is made for this CPU "
                  f"above is made for {COUNTED_CPU} here, since Valgrind knows no AVX-512.", "",
                  *table(head, rows), ""]
    same = f"{len(bench.active())} programs, each with equal output in all variants and runs."
    lines += [same]
    for word, notes in (("Skipped", bench.skipped), ("Failed", bench.failed)):
        lines += ["", *[f"{word}: {name}: {why}" for name, why in notes.items()]] if notes else []
    return "\n".join(lines) + "\n"


# ---- the plot ----

LEFT, WIDTH, STEP, TOP = 110, 720, 15, 50
LEAST, MOST = 1 / 8, 8


def place(ratio):
    """Where a ratio is: a logarithmic scale, ends included."""
    part = math.log(min(max(ratio, LEAST), MOST) / LEAST) / math.log(MOST / LEAST)
    return LEFT + part * WIDTH


def text_at(x, y, text, anchor="start", color="#222222"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{color}">{text}</text>'


def grid(bottom):
    ratio = LEAST
    while ratio <= MOST:
        x, width = place(ratio), 1.5 if ratio == 1 else 0.5
        yield (f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{bottom}" stroke="#999999" '
               f'stroke-width="{width}"/>')
        yield text_at(x, TOP - 6, f"{ratio:g}", "middle")
        ratio *= 2


def plot(bench):
    """One line a program, one dot a variant: its time over native, least of all runs."""
    minima = {key: min(values) for key, values in bench.times.items()}
    names = [program.name for program in bench.active()]
    bottom = TOP + STEP * len(names) + 6
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 30}" '
             f'height="{bottom + 12}" font-family="sans-serif" font-size="11">',
             f'<rect width="{LEFT + WIDTH + 30}" height="{bottom + 12}" fill="white"/>',
             *grid(bottom)]
    for row, name in enumerate(names):
        lines.append(text_at(LEFT - 8, TOP + STEP * row + 15, name, "end"))
    for column, variant in enumerate(bench.variants[1:]):
        color, x = COLORS[variant.name], LEFT + column * 88
        lines += [f'<circle cx="{x}" cy="16" r="4" fill="{color}"/>',
                  text_at(x + 8, 20, variant.name)]
        for name, ratio in ratios(bench, minima, variant).items():
            y = TOP + STEP * names.index(name) + 11
            lines.append(f'<circle cx="{place(ratio):.1f}" cy="{y}" r="3.5" fill="{color}" '
                         f'fill-opacity="0.8"><title>{name}, {variant.name}: {ratio:.2f}</title>'
                         "</circle>")
    return "\n".join(lines + ["</svg>"]) + "\n"
