"""From a config to weights: `loop.train` is where to start; the other modules are its parts, in the order it uses them.

step: an update (its batch, its losses, the optimizer). schedules: what changes with the step. pictures: what a snapshot
shows. checkpoint: the state from which a training goes on. divergence: when it has lost its numbers. speed: threads,
bfloat16, and how long a training will take.
"""
