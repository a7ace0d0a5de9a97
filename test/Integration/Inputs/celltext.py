"""What the comment on top of a cell of the library says, as a program."""

import re


def usage(path):
    """The declaration in the comment after 'Usage:'."""
    text = path.read_text().split("// Usage:\n")[1]
    lines = text.splitlines()
    block = lines[: next(i for i, l in enumerate(lines) if not l.startswith("//"))]
    return " ".join(l.removeprefix("//").strip() for l in block)


def caller(path):
    """A module with a public function that calls the cell with the types of its usage comment."""
    declaration = usage(path)
    name, arguments, results = re.fullmatch(
        r"func\.func private (@[\w.]+)\((.*)\)\s*-> \((.*)\)", declaration
    ).groups()
    types, count = arguments.split(", "), len(results.split(", "))
    declared = ", ".join(f"%a{i}: {t}" for i, t in enumerate(types))
    values = ", ".join(f"%a{i}" for i in range(len(types)))
    return f"""{declaration}
func.func @use({declared}) -> ({results}) {{
  %r:{count} = call {name}({values}) : ({arguments}) -> ({results})
  return {", ".join(f"%r#{i}" for i in range(count))} : {results}
}}"""
