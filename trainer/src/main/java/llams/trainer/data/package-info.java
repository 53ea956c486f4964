/// Files of text and conversations to packed sequences:
///
/// ```
/// files ── SampleReader ──▶ Sample ── DocumentEncoder ──▶ Document ── PackedDataset ──▶ PackedSequence ── DataLoader
/// ──▶ training
///          any known form           ids, what counts            where each piece lies            seeded order, resumable
/// ```
///
/// Samples stream through; only ids stay, in memory or for large files on disk. Every refusal is a [llams.model.files.DataException] that names
/// file and line.
///
/// | file | what it does |
/// |---|---|
/// | `DataFiles`, `Corpus` | the files of a run, and all their documents |
/// | `SampleReader`, `Source`, `Utf16Stream`, `Lines` | opens a file and recognizes its form |
/// | `FileEncoding`, `Unit`, `DocumentBatch`, `FileContent` | a file's documents, read and encoded on all cores |
/// | `Documents`, `JoinedDocuments` | documents that need not be in memory |
/// | `TokenCache`, `TokenFile`, `TokenFileWriter` | the tokens of large files on disk |
/// | `CompressedStream`, `TableReader` | gzip and zstd, CSV and TSV |
/// | `PlainTextReader`, `KowikiTextReader` | files of text |
/// | `JsonlReader`, `Rows`, `Row`, `JsonLine`, `JsonElements`, `Messages` | rows of JSON, and conversations in them |
/// | `KnownForms`, `Spelling`, `FileNotes` | says what is wrong with a row, and counts what was left out |
/// | `Sample`, `Document`, `DocumentEncoder` | text, conversation or ids, and the tokens they become |
/// | `SpecialText`, `SpecialNames` | names of special tokens inside texts |
/// | `Layout`, `Rooms`, `IntList` | which piece of which document lies in which sequence |
/// | `PackedDataset`, `PackedSequence`, `SlidingWindows`, `DataLoader` | sequences, and their order |
/// | `PreferencePairs`, `PreferencePair`, `PairDataset`, `Sequences` | pairs of answers, and what they have in common with packed data |
/// | `TeacherTokens`, `TeacherFile`, `TeacherFileWriter` | what a teacher finds likely, and its file |
/// | `VocabularyText` | what a vocabulary is trained on |
/// | `DataStatistics`, `DocumentLengths` | figures for people |
/// | `LanguagePair`, `PairsFile`, `ScriptWords` | Korean-English pairs; which words are Korean |
package llams.trainer.data;
