"""Helpers of the extraction benchmarks: CPU seconds, a Markdown table, the same figures as JSON."""

import json
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

Result = TypeVar("Result")


def cpu_s_of(work: Callable[[], Result]) -> tuple[float, Result]:
    """CPU seconds of this process spent on something, and its result."""
    start_s = time.process_time()
    result = work()
    return time.process_time() - start_s, result


def show(rows: Sequence[Mapping[str, Any]], *, with_head: bool = True) -> None:
    """Print rows as a Markdown table, or as more rows of one."""
    if with_head:
        print("| " + " | ".join(rows[0]) + " |\n" + "| --- " * len(rows[0]) + "|")
    for row in rows:
        print("| " + " | ".join(_cell(value) for value in row.values()) + " |", flush=True)


def keep(path: Path | None, figures: Mapping[str, Any]) -> None:
    """Write figures and the machine they come from as JSON."""
    if path is not None:
        path.write_text(json.dumps({"machine": machine(), **figures}, indent=1) + "\n", encoding="utf-8")


def machine() -> str:
    """Processor and system."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{len(names)} x {names[0] if names else platform.machine()}, {platform.system()} {platform.release()}"


def _cell(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
