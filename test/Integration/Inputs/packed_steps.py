"""Functions on packed sequences, each beside the same one on a batch [B, T, …].

The text of a pair is written once: {T} is what precedes the step's sizes of a value per step,
{cu} the clause, {cuarg} the argument, {cutype} and {cutail} its type, empty without packing; {AXIS}
is the time axis.
"""

PAIRS = {}


def pair(name, body, arguments, results):
    """`arguments` is a list of (name, kind, step sizes, dtype): kind "in", "given", "state" or
    "weight"; `results` a list of (kind, step sizes, dtype)."""
    PAIRS[name] = (body, arguments, results)


LEADS = {"in": "{T}", "out": "{T}", "given": "?x", "state": "?x", "final": "?x", "weight": ""}


def tensor(kind, sizes, dtype="f32"):
    return "tensor<" + LEADS[kind] + "".join(f"{s}x" for s in sizes) + dtype + ">"


def function(name, packed, offsets="i32"):
    """The text of one of a pair: `name` or `name_alone`."""
    body, arguments, results = PAIRS[name]
    declared = [f"%{a}: {tensor(*rest)}" for a, *rest in arguments]
    types = ", ".join(tensor(*r) for r in results)
    text = f"func.func @{name}{{suffix}}({', '.join(declared)}{{cuarg}}) -> ({types}) {{{{\n{body}\n}}}}\n"
    cu = f"tensor<?x{offsets}>"
    return text.format(
        T="?x" if packed else "?x?x",
        suffix="" if packed else "_alone",
        cuarg=f", %cu: {cu}" if packed else "",
        cu="cu_seqlens(%cu)" if packed else "",
        cutype=f"{cu}, " if packed else "",
        cutail=f", {cu}" if packed else "",
        AXIS=0 if packed else 1,
    )


def module(offsets="i32"):
    return "".join(function(n, p, offsets) for n in PAIRS for p in (True, False))


def step(operands, states, body, types, results, names, reverse=""):
    """A recurrence with results `names`."""
    return (
        f"  {names} = seq.recurrence {reverse} ({operands}) {{cu}} states({states}) {{{{\n{body}\n  }}}} : "
        f"({types[0]}{{cutype}}{types[1]}) -> ({results})"
    )


V = "tensor<{T}%sxf32>"
S = "tensor<?x%sxf32>"

