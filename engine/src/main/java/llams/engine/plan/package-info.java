/// From a graph to a program: which ops run, in which order, and where every value lies, all before anything runs.
///
/// ```
/// Graph ─▶ live nodes ─▶ Fusion ─▶ Grouping ─▶ Lifetimes ─▶ Slab ─▶ Program
/// ```
///
/// * `Program`: the result, which devices run; `memory()` says what it needs
/// * `Fusion`: sums computed onto what they add to
/// * `Grouping`: products that can run as one put next to each other
/// * `Lifetimes`: from which step to which each value is needed, and what takes an input's place
/// * `Slab`: a place for each in one block of memory
/// * `Uses`: who reads a value, and which leaves change; what `Fusion` and `Grouping` ask
package llams.engine.plan;
