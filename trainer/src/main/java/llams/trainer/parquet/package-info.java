/// Parquet files, row by row, as JSON. What is known of such a file stands at its end; the values of a column lie in pages
/// of about a megabyte, encoded and then compressed, with two numbers for each value from which rows with lists in them are
/// put together again.
///
/// | file | what it does |
/// |---|---|
/// | `ParquetFile` | opens a file and gives its rows |
/// | `Field`, `Layout` | what rows look like, and where the values of each column lie |
/// | `Assembly` | puts rows together from the columns |
/// | `Column`, `Page`, `Codec` | the values of a column: its pages, decompressed |
/// | `Values`, `PlainValues`, `Deltas`, `HybridInts` | the encodings of values |
/// | `Thrift` | the encoding of everything else |
/// | `PageMemory` | bounds what all columns hold |
///
/// Source: the format's own description, apache/parquet-format. Encrypted files, the codecs LZO and Brotli, and levels in
/// the encoding that the first version had are refused.
package llams.trainer.parquet;
