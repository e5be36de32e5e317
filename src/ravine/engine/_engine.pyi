# Written by cpp/bindings/make_stubs.py (`make stubs`) from the bindings. Do not edit.
"""
ravine's native engine. Use it through the ravine package: nothing here checks as much as that does.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, overload

import numpy
from numpy.typing import NDArray


def load_blas(path: str) -> None:
    """Load the OpenBLAS library at `path`, once."""

class Gradients64:
    """Gradients of a network in prediction mode."""

    def __init__(self, network: dict, input_shape: Sequence[int]) -> None: ...

    def of_sum(self, w: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], state: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], X: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], y: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], sample_weight: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None = None) -> tuple:
        """(Σ s L, its gradient); y has a column per output."""

    def of_rows(self, w: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], state: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], X: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], y: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)]) -> NDArray[numpy.float64]:
        """The gradient of every row's loss, n × parameters."""

    def by_layer(self, w: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], state: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], X: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], y: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], sample_weight: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None = None) -> tuple:
        """
        (Σ s L, its gradient, outputs of every layer, slopes of Σ s L there or None).
        """

    def of_penalty(self, w: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], penalty: object | None) -> tuple:
        """(the penalty, its gradient) under a recipe's penalty."""

@overload
def mean_loss(loss: dict, z: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], y: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], sample_weight: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)] | None = None) -> float: ...

@overload
def mean_loss(loss: dict, z: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], y: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], sample_weight: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None = None) -> float:
    """The mean loss of outputs, before the link."""

class Network32:
    """A network over one flat parameter vector."""

    def __init__(self, spec: dict, input_shape: Sequence[int], dropout: float = 0.0) -> None: ...

    @property
    def n_parameters(self) -> int: ...

    @property
    def n_state(self) -> int: ...

    @property
    def n_outputs(self) -> int: ...

    @property
    def classifies(self) -> bool: ...

    @property
    def needs_whole_batch(self) -> bool: ...

    @property
    def code_columns(self) -> list[int]: ...

    @property
    def centred_columns(self) -> list[int]: ...

    @property
    def layout(self) -> list: ...

    @property
    def state_layout(self) -> list: ...

    @property
    def layers(self) -> list: ...

    def initialise(self, seed: int) -> NDArray[numpy.float32]:
        """New parameters."""

    def initial_state(self, X: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)] | None = None, sample_weight: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)] | None = None) -> NDArray[numpy.float32]:
        """New state; from X, what a first Normalize layer learns."""

    def predict(self, w: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], state: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], X: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], raw: bool = False, seed: int | None = None, draw: int = 0) -> NDArray[numpy.float32]:
        """Responses (raw: outputs) of the rows of X; with a seed, dropout acts."""

    def evaluate(self, w: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], state: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], X: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], y: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], sample_weight: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)] | None = None) -> dict:
        """Loss and metrics in prediction mode."""

    def score_outputs(self, z: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], y: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], sample_weight: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)] | None = None) -> dict:
        """Loss and metrics of outputs, before the link."""

class Network64:
    """A network over one flat parameter vector."""

    def __init__(self, spec: dict, input_shape: Sequence[int], dropout: float = 0.0) -> None: ...

    @property
    def n_parameters(self) -> int: ...

    @property
    def n_state(self) -> int: ...

    @property
    def n_outputs(self) -> int: ...

    @property
    def classifies(self) -> bool: ...

    @property
    def needs_whole_batch(self) -> bool: ...

    @property
    def code_columns(self) -> list[int]: ...

    @property
    def centred_columns(self) -> list[int]: ...

    @property
    def layout(self) -> list: ...

    @property
    def state_layout(self) -> list: ...

    @property
    def layers(self) -> list: ...

    def initialise(self, seed: int) -> NDArray[numpy.float64]:
        """New parameters."""

    def initial_state(self, X: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)] | None = None, sample_weight: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None = None) -> NDArray[numpy.float64]:
        """New state; from X, what a first Normalize layer learns."""

    def predict(self, w: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], state: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], X: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], raw: bool = False, seed: int | None = None, draw: int = 0) -> NDArray[numpy.float64]:
        """Responses (raw: outputs) of the rows of X; with a seed, dropout acts."""

    def evaluate(self, w: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], state: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], X: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], y: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], sample_weight: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None = None) -> dict:
        """Loss and metrics in prediction mode."""

    def score_outputs(self, z: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], y: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], sample_weight: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None = None) -> dict:
        """Loss and metrics of outputs, before the link."""

class Objective32:
    """The training objective of some rows in one mini-batch."""

    def __init__(self, network: dict, input_shape: Sequence[int], recipe: dict, X: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], y: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], sample_weight: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)] | None = None) -> None: ...

    def __call__(self, w: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], state: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)], gradient: bool = True) -> tuple:
        """
        (loss, penalty, gradient or None, a hash of the side of every kink that was met).
        """

    @property
    def parts(self) -> int:
        """How many parts the mini-batch is cut into."""

    @property
    def chunk(self) -> int:
        """How many rows go through the network at a time."""