for reverse in ("", "reverse"):
    pair(
        "leaky" + ("_backwards" if reverse else ""),
        "  %half = arith.constant dense<0.5> : tensor<6xf32>\n"
        + step(
            "%x: tensor<6xf32> in %u",
            "%h: tensor<6xf32> = %h0",
            "    %t = math.tanh %h : tensor<6xf32>\n"
            "    %m = arith.mulf %half, %t : tensor<6xf32>\n"
            "    %n = arith.addf %m, %x : tensor<6xf32>\n"
            "    seq.yield next(%n : tensor<6xf32>) out(%n : tensor<6xf32>)",
            (V % 6 + ", ", S % 6),
            f"{V % 6}, {S % 6}",
            "%y, %l",
            reverse,
        )
        + f"\n  return %y, %l : {V % 6}, {S % 6}",
        [("u", "in", [6]), ("h0", "state", [6])],
        [("out", [6]), ("final", [6])],
    )

    # Captured weights: the input projections are hoisted, the recurrent product reads h late, and
    # the decoder behind the recurrence is sunk.
    pair(
        "gru" + ("_backwards" if reverse else ""),
        "  %zero = arith.constant dense<0.0> : tensor<19xf32>\n"
        "  %zero3 = arith.constant dense<0.0> : tensor<3xf32>\n"
        "  %one = arith.constant dense<1.0> : tensor<19xf32>\n"
        + step(
            "%x: tensor<5xf32> in %u",
            "%h: tensor<19xf32> = %h0",
            """    %pz = linalg.matvec ins(%wz, %x : tensor<19x5xf32>, tensor<5xf32>) outs(%zero : tensor<19xf32>) -> tensor<19xf32>
    %pn = linalg.matvec ins(%wn, %x : tensor<19x5xf32>, tensor<5xf32>) outs(%zero : tensor<19xf32>) -> tensor<19xf32>
    %rz = linalg.matvec ins(%rz0, %h : tensor<19x19xf32>, tensor<19xf32>) outs(%pz : tensor<19xf32>) -> tensor<19xf32>
    %rn = linalg.matvec ins(%rn0, %h : tensor<19x19xf32>, tensor<19xf32>) outs(%zero : tensor<19xf32>) -> tensor<19xf32>
    %e = math.exp %rz : tensor<19xf32>
    %e1 = arith.addf %e, %one : tensor<19xf32>
    %z = arith.divf %e, %e1 : tensor<19xf32>
    %zr = arith.mulf %z, %rn : tensor<19xf32>
    %s = arith.addf %pn, %zr : tensor<19xf32>
    %c = math.tanh %s : tensor<19xf32>
    %d = arith.subf %h, %c : tensor<19xf32>
    %zd = arith.mulf %z, %d : tensor<19xf32>
    %n = arith.addf %c, %zd : tensor<19xf32>
    %o = linalg.matvec ins(%wo, %n : tensor<3x19xf32>, tensor<19xf32>) outs(%zero3 : tensor<3xf32>) -> tensor<3xf32>
    seq.yield next(%n : tensor<19xf32>) out(%n, %o : tensor<19xf32>, tensor<3xf32>)""",
            (V % 5 + ", ", S % 19),
            f"{V % 19}, {V % 3}, {S % 19}",
            "%y, %o, %l",
            reverse,
        )
        + f"\n  return %y, %o, %l : {V % 19}, {V % 3}, {S % 19}",
        [
            ("u", "in", [5]),
            ("h0", "state", [19]),
            ("wz", "weight", [19, 5]),
            ("wn", "weight", [19, 5]),
            ("rz0", "weight", [19, 19]),
            ("rn0", "weight", [19, 19]),
            ("wo", "weight", [3, 19]),
        ],
        [("out", [19]), ("out", [3]), ("final", [19])],
    )

# Mamba's selective scan: h = exp(Δ A) h + Δ B x, y = C h, a state of 16 × 33.
pair(
    "selective",
    "  %zero = arith.constant dense<0.0> : tensor<33xf32>\n"
    "  %empty = tensor.empty() : tensor<16x33xf32>\n"
    + step(
        "%x: tensor<33xf32> in %u, %d: tensor<33xf32> in %delta, %b: tensor<16xf32> in %bs, %c: tensor<16xf32> in %cs",
        "%h: tensor<16x33xf32> = %h0",
        """    %n = linalg.generic {{indexing_maps = [affine_map<(n, d) -> (n, d)>, affine_map<(n, d) -> (d)>, affine_map<(n, d) -> (d)>, affine_map<(n, d) -> (n)>, affine_map<(n, d) -> (n, d)>, affine_map<(n, d) -> (n, d)>], iterator_types = ["parallel", "parallel"]}}
        ins(%a, %d, %x, %b, %h : tensor<16x33xf32>, tensor<33xf32>, tensor<33xf32>, tensor<16xf32>, tensor<16x33xf32>) outs(%empty : tensor<16x33xf32>) {{
    ^bb0(%ai: f32, %di: f32, %xi: f32, %bi: f32, %hi: f32, %o: f32):
      %da = arith.mulf %di, %ai : f32
      %decay = math.exp %da : f32
      %kept = arith.mulf %decay, %hi : f32
      %dx = arith.mulf %di, %xi : f32
      %in = arith.mulf %dx, %bi : f32
      %sum = arith.addf %kept, %in : f32
      linalg.yield %sum : f32
    }} -> tensor<16x33xf32>
    %y = linalg.vecmat ins(%c, %n : tensor<16xf32>, tensor<16x33xf32>) outs(%zero : tensor<33xf32>) -> tensor<33xf32>
    seq.yield next(%n : tensor<16x33xf32>) out(%y : tensor<33xf32>)""",
        (f"{V % 33}, {V % 33}, {V % 16}, {V % 16}, ", S % "16x33"),
        f"{V % 33}, {S % '16x33'}",
        "%y, %l",
    )
    + f"\n  return %y, %l : {V % 33}, {S % '16x33'}",
    [
        ("u", "in", [33]),
        ("delta", "in", [33]),
        ("bs", "in", [16]),
        ("cs", "in", [16]),
        ("h0", "state", [16, 33]),
        ("a", "weight", [16, 33]),
    ],
    [("out", [33]), ("final", [16, 33])],
)

