"""Progress of a run: bars on a terminal, and a summary at the end."""

from pipeline.workflow.progress.watch import Watch

__all__ = ["Watch"]
