"""How OpenVINO runs graphs here: on one core among many processes, in full precision."""

#: Without the last line every process would bind itself to the same core, and all of them would share it.
ONE_CORE = {
    "INFERENCE_NUM_THREADS": 1,
    "NUM_STREAMS": 1,
    "INFERENCE_PRECISION_HINT": "f32",
    "ENABLE_CPU_PINNING": False,
}
