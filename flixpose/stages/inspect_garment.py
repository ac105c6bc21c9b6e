"""What is in the product image."""

from dataclasses import replace

from flixpose.errors import NoGarment
from flixpose.ports import GarmentReader
from flixpose.structures.found import Garment
from flixpose.structures.image import Image
from flixpose.structures.keypoints import Keypoints

_LEAST_SCORE = 0.15


def inspect_garment(
    product: Image,
    garments: GarmentReader,
    kind: str | None,
    view: str | None,
    given: Keypoints | None = None,
) -> Garment:
    """Kind, view, mask and landmarks of the garment in the photo.

    Args:
        given: landmarks in place of the reader's; they tell the kind, and that there is a garment.

    Raises:
        NoGarment: there is none, it is cut off, or the reader is all but sure that it is mistaken.
        UnknownKind: `kind` is not one of the 13.
    """
    if given is not None:
        seen = garments(product, kind=given.skeleton.name, view=view)
        return replace(seen, landmarks=given, author="human")
    garment = garments(product, kind=kind, view=view)
    if garment.score < _LEAST_SCORE:
        raise NoGarment(
            f"{product.name} shows no whole garment (score {garment.score:.2f}).", subject=product.name
        )
    return garment
