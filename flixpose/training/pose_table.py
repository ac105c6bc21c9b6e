"""Every family trained on the same photos, one after the other, and a table of what came of it."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from flixpose.evaluation.people import Photo, figures
from flixpose.pose.codec.proposals import Proposals
from flixpose.training.loop import CHECKPOINT, Report
from flixpose.training.pose import PoseRecipe, fresh, reader_of, train
from flixpose.training.pose_tasks import TASKS

ROW = "row.json"
COLUMNS = (
    *("family", "parameters", "picture", "steps", "minutes", "ap_seen"),
    *("ap_unseen", "ap_unseen_before", "learnt_by_heart", "beats_its_start"),
)
_LEAST = 0.9


def row_of(
    recipe: PoseRecipe,
    photos: Sequence[Photo],
    unseen: Sequence[Photo],
    out: Path,
    *,
    device: str = "cpu",
    boxes: Proposals | None = None,
    report: Report = lambda step, note: None,
) -> dict[str, Any]:
    """Train one family into `out`/family, going on from where an earlier run stopped; its figures."""
    folder = out / recipe.family
    if (folder / ROW).is_file():
        row: dict[str, Any] = json.loads((folder / ROW).read_text())
        return row
    first = fresh(recipe, torch.device("cpu")).average.eval()
    before = figures(reader_of(recipe, first), unseen).ap
    learner = train(
        recipe,
        photos,
        folder,
        unseen=unseen,
        resume=(folder / CHECKPOINT).is_file(),
        device=device,
        boxes=boxes,
        report=report,
    )
    reader = reader_of(recipe, learner.average.eval().to("cpu"))
    seen, after = (figures(reader, some).ap for some in (photos, unseen))
    row = {
        "family": recipe.family,
        "parameters": sum(p.numel() for p in first.parameters()),
        "picture": "{}x{}".format(*recipe.picture),
        "steps": learner.step,
        "minutes": round(learner.seconds / 60, 1),
        "ap_seen": round(seen, 3),
        "ap_unseen": round(after, 3),
        "ap_unseen_before": round(before, 3),
        "learnt_by_heart": seen >= _LEAST,
        "beats_its_start": after > before,
    }
    (folder / ROW).write_text(json.dumps(row, indent=2))
    return row


def write_table(out: Path) -> None:
    """table.csv and table.md of all families that were trained into `out`."""
    files = [out / family / ROW for family in TASKS]
    rows = [json.loads(file.read_text()) for file in files if file.is_file()]
    with (out / "table.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    lines = ["| family | parameters | picture | steps | AP, photos seen | AP, unseen (before) |"]
    lines.append("|---|---|---|---|---|---|")
    for row in rows:
        lines.append(
            f"| `{row['family']}` | {row['parameters'] / 1e6:.2f} M | {row['picture']} | {row['steps']} "
            f"| {row['ap_seen']:.3f} | {row['ap_unseen']:.3f} ({row['ap_unseen_before']:.3f}) |"
        )
    (out / "table.md").write_text("\n".join(lines) + "\n")