# Restarts within a sequence, a value per sequence that is an out as well, two states of which one
# is the last input (no delay: it would reach into the sequence before), f64.
pair(
    "mixed",
    step(
        "%x: tensor<4xf64> in %u, %g: tensor<4xf64> given %c",
        "%h: tensor<4xf64> = %h0, %p: tensor<4xf64> = %p0",
        """    %k = arith.mulf %g, %g : tensor<4xf64>
    %m = arith.mulf %g, %h : tensor<4xf64>
    %q = arith.addf %m, %p : tensor<4xf64>
    %n = arith.addf %q, %x : tensor<4xf64>
    seq.yield next(%n, %x : tensor<4xf64>, tensor<4xf64>) out(%n, %p, %k : tensor<4xf64>, tensor<4xf64>, tensor<4xf64>)""",
        (
            "tensor<{T}4xf64>, tensor<?x4xf64>, tensor<{T}i1>, ",
            "tensor<?x4xf64>, tensor<?x4xf64>",
        ),
        "tensor<{T}4xf64>, tensor<{T}4xf64>, tensor<{T}4xf64>, tensor<?x4xf64>, tensor<?x4xf64>",
        "%y:3, %l:2",
    ).replace("{cu} states", "resets(%r) {cu} states")
    + "\n  return %y#0, %y#1, %y#2, %l#0, %l#1 : tensor<{T}4xf64>, tensor<{T}4xf64>, "
    "tensor<{T}4xf64>, tensor<?x4xf64>, tensor<?x4xf64>",
    [
        ("u", "in", [4], "f64"),
        ("c", "given", [4], "f64"),
        ("r", "in", [], "i1"),
        ("h0", "state", [4], "f64"),
        ("p0", "state", [4], "f64"),
    ],
    [("out", [4], "f64")] * 3 + [("final", [4], "f64")] * 2,
)

# Two layers of one packed batch, the second backwards, with work between them.
pair(
    "layers",
    "  %half = arith.constant dense<0.5> : tensor<7xf32>\n"
    + step(
        "%x: tensor<7xf32> in %u",
        "%h: tensor<7xf32> = %h0",
        "    %m = arith.mulf %half, %h : tensor<7xf32>\n"
        "    %n = arith.addf %m, %x : tensor<7xf32>\n"
        "    seq.yield next(%n : tensor<7xf32>) out(%n : tensor<7xf32>)",
        (V % 7 + ", ", S % 7),
        f"{V % 7}, {S % 7}",
        "%y, %l",
    )
    + "\n  %t = math.tanh %y : "
    + V % 7
    + "\n"
    + step(
        "%x: tensor<7xf32> in %t",
        "%h: tensor<7xf32> = %l",
        "    %m = arith.mulf %x, %h : tensor<7xf32>\n"
        "    %n = arith.addf %m, %x : tensor<7xf32>\n"
        "    seq.yield next(%n : tensor<7xf32>) out(%n : tensor<7xf32>)",
        (V % 7 + ", ", S % 7),
        f"{V % 7}, {S % 7}",
        "%z, %k",
        "reverse",
    )
    + f"\n  return %z, %l, %k : {V % 7}, {S % 7}, {S % 7}",
    [("u", "in", [7]), ("h0", "state", [7])],
    [("out", [7]), ("final", [7]), ("final", [7])],
)

