/// YAML files that people write, read so that every mistake is reported with its line.
///
/// | file | what it is |
/// |---|---|
/// | [YamlReader] | reads a file and refuses references, deep nesting and repeated keys |
/// | [YamlNode] | a part of the file that knows its line |
package llams.model.yaml;
