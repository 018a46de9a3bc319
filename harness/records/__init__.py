"""The records that all packages share: immutable pydantic models, without I/O."""

from __future__ import annotations

from harness.records.board_settings import BoardSettings
from harness.records.encoding import SWEPT, AnyEncoding, Encoding, Pooling, SavedEncoding, TextRole
from harness.records.evaluation_run import EvaluationRun, joined_runs, mixed_conditions
from harness.records.hub_text import (
    HubBitext,
    HubLabelled,
    HubPassages,
    HubQuestions,
    HubTagged,
    HubText,
)
from harness.records.mining import Margin, Mining
from harness.records.notices import Notice, NoticeKind, Notices, Tombstone
from harness.records.objectives import (
    Distillation,
    Objective,
    PairRanking,
    Reranking,
    Teacher,
    VectorRegression,
)
from harness.records.outcome_settings import OutcomeSettings
from harness.records.record import Record
from harness.records.reported import (
    AnySubmission,
    Reported,
    ReportedEncoding,
    ReportedIntermediate,
    ReportedScore,
    ReportedSubmission,
)
from harness.records.result import (
    CheckpointScores,
    Head,
    Outcomes,
    Parameters,
    Result,
    Score,
    Sweep,
    SweptCheckpoint,
    ViewScores,
)
from harness.records.row_origin import RowOrigin
from harness.records.seed_prior import PriorClass, SeedPriors
from harness.records.signature import Signature, declared_view
from harness.records.step_curve import StepCurve, SteppedCheckpoint, StepScores
from harness.records.submission import (
    Base,
    Batches,
    Checkpoint,
    FineTuning,
    Intermediate,
    Regime,
    SavedStep,
    Submission,
    Submitter,
    Superseded,
)
from harness.records.target import PublishedCheck, Target
from harness.records.target_history import FormerPin, ProtocolChange, Retirement
from harness.records.task import Task
from harness.records.training import (
    ContinuedMlm,
    DrawnLanguages,
    Probe,
    Sampling,
    Start,
    TaskShare,
    TrainedSeed,
    TrainedTask,
    Training,
    TrainingPoint,
    TrainingRecipe,
    TrainingRun,
)
from harness.records.verification import Mark, Verification, VerifiedResult
from harness.records.view import AS_SAVED, NOT_AS_SAVED, TextEncoding, View

__all__ = [
    "AS_SAVED",
    "NOT_AS_SAVED",
    "SWEPT",
    "AnyEncoding",
    "AnySubmission",
    "Base",
    "Batches",
    "BoardSettings",
    "Checkpoint",
    "CheckpointScores",
    "ContinuedMlm",
    "Distillation",
    "DrawnLanguages",
    "Encoding",
    "EvaluationRun",
    "FineTuning",
    "FormerPin",
    "Head",
    "HubBitext",
    "HubLabelled",
    "HubPassages",
    "HubQuestions",
    "HubTagged",
    "HubText",
    "Intermediate",
    "Margin",
    "Mark",
    "Mining",
    "Notice",
    "NoticeKind",
    "Notices",
    "Objective",
    "OutcomeSettings",
    "Outcomes",
    "PairRanking",
    "Parameters",
    "Pooling",
    "PriorClass",
    "Probe",
    "ProtocolChange",
    "PublishedCheck",
    "Record",
    "Regime",
    "Reported",
    "ReportedEncoding",
    "ReportedIntermediate",
    "ReportedScore",
    "ReportedSubmission",
    "Reranking",
    "Result",
    "Retirement",
    "RowOrigin",
    "Sampling",
    "SavedEncoding",
    "SavedStep",
    "Score",
    "SeedPriors",
    "Signature",
    "Start",
    "StepCurve",
    "StepScores",
    "SteppedCheckpoint",
    "Submission",
    "Submitter",
    "Superseded",
    "Sweep",
    "SweptCheckpoint",
    "Target",
    "Task",
    "TaskShare",
    "Teacher",
    "TextEncoding",
    "TextRole",
    "Tombstone",
    "TrainedSeed",
    "TrainedTask",
    "Training",
    "TrainingPoint",
    "TrainingRecipe",
    "TrainingRun",
    "VectorRegression",
    "Verification",
    "VerifiedResult",
    "View",
    "ViewScores",
    "declared_view",
    "joined_runs",
    "mixed_conditions",
]
