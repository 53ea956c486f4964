/// Model cards: the `README.md` of a model on a hub, written from what is known about how it was made. Nothing in a card
/// is guessed, and nothing depends on the time or the place of the work.
///
/// | file | what it does |
/// |---|---|
/// | [ModelCard] | the card as facts, and as Markdown |
/// | [GgufOrigin] | where a model comes from, in a GGUF file's keys |
/// | [Parent] | a model that another is made from: its name, its licence, its languages |
/// | [ModelLicence] | a licence, and what it asks of those who share a model |
/// | [ProgramVersion] | the version of this program |
/// | `CardMetadata` | the block of YAML at the head of a card |
package llams.model.card;
