/// Generating tokens from ids. Read `Generator` first.
///
/// | file | what it does |
/// |---|---|
/// | `Generator` | prefill in chunks, then token by token, with a cache |
/// | `Sampler` | picks the next token: greedy, or drawn with top-k, top-p and min-p |
/// | `Taps` | writes everything a model computes on the way |
package llams.engine.generate;
