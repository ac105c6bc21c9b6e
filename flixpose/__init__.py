"""flixpose: drape a garment photographed on a mannequin onto photos of people."""

__version__ = "0.1.0"
