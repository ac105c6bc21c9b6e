"""Manifests as people write them: every bad row named with its line, none of them stopping the rest."""

import tracemalloc
from pathlib import Path

import pytest

from flixpose.adapters.manifest import Manifest, open_manifest
from flixpose.errors import BadManifest
from flixpose.structures.batch import RejectedRow
from flixpose.structures.job import FurtherProduct, Job

PRESETS = ("master", "amazon")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("shirt.jpg", "ann.jpg", "bea 50%.jpg"):
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def manifest(folder: Path, text: str | bytes, name: str = "m.csv") -> Manifest:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return open_manifest(path, presets=PRESETS, reserved=("results.csv",))


def read(
    folder: Path, text: str | bytes, name: str = "m.csv"
) -> tuple[list[tuple[int, Job]], list[RejectedRow]]:
    rejected: list[RejectedRow] = []
    return list(manifest(folder, text, name).jobs(rejected)), rejected


def test_a_row_becomes_a_job(folder: Path) -> None:
    text = (
        "sku,product,person,kind,view,preset,ref,price\n"
        "A1,shirt.jpg,bea 50%.jpg,Short sleeve top,front,amazon,look-1,9\n"
        f"A2,{folder / 'shirt.jpg'},s3://models/bea 1.jpg,,,,,\n"
        f"A/3,{(folder / 'shirt.jpg').as_uri()},ann.jpg,,,,,\n"
    )
    jobs, rejected = read(folder, text)
    assert rejected == []
    shirt = (folder / "shirt.jpg").as_uri()
    bea = (folder / "bea 50%.jpg").as_uri()
    assert jobs[0] == (2, Job("A1", shirt, bea, "look-1", "short_sleeve_top", "front", "amazon"))
    assert jobs[1] == (3, Job("A2", shirt, "s3://models/bea 1.jpg", "A2-bea 1"))
    assert jobs[2][1].ref == "A_3-ann"


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbfsku,product,person\r\nA,shirt.jpg,ann.jpg\r\n",
        b"sku;product;person\nA;shirt.jpg;ann.jpg",
        b"SKU\tProduct\tPerson\n\n  A\tshirt.jpg\tann.jpg\n\n",
        b'"sku","product","person","note"\n"A","shirt.jpg","ann.jpg","two\nlines, ""quoted"""\n',
        b"sku,product,person\rA,shirt.jpg,ann.jpg\r",
    ],
)
def test_dialects_are_understood(folder: Path, text: bytes) -> None:
    jobs, rejected = read(folder, text)
    assert not rejected and [(job.sku, job.ref) for _, job in jobs] == [("A", "A-ann")]


def test_json_lines(folder: Path) -> None:
    text = (
        '{"sku": 17, "product": "shirt.jpg", "person": "ann.jpg", "kind": null, "more": [1]}\n\n'
        "nonsense\n[]\n"
        '{"sku": "B", "product": "shirt.jpg"}\n'
        '{"sku": "C", "product": {}, "person": "ann.jpg"}\n'
        '{"sku": "D", "product": "shirt.jpg", "person": "ann.jpg", "prest": "amazon"}\n'
    )
    jobs, rejected = read(folder, text, "m.jsonl")
    assert [(line, job.sku) for line, job in jobs] == [(1, "17")]
    assert [row.line for row in rejected] == [3, 4, 5, 6, 7]
    assert {row.code for row in rejected} == {"bad_manifest"}


