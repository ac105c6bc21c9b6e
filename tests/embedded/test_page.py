"""The page of a batch: local files only, points as the report has them, a catalogue's words never HTML."""

import re
import xml.etree.ElementTree as Xml
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from flixpose.embedded.page import Card, Page, write_page
from flixpose.structures.job import Figure, Job, Quality, Reason
from tests.adapters import samples


@pytest.fixture
def report() -> dict[str, Any]:
    quality = Quality(
        (Figure("coverage", 61.25, "%"),), "review", (Reason("low_coverage", "coverage", 61.25, 70.0),)
    )
    return samples.report(Job("s", "file:///p", "file:///q", "r"), quality)


@pytest.fixture
def pictures(tmp_path: Path) -> dict[str, Path]:
    """In the sizes that the report says; the result in the person's."""
    made = {}
    for name, size in {"product": (200, 250), "person": (300, 400), "result": (300, 400)}.items():
        made[name] = tmp_path / "one" / f"{name} 1.png"
        made[name].parent.mkdir(exist_ok=True)
        Image.new("RGB", size, "teal").save(made[name])
    return made


def write(folder: Path, *cards: Card) -> str:
    return write_page(Page("A batch", [("items", "1")], ["flixpose audit list"]), cards, folder).read_text()


def test_points_lie_on_the_photo_in_its_own_pixels(
    tmp_path: Path, report: dict[str, Any], pictures: dict[str, Path]
) -> None:
    text = write(tmp_path, Card("r", "SKU", "review", report, **pictures))
    product, person = (Xml.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", text, re.S))
    assert person.get("viewBox") == "0 0 300 400" and product.get("viewBox") == "0 0 200 250"
    nose, wrist = person.findall("circle")
    assert (nose.get("cx"), nose.get("cy"), nose.get("class")) == ("100.5", "50.25", "middle")
    assert wrist.get("class") == "left"


def test_the_page_shows_figures_reasons_and_the_verdict(
    tmp_path: Path, report: dict[str, Any], pictures: dict[str, Path]
) -> None:
    text = write(tmp_path, Card("r", "SKU", "review", report, **pictures))
    assert "coverage is 61.2, the limit 70" in text and "<dd>61.2 %</dd>" in text
    assert '<b class="chip review">review</b>' in text
    assert 'href="one/result%201.png"' in text


def test_it_needs_no_network(tmp_path: Path, report: dict[str, Any], pictures: dict[str, Path]) -> None:
    text = write(tmp_path, Card("r", "SKU", "done", report, **pictures))
    assert "http:" not in text and "https:" not in text and "//" not in re.sub(r"<svg.*?</svg>", "", text)


def test_the_photo_lies_under_the_result_only_where_it_fits(
    tmp_path: Path, report: dict[str, Any], pictures: dict[str, Path]
) -> None:
    assert 'class="before"' in write(tmp_path, Card("r", "SKU", "done", report, **pictures))
    Image.new("RGB", (500, 500)).save(pictures["result"])
    assert 'class="before"' not in write(tmp_path, Card("r", "SKU", "done", report, **pictures))


def test_what_a_catalogue_says_is_text(tmp_path: Path) -> None:
    error = ("bad_manifest", "Line 3: <img src=x onerror=alert(1)>", "Mend $it & go on")
    text = write(tmp_path, Card('"><script>', "<b>SKU</b>", "failed", error=error))
    assert "<script>" not in text and "<b>SKU" not in text and "<img src=x" not in text
    assert "Mend $it &amp; go on" in text


def test_a_picture_that_cannot_be_shown_stops_nothing(tmp_path: Path, pictures: dict[str, Path]) -> None:
    pictures["person"].write_text("no picture")
    del pictures["result"]
    error = ("unreadable_image", "person 1.png", "Send a complete picture.")
    text = write(tmp_path, Card("r", "SKU", "failed", None, **pictures, error=error))
    assert "not shown" in text and "no picture" in text and "unreadable_image" in text
