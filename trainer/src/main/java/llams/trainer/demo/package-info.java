/// The whole recipe on an embedded example: from text to a model that converses in two languages.
///
/// | file | what it does |
/// |---|---|
/// | `Demo` | the stages, one after the other |
/// | `DemoData`, `DemoTokenizer` | the texts, and the tokenizer trained on them |
/// | `Measures`, `DemoReport` | what each model knows, and the report of it |
/// | `LossCurve`, `LossPicture` | the losses of a training, and `losses.svg` |
package llams.trainer.demo;
