"""A second device for machines that have none: tensors that say they are on a GPU, and are held to it.

What they hold is in the machine's memory, so that everything can be computed. An operation on tensors of both devices
is refused as PyTorch refuses it, and so is reading one without bringing it back first.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
import torch
from torch.overrides import TorchFunctionMode

GPU = torch.device("cuda", 0)
PROPERTY = {name: getattr(torch.Tensor, name).__get__ for name in ("device", "is_cuda", "is_cpu")}  # type: ignore[attr-defined]
#: Work on both devices at once in PyTorch as well.
ACROSS = {torch.Tensor.copy_, torch._has_compatible_shallow_copy_type}
#: Read the values on the machine itself.
READS = {torch.Tensor.numpy, torch.Tensor.__array__}


class Far(torch.Tensor):
    """A tensor on the pretended GPU."""


class Elsewhere(TorchFunctionMode):
    """Sees every call; ``far`` counts results on the pretended GPU."""

    far = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        found = list(_tensors((args, kwargs)))
        far = any(isinstance(value, Far) for value in found)
        if func == PROPERTY["device"] and far:
            return GPU
        if func in (PROPERTY["is_cuda"], PROPERTY["is_cpu"]) and far:
            return func == PROPERTY["is_cuda"]
        if func in READS and far:
            raise TypeError("can't convert cuda:0 device type tensor to numpy.")
        if func is torch.Tensor.__getitem__ or func is torch.Tensor.__setitem__:
            _check_index(func, args)
        elif func not in ACROSS and not getattr(func, "__name__", "").startswith(("__get__", "__set__")):
            _check(func, found)
        goal, args, kwargs = _goal(func, args, kwargs)
        goal = far if goal is None else goal
        self.far += goal
        with torch._C.DisableTorchFunctionSubclass():
            return _move(func(*args, **kwargs), goal)


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, dict):
        yield from _tensors(list(value.values()))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _tensors(item)


def _check(func: Any, found: list[torch.Tensor]) -> None:
    """A number on the machine may meet a tensor on the GPU; the reverse is true of nothing else."""
    with torch._C.DisableTorchFunctionSubclass():
        sides = {isinstance(value, Far) for value in found if value.dim()}
    if len(sides) > 1:
        raise RuntimeError(f"{func.__name__}: expected all tensors to be on the same device, cuda:0 and cpu found")


def _check_index(func: Any, args: Any) -> None:
    """A GPU's tensor takes indices from the machine, and not the other way round; values have to be where it is."""
    own, index = args[:2]
    if not isinstance(own, Far) and any(isinstance(value, Far) for value in _tensors(index)):
        raise RuntimeError("indices should be on the same device as the indexed tensor (cpu)")
    _check(func, [own, *_tensors(args[2:])])


def _goal(func: Any, args: Any, kwargs: dict[str, Any]) -> tuple[bool | None, Any, dict[str, Any]]:
    """Where a result is asked to be (``None``: nowhere), and the arguments with the machine in its place."""
    if func is torch.Tensor.cpu:
        return False, args, kwargs
    if func is torch.Tensor.cuda:
        return True, args[:1], {}
    goal: bool | None = None
    if func is torch.Tensor.to and len(args) > 1 and isinstance(args[1], torch.Tensor):
        goal = isinstance(args[1], Far)
        return goal, args, kwargs
    if func is torch.Tensor.to and len(args) > 1 and isinstance(args[1], (str, torch.device)):
        goal = torch.device(args[1]).type == "cuda"
        args = (args[0], "cpu" if goal else args[1], *args[2:])
    if kwargs.get("device") is not None and func is not torch._C._nn._parse_to:  # the latter says what is asked for
        goal = torch.device(kwargs["device"]).type == "cuda"
        kwargs["device"] = "cpu" if goal else kwargs["device"]
    return goal, args, kwargs


def _move(value: Any, far: bool) -> Any:
    if isinstance(value, torch.Tensor):
        if far == isinstance(value, Far):
            return value
        return value.as_subclass(Far if far else torch.Tensor)
    if isinstance(value, (list, tuple)) and any(isinstance(item, torch.Tensor) for item in value):
        moved = [_move(item, far) for item in value]
        return type(value)(*moved) if hasattr(value, "_fields") else type(value)(moved)
    return value


@contextmanager
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[Elsewhere]:
    """A machine with a GPU, as far as ``runner`` can tell."""
    import safetensors.torch as files

    autocast, load_file = torch.autocast, files.load_file

    def load(path: Any, device: str = "cpu") -> dict[str, torch.Tensor]:
        return {name: value.to(device) for name, value in load_file(path).items()}

    def cast(kind: str, **options: Any) -> Any:
        assert kind == "cuda"
        return autocast("cpu", **options)

    monkeypatch.setattr(torch, "autocast", cast)
    monkeypatch.setattr(files, "load_file", load)
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda self: self)  # what a GPU reads without a copy
    for name, value in {
        "is_available": True, "device_count": 1, "get_device_name": "pretended", "max_memory_allocated": 3 * 2**20,
        "reset_peak_memory_stats": None, "synchronize": None, "empty_cache": None,
    }.items():  # fmt: skip
        monkeypatch.setattr(torch.cuda, name, partial(_said, value))
    if torch.version.cuda:  # a build for GPUs asks its driver, which is not there, whether a graph is being recorded
        monkeypatch.setattr(torch.optim.Optimizer, "_accelerator_graph_capture_health_check", lambda self: None)
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = torch.__future__.get_overwrite_module_params_on_conversion()
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    try:
        with Elsewhere() as mode:
            yield mode
    finally:
        torch.use_deterministic_algorithms(False)
        torch.__future__.set_overwrite_module_params_on_conversion(before)


def _said(value: Any, *arguments: Any) -> Any:
    return value
