"""Rules of the code that import-linter cannot express without a list of names."""

import ast
import re
import subprocess
import sys

import pytest

from pipeline.core import plugins

PLUGINS = [(kind, name) for kind in ("extractors", "readers", "models") for name in plugins.names(kind)]
PACKAGES = {"extractors": "pipeline.extractors", "readers": "pipeline.readers", "models": "models"}


def imported_modules(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize(("kind", "name"), PLUGINS)
def test_a_plug_in_imports_no_other_plug_in(kind, name):
    others = {f"{PACKAGES[kind]}.{other}" for other in plugins.names(kind)}
    assert not others & set(imported_modules(plugins.source(kind, name)))


def test_no_test_module_is_imported(repository):
    """Shared helpers are in tests/support; tools and benchmarks run without the tests."""
    for path in [*(repository / "tests").rglob("*.py"), *(repository / "tools").rglob("*.py")]:
        names = [name for name in imported_modules(path) if re.search(r"(^|\.)test_", name)]
        assert not names, f"{path}: move what it shares to tests/support"
    for folder in ("pipeline", "models", "tools", "bench"):
        for path in (repository / folder).rglob("*.py"):
            assert not [name for name in imported_modules(path) if name.partition(".")[0] == "tests"], path


@pytest.mark.parametrize(
    ("code", "forbidden"),
    [
        ("import pipeline", ("pipeline.api", "torch", "numpy", "pydantic")),
        ("from pipeline import extract, load_run, open_pack, score", ("torch", "mediapipe", "opensmile", "pandas")),
        ("import pipeline.workflow.job_files", ("torch", "transformers", "mediapipe", "opensmile", "pandas")),
        ("import pipeline.steps.extract", ("torch", "transformers", "mediapipe", "opensmile", "pandas")),
        ("import pipeline.steps.gate, pipeline.steps.pack", ("torch", "transformers", "mediapipe", "opensmile")),
        ("from pipeline.extractors.face import extractor, Config; extractor(Config())", ("torch", "transformers")),
        ("from pipeline.extractors.egemaps import extractor, Config; extractor(Config())", ("torch", "mediapipe")),
    ],
)
def test_a_process_loads_only_what_it_uses(code, forbidden):
    script = f"import sys; {code}; print([name for name in {forbidden!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_library_code_has_no_assert(repository):
    files = [path for folder in ("pipeline", "models") for path in (repository / folder).rglob("*.py")]
    asserts = [
        f"{path}:{node.lineno}"
        for path in files
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Assert)
    ]
    assert not asserts


def test_every_rule_states_what_it_needs(repository):
    """A cluster gives a job what its rule asks for; memory and time grow with every try."""
    text = "\n".join(path.read_text() for path in sorted((repository / "rules").glob("*.smk")))
    rules = {block.split(":")[0]: block for block in re.split(r"^rule ", text, flags=re.M)[1:]}
    needs = ("threads: ", "mem_mb=growing(", "runtime=growing(", "gpu=")
    missing = {name: [need for need in needs if need not in block] for name, block in rules.items()}
    assert len(rules) >= 8
    assert {name: absent for name, absent in missing.items() if absent} == {}
