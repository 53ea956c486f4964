/// Korean-English pairs of the same content, written by a model behind an endpoint:
///
/// ```
/// Topics, PairPrompt ── text ──▶ Caller ── Answer ──▶ WrittenPairs ── Outcome ──▶ Journal ── Selection ──▶ the file
///                                Api, Endpoint        asked again if none         on the disk   new, right script
/// ```
///
/// The key leaves the program in a header to the endpoint, and in no other way.
///
/// | file | what it does |
/// |---|---|
/// | [PairGeneration] | asks until there are enough |
/// | [PairRequest], [PairSettings] | what is asked for, and how |
/// | [PairListener], [PairCounts] | how far it is, and what it cost |
/// | [Topics], [PairPrompt] | what requests say |
/// | [Endpoint], [Api], [ApiKey] | who is asked, in which form, and by whom |
/// | `Caller`, `Pacer`, `CallException` | one request: its turn, its attempts, its failure |
/// | `Answer`, `WrittenPairs`, `Outcome` | what comes back, and what is in it |
/// | `RequestNumbers`, `Journal`, `Selection` | what is still to be asked, what has come, what of it is kept |
package llams.trainer.pairs;
