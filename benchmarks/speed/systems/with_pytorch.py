"""PyTorch: the plain loop with fused Adam, and rows by index; torch.func.vmap for a population."""

from itertools import pairwise

import torch
from torch import nn
from torch.func import functional_call, grad, stack_module_state, vmap

from benchmarks.speed.cases import LEARNING_RATE
from benchmarks.speed.systems import Training


def make_network(case, seed):
    torch.manual_seed(seed)
    layers = []
    for inputs, outputs in pairwise(case.sizes):
        dense = nn.Linear(inputs, outputs)
        nn.init.kaiming_normal_(dense.weight, nonlinearity="relu")
        nn.init.zeros_(dense.bias)
        layers += [dense, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def start(case, X, y, threads):
    torch.set_num_threads(threads)
    X, y = torch.from_numpy(X), torch.from_numpy(y)
    if not case.classifies:
        y = y[:, None]
    loss = nn.functional.cross_entropy if case.classifies else nn.functional.mse_loss
    if case.networks == 1:
        return [_one(case, X, y, loss)]
    return [_population(case, X, y, loss)]


def _one(case, X, y, loss):
    def run(seed):
        network = make_network(case, seed)
        adam = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE, fused=True)
        for _ in range(case.epochs):
            for rows in torch.randperm(case.rows).split(case.batch):
                adam.zero_grad()
                loss(network(X[rows]), y[rows]).backward()
                adam.step()
        return network

    def outputs(network):
        with torch.inference_mode():
            return network(X).numpy()

    return Training("PyTorch", run, outputs)


def _population(case, X, y, loss):
    skeleton = make_network(case, 0).to("meta")

    def objective(parameters, x, y):
        return loss(functional_call(skeleton, parameters, (x,)), y)

    gradients = vmap(grad(objective))

    def run(seed):
        networks = [make_network(case, seed * case.networks + i) for i in range(case.networks)]
        parameters, _ = stack_module_state(networks)
        adam = torch.optim.Adam(parameters.values(), lr=LEARNING_RATE, fused=True)
        for _ in range(case.epochs):
            orders = torch.stack([torch.randperm(case.rows) for _ in range(case.networks)])
            for rows in orders.split(case.batch, dim=1):
                found = gradients(parameters, X[rows], y[rows])
                for name, parameter in parameters.items():
                    parameter.grad = found[name]
                adam.step()
        return parameters

    def outputs(parameters):
        with torch.inference_mode():
            run = vmap(lambda p: functional_call(skeleton, p, (X,)))
            return run(parameters).numpy()

    return Training("PyTorch vmap", run, outputs)
