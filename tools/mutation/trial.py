"""One trial: a forked process in which one module is not what its file says, and its tests."""

from __future__ import annotations

import ast
import importlib.abc
import importlib.machinery
import importlib.util
import os
import resource
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import Phase, settings

PROFILE = "mutation"
MEMORY = 3 << 30
"""Bytes; a mutant that eats more is noticed."""
OPTIONS = ["-q", "-p", "no:cacheprovider", "--no-header", "--tb=no", "-x", "--timeout=30"]


class Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds one module, and executes a given tree instead of its file."""

    def __init__(self, path: str, tree: ast.Module) -> None:
        """Stand in for the module at a path relative to the working directory."""
        self._name = path.removesuffix(".py").replace("/", ".")
        self._path = str(Path(path).resolve())
        self._tree = tree

    def find_spec(
        self, fullname: str, path: object = None, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Claim the module."""
        if fullname != self._name:
            return None
        return importlib.util.spec_from_file_location(fullname, self._path, loader=self)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        """Let a plain module be made."""

    def exec_module(self, module: ModuleType) -> None:
        """Execute the tree."""
        exec(compile(self._tree, self._path, "exec"), module.__dict__)  # noqa: S102


def prepare() -> None:
    """Let Hypothesis stop at the first failure instead of looking for a shorter one."""
    settings.register_profile(
        PROFILE,
        deadline=None,
        derandomize=True,
        max_examples=60,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(settings.get_profile("default").suppress_health_check),
    )
    os.environ["HYPOTHESIS_PROFILE"] = PROFILE


def survives(path: str, tree: ast.Module, tests: Sequence[str], seconds: float) -> bool:
    """Tell whether all tests pass with the changed module, within so much CPU time."""
    child = os.fork()
    if not child:
        _run(path, tree, tests, seconds)
    _, status = os.waitpid(child, 0)
    return status == 0


def _run(path: str, tree: ast.Module, tests: Sequence[str], seconds: float) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 5))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    sys.meta_path.insert(0, Changed(path, tree))
    code = 1
    try:
        with (
            Path(os.devnull).open("w") as nowhere,
            redirect_stdout(nowhere),
            redirect_stderr(nowhere),
        ):
            code = int(pytest.main([*OPTIONS, *tests]))
    finally:
        os._exit(code)
