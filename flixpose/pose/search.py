"""Where else to look when the whole photo shows nobody: somebody small, far off the middle, or cut off.

The detector wants a head, and sees whole bodies best. Wider views help with people who fill the frame, closer
ones with people who are small in it.
"""

from collections.abc import Iterator

from flixpose.pose.codec.region import Region

_CLOSER = 1.2  # side of a close view in halves of the photo's shorter side: they overlap


def other_views(width: int, height: int) -> Iterator[tuple[Region, ...]]:
    """Square views of a photo, in groups that are looked at together; the likeliest first."""
    longer, shorter = float(max(width, height)), float(min(width, height))
    x, y = width / 2, height / 2
    yield (Region(x, y, longer * 1.5),)
    yield (Region(x, y, longer * 2.2),)
    yield (Region(x, shorter / 2, shorter),)
    yield (Region(x, y, shorter),)
    yield (Region(x, y - longer / 4, longer * 1.5),)
    yield tuple(_closer_views(width, height, shorter * _CLOSER / 2))


def _closer_views(width: int, height: int, side: float) -> Iterator[Region]:
    """Views of that side spread evenly over the photo, row by row."""
    columns, rows = round(width / side) + 1, round(height / side) + 1
    for row in range(rows):
        for column in range(columns):
            yield Region((column + 0.5) * width / columns, (row + 0.5) * height / rows, side)
