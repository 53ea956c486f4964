/// The texts of the demo: a small example in Korean and English that comes with this program.
///
/// | file | what it does |
/// |---|---|
/// | `ExampleData` | writes them, for training and for measuring |
package llams.trainer.demo;
