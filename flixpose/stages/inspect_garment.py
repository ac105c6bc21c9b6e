"""What is in the product image."""

from flixpose.errors import NoGarment
from flixpose.ports import GarmentReader
from flixpose.structures.found import Garment
from flixpose.structures.image import Image

_LEAST_SCORE = 0.15


def inspect_garment(product: Image, garments: GarmentReader, kind: str | None, view: str | None) -> Garment:
    """Kind, view, mask and landmarks of the garment in the photo.

    Raises:
        NoGarment: there is none, it is cut off, or the reader is all but sure that it is mistaken.
        UnknownKind: `kind` is not one of the 13.
    """
    garment = garments(product, kind=kind, view=view)
    if garment.score < _LEAST_SCORE:
        raise NoGarment(
            f"{product.name} shows no whole garment (score {garment.score:.2f}).", subject=product.name
        )
    return garment
