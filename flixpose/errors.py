"""Every deliberate failure of flixpose: a stable code, whether a retry can help, and advice.

A class is a code. The message names the file, row or point at fault; `advice` tells the reader what to do.
Programs match on `code`, never on the text.
"""

from typing import Any, ClassVar


class FlixposeError(Exception):
    """Base of all deliberate failures.

    Args:
        message: what happened, naming the file, row or point at fault.
        advice: what the reader can do; the class's own `remedy` unless given.
        subject: the file, row or point alone, for programs.
    """

    code: ClassVar[str] = "internal"
    retry: ClassVar[bool] = False
    remedy: ClassVar[str] = "Report this with the log; it is a fault in flixpose."

    def __init__(self, message: str, *, advice: str | None = None, subject: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice or self.remedy
        self.subject = subject

    def __str__(self) -> str:
        return f"{self.code}: {self.message} {self.advice}"

    def to_json(self) -> dict[str, Any]:
        """The failure as plain values: code, message, advice, subject, retry."""
        return {
            "code": self.code,
            "message": self.message,
            "advice": self.advice,
            "subject": self.subject,
            "retry": self.retry,
        }


class UsageError(FlixposeError):
    code = "usage"
    remedy = "See `flixpose COMMAND --help`."


class BadSettings(FlixposeError):
    code = "bad_settings"
    remedy = "Correct the environment variable or the settings file; `flixpose doctor` shows what is read."


class MissingInput(FlixposeError):
    code = "missing_input"
    remedy = "Check the path or URI; relative paths in a manifest start at the manifest's folder."


class ForbiddenUri(FlixposeError):
    code = "forbidden_uri"
    remedy = "Use a local path, a file:// or an s3:// URI inside an allowed bucket or folder."


class UnreadableImage(FlixposeError):
    code = "unreadable_image"
    remedy = "Send a complete JPEG, PNG, WebP or TIFF."


class ImageTooLarge(FlixposeError):
    code = "image_too_large"
    remedy = "Send a smaller picture, or raise FLIXPOSE_MAX_MEGAPIXELS or FLIXPOSE_MAX_FILE_MB."


class ImageTooSmall(FlixposeError):
    code = "image_too_small"
    remedy = "Send a picture of at least 64 pixels on each side."


class NoPerson(FlixposeError):
    code = "no_person"
    remedy = "Use a photo in which one person's head and shoulders can be seen."


class NoGarment(FlixposeError):
    code = "no_garment"
    remedy = "Use a photo of one garment before a plain background, wholly inside the frame."


class UnknownKind(FlixposeError):
    code = "unknown_kind"
    remedy = "Use one of the 13 garment kinds; `flixpose landmarks --help` lists them."


class UnknownPreset(FlixposeError):
    code = "unknown_preset"
    remedy = "Use one of: master, amazon, zalando, myntra, google."


class DrawingFailed(FlixposeError):
    code = "drawing_failed"
    remedy = "Run the recipe again with --resume; if it recurs, report the traceback of the drawing process."


class MissingKeypoint(FlixposeError):
    code = "missing_keypoint"
    remedy = "Use a person image that shows this part of the body, or `flixpose audit correct`."


class MissingLandmark(FlixposeError):
    code = "missing_landmark"
    remedy = "Use a product image that shows the whole garment, or name the kind with --kind."


class ViewMismatch(FlixposeError):
    code = "view_mismatch"
    remedy = "Use a product photo of the side that the person shows, and tell a back photo by --view back."


class DegenerateWarp(FlixposeError):
    """Control points that carry no warp.

    Attributes:
        reason: which degeneracy, for programs: "too_few", "not_finite", "coincident", "collinear",
            "non_convex", "mirrored", "horizon", "contradictory", "folded" or "not_invertible".
    """

    code = "degenerate_warp"
    remedy = "Check the landmarks and keypoints with `flixpose landmarks` and `flixpose pose --overlay`."

    def __init__(
        self,
        message: str,
        *,
        reason: str = "contradictory",
        advice: str | None = None,
        subject: str | None = None,
    ) -> None:
        super().__init__(message, advice=advice, subject=subject)
        self.reason = reason


class WeightsMissing(FlixposeError):
    code = "weights_missing"
    remedy = "Run `flixpose models pull`."


class WeightsDamaged(FlixposeError):
    code = "weights_damaged"
    remedy = "Run `flixpose models pull --force`; if it recurs, the download is not what was published."


class StoreUnavailable(FlixposeError):
    code = "store_unavailable"
    retry = True
    remedy = "Check FLIXPOSE_STORE_URL, AWS_ENDPOINT_URL and the credentials; `flixpose doctor` tests them."


class DatabaseUnavailable(FlixposeError):
    code = "database_unavailable"
    retry = True
    remedy = "Check FLIXPOSE_DATABASE_URL and run `flixpose migrate`; `flixpose doctor` tests it."


class BrokerUnavailable(FlixposeError):
    code = "broker_unavailable"
    retry = True
    remedy = "Check FLIXPOSE_BROKER_URL; `flixpose doctor` tests it."


class BadManifest(FlixposeError):
    code = "bad_manifest"
    remedy = "A manifest is CSV or JSON Lines: sku, product, person; optional kind, view, preset, ref."


class QualityFailed(FlixposeError):
    code = "quality_failed"
    remedy = "Look at overlay.png and the reasons; use other photos, or `flixpose audit correct`."


class WorkerLost(FlixposeError):
    code = "worker_lost"
    retry = True
    remedy = "Look into the worker's log: it was killed, ran out of memory, or hangs on this item."


class NotFound(FlixposeError):
    code = "not_found"
    remedy = "Check the id; `flixpose audit list` shows what there is."


class WrongState(FlixposeError):
    code = "wrong_state"
    remedy = "`flixpose audit show ITEM` tells the item's state and history."


class Rejected(FlixposeError):
    """A human looked at the picture and refused it."""

    code = "rejected"
    remedy = "Correct the points with `flixpose audit correct`, or use other photos."


class UnknownPoint(FlixposeError):
    code = "unknown_point"
    remedy = "`flixpose audit show ITEM` lists the points by name; left and right are the wearer's."


class PointOutside(FlixposeError):
    code = "point_outside"
    remedy = "Give pixels of the photo as (x, y) from its upper left corner, after EXIF rotation."


class UnknownPlate(FlixposeError):
    code = "unknown_plate"
    remedy = "`flixpose plates list` shows what there is; `flixpose plates add` makes one."


class PlateNotApproved(FlixposeError):
    code = "plate_not_approved"
    remedy = "Look at it with `flixpose plates show`, then `flixpose plates approve`."


class Conflict(FlixposeError):
    code = "conflict"
    remedy = "Use another --key for another manifest, or the same manifest for the same key."


class OutputUnwritable(FlixposeError):
    code = "output_unwritable"
    remedy = "Check that the folder exists, that it is writable, and that the disk has room."
