/// What shows a training run to people and to other programs, from the rows of its log.
///
/// | | |
/// |---|---|
/// | `RunFacts`, `RunHistory`, `Curve` | what there is to show: `run.json`, and `train.jsonl` in bounded memory |
/// | `RunsPage`, `Html` | one run or several as a page; `page.js` draws its curves |
/// | `Watcher`: `LivePage`, `EventFile`, `MetricsServer` | what follows a run while it goes on |
/// | `Machine` | what the machine says of itself |
package llams.trainer.watch;