# A step without inputs: as many as another argument is long.
pair(
    "counted",
    "  %zero = arith.constant dense<0.0> : tensor<2xf32>\n"
    "  %two = arith.constant dense<[0.6, -0.7]> : tensor<2xf32>\n"
    "  %at = arith.constant {AXIS} : index\n"
    "  %n = tensor.dim %like, %at : tensor<{T}i8>\n"
    "  %y, %l = seq.recurrence () {cu} steps(%n) states(%h: tensor<2xf32> = %h0) {{\n"
    "    %m = arith.mulf %two, %h : tensor<2xf32>\n"
    "    seq.yield next(%m : tensor<2xf32>) out(%m : tensor<2xf32>)\n"
    "  }} : ({cutype}index, tensor<?x2xf32>) -> (" + f"{V % 2}, {S % 2})\n"
    f"  return %y, %l : {V % 2}, {S % 2}",
    [("like", "in", [], "i8"), ("h0", "state", [2])],
    [("out", [2]), ("final", [2])],
)

for structure in ("diagonal", "scalar"):
    for form in ("", "constant", "reverse"):
        decay = [12] if structure == "diagonal" else []
        kind = "weight" if form == "constant" else "in"
        a = tensor(kind, decay)
        pair(
            f"affine_{structure}_{form}".rstrip("_"),
            f"  %y, %l = seq.affine_recurrence {structure} {form} decay(%a) input(%u) initial(%h0) {{cu}}\n"
            f"    : ({a}, {V % 12}, {S % 12}{{cutail}}) -> ({V % 12}, {S % 12})\n"
            f"  return %y, %l : {V % 12}, {S % 12}",
            [("a", kind, decay), ("u", "in", [12]), ("h0", "state", [12])],
            [("out", [12]), ("final", [12])],
        )

pair(
    "affine_readout",
    "  %y, %l = seq.affine_recurrence diagonal decay(%a) input(%u) initial(%h0) readout(%c) {cu} {{state_rank = 2}}\n"
    "    : (tensor<{T}16x9xf32>, tensor<{T}16x9xf32>, tensor<?x16x9xf32>, tensor<{T}16xf32>{cutail}) -> (tensor<{T}9xf32>, tensor<?x16x9xf32>)\n"
    "  return %y, %l : tensor<{T}9xf32>, tensor<?x16x9xf32>",
    [("a", "in", [16, 9]), ("u", "in", [16, 9]), ("h0", "state", [16, 9]), ("c", "in", [16])],
    [("out", [9]), ("final", [16, 9])],
)

pair(
    "ema_corrected",
    "  %y, %l, %p = seq.ema diagonal constant corrected input(%u) decay(%b) initial(%h0, %c0) {cu}\n"
    f"    : ({V % 5}, tensor<5xf32>, {S % 5}, {S % 5}{{cutail}}) -> ({V % 5}, {S % 5}, {S % 5})\n"
    f"  return %y, %l, %p : {V % 5}, {S % 5}, {S % 5}",
    [("b", "weight", [5]), ("u", "in", [5]), ("h0", "state", [5]), ("c0", "state", [5])],
    [("out", [5]), ("final", [5]), ("final", [5])],
)

