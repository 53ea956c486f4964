/// LoRA adapters in PEFT's format, by PEFT's rules.
///
/// | file | what it does |
/// |---|---|
/// | [LoraConfig] | an adapter to be trained, the same in every block |
/// | [LoraLayout] | which projections have an adapter, and its rank and strength in each |
/// | [LoraRules], [LoraForm], [Modules] | exceptions from that; DoRA and modules trained whole; what can have an adapter |
/// | [Adapter], [AdapterFiles], `AdapterTensors` | the matrices in memory, and as files |
/// | [DoraNorms] | lengths of adapted rows, computed once |
/// | [LoraModel] | a model with an adapter around its projections |
/// | [BaseFingerprint] | tells base models apart, so that an adapter is not put on the wrong one |
/// | `PeftConfig`, `PeftWriter` | reads and writes `adapter_config.json` |
/// | `PeftRules`, `ModuleNames`, `PythonPattern` | which modules PEFT means by names and patterns |
package llams.model.lora;
