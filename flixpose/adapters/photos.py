"""Photos handed in: each content once, as `inputs/<sha256>.<ext>` in the store."""

from flixpose.errors import UnreadableImage
from flixpose.imaging.decode import sniff
from flixpose.imaging.files import sha256_hex
from flixpose.ports import BlobStore

_SUFFIXES = {"jpeg": ".jpg", "png": ".png", "webp": ".webp", "tiff": ".tif"}


def photo_name(data: bytes, name: str) -> str:
    """`<sha256>.<ext>`, by the content. Raises UnreadableImage."""
    kind = sniff(data)
    if kind is None:
        raise UnreadableImage(f"{name} is no JPEG, PNG, WebP or TIFF.", subject=name)
    return f"{sha256_hex(data)}{_SUFFIXES[kind]}"


def photo_names(sha256: str) -> list[str]:
    """All names that a photo of this content may have."""
    return [f"{sha256}{suffix}" for suffix in _SUFFIXES.values()]


def put_photo(store: BlobStore, data: bytes, name: str) -> str:
    """The photo's URI in the store, where it is put unless it is there.

    Args:
        name: for messages.

    Raises:
        UnreadableImage: the bytes are none of the four formats. StoreUnavailable.
    """
    key = f"inputs/{photo_name(data, name)}"
    if store.exists(key):
        return store.uri(key)
    return store.put(key, data, media_type=f"image/{sniff(data)}", sha256=sha256_hex(data))
