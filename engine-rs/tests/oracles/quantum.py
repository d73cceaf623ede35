"""Writes quantum.json: what Qiskit and SciPy say about the amplitude estimation of the engine.

Usage: python quantum.py > quantum.json   (needs qiskit, qiskit-algorithms, qiskit-finance, scipy)

Written with qiskit 2.6.2, qiskit-algorithms 0.4.0, qiskit-finance 0.4.1, scipy, in an environment
of its own: nothing here is needed to build or test. Circuits are made of Qiskit's uniformly
controlled rotations and its own Grover operator and simulated as state vectors; the estimators get
the nearest whole number of good shots instead of random ones, so that their way can be repeated.
"""

from __future__ import annotations

import json
import math
import random
import sys
from collections.abc import Iterable
from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit.library import UCRYGate, grover_operator
from qiskit.primitives import BaseSamplerV2, BitArray, DataBin, PrimitiveResult, SamplerPubResult
from qiskit.quantum_info import Statevector
from qiskit_algorithms import (
    EstimationProblem,
    IterativeAmplitudeEstimation,
    MaximumLikelihoodAmplitudeEstimation,
)
from qiskit_finance.circuit.library import (
    GaussianConditionalIndependenceModel,
    LogNormalDistribution,
)
from scipy.stats import beta

SHOTS = 100
# Trials and successes of the intervals.
COUNTS = [(1, 0), (7, 3), (100, 0), (100, 1), (100, 37), (100, 99), (100, 100)]
COUNTS += [(2500, 11), (16000, 8123)]


