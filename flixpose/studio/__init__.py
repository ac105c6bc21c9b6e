"""The photo studio that makes pictures with known truth: drawn product photos and rendered figures.

It stands beside the pipeline, which never sees it.
"""
