"""A batch as one web page of local files: it opens from the disk, needs no network and no server."""

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

import cv2

from flixpose.errors import FlixposeError
from flixpose.garment import kinds
from flixpose.imaging.decode import DEFAULT_LIMITS, Limits, decode_image
from flixpose.imaging.encode import encode_jpeg
from flixpose.imaging.files import write_atomic
from flixpose.pose.skeletons import SKELETONS
from flixpose.structures.keypoints import Skeleton

_SHOWN_PX = 900  # longer side of the pictures on the page
_TEMPLATE = Path(__file__).with_name("page.html")


@dataclass(frozen=True, slots=True)
class Card:
    """One item on the page.

    Attributes:
        state: of the item; a verdict's word is drawn from it.
        report: the item's `report.json`; None where there is no result.
        product, person, result: files, paths as they lie on the disk; None where there is none.
        error: (code, message, advice) of an item without a result.
    """

    ref: str
    sku: str
    state: str
    report: Mapping[str, Any] | None = None
    product: Path | None = None
    person: Path | None = None
    result: Path | None = None
    error: tuple[str, str, str] | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """What stands around the cards.

    Attributes:
        facts: (name, value) pairs for the head.
        commands: lines to copy, for looking further.
    """

    title: str
    facts: Sequence[tuple[str, str]] = ()
    commands: Sequence[str] = field(default=())


def write_page(page: Page, cards: Iterable[Card], folder: Path, *, limits: Limits = DEFAULT_LIMITS) -> Path:
    """Write `folder`/index.html, with smaller copies of the pictures in `folder`/page.

    Raises: OutputUnwritable.
    """
    cards = list(cards)
    articles = "\n".join(_article(card, folder, limits) for card in cards)
    head = "".join(f"<div><dt>{_text(name)}</dt><dd>{_text(value)}</dd></div>" for name, value in page.facts)
    filled = Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=_text(page.title),
        facts=head,
        states=_state_counts(cards),
        articles=articles,
        models=_models(cards),
        commands=_text("\n".join(page.commands)),
    )
    path = folder / "index.html"
    write_atomic(path, filled.encode())
    return path


def _text(value: object) -> str:
    return html.escape(str(value))


def _state_counts(cards: Sequence[Card]) -> str:
    counts: dict[str, int] = {}
    for card in cards:
        counts[card.state] = counts.get(card.state, 0) + 1
    return "".join(f'<li><b class="chip {state}">{_word(state)}</b> {n}</li>' for state, n in counts.items())


def _models(cards: Iterable[Card]) -> str:
    seen: dict[str, str] = {}
    for card in cards:
        for model in (card.report or {}).get("models", ()):
            name = f"{model['name']} {model['version']}".strip()
            seen[name] = f"{model['task']}; {model['licence']}; {model['origin']}".rstrip("; ")
    return "".join(f"<li><b>{_text(name)}</b> — {_text(about)}</li>" for name, about in seen.items())


def _article(card: Card, folder: Path, limits: Limits) -> str:
    kind = (card.report or {}).get("garment", {}).get("kind", "").replace("_", " ")
    head = (
        f"<header><h2>{_text(card.sku)}</h2><p>{_text(card.ref)}{f' · {_text(kind)}' if kind else ''}</p>"
        f'<b class="chip {card.state}">{_word(card.state)}</b></header>'
    )
    if card.product is None and card.person is None:  # a manifest row that was rejected
        return f'<article id="{quote(card.ref)}">{head}{_notes(card)}</article>'
    before = _shown(card.person, folder, limits)
    pictures = (
        _figure("product", _shown(card.product, folder, limits), _garment_drawing(card.report))
        + _figure("person", before, _person_drawing(card.report))
        + _result(card, folder, before, limits)
    )
    body = f'<div class="body">{pictures}<div class="notes">{_notes(card)}</div></div>'
    return f'<article id="{quote(card.ref)}">{head}{body}</article>'


def _word(state: str) -> str:
    """A finished item's state, as the verdict that led to it."""
    return "pass" if state == "done" else state


@dataclass(frozen=True, slots=True)
class _Shown:
    """A small upright JPEG on the page; aspect = width / height."""

    url: str
    aspect: float


