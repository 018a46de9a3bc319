"""Choose the device and dtype, and name what the last bits of a vector depend on there."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import torch

from harness.errors import WrongUsage

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def choose_device(requested: str) -> str:
    """Return the device for `auto`, or the requested one; raises WrongUsage where it is not available."""
    if requested == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if requested.partition(":")[0] not in ("cpu", "cuda") or (
        requested.startswith("cuda") and not torch.cuda.is_available()
    ):
        raise WrongUsage(f"device {requested!r} is not available here", cure="--device auto")
    return requested


def choose_dtype(requested: str, device: str) -> str:
    """Return the dtype for `auto`: bfloat16 where the processor multiplies it natively, float32 elsewhere.

    Raises WrongUsage for a dtype that is not known or that this device lacks.
    """
    if requested not in ("auto", *DTYPES):
        raise WrongUsage(f"there is no dtype {requested!r}", cure=f"auto, {', '.join(DTYPES)}")
    if requested != "auto":
        if not has_dtype(requested, device):
            raise WrongUsage(
                f"{requested} is for GPUs, and this runs on {device}",
                cure="--dtype bfloat16, which has the same size; or --dtype auto",
            )
        return requested
    if device.startswith("cuda"):
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    return "bfloat16" if _multiplies_bfloat16() else "float32"


def has_dtype(dtype: str, device: str) -> bool:
    """Tell whether a device computes in a dtype: a CPU in float32 and bfloat16, a GPU also in float16."""
    return dtype in DTYPES and (dtype != "float16" or device.startswith("cuda"))


def _multiplies_bfloat16() -> bool:
    """Tell whether this CPU has instructions for products of bfloat16."""
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def is_emulated(device: str, dtype: str) -> bool:
    """Tell whether this device computes products of the dtype in float32."""
    return dtype == "bfloat16" and device.startswith("cpu") and not _multiplies_bfloat16()


def gpu_numbers() -> tuple[str, ...]:
    """Return the GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them; empty without any."""
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    named = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name]
    return tuple(named[:count]) if named else tuple(map(str, range(count)))


def thread_count() -> int:
    """Return the number of processor threads that torch uses."""
    return torch.get_num_threads()


def processor(device: str) -> str:
    """Return the name of the device's processor, or its architecture where the system does not tell."""
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    return _cpu_model() or platform.processor() or platform.machine()


def _cpu_model() -> str:
    """Return the model name that Linux states for the first processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        return ""
    named = (line.partition(":") for line in lines)
    return next((value.strip() for key, _, value in named if key.strip() == "model name"), "")


def instructions(device: str) -> str | None:
    """Return the instruction set that torch computes with on a CPU, such as AVX2; None on another device."""
    if device.startswith("cuda"):
        return None
    bfloat16 = " bfloat16" if _multiplies_bfloat16() else ""
    return f"{torch.backends.cpu.get_cpu_capability()}{bfloat16}"