def test_bad_rows_are_named_and_stop_nothing(folder: Path) -> None:
    rows = {
        "A,shirt.jpg,ann.jpg,,,,ok": None,
        ",shirt.jpg,ann.jpg,,,,": "sku is empty",
        "A,none.jpg,ann.jpg,,,,": "'none.jpg' does not exist",
        "A,shirt.jpg,http://x/y.jpg,,,,": "http://x/y.jpg",
        "A,shirt.jpg,ann.jpg,hat,,,": "'hat' is none of the 13",
        "A,shirt.jpg,ann.jpg,,side,,": "view 'side'",
        "A,shirt.jpg,ann.jpg,,,ebay,": "preset 'ebay'",
        "A,shirt.jpg,ann.jpg,,,,../../etc": "cannot name a folder",
        "A,shirt.jpg,ann.jpg,,,,a/b": "cannot name a folder",
        "A,shirt.jpg,ann.jpg,,,,..": "cannot name a folder",
        "A,shirt.jpg,ann.jpg,,,,results.csv": "flixpose's own",
        "A,shirt.jpg,ann.jpg,,,,ok ": "comes a second time",
        "A,shirt.jpg,ann.jpg": "3 fields, but the header has 7",
        'A,"shirt.jpg,ann.jpg,,,,': "a quote is opened and not closed",
        "A,shi\x00rt.jpg,ann.jpg,,,,": "control characters",
        f"A,{'x' * 2000},ann.jpg,,,,": "too long",
        "B,shirt.jpg,ann.jpg,,,,fine": None,
    }
    jobs, rejected = read(folder, "\n".join(["sku,product,person,kind,view,preset,ref", *rows]) + "\n")
    assert [job.ref for _, job in jobs] == ["ok", "fine"]
    expected = {line: message for line, message in enumerate(rows.values(), 2) if message}
    assert [row.line for row in rejected] == list(expected)
    for row in rejected:
        assert expected[row.line] in row.message and f"Line {row.line}:" in row.message
    codes = {row.line: row.code for row in rejected}
    assert (codes[4], codes[5], codes[6]) == ("missing_input", "forbidden_uri", "unknown_kind")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("sku,product\nA,b\n", "line 1: the header lacks person"),
        ("A,shirt.jpg,ann.jpg\n", "lacks sku, product, person"),
        ("sku,product,person\n", "has no rows"),
        ("sku,product,person,sku\na,b,c,d\n", "comes twice"),
        ("sku,product,person,prest\na,b,c,d\n", "'prest' looks like 'preset'"),
        ("sku,product,person\nA,sh\xefrt.jpg,ann.jpg\n".encode("latin-1"), "not UTF-8, near line"),
        ("sku,product,person\nA,b,c\n".encode("utf-16"), "UTF-16"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "UTF-8"),
        ("sku,product,person\n" + "x" * 200_000, "line 2 is far too long"),
    ],
)
def test_a_file_that_is_no_manifest_is_an_error(folder: Path, text: str | bytes, named: str) -> None:
    with pytest.raises(BadManifest, match=named):
        read(folder, text)


def test_unreadable_files_are_errors(folder: Path) -> None:
    for path in (folder / "absent.csv", folder):
        with pytest.raises(BadManifest, match="cannot be read"):
            open_manifest(path, presets=PRESETS)


def test_memory_does_not_grow_with_the_rows(folder: Path) -> None:
    rows = "".join(f"S{n},shirt.jpg,ann.jpg\n" for n in range(20_000))
    found = manifest(folder, "sku,product,person\n" + rows)
    tracemalloc.start()
    assert sum(1 for _ in found.rows()) == 20_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000 * 200


def test_light_tuck_and_several_garments_are_read(folder: Path) -> None:
    text = (
        "sku,product,person,kind,light,tuck\n"
        "A,shirt.jpg|ann.jpg,ann.jpg,short sleeve top|trousers,Exact,in\n"
        "B,shirt.jpg | ann.jpg,ann.jpg,,,\n"
        "C,shirt.jpg,ann.jpg,trousers|skirt,,\n"
        "D,shirt.jpg,ann.jpg,,bright,\n"
        "E,shirt.jpg|gone.jpg,ann.jpg,,,out\n"
    )
    jobs, rejected = read(folder, text)
    shirt, ann = ((folder / name).as_uri() for name in ("shirt.jpg", "ann.jpg"))
    first, second = (job for _, job in jobs)
    assert (first.light, first.tuck, first.kind) == ("exact", "in", "short_sleeve_top")
    assert first.more == (FurtherProduct(ann, "trousers"),)
    assert first.photos == (ann, shirt, ann)
    assert (second.light, second.tuck, second.more) == ("scene", "auto", (FurtherProduct(ann),))
    assert [row.line for row in rejected] == [4, 5, 6]
    assert "as many as product" in rejected[0].message and "gone.jpg" in rejected[2].message
    listed = (
        '{"sku": "A", "product": ["shirt.jpg", "ann.jpg"], "person": "ann.jpg", "kind": ["vest", "skirt"]}'
    )
    (_, job), *_ = read(folder, listed, "m.jsonl")[0]
    assert (job.product, job.kind, job.more) == (shirt, "vest", (FurtherProduct(ann, "skirt"),))