def _shown(source: Path | None, folder: Path, limits: Limits) -> _Shown | None:
    """None where there is no picture, or none that can be read."""
    if source is None:
        return None
    try:
        image = decode_image(source.read_bytes(), name=source.name, limits=limits)
    except (FlixposeError, OSError):
        return None
    scale = min(1.0, _SHOWN_PX / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    small = cv2.resize(image.pixels, size, interpolation=cv2.INTER_AREA)
    target = folder / "page" / f"{image.sha256[:16]}.jpg"
    if not target.exists():
        write_atomic(target, encode_jpeg(small, quality=88))
    return _Shown(_url(target, folder), image.width / image.height)


def _url(path: Path, folder: Path) -> str:
    return quote(path.relative_to(folder).as_posix())


def _figure(caption: str, shown: _Shown | None, drawing: str) -> str:
    picture = '<i class="none">not shown</i>'
    if shown:
        picture = f'<img src="{shown.url}" alt="{caption}" loading="lazy">'
    return f'<figure><div class="frame">{picture}{drawing}</div><figcaption>{caption}</figcaption></figure>'


def _result(card: Card, folder: Path, before: _Shown | None, limits: Limits) -> str:
    shown = _shown(card.result, folder, limits)
    if card.result is None or shown is None:
        return '<figure class="result"><div class="frame"><i class="none">no picture</i></div></figure>'
    # A preset that frames the picture anew cannot lie over the photo.
    over = before if before and abs(before.aspect / shown.aspect - 1) < 0.01 else None
    images = f'<img src="{shown.url}" alt="result" loading="lazy">'
    images += f'<img class="before" src="{over.url}" alt="before">' if over else ""
    caption = f"result{' · point at it to see it before' if over else ''} · "
    caption += f'<a href="{_url(card.result, folder)}">full size</a>'
    frame = f'<div class="frame" tabindex="0">{images}</div>'
    return f'<figure class="result">{frame}<figcaption>{caption}</figcaption></figure>'


def _person_drawing(report: Mapping[str, Any] | None) -> str:
    if not report:
        return ""
    skeleton = SKELETONS.get(report["person"].get("skeleton", ""))
    return _drawing(report["inputs"]["person"], report["person"]["keypoints"], skeleton)


def _garment_drawing(report: Mapping[str, Any] | None) -> str:
    if not report:
        return ""
    try:
        skeleton: Skeleton | None = kinds.skeleton(report["garment"]["kind"])
    except FlixposeError:
        skeleton = None
    return _drawing(report["inputs"]["product"], report["garment"]["landmarks"], skeleton)


def _drawing(photo: Mapping[str, Any], points: Sequence[Mapping[str, Any]], skeleton: Skeleton | None) -> str:
    """Points and edges as an SVG over the photo, whose user units are the photo's pixels."""
    width, height = photo["width"], photo["height"]
    radius = max(width, height) / 130
    at = {point["name"]: point for point in points}
    edges = [(a, b) for a, b in (skeleton.edges if skeleton else ()) if a in at and b in at]
    lines = "".join(
        f'<line class="{_side(a) if _side(a) == _side(b) else "middle"}" '
        f'x1="{at[a]["x"]}" y1="{at[a]["y"]}" x2="{at[b]["x"]}" y2="{at[b]["y"]}"/>'
        for a, b in edges
    )
    dots = "".join(
        f'<circle class="{_side(name)}" cx="{p["x"]}" cy="{p["y"]}" r="{radius:.2f}" '
        f'opacity="{0.35 + 0.65 * p["score"]:.2f}"><title>{_text(name)} {p["score"]:.2f}</title></circle>'
        for name, p in at.items()
    )
    return (
        f'<svg viewBox="0 0 {width} {height}" preserveAspectRatio="none" style="--w:{radius / 2.5:.2f}">'
        f"{lines}{dots}</svg>"
    )


def _side(name: str) -> str:
    parts = name.split("_")
    return "left" if "left" in parts else "right" if "right" in parts else "middle"


def _notes(card: Card) -> str:
    if card.error:
        code, message, advice = card.error
        return f'<p class="error"><code>{_text(code)}</code> {_text(message)}<br><em>{_text(advice)}</em></p>'
    if not card.report:
        return ""
    quality = card.report["quality"]
    reasons = "".join(
        f"<li><code>{_text(r['code'])}</code> {_text(r['figure'])} is {_number(r['value'])}, "
        f"the limit {_number(r['threshold'])}</li>"
        for r in quality["reasons"]
    )
    rows = "".join(
        f"<div><dt>{_text(name.replace('_', ' '))}</dt>"
        f"<dd>{_number(figure['value'])} {_text(figure['unit'])}</dd></div>"
        for name, figure in quality["figures"].items()
    )
    return f'<ul class="reasons">{reasons}</ul><dl class="figures">{rows}</dl>'


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"