pair(
    "ema_complex_backwards",
    "  %y, %l, %k = seq.ema complex reverse input(%u) alpha(%a) delta(%d) angle(%t) project(%g, %i) initial(%h0, %k0) {cu}\n"
    f"    : ({V % 5}, tensor<3x5xf32>, tensor<3x5xf32>, tensor<3x5xf32>, tensor<3x5xf32>, tensor<3x5xf32>, "
    f"{S % '3x5'}, {S % '3x5'}{{cutail}}) -> ({V % 5}, {S % '3x5'}, {S % '3x5'})\n"
    f"  return %y, %l, %k : {V % 5}, {S % '3x5'}, {S % '3x5'}",
    [(w, "weight", [3, 5]) for w in ("a", "d", "t", "g", "i")]
    + [("u", "in", [5]), ("h0", "state", [3, 5]), ("k0", "state", [3, 5])],
    [("out", [5]), ("final", [3, 5]), ("final", [3, 5])],
)

# Channels so few that plan `scan` is the cheapest.
for form in ("", "exclusive"):
    pair(
        f"scan_{form}".rstrip("_"),
        f"  %y, %l = seq.scan {form} (%x: tensor<2xf32> in %u, %k: tensor<2xf32> given %g) {{cu}} initial(%h0) lift {{{{\n"
        "    %m = arith.mulf %x, %k : tensor<2xf32>\n"
        "    seq.yield next(%m : tensor<2xf32>)\n"
        "  }} combine(%a: tensor<2xf32>) with(%b: tensor<2xf32>) {{\n"
        "    %c = arith.addf %a, %b : tensor<2xf32>\n"
        "    seq.yield next(%c : tensor<2xf32>)\n"
        f"  }}}} : ({V % 2}, {S % 2}, {{cutype}}{S % 2}) -> ({V % 2}, {S % 2})\n"
        f"  return %y, %l : {V % 2}, {S % 2}",
        [("u", "in", [2]), ("g", "given", [2]), ("h0", "state", [2])],
        [("out", [2]), ("final", [2])],
    )

# Too many states for L1, kept apart by channel: tiles of channels, strips of time. The projection
# is work before the strip, the sum over the states of a channel an out.
for reverse in ("", "reverse"):
    pair(
        "wide" + ("_backwards" if reverse else ""),
        "  %empty = tensor.empty() : tensor<8x1000xf32>\n"
        "  %zero = arith.constant dense<0.0> : tensor<1000xf32>\n"
        + step(
            "%x: tensor<2xf32> in %u",
            "%h: tensor<8x1000xf32> = %h0",
            """    %p = linalg.matvec ins(%w, %x : tensor<1000x2xf32>, tensor<2xf32>) outs(%zero : tensor<1000xf32>) -> tensor<1000xf32>
    %n = linalg.generic {{indexing_maps = [affine_map<(n, d) -> (n, d)>, affine_map<(n, d) -> (d)>, affine_map<(n, d) -> (n, d)>, affine_map<(n, d) -> (n, d)>], iterator_types = ["parallel", "parallel"]}}
        ins(%a, %p, %h : tensor<8x1000xf32>, tensor<1000xf32>, tensor<8x1000xf32>) outs(%empty : tensor<8x1000xf32>) {{
    ^bb0(%ai: f32, %pi: f32, %hi: f32, %o: f32):
      %k = arith.mulf %ai, %hi : f32
      %s = arith.addf %k, %pi : f32
      linalg.yield %s : f32
    }} -> tensor<8x1000xf32>
    %y = linalg.reduce ins(%n : tensor<8x1000xf32>) outs(%zero : tensor<1000xf32>) dimensions = [0]
      (%in: f32, %acc: f32) {{
        %t = arith.addf %acc, %in : f32
        linalg.yield %t : f32
      }}
    seq.yield next(%n : tensor<8x1000xf32>) out(%y : tensor<1000xf32>)""",
            (V % 2 + ", ", S % "8x1000"),
            f"{V % 1000}, {S % '8x1000'}",
            "%y, %l",
            reverse,
        )
        + f"\n  return %y, %l : {V % 1000}, {S % '8x1000'}",
        [("u", "in", [2]), ("h0", "state", [8, 1000]), ("a", "weight", [8, 1000]), ("w", "weight", [1000, 2])],
        [("out", [1000]), ("final", [8, 1000])],
    )
