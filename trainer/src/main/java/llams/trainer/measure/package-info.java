/// What the measuring commands run.
///
/// | file | what it is |
/// |---|---|
/// | [Workload] | a product, a prompt, tokens one by one, a training step, on random numbers |
/// | [RandomModel] | a model of a known shape in memory; how much it computes |
/// | [RandomFill] | random numbers by the gigabyte |
/// | [Benchmarks] | the service behind `llams bench` |
package llams.trainer.measure;
