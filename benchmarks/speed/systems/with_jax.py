"""JAX and optax: nested scans, so that a whole training is one compiled call.

A population is trained in two ways: by vmap, and network by network, one a thread.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import optax

from benchmarks.speed.cases import LEARNING_RATE
from benchmarks.speed.systems import Training


def initialise(sizes, key):
    keys = jax.random.split(key, len(sizes) - 1)
    return [
        (jax.random.normal(key, (i, o)) * jnp.sqrt(2 / i), jnp.zeros(o))
        for key, (i, o) in zip(keys, pairwise(sizes), strict=True)
    ]


def forward(parameters, x):
    *hidden, (weight, bias) = parameters
    for w, b in hidden:
        x = jax.nn.relu(x @ w + b)
    return x @ weight + bias


def loss(case, parameters, x, y):
    z = forward(parameters, x)
    if case.classifies:
        return optax.softmax_cross_entropy_with_integer_labels(z, y).mean()
    return ((z[:, 0] - y) ** 2).mean()


def train(case, X, y, seed):
    """Train one network."""
    first, *keys = jax.random.split(jax.random.key(seed), case.epochs + 1)
    parameters = initialise(case.sizes, first)
    adam = optax.adam(LEARNING_RATE)

    def step(carry, batch):
        parameters, state = carry
        gradient = jax.grad(partial(loss, case))(parameters, *batch)
        updates, state = adam.update(gradient, state)
        return (optax.apply_updates(parameters, updates), state), None

    def epoch(carry, key):
        order = jax.random.permutation(key, case.rows)  # once an epoch: faster than in each step
        batches = X[order].reshape(-1, case.batch, case.inputs), y[order].reshape(-1, case.batch)
        return jax.lax.scan(step, carry, batches)

    (parameters, _), _ = jax.lax.scan(epoch, (parameters, adam.init(parameters)), jnp.stack(keys))
    return parameters


def start(case, X, y, threads):
    X, y = jnp.asarray(X), jnp.asarray(y.astype(np.int32) if case.classifies else y)
    one = partial(train, case)
    if case.networks == 1:
        return [_training("JAX", one, X, y, np.uint32)]

    def seeds(seed):
        return np.arange(case.networks, dtype=np.uint32) + np.uint32(seed * case.networks)

    vmapped = _training("JAX vmap", jax.vmap(one, in_axes=(None, None, 0)), X, y, seeds)
    compiled, seconds = _compile(one, X, y, np.uint32(0))

    def run(seed):
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(lambda s: jax.block_until_ready(compiled(X, y, s)), seeds(seed)))

    def outputs(trained):
        return [forward(parameters, X) for parameters in trained]

    return [vmapped, Training("JAX, one a thread", run, outputs, seconds)]


def _compile(function, *arguments):
    begin = time.perf_counter()
    compiled = jax.jit(function).lower(*arguments).compile()
    return compiled, time.perf_counter() - begin


def _training(name, function, X, y, seeds):
    compiled, seconds = _compile(function, X, y, seeds(0))

    def run(seed):
        return jax.block_until_ready(compiled(X, y, seeds(seed)))

    def outputs(parameters):
        if parameters[0][0].ndim == 3:
            return jax.vmap(forward, in_axes=(0, None))(parameters, X)
        return forward(parameters, X)

    return Training(name, run, outputs, seconds)
