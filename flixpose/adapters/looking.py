"""A look at one photo of a job that nothing was found on before, stored as the model's keypoint set."""

from dataclasses import dataclass

from flixpose.adapters.database import Database
from flixpose.adapters.sets import (
    detail_sets,
    insert_images,
    insert_models,
    insert_sets,
    model_set,
)
from flixpose.imaging.decode import decode_image
from flixpose.pipeline import Tools
from flixpose.stages.estimate_pose import estimate_pose
from flixpose.stages.report import garment_json, person_json
from flixpose.structures.found import ModelInfo
from flixpose.structures.image import Image
from flixpose.structures.job import Job


@dataclass(frozen=True, slots=True)
class Looker:
    """Finds a job's person or garment; the answer is the one that a drape would rest on."""

    tools: Tools
    database: Database

    def __call__(self, job: Job, subject: str) -> str:
        """Id of the model's set, "person" or "garment".

        Raises:
            NoPerson, NoGarment, MissingInput, ForbiddenUri, UnreadableImage, ImageTooLarge, ImageTooSmall,
            StoreUnavailable, DatabaseUnavailable.
        """
        uri = job.person if subject == "person" else job.product
        data = self.tools.blobs.read(uri, max_bytes=self.tools.limits.max_bytes)
        image = decode_image(data, name=uri.rsplit("/", 1)[-1], limits=self.tools.limits)
        return self.look(image, uri, subject, kind=job.kind, view=job.view)

    def look(
        self, image: Image, uri: str, subject: str, *, kind: str | None = None, view: str | None = None
    ) -> str:
        """The same for a photo that is decoded already."""
        found, model = self._found(image, subject, kind, view)
        row, points = model_set(subject, found, model.to_json(), image.sha256)
        models = [model.to_json()]
        if subject == "person":
            models += [other.to_json() for other in self.tools.poses.models if other != model]
        details = detail_sets(found, models, image.sha256)
        photo = {"sha256": image.sha256, "width": image.width, "height": image.height, "uri": uri}
        with self.database.transaction() as connection:
            insert_images(connection, [photo])
            insert_models(connection, models)
            insert_sets(connection, [(row, points), *details])
        return str(row["id"])

    def _found(
        self, image: Image, subject: str, kind: str | None, view: str | None
    ) -> tuple[dict[str, object], ModelInfo]:
        if subject == "person":
            person = estimate_pose(image, self.tools.poses)[0]
            return person_json(person), person.model
        garment = self.tools.garments(image, kind=kind, view=view)
        return garment_json(garment), garment.model