class Objective64:
    """The training objective of some rows in one mini-batch."""

    def __init__(self, network: dict, input_shape: Sequence[int], recipe: dict, X: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], y: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], sample_weight: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None = None) -> None: ...

    def __call__(self, w: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], state: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], gradient: bool = True) -> tuple:
        """
        (loss, penalty, gradient or None, a hash of the side of every kink that was met).
        """

    @property
    def parts(self) -> int:
        """How many parts the mini-batch is cut into."""

    @property
    def chunk(self) -> int:
        """How many rows go through the network at a time."""

def augment32(specs: list, row_shape: Sequence[int], code_columns: Sequence[int], X: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], y: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], seed: int, epoch: int, training: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)] | None = None, sample_weight: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)] | None = None, training_weight: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)] | None = None) -> tuple:
    """(X, y, weights or None) as one augmented mini-batch."""

def synthesize32(spec: dict, code_columns: Sequence[int], X: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], y: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], classes: int, seed: int, epoch: int, sample_weight: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)] | None = None) -> tuple:
    """(X, y, weights or None) that Synthesize adds in an epoch."""

def augment64(specs: list, row_shape: Sequence[int], code_columns: Sequence[int], X: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], y: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], seed: int, epoch: int, training: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)] | None = None, sample_weight: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None = None, training_weight: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None = None) -> tuple:
    """(X, y, weights or None) as one augmented mini-batch."""

def synthesize64(spec: dict, code_columns: Sequence[int], X: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], y: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], classes: int, seed: int, epoch: int, sample_weight: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None = None) -> tuple:
    """(X, y, weights or None) that Synthesize adds in an epoch."""

class Optimizer32:
    """
    An optimizer and its state, for n parameters and a run of so many steps.
    """

    def __init__(self, spec: dict, n: int, steps: int, update: object | None = None) -> None:
        """
        `update`: a custom rule in place of the described one, whose rate and decay it keeps.
        """

    def step(self, w: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu')], evaluate: Callable) -> tuple:
        """
        One step, in place: returns (value at w before it, learning rate, whether the rule moved).
        """

    @staticmethod
    def by_name(spec: dict, n: int, slots: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> dict:
        """The state of n parameters in a snapshot, as arrays with names."""

    @staticmethod
    def slots(spec: dict) -> dict:
        """
        What the rule keeps for each parameter: names, and the axes in front of the parameters.
        """

    @staticmethod
    def from_names(spec: dict, n: int, arrays: dict) -> object:
        """The state that by_name shows."""

class Optimizer64:
    """
    An optimizer and its state, for n parameters and a run of so many steps.
    """

    def __init__(self, spec: dict, n: int, steps: int, update: object | None = None) -> None:
        """
        `update`: a custom rule in place of the described one, whose rate and decay it keeps.
        """

    def step(self, w: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu')], evaluate: Callable) -> tuple:
        """
        One step, in place: returns (value at w before it, learning rate, whether the rule moved).
        """

    @staticmethod
    def by_name(spec: dict, n: int, slots: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> dict:
        """The state of n parameters in a snapshot, as arrays with names."""

    @staticmethod
    def slots(spec: dict) -> dict:
        """
        What the rule keeps for each parameter: names, and the axes in front of the parameters.
        """

    @staticmethod
    def from_names(spec: dict, n: int, arrays: dict) -> object:
        """The state that by_name shows."""

def schedule_value(spec: object, epoch: float, step: float, epochs: float, steps: float) -> float:
    """A schedule's value at a time, in a run of so many epochs and steps."""

history_columns: tuple = ...

snapshot_fields: tuple = ...

snapshot_doubles: tuple = ('schedule', 'history', 'counters')

snapshot_counters: tuple = ...

class Population32:
    """
    Runs over the cores; training and validation are (X, list of y, weights or None).
    """

    def __init__(self, jobs: list, training: tuple, validation: tuple) -> None: ...

    def start(self, threads: int, record_progress: bool) -> None: ...

    def wait(self, milliseconds: int) -> tuple:
        """
        (all ended?, runs ended since, epochs ended since) after a run has ended or the time is over.
        """

    def stop(self) -> None:
        """End all runs at a step boundary."""

    def outcome(self, run: int) -> dict:
        """What a run that has ended gave; once."""

class Population64:
    """
    Runs over the cores; training and validation are (X, list of y, weights or None).
    """

    def __init__(self, jobs: list, training: tuple, validation: tuple) -> None: ...

    def start(self, threads: int, record_progress: bool) -> None: ...

    def wait(self, milliseconds: int) -> tuple:
        """
        (all ended?, runs ended since, epochs ended since) after a run has ended or the time is over.
        """

    def stop(self) -> None:
        """End all runs at a step boundary."""

    def outcome(self, run: int) -> dict:
        """What a run that has ended gave; once."""
