"""What documents hold of results: tables, and parts between markers that a script writes."""

import re


def with_parts(text, script, parts):
    """Give a text whose marked parts, which a script writes, have these lines."""
    for name, lines in parts.items():
        begin, end = f"<!-- {name}: written by benchmarks/{script} -->\n", f"<!-- end {name} -->"
        pattern = re.escape(begin) + ".*?" + re.escape(end)
        made = begin + "\n" + "\n".join(lines) + "\n\n" + end
        text, count = re.subn(pattern, lambda _, made=made: made, text, flags=re.DOTALL)
        if count != 1:
            raise SystemExit(f"The document has no part {name!r}, or several.")
    return text


def markdown_table(heads, rows):
    marks = ["---", *["---:"] * (len(heads) - 1)]
    return ["| " + " | ".join(row) + " |" for row in (heads, marks, *rows)]
