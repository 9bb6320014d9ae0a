"""Mutation testing: change the code a little, in every way that should matter, and see who notices.

``python -m tools.mutation damselfly/policy tests/policy`` prints the changes that no test noticed.
A tool of our own because a mutant costs a fork here instead of an interpreter, and runs only the
tests that reach its line, the quickest first.
"""
