/// Files of text and conversations to packed sequences:
///
/// ```
/// files ── SampleReader ──▶ Sample ── DocumentEncoder ──▶ Document ── PackedDataset ──▶ PackedSequence ── DataLoader
/// ──▶ training
///          any known form           ids, what counts            where each piece lies            seeded order, resumable
/// ```
///
/// Samples stream through; what stays in memory is ids. Every refusal is a [llams.model.files.DataException] that
/// names file and line.
package llams.trainer.data;

import llams.model.files.DataException;
