"""Write or check the generated documents: ``python -m tools.docgen [--check]``."""

from __future__ import annotations

import sys
from pathlib import Path

from .figures import performance_document, readme_document
from .pipeline import pipeline_document

_ROOT = Path(__file__).parents[2]


def main(arguments: list[str]) -> int:
    """Write what differs; with ``--check`` name it, and return 1."""
    documents = {
        _ROOT / "docs" / "pipeline.md": pipeline_document(),
        _ROOT / "docs" / "performance.md": performance_document(_ROOT),
        _ROOT / "README.md": readme_document(_ROOT),
    }
    stale = [p for p, text in documents.items() if not p.exists() or p.read_text() != text]
    if "--check" in arguments:
        for path in stale:
            print(f"{path.relative_to(_ROOT)} is not up to date: make docs")
        return 1 if stale else 0
    for path in stale:
        path.write_text(documents[path])
        print(f"wrote {path.relative_to(_ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
