"""One module a command: its options, what it asks for and how it answers.

What several commands share stays one level up.
"""
