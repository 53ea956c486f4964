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
/// | `DataFiles`, `DataSource`, `Slice`, `Corpus` | the files of a run or parts of them, and all their documents |
/// | `Reading`, `ReadingListener` | how files are read, and how far that is |
/// | `SampleReader`, `Source`, `Utf16Stream`, `Lines` | opens a file and recognizes its form |
/// | `FileEncoding`, `Unit`, `DocumentBatch`, `FileContent` | a file's documents, read and encoded on all cores |
/// | `Documents`, `SomeDocuments`, `JoinedDocuments` | documents that need not be in memory |
/// | `TokenCache`, `TokenFile`, `TokenFileWriter` | the tokens of large files on disk |
/// | `CompressedStream`, `CountedStream`, `Table`, `TableReader`, `ParquetReader` | gzip and zstd, CSV and TSV, Parquet |
/// | `PlainTextReader`, `KowikiTextReader` | files of text |
/// | `Rows`, `JsonLine`, `JsonElements` | rows of JSON |
/// | `RowReader`, `RowForm`, `Row`, `Columns`, `JsonlReader`, `PairReader`, `Messages` | what rows hold, whatever file they are from |
/// | `KnownForms`, `Spelling`, `FileNotes` | says what is wrong with a row, and counts what was left out |
/// | `Sample`, `Document`, `DocumentEncoder` | text, conversation or ids, and the tokens they become |
/// | `SpecialText`, `SpecialNames` | names of special tokens inside texts |
/// | `Layout`, `Rooms`, `IntList` | which piece of which document lies in which sequence |
/// | `PackedDataset`, `PackedSequence`, `SlidingWindows`, `DataLoader` | sequences, and their order |
/// | `Sequences`, `PairDataset`, `MixedSequences` | what can be trained on: packed data, pairs of answers, several sources with weights |
/// | `TeacherTokens`, `TeacherFile`, `TeacherFileWriter` | what a teacher finds likely, and its file |
/// | `VocabularyText` | what a vocabulary is trained on |
/// | `DataStatistics`, `DocumentLengths` | figures for people |
/// | `LanguagePair`, `PairsFile`, `ScriptWords` | Korean-English pairs; which words are Korean |
package llams.trainer.data;
