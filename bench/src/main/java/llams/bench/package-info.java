/// The harness behind `llams bench`: JMH runs every case in a fresh JVM, after its answer was compared with the reference.
///
/// | files | what they are |
/// |---|---|
/// | [Suites] | chooses the cases and runs them |
/// | [Table], [Profiled] | a row for each result, and what profilers found |
/// | [Measured], [Peaks], [Host], [ResultFile] | a result, the ceilings, the machine, the files that hold them |
/// | [BenchPage], [Verdict], [Roofline], [Pages] | results as a page: in words, as rooflines, as tables |
/// | [Comparison], [Leaderboard] | two runs, many machines |
/// | `*Benchmark` | the suites: peak, kernels, attention, rows, generating, training, loading, tokenizing |
/// | [OnCpu], [Work], [PeakMemory] | what every case has: its device and threads, its work, its memory |
/// | [Recorded], [Close], [Dims] | operations recorded with numbers; answers compared; shapes parsed |
package llams.bench;
