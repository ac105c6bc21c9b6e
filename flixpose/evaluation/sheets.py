"""Contact sheets: pictures in a grid, each with a few lines of text below it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pil
from PIL import ImageDraw, ImageFont

Pixels = NDArray[np.uint8]

_PAPER, _INK = (246, 246, 244), (30, 30, 30)
TONES = {"pass": (24, 120, 60), "review": (176, 112, 0), "fail": (180, 30, 40), "error": (180, 30, 40)}
_TEXT, _LEAD, _GAP = 13, 17, 10


@dataclass(frozen=True, eq=False, slots=True)
class Tile:
    """One picture of a sheet.

    Attributes:
        picture: (H, W, 3) sRGB; None leaves an empty field.
        lines: below it; cut to the tile's width.
        tone: key of `TONES` for a frame and the text's colour; "" for none.
    """

    picture: Pixels | None
    lines: tuple[str, ...]
    tone: str = ""


def contact_sheet(
    title: str, tiles: Sequence[Tile], *, columns: int, cell: tuple[int, int], text_lines: int = 3
) -> Pixels:
    """(H, W, 3): the tiles row by row, each fitted into `cell` (width, height) without stretching."""
    width = columns * (cell[0] + _GAP) + _GAP
    step = cell[1] + text_lines * _LEAD + 2 * _GAP
    rows = -(-len(tiles) // columns)
    sheet = Pil.new("RGB", (width, rows * step + 2 * _LEAD + _GAP), _PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.text((_GAP, _GAP), title, fill=_INK, font=ImageFont.load_default(_TEXT + 3))
    for place, tile in enumerate(tiles):
        x = _GAP + place % columns * (cell[0] + _GAP)
        y = 2 * _LEAD + _GAP + place // columns * step
        _paste(sheet, pen, tile, (x, y), cell, text_lines)
    return np.array(sheet)


def _paste(
    sheet: Pil.Image,
    pen: ImageDraw.ImageDraw,
    tile: Tile,
    at: tuple[int, int],
    cell: tuple[int, int],
    text_lines: int,
) -> None:
    x, y = at
    colour = TONES.get(tile.tone, _INK)
    if tile.picture is not None:
        picture = Pil.fromarray(tile.picture)
        picture.thumbnail(cell, Pil.Resampling.LANCZOS)
        sheet.paste(picture, (x + (cell[0] - picture.width) // 2, y + (cell[1] - picture.height) // 2))
    if tile.tone:
        pen.rectangle((x - 2, y - 2, x + cell[0] + 1, y + cell[1] + 1), outline=colour, width=2)
    font = ImageFont.load_default(_TEXT)
    for row, line in enumerate(tile.lines[:text_lines]):
        fitted = _fitted(line, font, cell[0])
        pen.text((x, y + cell[1] + 4 + row * _LEAD), fitted, fill=colour if row else _INK, font=font)


def _fitted(line: str, font: ImageFont.ImageFont | ImageFont.FreeTypeFont, width: int) -> str:
    if font.getlength(line) <= width:
        return line
    while line and font.getlength(line + "…") > width:
        line = line[:-1]
    return line + "…"
