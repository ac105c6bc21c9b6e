"""Frozen values that travel between the rooms; see each module for units and frames."""
