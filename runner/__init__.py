"""The runner: pretrained multilingual model, intermediate task, target task, zero-shot evaluation.

This half of the project needs the extra ``runner`` (torch, transformers and their kin); importing the package does not.

May import: ``analysis.core``, ``analysis.languages``, ``analysis.store`` and ``analysis.records``; commands also
``analysis.outcomes`` and ``analysis.present``.
"""

from __future__ import annotations

from crosslift.shadow import refuse_shadow

refuse_shadow("analysis")
