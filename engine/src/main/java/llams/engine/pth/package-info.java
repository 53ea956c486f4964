/// Tensors in PyTorch's own files, the form in which Meta publishes models. Read `PthFile` first.
///
/// | file | what it does |
/// |---|---|
/// | `PthFile` | an open file: tensors by name |
/// | `StoredZip` | the entries of the zip file that it is |
/// | `Unpickler`, `PickleBytes` | the few instructions of Python's pickles that tensors need; executes nothing |
/// | `PthException` | a file that is not what it claims to be |
package llams.engine.pth;
