"""The computations that the registry may name, as data: name → module and function that carry it out.

The registry checks names against this table and imports none of the functions; ``verify`` looks them up.
"""

from __future__ import annotations

from collections.abc import Mapping

#: Name of a computation → ``module:function``, relative to this package. The function takes a claim, returns a check.
COMPUTATIONS: Mapping[str, str] = {
    "average-gain": "xtreme.average_gain:check_average_gain",
    "development-gain": "xtreme.development_gain:check_development_gain",
    "retrieval-gain": "xtreme.task_gains:check_retrieval_gain",
    "tydiqa-gain": "xtreme.task_gains:check_tydiqa_gain",
    "xnli-gain": "xtreme.task_gains:check_xnli_gain",
    "no-training-data": "xtreme.design_facts:check_no_training_data",
    "start-model": "xtreme.design_facts:check_start_model",
    "intermediate-tasks": "xtreme.design_facts:check_intermediate_tasks",
    "target-tasks": "xtreme.design_facts:check_target_tasks",
    "languages-of-a-task": "xtreme.design_facts:check_languages_of_a_task",
    "anli-size": "xtreme.design_facts:check_anli_size",
    "mnli-size": "xtreme.design_facts:check_mnli_size",
    "missing-table": "xtreme.design_facts:missing",
    "unstated": "xtreme.design_facts:unstated",
}
