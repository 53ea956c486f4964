/// Models in other programs' formats.
///
/// | file | what it does |
/// |---|---|
/// | [GgufExport], [GgufForm] | a model, perhaps with an adapter, as a GGUF file; what its matrices are made of |
/// | [GgufAdapter] | a LoRA adapter as a GGUF file |
/// | [GgufImport] | a GGUF file as a Hugging Face directory |
/// | [PthImport] | a model in Meta's own files as a Hugging Face directory |
/// | `PthShards` | what each of Meta's files has of a weight |
/// | [GgufTexts] | tokenizer, stop ids and chat template in a GGUF file's keys |
/// | `RowConversion` | tensors in another type and order of rows, on all cores |
package llams.model.convert;
