"""Make the pictures of the documents again, from the real output of the demo and an example.

Run it from an environment that has ravine (`make develop` or `make demo` makes one)::

    .venv/bin/python docs/make_pictures.py

It writes into docs/images: ``demo.png`` (what the terminal shows, with the live line as it was
half-way), ``learning_curve.png`` (the picture that the demo saves) and ``momentum.png`` (that of
``examples/momentum.py``).
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

import matplotlib as mpl
from PIL import Image, ImageDraw, ImageFont
from rich.ansi import AnsiDecoder
from rich.console import Console
from rich.style import Style

IMAGES = Path(__file__).parent / "images"
EXAMPLES = Path(__file__).parents[1] / "examples"

COLUMNS = 112
PROMPT = "$ ravine demo"
BACKGROUND, FOREGROUND = "#16181d", "#e4e6eb"
DIM = "#8b909c"
PALETTE = {1: "#ff6b6b", 2: "#5dd39e", 3: "#e6c34a", 4: "#6ea8fe", 5: "#e07be0", 6: "#56c8e9"}
CONTROL = re.compile(r"\x1b\[\??([0-9;]*)([A-Za-z])|\x1b\][^\x07]*\x07|[\r\n]")


def run_in_terminal(command: list[str], folder: Path) -> str:
    """Run a command in a terminal of its own and give everything that it wrote there."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
    process = subprocess.Popen(  # noqa: S603 - our own command
        command,
        cwd=folder,
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env={
            **{key: value for key, value in os.environ.items() if key != "NO_COLOR"},
            "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "COLUMNS": str(COLUMNS),
        },
    )
    os.close(follower)
    written = b""
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:  # how Linux says that the terminal is gone
            break
        if not part:
            break
        written += part
    if process.wait() != 0:
        raise SystemExit(written.decode())
    return written.decode()


def screen(written: str) -> tuple[list[str], list[str]]:
    """Give the lines that remain on the terminal, and those that stood there for a while."""
    lines, passing, row, place = [""], [], 0, 0
    for control in [*CONTROL.finditer(written), None]:
        lines[row] += written[place : control.start() if control else None]
        if control is None:
            break
        place = control.end()
        word, kind = control.group(0), control.group(2)
        if word == "\n":
            row += 1
            lines += [""] * (row == len(lines))
        elif kind == "m":
            lines[row] += word
        elif kind == "A":
            row -= int(control.group(1) or 1)
        elif kind == "K":
            passing.append(lines[row])
            lines[row] = ""
    return lines, passing


def draw(lines: list[str], path: Path) -> None:
    """Draw lines of a terminal, colours and all, character by character on a grid."""
    fonts = Path(mpl.get_data_path()) / "fonts" / "ttf"
    plain = ImageFont.truetype(str(fonts / "DejaVuSansMono.ttf"), 20)
    bold = ImageFont.truetype(str(fonts / "DejaVuSansMono-Bold.ttf"), 20)
    width, height, margin = 12, 24, 24
    image = Image.new(
        "RGB", (COLUMNS * width + 2 * margin, len(lines) * height + 2 * margin), BACKGROUND
    )
    pen = ImageDraw.Draw(image)
    console = Console(color_system="truecolor", width=COLUMNS)
    for row, text in enumerate(AnsiDecoder().decode("\n".join(lines))):
        column = 0
        for segment in text.render(console):
            ink, font = (
                look_of(segment.style),
                bold if segment.style and segment.style.bold else plain,
            )
            for character in segment.text.rstrip("\n"):
                place = (margin + column * width, margin + row * height)
                pen.text(place, character, fill=ink, font=font)
                column += 1
    image.save(path, optimize=True)


def look_of(style: Style | None) -> str:
    """Give the colour of a stretch of text."""
    if style is None or style.color is None:
        return DIM if style is not None and style.dim else FOREGROUND
    number = style.color.number
    return PALETTE.get(number or 0) or style.color.get_truecolor().hex


def draw_demo(folder: Path) -> None:
    """Draw what the demo shows, and keep the learning curve that it saves."""
    launcher = folder / "ravine"
    launcher.write_text(
        f"#!{sys.executable}\nimport sys\nfrom ravine.cli import main\nsys.exit(main())\n"
    )
    launcher.chmod(0o755)
    lines, passing = screen(run_in_terminal([str(launcher), "demo"], folder))
    live = [line for line in passing if "epoch" in line]
    shown = [line for line in lines if "epoch" not in line or "epochs" in line]
    while shown and not shown[-1].strip():
        shown.pop()
    half_way = live[len(live) // 2 : len(live) // 2 + 1]
    draw([PROMPT, shown[0], *half_way, *shown[1:]], IMAGES / "demo.png")
    shutil.copyfile(folder / "ravine-demo" / "learning_curve.png", IMAGES / "learning_curve.png")


def main() -> None:
    """Make all pictures."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        draw_demo(Path(folder))
    command = [sys.executable, EXAMPLES / "momentum.py", "--out", IMAGES]
    subprocess.run(command, check=True)  # noqa: S603 - our own command
    picture = IMAGES / "momentum.png"
    Image.open(picture).convert("RGB").quantize(128).save(picture, optimize=True)


if __name__ == "__main__":
    main()
