"""The drawn studio's garments by the thousand: photos of all 13 kinds by seed, for training."""

from flixpose.studio.garments.sample import DISPLAYS, Sample, draw_sample

__all__ = ["DISPLAYS", "Sample", "draw_sample"]
