"""What a run of the workflow tells whoever watches it: how far it is, and at its end what became of it."""

from pipeline.workflow.progress.watch import Watch

__all__ = ["Watch"]
