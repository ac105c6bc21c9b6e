"""Where the package's data files are: beside the code in a wheel, at the top of a checkout otherwise."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
_IN_WHEEL = PACKAGE / "_data"
_ROOT = _IN_WHEEL if _IN_WHEEL.is_dir() else PACKAGE.parent

CONFIGS = _ROOT / "configs"
MIGRATIONS = _ROOT / "migrations"
SAMPLES = PACKAGE / "samples"
