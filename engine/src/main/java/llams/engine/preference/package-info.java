/// Losses of pairs of answers, as plain arithmetic on how likely a model finds them.
///
/// | file | what it does |
/// |---|---|
/// | `Preference` | what a method is |
/// | `Answers` | what it looks at |
/// | `Dpo`, `Orpo`, `SimPo`, `Kto` | the methods |
package llams.engine.preference;
