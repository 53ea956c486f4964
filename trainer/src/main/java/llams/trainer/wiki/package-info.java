/// Wikipedia as training text: MediaWiki's dumps and WikiExtractor's output to kowikitext.
///
/// | file | what it does |
/// |---|---|
/// | `KowikiText` | the way in: a file of pages to a file of articles |
/// | `Articles` | what becomes of one page |
/// | `Multistream` | dumps in pieces, for pipelines on many machines |
/// | `WikiFile`, `DumpReader`, `ExtractorReader`, `Page` | reads pages from the forms they come in |
/// | `Wikitext`, `Frames`, `Marks`, `Elements`, `Entities`, `Links`, `Addresses` | markup to text |
/// | `Templates`, `Arguments`, `Numbers`, `Dates` | the templates whose text belongs to the sentence |
/// | `LostSentences` | drops sentences that an unknown template would leave false |
/// | `Article`, `Line` | lines, headings and sections of the article's body |
package llams.trainer.wiki;
