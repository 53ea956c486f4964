/// LoRA adapters in PEFT's format, by PEFT's rules.
///
/// | file | what it does |
/// |---|---|
/// | [LoraConfig] | an adapter to be trained, the same in every block |
/// | [LoraLayout] | which projections have an adapter, and its rank and strength in each |
/// | [Adapter], [AdapterFiles] | the matrices in memory, and as files |
/// | [LoraModel] | a model with an adapter around its projections |
/// | [BaseFingerprint] | tells base models apart, so that an adapter is not put on the wrong one |
/// | `PeftConfig`, `PeftWriter` | reads and writes `adapter_config.json` |
/// | `PeftRules`, `ModuleNames`, `PythonPattern` | which modules PEFT means by names and patterns |
package llams.model.lora;
