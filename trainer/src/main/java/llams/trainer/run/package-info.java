/// Training runs: from a request to a finished adapter or model, with a log, saves and exact resuming.
///
/// ```
/// TrainRequest ── RunOpener ──▶ TrainingRun ── TrainLoop ──▶ Trainer: forward, backward, update
///                load, pack, forecast           step by step        │
///                                                                   └▶ RunOutput: log, saves, result
/// ```
///
/// | file | what it does |
/// |---|---|
/// | `TrainRequest`, `TrainSettings`, `Interval` | what is asked for |
/// | `TrainingRun`, `RunOpener`, `RunStart` | a run, how it is loaded, and how it starts or resumes |
/// | `TrainLoop`, `MicroBatches`, `MicroBatch` | its steps, and the tokens of each |
/// | `Trainer`, `LossProgram`, `RecentPrograms` | one step on the device, and the programs it runs |
/// | `Workers`, `Agreement`, `FollowLoop` | several processes: who does what, what must be the same, the steps of the others |
/// | `Summation`, `HeldSums`, `GradientSums` | the order of a step's sum; sums over micro-batches, and over workers during the pass |
/// | `SharedUpdate` | updates that are divided among workers |
/// | `Objective`: `NextToken`, `Distilled`, `Preferred`, `Mismatched` | what a run minimises |
/// | `Teaching`, `Teacher` | the model that another learns from, in every step or asked once |
/// | `Trainable` | the model with the leaves to train and the writer of the result |
/// | `LastRows` | of embedding and head, those of new tokens |
/// | `Evaluator` | the loss without training |
/// | `Forecast`, `RunNeeds`, `Room`, `TooLittleMemoryException` | memory and disk space, checked before the first step |
/// | `RunDirectory`, `RunOutput`, `Patience` | the directory of a run, what is written, and waiting for room |
/// | `Saves`, `SavedState`, `RunSettings` | saves, their contents, and what must agree to resume from one |
/// | `ResultFiles` | what a result gets beside the trained weights |
/// | `FileSums`, `HashingDisk` | checksums of saves |
/// | `TrainingLog`, `RunCard` | `train.jsonl`, and what the result's card says |
/// | `NonFiniteState`, `NonFiniteLossException` | infinite and NaN numbers, which are never saved |
package llams.trainer.run;
