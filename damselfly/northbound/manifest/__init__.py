"""Policy as YAML files: read strictly, checked as a whole, turned into changes of a store.

Pure but for nothing: files are read, and changes committed, by whoever asks.  What a file may say
is described in docs/manifest.md.
"""

from .export import as_manifest
from .plan import Effect, Plan, plan, without
from .text import BadManifest, Draft, Problem, read

__all__ = [
    "BadManifest",
    "Draft",
    "Effect",
    "Plan",
    "Problem",
    "as_manifest",
    "plan",
    "read",
    "without",
]
