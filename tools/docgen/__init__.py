"""Documents that are written by a program: the pipeline, and the figures in the others.

They are stored, so that they can be read without running anything; ``--check`` fails where the
stored text is not what would be written.
"""
