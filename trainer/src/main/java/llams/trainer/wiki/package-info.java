/// Wikipedia as training text: MediaWiki's dumps and WikiExtractor's output to kowikitext.
/// [llams.trainer.wiki.KowikiText] is the way in; a page goes through `Wikitext` (markup to text) and `Article` (lines,
/// headings, sections).
package llams.trainer.wiki;
