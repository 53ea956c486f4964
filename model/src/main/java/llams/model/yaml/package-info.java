/// YAML files that people write, read so that every mistake is reported with its line.
package llams.model.yaml;
