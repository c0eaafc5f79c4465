"""Fill the page's templates."""

import base64
from hashlib import sha256
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup


def render(template: str, **content: Any) -> str:
    """Fill a template of ``templates/``. The page allows its own script only, by the script's hash."""
    environment = Environment(
        loader=PackageLoader("pipeline.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    folder = files("pipeline.report") / "templates"
    texts = {name: (folder / name).read_text(encoding="utf-8") for name in ("style.css", "script.js")}
    script_hash = base64.b64encode(sha256(texts["script.js"].encode()).digest()).decode()
    return environment.get_template(template).render(
        css=Markup(texts["style.css"]),  # noqa: S704 - our own file
        script=Markup(texts["script.js"]),  # noqa: S704 - our own file
        script_hash=script_hash,
        **content,
    )
