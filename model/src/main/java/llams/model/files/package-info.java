/// The files of a model directory beside its weights, and directories that appear complete or not at all.
///
/// | file | what it does |
/// |---|---|
/// | [ModelFiles] | which files belong to a model: tokenizer, chat template, licence |
/// | [GgufText] | what a GGUF file has instead of them |
/// | [HeldFiles] | those files in memory while long work runs |
/// | [ChatFiles] | the chat template and stop ids of a model that was tuned on conversations |
/// | [OutputDirectory] | a directory of results that appears complete or not at all |
/// | [DirectoryLock] | one run at a time in a directory |
/// | [Checksums] | the hashes of a model's files, in a file beside them |
/// | [Sha256] | hashes of files and texts |
/// | [NonFinite] | finds infinities and NaN before they are written |
/// | [ByteProgress] | receives the progress of reading and writing |
/// | [DataException], [SettingException] | data and settings that cannot be used |
package llams.model.files;
