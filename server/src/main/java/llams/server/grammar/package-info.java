/// Answers that follow a grammar: which tokens may come next, so that the whole is JSON of a schema.
///
/// | file | what it does |
/// |---|---|
/// | [JsonSchema] | a schema as rules |
/// | `Rule`, `JsonRules` | what bytes may follow each other; those of JSON |
/// | [Automaton] | follows rules byte by byte |
/// | [TokenTrie] | the tokens whose bytes may follow |
/// | [TokenConstraint] | one answer's way through it |
package llams.server.grammar;
