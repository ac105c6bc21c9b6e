"""Where else to look when the whole photo shows nobody."""

from collections.abc import Iterator

from flixpose.pose.codec.region import Region


def other_views(width: int, height: int) -> Iterator[Region]:
    """Square views of a photo in which a person may be easier to see, the likeliest first."""
    longer, shorter = float(max(width, height)), float(min(width, height))
    x, y = width / 2, height / 2
    yield Region(x, y, longer * 1.5)
    yield Region(x, shorter / 2, shorter)
    yield Region(x, y, shorter)
