"""A recipe that runs in seconds."""

RECIPE = """
name = "tiny"
seed = 7
every = 4
test_every = 10
[net]
widths = [8, 8, 12, 16, 16]
depths = [1, 1, 1, 1]
features = 16
[data]
side = 96
shard = 8
window = 2
held_out = 8
[optimiser]
warmup = 4
[[stages]]
steps = 12
batch = 4
side = 64
lr = [3e-3, 3e-3]
reuse = 2.0
[[stages]]
steps = 8
batch = 4
side = 96
lr = [3e-3, 1e-4]
reuse = 1.0
"""
