"""What each kind of keypoint net is to answer, and how far off it is; one kind of answer a file.

A loss is a function of (net, (N, 3, H, W), the people of each picture) → its parts, with their sum as "loss".
"""