def circuit(probabilities: list[float], payoff: list[float]) -> QuantumCircuit:
    """Grover-Rudolph from the most significant qubit down, then the payoff's rotations."""
    n = int(math.log2(len(probabilities)))
    made = QuantumCircuit(n + 1)
    for level in range(n):
        width = 2 ** (n - level)
        angles = []
        for node in range(2**level):
            part = probabilities[node * width : (node + 1) * width]
            left, right = sum(part[: width // 2]), sum(part[width // 2 :])
            angles.append(2 * math.atan2(math.sqrt(right), math.sqrt(left)))
        target = n - 1 - level
        made.append(UCRYGate(angles), [target, *range(target + 1, n)])
    made.append(UCRYGate([2 * math.asin(math.sqrt(f)) for f in payoff]), [n, *range(n)])
    return made


def grover(preparation: QuantumCircuit) -> QuantumCircuit:
    objective = preparation.num_qubits - 1
    oracle = QuantumCircuit(preparation.num_qubits)
    oracle.z(objective)
    return grover_operator(oracle, state_preparation=preparation)


def good(state: Statevector) -> float:
    return float(np.sum(np.abs(state.data[len(state.data) // 2 :]) ** 2))


def require_real(state: Statevector) -> None:
    if np.max(np.abs(state.data.imag)) > 1e-12:
        raise ValueError("the circuit has complex amplitudes")


def states(probabilities: list[float], payoff: list[float], powers: int, full: bool) -> dict:
    preparation = circuit(probabilities, payoff)
    iterate = grover(preparation)
    state = Statevector(preparation)
    require_real(state)
    out: dict[str, Any] = {"probabilities": probabilities, "payoff": payoff, "good": []}
    if full:
        out["prepared"] = [float(x) for x in state.data.real]
    for power in range(powers + 1):
        out["good"].append(good(state))
        if full and power == powers:
            out["last"] = [float(x) for x in state.data.real]
            require_real(state)
        state = state.evolve(iterate)
    return out


class Rounding(BaseSamplerV2):
    """Measures the nearest whole number of good shots; halves go to the even number."""

    def run(self, pubs: Iterable, *, shots: int | None = None) -> object:
        results = [self._one(pub[0] if isinstance(pub, tuple) else pub) for pub in pubs]

        class Job:
            def result(self) -> PrimitiveResult:
                return PrimitiveResult(results)

        return Job()

    def _one(self, measured: QuantumCircuit) -> SamplerPubResult:
        bare = measured.remove_final_measurements(inplace=False)
        p = good(Statevector(bare))
        ones = int(np.round(p * SHOTS))
        name = measured.cregs[0].name
        counts = {"1": ones, "0": SHOTS - ones}
        bits = BitArray.from_counts({k: v for k, v in counts.items() if v}, num_bits=1)
        return SamplerPubResult(DataBin(**{name: bits}, shape=()), metadata={"shots": SHOTS})


def estimators(a: float) -> dict:
    preparation = QuantumCircuit(1)
    theta = 2 * math.asin(math.sqrt(a))
    preparation.ry(theta, 0)
    # Q of one qubit is a rotation; this is the form of Qiskit's own tests.
    iterate = QuantumCircuit(1)
    iterate.ry(2 * theta, 0)
    problem = EstimationProblem(preparation, objective_qubits=[0], grover_operator=iterate)
    out: dict[str, Any] = {"a": a, "iqae": []}
    for epsilon in (0.05, 0.005, 0.001):
        method = IterativeAmplitudeEstimation(
            epsilon_target=epsilon, alpha=0.05, sampler=Rounding(), confint_method="beta"
        )
        got = method.estimate(problem)
        out["iqae"].append(
            {
                "epsilon": epsilon,
                "estimate": got.estimation,
                "interval": list(got.confidence_interval),
                "powers": [int(k) for k in got.powers],
            }
        )
    powers = [0, 1, 2, 4, 8, 16, 32]
    counts = [int(np.round(SHOTS * math.sin((2 * k + 1) * theta / 2) ** 2)) for k in powers]
    results = [{"1": ones, "0": SHOTS - ones} for ones in counts]
    mlae = MaximumLikelihoodAmplitudeEstimation(evaluation_schedule=6, sampler=Rounding())
    angle = mlae.compute_mle([{k: v for k, v in r.items() if v} for r in results], problem)
    out["mlae"] = {"good": counts, "amplitude": math.sin(float(np.ravel(angle)[0])) ** 2}
    return out


def credit() -> dict:
    """Egger & Woerner's two assets: default probabilities .15, .25; losses 1, 2."""
    model = GaussianConditionalIndependenceModel(2, 2, [0.15, 0.25], [0.1, 0.05])
    state = Statevector(model.decompose(reps=10))
    marginal = state.probabilities([2, 3])
    return {"loss": [float(marginal[first + 2 * second]) for second in (0, 1) for first in (0, 1)]}


def call(qubits: int) -> dict:
    spot, volatility, rate, maturity, strike = 2.0, 0.4, 0.05, 40 / 365, 1.896
    mu = (rate - 0.5 * volatility**2) * maturity + math.log(spot)
    sigma = volatility * math.sqrt(maturity)
    mean = math.exp(mu + sigma**2 / 2)
    deviation = math.sqrt((math.exp(sigma**2) - 1) * math.exp(2 * mu + sigma**2))
    low, high = max(0.0, mean - 3 * deviation), mean + 3 * deviation
    model = LogNormalDistribution(qubits, mu=mu, sigma=sigma**2, bounds=(low, high))
    return {
        "strike": strike,
        "values": [float(v) for v in model.values],
        "probabilities": [float(p) for p in model.probabilities],
    }


def intervals() -> list:
    out = []
    for trials, successes in COUNTS:
        for alpha in (0.05, 0.00625, 1e-6):
            low = beta.ppf(alpha / 2, successes, trials - successes + 1) if successes else 0.0
            high = (
                beta.ppf(1 - alpha / 2, successes + 1, trials - successes)
                if successes < trials
                else 1.0
            )
            out.append([trials, successes, alpha, float(low), float(high)])
    return out


def main() -> None:
    draw = random.Random(20240917)  # noqa: S311 - not for secrets
    three = [draw.random() for _ in range(8)]
    three[2] = three[3] = 0.0
    three = [p / sum(three) for p in three]
    eight = [math.exp(-abs(i - 120) / 9) * (1 + draw.random()) for i in range(256)]
    eight = [p / sum(eight) for p in eight]
    tail = [0.0 if i <= 150 else (i - 150) / 105 for i in range(256)]
    json.dump(
        {
            "states": [
                states(three, [draw.random() for _ in range(8)], 5, True),
                states(eight, tail, 6, False),
            ],
            "estimators": [estimators(a) for a in (0.2, 0.49, 0.05, 0.01)],
            "credit": credit(),
            "call": [call(3), call(8)],
            "clopper_pearson": intervals(),
        },
        sys.stdout,
    )
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
