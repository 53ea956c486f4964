/// The files of a model directory beside its weights, and directories that appear whole.
///
/// | file | what it does |
/// |---|---|
/// | [ModelFiles] | which files belong to a model: tokenizer, chat template, licence |
/// | [HeldFiles] | those files in memory while long work runs |
/// | [ChatFiles] | the chat template and stop ids of a model that was tuned on conversations |
/// | [OutputDirectory] | a directory of results that appears whole or not at all |
/// | [DirectoryLock] | one run at a time in a directory |
/// | [NonFinite] | finds infinities and NaN before they are written |
/// | [ByteProgress] | hears how much has been written |
/// | [DataException], [SettingException] | data and settings that cannot be used |
package llams.model.files;
