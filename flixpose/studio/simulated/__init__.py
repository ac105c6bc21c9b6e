"""The simulated studio: garments sewn around a body, dressed by cloth simulation, photographed by Blender."""
