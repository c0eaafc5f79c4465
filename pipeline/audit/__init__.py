"""An independent check of stores and packs; it uses none of the pipeline's readers and writers of them."""
