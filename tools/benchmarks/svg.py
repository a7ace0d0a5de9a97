"""Line charts with logarithmic axes, as SVG text."""
import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 470, 70, 230, 48, 116
COLOURS = "#1f5fa8", "#c2491d", "#2f8f4e", "#7a4fa3", "#8a6d1b", "#555555"


def decades(values):
    """The powers of ten around the positive finite values."""
    logs = [math.log10(v) for v in values if 0 < v < math.inf]
    low, high = math.floor(min(logs)), math.ceil(max(logs))
    return [10.0 ** power for power in range(low, max(high, low + 1) + 1)]


class Chart:
    """`series` are (name, [(x, y)]). A y that is not finite stands on the upper border, open. `ticks` are the
    labels of x by value, `marks` the x of dashed lines."""

    def __init__(self, title, axes, series, ticks, notes=(), marks=()):
        self.title, self.axes, self.series, self.ticks, self.notes = title, axes, series, ticks, notes
        self.marks = marks
        self.heights = decades([y for _, points in series for _, y in points])
        self.ends = min(ticks), max(ticks)

    def x(self, value):
        low, high = map(math.log, self.ends)
        return LEFT + (math.log(value) - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    def y(self, value):
        if not math.isfinite(value):
            return TOP
        low, high = math.log(self.heights[0]), math.log(self.heights[-1])
        return TOP + (high - math.log(value)) / (high - low) * (HEIGHT - TOP - BOTTOM)

    def grid(self):
        """Lines and labels of the axes."""
        bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
        for value in self.heights[::1 + len(self.heights) // 9]:
            y = self.y(value)
            yield f'<path d="M{LEFT} {y:.1f}H{right}" stroke="#dddddd"/>'
            yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>'
        for value, name in self.ticks.items():
            x = self.x(value)
            yield f'<path d="M{x:.1f} {TOP}V{bottom}" stroke="#eeeeee"/>'
            yield f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{escape(name)}</text>'
        for value in self.marks:
            yield f'<path d="M{self.x(value):.1f} {TOP}V{bottom}" stroke="#555555" stroke-dasharray="4 3"/>'
        yield f'<text x="{(LEFT + right) / 2}" y="{bottom + 38}" text-anchor="middle">{escape(self.axes[0])}</text>'
        yield (f'<text transform="translate(18 {(TOP + bottom) / 2}) rotate(-90)" text-anchor="middle">'
               f'{escape(self.axes[1])}</text>')

    def line(self, number, name, points):
        """One series and its entry in the legend."""
        colour, at = COLOURS[number % len(COLOURS)], TOP + 10 + 20 * number
        # Errors of 0 have no logarithm; a line stops where nothing finite goes on.
        placed = [(self.x(x), self.y(y), math.isfinite(y)) for x, y in points if not y <= 0]
        solid = " ".join(f"{x:.1f},{y:.1f}" for x, y, finite in placed if finite)
        yield f'<polyline points="{solid}" fill="none" stroke="{colour}" stroke-width="2"/>'
        for x, y, finite in placed:
            inside = colour if finite else "#ffffff"
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" stroke="{colour}" fill="{inside}"/>'
        yield f'<path d="M{WIDTH - RIGHT + 14} {at}h22" stroke="{colour}" stroke-width="2"/>'
        yield f'<text x="{WIDTH - RIGHT + 42}" y="{at + 4}">{escape(name)}</text>'

    def text(self):
        yield (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
               'font-family="sans-serif" font-size="12" fill="#222222">')
        yield f"<title>{escape(self.title)}</title>"
        yield f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>'
        yield f'<text x="{LEFT}" y="24" font-size="15">{escape(self.title)}</text>'
        yield from self.grid()
        for number, (name, points) in enumerate(self.series):
            yield from self.line(number, name, points)
        for number, note in enumerate(self.notes):
            y = HEIGHT - BOTTOM + 58 + 14 * number
            yield f'<text x="{LEFT}" y="{y}" font-size="11" fill="#555555">{escape(note)}</text>'
        yield "</svg>"
