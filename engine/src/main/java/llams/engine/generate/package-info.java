/// Generating tokens from ids. Read `Generator` first.
///
/// | file | what it does |
/// |---|---|
/// | `Generator` | prefill in chunks, then token by token, with a cache |
/// | `Batch` | many sequences at once, which come and go |
/// | `BatchDecoder`, `Slot` | their programs, and their parts of one cache |
/// | `Sampler` | picks the next token: greedy, or drawn with top-k, top-p and min-p |
/// | `Taps` | writes everything a model computes on the way |
package llams.engine.generate;
