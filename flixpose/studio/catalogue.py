"""The sample catalogue: which garments are drawn."""

from flixpose.studio.design import Design
from flixpose.studio.patterns import Legs, Sleeve, Top
from flixpose.studio.prints import heather, leaves, plain, stripes

DESIGNS: dict[str, tuple[Design, int]] = {
    "tee-sun": (
        Design(
            "short_sleeve_top",
            Top(
                9.2,
                9.5,
                1.8,
                (21.5, 5.4),
                (24.6, 25.5),
                (24.8, 68.0),
                Sleeve((35.5, 24.0), (27.6, 29.3)),
                waist=(23.6, 46.0),
            ),
            plain((0.10, 0.34, 0.36)),
            words="FLIXPOSE",
        ),
        11,
    ),
    "breton": (
        Design(
            "long_sleeve_top",
            Top(
                11.5,
                6.0,
                1.6,
                (20.5, 4.6),
                (23.0, 24.0),
                (23.2, 62.0),
                Sleeve((40.5, 58.5), (33.4, 61.0), 0.06, 0.0, band=2.2),
                waist=(21.9, 43.0),
                collar=1.2,
            ),
            stripes((0.12, 0.17, 0.31), (0.86, 0.72, 0.45), pitch=3.4, share=0.40),
            trim=(0.12, 0.17, 0.31),
            folds=0.7,
        ),
        12,
    ),
    "tank": (
        Design(
            "vest",
            Top(9.8, 15.0, 4.5, (14.6, 2.6), (21.0, 23.5), (22.0, 62.0), waist=(19.6, 42.0), collar=1.1),
            heather((0.72, 0.36, 0.27), 0.08),
            folds=0.55,
        ),
        13,
    ),
    "chinos": (
        Design(
            "trousers",
            Legs(18.5, (23.0, 20.0), 29.0, (20.0, 102.0), (9.2, 102.6)),
            plain((0.66, 0.58, 0.46), 0.035),
            folds=0.6,
            fill=0.9,
        ),
        14,
    ),
    "meadow-dress": (
        Design(
            "vest_dress",
            Top(
                9.0,
                12.0,
                2.6,
                (14.2, 3.2),
                (19.8, 22.5),
                (33.0, 106.0),
                waist=(16.2, 40.0),
                collar=0.9,
                hem_drop=1.8,
                waist_seam=40.0,
            ),
            leaves((0.17, 0.23, 0.40), ((0.52, 0.64, 0.52), (0.90, 0.62, 0.52), (0.93, 0.88, 0.78))),
            folds=0.7,
            fill=0.9,
        ),
        15,
    ),
    "denim-shorts": (
        Design(
            "shorts",
            Legs(19.5, (24.0, 19.0), 27.5, (26.5, 44.0), (3.6, 46.0)),
            heather((0.29, 0.40, 0.55), 0.16),
            folds=0.7,
            fill=0.7,
        ),
        17,
    ),
    "cardigan": (
        Design(
            "long_sleeve_outwear",
            Top(
                8.4,
                26.0,
                1.6,
                (21.5, 5.2),
                (24.8, 25.5),
                (24.4, 63.0),
                Sleeve((42.0, 57.5), (34.6, 60.3), 0.05, 0.0, band=5.0, ribbed=True),
                v_neck=0.8,
                collar=2.6,
                hem_band=5.0,
                open_front=2.0,
                hem_drop=0.5,
            ),
            heather((0.47, 0.17, 0.22), 0.12),
            trim=(0.40, 0.13, 0.18),
            buttons=(0.30, 0.22, 0.16),
            knit=0.05,
            mannequin=True,
        ),
        16,
    ),
}

# sku, product, person, preset
ROWS: tuple[tuple[str, str, str, str], ...] = (
    ("FX-1001", "tee-sun", "ines", "master"),
    ("FX-1001", "tee-sun", "malik", "amazon"),
    ("FX-1002", "breton", "noor", "master"),
    ("FX-1002", "breton", "malik", "zalando"),
    ("FX-1003", "tank", "ines", "master"),
    ("FX-1003", "tank", "noor", "google"),
    ("FX-2001", "chinos", "malik", "master"),
    ("FX-2001", "chinos", "noor", "myntra"),
    ("FX-3001", "meadow-dress", "ines", "master"),
    ("FX-3001", "meadow-dress", "noor", "zalando"),
    ("FX-2002", "denim-shorts", "malik", "master"),
    ("FX-4001", "cardigan", "malik", "master"),
)
