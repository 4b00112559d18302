"""HiGHS, quiet and checked: the one module that knows highspy.

Importing it costs about a third of a second, so whoever imports this does so only when there is a table to release.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import highspy

from app.disclosure.tables import Confidential

INFINITY: float = highspy.kHighsInf

# The tables are tiny: HiGHS would spend most of its time on heuristics for large models, and is exact without them.
_HEURISTICS = (
    "mip_heuristic_run_feasibility_jump",
    "mip_heuristic_run_rens",
    "mip_heuristic_run_rins",
    "mip_heuristic_run_root_reduced_cost",
    "mip_heuristic_run_shifting",
    "mip_heuristic_run_zi_round",
)


class OverLimit(Exception):
    """The solver stopped before it could prove its answer."""


class Constraint(Confidential, frozen=True):
    """A linear form, variable by variable, between two bounds."""

    form: Mapping[int, int]
    lower: float
    upper: float


def cheapest(
    costs: Sequence[int], fixed: Mapping[int, int], constraints: Sequence[Constraint], *, seconds: float, nodes: int
) -> list[int]:
    """The 0-1 vector of least cost.

    Args:
        costs: one for each variable.
        fixed: variables whose value is given.
        constraints: over the variables.
        seconds: limit of time.
        nodes: limit of branch-and-bound nodes.

    Raises:
        OverLimit: a limit was reached.
    """
    model = _quiet()
    for option in _HEURISTICS:
        model.setOptionValue(option, False)  # noqa: FBT003  highspy takes no keywords
    model.setOptionValue("mip_rel_gap", 0.0)
    model.setOptionValue("time_limit", seconds)
    model.setOptionValue("mip_max_nodes", nodes)
    variables = range(len(costs))
    program = _program([fixed.get(at, 0) for at in variables], [fixed.get(at, 1) for at in variables], constraints)
    program.col_cost_ = [float(cost) for cost in costs]
    program.integrality_ = [highspy.HighsVarType.kInteger] * len(costs)
    model.passModel(program)
    model.run()
    status = model.getModelStatus()
    if status in {highspy.HighsModelStatus.kTimeLimit, highspy.HighsModelStatus.kSolutionLimit}:
        raise OverLimit
    _assert_optimal(status)
    return [round(value) for value in model.getSolution().col_value]


class Polytope:
    """All vectors of numbers from 0 up that satisfy the constraints.

    Args:
        variables: how many there are.
        constraints: over them.
    """

    def __init__(self, variables: int, constraints: Sequence[Constraint]) -> None:
        self._variables = variables
        self._model = _quiet()
        self._model.passModel(_program([0] * variables, [INFINITY] * variables, constraints))

    def range(self, form: Iterable[int]) -> tuple[float, float]:
        """The least and the greatest that the sum of these variables can be. The greatest must be finite."""
        wanted = set(form)
        for at in range(self._variables):
            self._model.changeColCost(at, float(at in wanted))
        return self._bound(highspy.ObjSense.kMinimize), self._bound(highspy.ObjSense.kMaximize)

    def _bound(self, sense: highspy.ObjSense) -> float:
        self._model.changeObjectiveSense(sense)
        self._model.run()
        _assert_optimal(self._model.getModelStatus())
        return float(self._model.getInfo().objective_function_value)


def _quiet() -> highspy.Highs:
    model = highspy.Highs()  # type: ignore[no-untyped-call]  # highspy annotates only part of itself
    model.setOptionValue("output_flag", False)  # noqa: FBT003  highspy takes no keywords
    return model


def _assert_optimal(status: highspy.HighsModelStatus) -> None:
    if status != highspy.HighsModelStatus.kOptimal:
        raise RuntimeError(f"the solver ended with {status}")


def _program(lower: Sequence[float], upper: Sequence[float], constraints: Sequence[Constraint]) -> highspy.HighsLp:
    """The model in the solver's own form, without costs."""
    program = highspy.HighsLp()
    program.num_col_ = len(lower)
    program.num_row_ = len(constraints)
    program.col_cost_ = [0.0] * len(lower)
    program.col_lower_ = list(lower)
    program.col_upper_ = list(upper)
    program.row_lower_ = [constraint.lower for constraint in constraints]
    program.row_upper_ = [constraint.upper for constraint in constraints]
    starts: list[int] = [0]
    index: list[int] = []
    value: list[float] = []
    for constraint in constraints:
        index.extend(constraint.form)
        value.extend(float(factor) for factor in constraint.form.values())
        starts.append(len(index))
    program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    program.a_matrix_.start_ = starts
    program.a_matrix_.index_ = index
    program.a_matrix_.value_ = value
    return program
