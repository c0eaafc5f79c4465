"""Settings of OpenVINO: one core per process, full precision; and the check of the setting ``engine``."""

from typing import Any

from pydantic import BeforeValidator

#: With CPU pinning every process would bind itself to the same core.
ONE_CORE = {
    "INFERENCE_NUM_THREADS": 1,
    "NUM_STREAMS": 1,
    "INFERENCE_PRECISION_HINT": "f32",
    "ENABLE_CPU_PINNING": False,
}


def _reject_old_name(value: Any) -> Any:
    if value == "direct":
        message = "renamed to 'openvino'"
        raise ValueError(message)
    return value


#: For the setting ``engine``: an error that names the new value of ``engine: direct``.
EngineName = BeforeValidator(_reject_old_name)
